"""Plain PyTorch, as its examples and most repositories have it: the same networks as ours, and a loop over a DataLoader.

Everything that is measured against lives here, so that speed and quality are compared with one and the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Adam
from torch.utils.data import DataLoader

from genlib import data

PIXELS = 784


class PlainVAE(nn.Module):
    """An encoder and a decoder between pictures in [0, 1] and codes, with the Bernoulli ELBO as pytorch/examples has it."""

    def __init__(self, encoder: nn.Module, hidden: int, latent_dim: int, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder  # (n, 1, 28, 28) -> (n, hidden); (n, latent_dim) -> logits of as many pixels
        self.mean, self.log_variance = nn.Linear(hidden, latent_dim), nn.Linear(hidden, latent_dim)

    def loss(self, batch: Tensor) -> Tensor:
        """Minus ELBO of a batch (n, 1, 28, 28) in [0, 1], summed over its pictures, in nats."""
        hidden = self.encoder(batch)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        copy = torch.sigmoid(self.decoder(z)).view(len(batch), -1)
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        return functional.binary_cross_entropy(copy, batch.view(len(batch), -1), reduction="sum") + kl

    def train_on(self, pictures: DataLoader, device: torch.device, rate: float = 1e-3) -> Iterator[int]:
        """Train, epoch after epoch; yield the number of items after each step."""
        optimizer, total = Adam(self.parameters(), lr=rate), 0.0
        while True:
            for batch, _ in pictures:
                optimizer.zero_grad()
                loss = self.loss(batch.to(device))
                loss.backward()
                total += loss.item()  # the running loss that such loops print
                optimizer.step()
                yield len(batch)

    @torch.no_grad()
    def test_loss(self, pictures: DataLoader) -> float:
        """Minus ELBO in nats a picture, over a whole split."""
        sums = [(float(self.loss(batch)), len(batch)) for batch, _ in pictures]
        return sum(loss for loss, _ in sums) / sum(count for _, count in sums)


class PlainGAN(nn.Module):
    """A generator and a discriminator of pictures in [-1, 1], trained against a wall of ones and zeros as PyTorch-GAN does."""

    def __init__(self, generator: nn.Module, discriminator: nn.Module, latent_dim: int) -> None:
        super().__init__()
        # (n, latent_dim) -> (n, 1, 28, 28); (n, 1, 28, 28) -> logits (n, 1)
        self.generator, self.discriminator, self.latent_dim = generator, discriminator, latent_dim

    def train_on(self, pictures: DataLoader, device: torch.device, rate: float = 2e-4) -> Iterator[int]:
        """Train, epoch after epoch; yield the number of items after each step."""
        judge = nn.BCEWithLogitsLoss()
        forger, detective = (Adam(one.parameters(), lr=rate, betas=(0.5, 0.999)) for one in (self.generator, self.discriminator))
        totals = np.zeros(2)
        while True:
            for batch, _ in pictures:
                real = batch.to(device)
                ones, zeros = torch.ones(len(real), 1, device=device), torch.zeros(len(real), 1, device=device)
                forger.zero_grad()
                fake = self.generator(torch.randn(len(real), self.latent_dim, device=device))
                forged = judge(self.discriminator(fake), ones)
                forged.backward()
                forger.step()
                detective.zero_grad()
                told = (judge(self.discriminator(real), ones) + judge(self.discriminator(fake.detach()), zeros)) / 2
                told.backward()
                detective.step()
                totals += told.item(), forged.item()  # what such loops print
                yield len(batch)

    @torch.no_grad()
    def draw(self, n: int, seed: int) -> np.ndarray:
        """Draw pictures as pixels (n, 28, 28, 1) uint8."""
        self.eval()
        codes = torch.randn(n, self.latent_dim, generator=torch.Generator().manual_seed(seed))
        images = torch.cat([self.generator(part) for part in codes.split(500)])
        return ((images.permute(0, 2, 3, 1) + 1) * 127.5).round().clamp(0, 255).byte().numpy()


def mlp_vae(width: int, latent_dim: int) -> PlainVAE:
    """The fully connected VAE of pytorch/examples: 784-width-latent_dim and back."""
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, width), nn.ReLU())
    return PlainVAE(encoder, width, latent_dim, nn.Sequential(nn.Linear(latent_dim, width), nn.ReLU(), nn.Linear(width, PIXELS)))


def conv_vae(width: int, latent_dim: int) -> PlainVAE:
    """Three convolutions down to 3x3, and back from 7x7."""
    encoder = nn.Sequential(
        *(nn.Conv2d(1, width, 4, 2, 1), nn.ReLU()),
        *(nn.Conv2d(width, 2 * width, 4, 2, 1), nn.ReLU()),
        *(nn.Conv2d(2 * width, 4 * width, 4, 2, 1), nn.ReLU()),
        nn.Flatten(),
    )
    decoder = nn.Sequential(
        *(nn.Linear(latent_dim, 2 * width * 49), nn.Unflatten(1, (2 * width, 7, 7)), nn.ReLU()),
        *(nn.ConvTranspose2d(2 * width, width, 4, 2, 1), nn.ReLU()),
        nn.ConvTranspose2d(width, 1, 4, 2, 1),
    )
    return PlainVAE(encoder, 4 * width * 9, latent_dim, decoder)


def mlp_gan(width: int, latent_dim: int) -> PlainGAN:
    """Three hidden layers in each network, batch norm in the generator."""
    generator, discriminator = nn.Sequential(), nn.Sequential(nn.Flatten())
    for inputs, pixels in ((latent_dim, PIXELS), (width, width), (width, width)):
        generator.extend([nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()])
        discriminator.extend([nn.Linear(pixels, width), nn.LeakyReLU(0.2)])
    generator.extend([nn.Linear(width, PIXELS), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))])
    discriminator.append(nn.Linear(width, 1))
    return PlainGAN(generator, discriminator, latent_dim)


def conv_gan(width: int, latent_dim: int) -> PlainGAN:
    """DCGAN's networks (Radford 2016) for 28x28 pictures."""
    generator = nn.Sequential(
        *(nn.Linear(latent_dim, 2 * width * 49, bias=False), nn.Unflatten(1, (2 * width, 7, 7)), nn.BatchNorm2d(2 * width), nn.ReLU()),
        *(nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh()),
    )
    discriminator = nn.Sequential(
        *(nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * width), nn.LeakyReLU(0.2)),
        *(nn.Flatten(), nn.Linear(4 * width * 9, 1)),
    )
    return PlainGAN(generator, discriminator, latent_dim)


def pytorch_gan() -> PlainGAN:
    """The shape of PyTorch-GAN's first example: 100-128-256-512-1024-784 against 784-512-256-1, and its eps of 0.8 in the norms."""
    sizes = (128, 256, 512, 1024)
    generator = nn.Sequential(nn.Linear(100, sizes[0]), nn.LeakyReLU(0.2))
    for inputs, outputs in pairwise(sizes):
        generator.extend([nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs, 0.8), nn.LeakyReLU(0.2)])
    generator.extend([nn.Linear(sizes[-1], PIXELS), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))])
    discriminator = nn.Sequential(
        *(nn.Flatten(), nn.Linear(PIXELS, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256), nn.LeakyReLU(0.2)), nn.Linear(256, 1)
    )
    return PlainGAN(generator, discriminator, 100)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write bytes in the format in which MNIST is published: sizes, big-endian, then the values."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def loader(dataset: data.Dataset, folder: Path, training: bool, batch_size: int, signed: bool = False, pinned: bool = False) -> DataLoader:
    """Serve one side of Fashion-MNIST through torchvision's own class, from files as the publisher's.

    Pictures come in [0, 1], or signed in [-1, 1] as GANs want them. `pinned` is what the examples set for a GPU: one worker, pinned memory.
    """
    from torchvision import transforms
    from torchvision.datasets import FashionMNIST

    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, side in (("train", dataset.split), ("t10k", ~dataset.split)):
        if not (raw / f"{name}-labels-idx1-ubyte").exists():
            write_idx(raw / f"{name}-images-idx3-ubyte", dataset.items[side][..., 0])
            write_idx(raw / f"{name}-labels-idx1-ubyte", dataset.labels[side])
    steps = [transforms.ToTensor(), *([transforms.Normalize([0.5], [0.5])] if signed else [])]
    pictures = FashionMNIST(folder, train=training, transform=transforms.Compose(steps))
    return DataLoader(pictures, batch_size, shuffle=training, num_workers=int(pinned), pin_memory=pinned)

"""The kinds of network every model is made of: fully connected layers, DCGAN's convolutions, and residual blocks.

Apart from the models because a VAE's encoder and a GAN's discriminator are the same trunk, as are decoder and generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, Protocol, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from genlib.choices import knob, pick
from genlib.models.layers import Activation, Growing, Shrinking, he, make_norm, told

POOLED = 4  # side of the maps that describe an item: DCGAN's protocol (Radford 2016, section 5.1)
WIDEST = 8  # channels double with every halving, up to this many times the first layer's
SMALLEST = 8  # a side of this or more is halved again
CONV_WIDTH = {"cpu": 32}  # a step within a tenth of a second on two cores; elsewhere DCGAN's own 64


@dataclass(frozen=True)
class Layout:
    """How a network is built, every value explicit."""

    trunk: str
    width: int
    layers: int
    activation: Activation
    batch_norm: bool = False


class Built(Protocol):
    """The knobs of any model that say how its networks are built."""

    @property
    def trunk(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def layers(self) -> int: ...


@final
class Trunk(nn.Module):
    """Layers that look at items: (n, *shape) -> (n, outputs)."""

    def __init__(self, layers: list[nn.Module], outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.outputs = outputs

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x.flatten(1)

    def see(self, x: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        """Return what layer number `layer` makes of items, from 1, and what the last one does: (n, *shape) -> (n, f), (n, outputs)."""
        for part in self.layers[:layer]:
            x = part(x)
        there = x.flatten(1)
        for part in self.layers[layer:]:
            x = part(x)
        return there, x.flatten(1)

    def describe(self, x: Tensor) -> Tensor:
        """Put the activations of all layers side by side, maps max-pooled to 4x4: (n, *shape) -> (n, f)."""
        found = []
        for layer in self.layers:
            x = layer(x)
            found.append(functional.adaptive_max_pool2d(x, POOLED) if x.ndim == 4 else x)
        return torch.cat([activations.flatten(1) for activations in found], dim=1)


@final
class Generator(nn.Sequential):
    """Layers that make items: (n, latent_dim) -> (n, *shape), not squashed to any range.

    With classes it needs labels (n,): each class has its own scale and shift in batch norm, and a one-hot beside the code
    where there is no batch norm. Without, labels are not looked at.
    """

    def __init__(self, layers: list[nn.Module], classes: int = 0, one_hot: bool = False) -> None:
        super().__init__(*layers)
        self.classes, self.one_hot = classes, one_hot

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.classes and labels is None:
            raise ValueError(f"this model was told of {self.classes} classes; say which one each code is for with labels of shape (n,)")
        if labels is not None and self.one_hot:
            z = torch.cat([z, (labels[:, None] == torch.arange(self.classes, device=z.device)).to(z.dtype)], dim=1)
        for layer in self:
            z = told(layer, z, labels)
        return z


def trunk_knob() -> Any:
    """Describe the knob of any model that chooses between the kinds of network."""
    return knob(
        "auto",
        values=("auto", *TRUNKS),
        help="Fully connected layers (mlp), convolutions, which see neighbouring pixels together (conv), or twice as many of them with "
        "shortcuts: slower, finer (residual). Auto: conv for pictures.",
    )


def width_knob() -> Any:
    """Describe the knob of any model that sets how wide its networks are."""
    return knob(
        0,
        0,
        2048,
        level="advanced",
        help="Units of each hidden layer (mlp), or channels of the layer next to the picture (conv, residual). "
        "0: what suits trunk and device.",
    )


def layers_knob() -> Any:
    """Describe the knob of a model with encoder and decoder that sets how deep an mlp is."""
    return knob(
        0,
        0,
        8,
        level="advanced",
        help="Hidden layers of an mlp, in the encoder and again in the decoder. 0: one for pictures, three for points.",
    )


def ema_knob(default: float) -> Any:
    """Describe the knob of any model whose results may come from averaged weights."""
    return knob(
        default,
        0.0,
        0.99999,
        label="EMA decay",
        level="advanced",
        help="Pictures come from an average of the weights; nearer to 1, it remembers longer. 0: no average.",
    )


def settle_layout(options: Built, shape: tuple[int, ...], device_type: str, mlp_width: int, mlp_layers: int) -> dict[str, Any]:
    """Replace automatic values of trunk, width and layers by explicit ones; raise ValueError for what cannot be built."""
    trunk = options.trunk
    if trunk == "auto":
        trunk = "conv" if len(shape) == 3 else "mlp"
    if trunk == "mlp":
        return {"trunk": trunk, "width": options.width or mlp_width, "layers": options.layers or mlp_layers}
    sides(square(shape))
    if options.layers:
        raise ValueError(
            f"layers has no effect on a {trunk} trunk, whose layers follow from the picture size; set layers to 0, or take trunk mlp"
        )
    return {"trunk": trunk, "width": options.width or CONV_WIDTH.get(device_type, 64), "layers": 0}


def make_trunk(layout: Layout, shape: tuple[int, ...]) -> Trunk:
    """Make the network that looks at items."""
    return pick("trunk", layout.trunk, TRUNKS)(layout, shape)


def make_generator(layout: Layout, latent_dim: int, shape: tuple[int, ...], classes: int = 0) -> Generator:
    """Make the network from codes to items, and with `classes` from codes and labels."""
    one_hot = classes > 0 and not layout.batch_norm
    layers = pick("trunk", layout.trunk, GENERATORS)(layout, latent_dim + classes * one_hot, shape, classes)
    network = Generator(layers, classes, one_hot)
    return network if layout.trunk == "mlp" else network.to(memory_format=torch.channels_last)


def square(shape: tuple[int, ...]) -> int:
    """Return the side of a square picture's shape (c, h, w); raise ValueError for points and other pictures."""
    if len(shape) != 3 or shape[1] != shape[2]:
        raise ValueError(f"convolutions need square pictures, got items of shape {shape}; take trunk mlp")
    return shape[1]


def sides(size: int) -> list[int]:
    """List the sides of the maps from the picture inwards, halved while 8 or more and even: 28 -> [28, 14, 7].

    Raises ValueError where the smallest map would still be 8 or more.
    """
    found = [size]
    while found[-1] >= SMALLEST and found[-1] % 2 == 0:
        found.append(found[-1] // 2)
    if found[-1] >= SMALLEST or len(found) == 1:
        raise ValueError(
            f"convolutions halve the picture down to less than {SMALLEST} pixels, which size {size} does not allow; "
            "take size 16, 28, 32, 48, 64, 96 or 128, or trunk mlp"
        )
    return found


def _mlp_trunk(layout: Layout, shape: tuple[int, ...]) -> Trunk:
    widths = [prod(shape)] + [layout.width] * layout.layers
    layers: list[nn.Module] = [nn.Sequential(nn.Linear(*pair), layout.activation()) for pair in pairwise(widths)]
    if len(shape) > 1:
        layers[0] = nn.Sequential(nn.Flatten(), *layers[0].children())
    return Trunk(layers, layout.width)


def _mlp_generator(layout: Layout, inputs: int, shape: tuple[int, ...], classes: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for outputs in [layout.width] * layout.layers:
        layers.append(nn.Linear(inputs, outputs, bias=not layout.batch_norm))
        layers += [make_norm(outputs, 1, classes)] if layout.batch_norm else []
        layers.append(layout.activation())
        inputs = outputs
    return [*layers, nn.Linear(layout.width, prod(shape)), nn.Unflatten(1, shape)]


def _conv_trunk(layout: Layout, shape: tuple[int, ...]) -> Trunk:
    path = sides(square(shape))
    layers: list[nn.Module] = []
    inputs = shape[0]
    # As many halvings as the generator and one more: a critic that sees only parts of 28 x 28 clothes lets torn ones pass.
    # Measured on the small Fashion-MNIST: Frechet distance 8 instead of 31 after a minute.
    for index in range(len(path)):
        outputs = layout.width * min(2**index, WIDEST)
        # No norm on the first layer: the discriminator must see the pictures' own statistics (Radford 2016).
        norm = [nn.BatchNorm2d(outputs)] if layout.batch_norm and index else []
        layers.append(nn.Sequential(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not norm), *norm, layout.activation()))
        inputs = outputs
    trunk = Trunk(layers, inputs * (path[-1] // 2) ** 2)
    return trunk.to(memory_format=torch.channels_last)


def _conv_generator(layout: Layout, inputs: int, shape: tuple[int, ...], classes: int) -> list[nn.Module]:
    layers, channels = _first_maps(layout, inputs, shape)
    for before, outputs in pairwise(channels):
        layers += [make_norm(before, 2, classes)] if layout.batch_norm else []
        layers += [layout.activation(), nn.ConvTranspose2d(before, outputs, 4, 2, 1, bias=not layout.batch_norm)]
    return layers + _last_maps(layout, channels[-1], shape, classes)


def _residual_trunk(layout: Layout, shape: tuple[int, ...]) -> Trunk:
    """The halvings of the convolutional trunk, each but the first a block with a shortcut."""
    path = sides(square(shape))
    widths = [layout.width * min(2**index, WIDEST) for index in range(len(path))]
    layers: list[nn.Module] = [nn.Sequential(he(nn.Conv2d(shape[0], layout.width, 4, 2, 1)), layout.activation())]
    layers += [Shrinking(*pair, layout.activation, layout.batch_norm) for pair in pairwise(widths)]
    return Trunk(layers, widths[-1] * (path[-1] // 2) ** 2).to(memory_format=torch.channels_last)


def _residual_generator(layout: Layout, inputs: int, shape: tuple[int, ...], classes: int) -> list[nn.Module]:
    layers, channels = _first_maps(layout, inputs, shape)
    layers += [Growing(*pair, layout.activation, layout.batch_norm, classes) for pair in pairwise(channels)]
    return layers + _last_maps(layout, channels[-1], shape, classes)


def _first_maps(layout: Layout, inputs: int, shape: tuple[int, ...]) -> tuple[list[nn.Module], list[int]]:
    """Return the layers from a code to the smallest maps, and the channels of the maps from there to next to the picture."""
    path = sides(square(shape))
    channels = [layout.width * min(2**index, WIDEST) for index in reversed(range(len(path) - 1))]
    whole = nn.Linear(inputs, channels[0] * path[-1] ** 2, bias=not layout.batch_norm)
    return [whole, nn.Unflatten(1, (channels[0], path[-1], path[-1]))], channels


def _last_maps(layout: Layout, inputs: int, shape: tuple[int, ...], classes: int) -> list[nn.Module]:
    norm = [make_norm(inputs, 2, classes)] if layout.batch_norm else []
    return [*norm, layout.activation(), nn.ConvTranspose2d(inputs, shape[0], 4, 2, 1)]


TRUNKS = {"mlp": _mlp_trunk, "conv": _conv_trunk, "residual": _residual_trunk}
GENERATORS = {"mlp": _mlp_generator, "conv": _conv_generator, "residual": _residual_generator}

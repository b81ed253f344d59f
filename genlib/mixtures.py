"""Where codes lie, as a mixture of normals: fitted to the codes of a trained encoder, or handed over by a model that learned one.

An encoder rarely fills its prior evenly, so a draw from the prior may fall where no item ever was; a draw from here does not.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genlib import choices, files, latent
from genlib.choices import knob
from genlib.neighbours import Progress, rows

ITERATIONS = 200  # of expectation and maximisation; most fits settle in far fewer


@dataclass(frozen=True)
class MixtureOptions:
    """What a person can turn on a mixture fitted to codes."""

    components: int = knob(
        10, 1, 100, "How many normals, each with a shape of its own. One is a single tilted cloud; more follow the data closer."
    )


@dataclass(frozen=True, eq=False)
class Mixture:
    """weights (k,) that sum to 1, means (k, d), and roots (k, d, d): times their own transposes they are the covariances.

    Where every component is upright, roots (k, d) are its standard deviations.
    """

    weights: np.ndarray
    means: np.ndarray
    roots: np.ndarray

    def sample(
        self, n: int, seed: int, temperature: float = 1.0, truncation: float | None = None, labels: np.ndarray | None = None
    ) -> np.ndarray:
        """Draw n codes: (n, d) float32. `labels` (n,) say which component each is drawn from; without them the weights do.

        `temperature` and `truncation` are those of latent.sample, about the mean of each component. The first rows do not depend on n.
        """
        draws = latent.sample(n, self.means.shape[1], seed, temperature, truncation)
        if labels is None:
            labels = np.searchsorted(np.cumsum(self.weights)[:-1], np.random.default_rng([seed, 1]).random(n), side="right")
        codes = np.empty_like(draws)
        for label in np.unique(labels):
            drawn = labels == label
            root = self.roots[label]
            codes[drawn] = self.means[label] + (draws[drawn] * root if root.ndim == 1 else draws[drawn] @ root.T)
        return codes


def fit(codes: np.ndarray, options: MixtureOptions | None = None, seed: int = 0, progress: Progress | None = None) -> Mixture:
    """Fit normals of full covariance to codes (n, d) by expectation and maximisation, started from k-means.

    Raises ValueError with a sentence where there are fewer than two codes a component.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    options = options or MixtureOptions()
    codes = rows(codes).astype(np.float64)
    if len(codes) < 2 * options.components:
        raise ValueError(f"{options.components} components need at least {2 * options.components} codes, got {len(codes)}; choose fewer")
    if progress:
        progress(None, f"Fitting {options.components} normals to {len(codes):,} codes")
    # A silent dimension hardly varies: what is added to the variances must be small beside it, and not beside 1.
    least = 1e-6 * max(float(codes.var(axis=0).mean()), 1e-12)
    model = GaussianMixture(options.components, reg_covar=least, max_iter=ITERATIONS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # nearly settled is good enough, and codes that are all alike fit too
        model.fit(codes)
    return Mixture(model.weights_, model.means_, np.linalg.cholesky(model.covariances_))


def kept(file: Path, options: MixtureOptions, seed: int = 0) -> Mixture | None:
    """Return the mixture fitted earlier to the codes in a file of vectors; None where there is none."""
    path = _beside(file, options, seed)
    if not path.exists():
        return None
    with np.load(path) as stored:
        return Mixture(stored["weights"], stored["means"], stored["roots"])


def fit_file(file: Path, options: MixtureOptions, seed: int = 0, progress: Progress | None = None) -> Mixture:
    """Fit to the codes in a file of vectors and keep the mixture beside it. One kept earlier is returned at once."""
    options = choices.fill(MixtureOptions, vars(options))
    found = kept(file, options, seed)
    if found is not None:
        return found
    with np.load(file) as stored:
        found = fit(stored["values"], options, seed, progress)
    buffer = io.BytesIO()
    np.savez(buffer, weights=found.weights, means=found.means, roots=found.roots)
    files.write(_beside(file, options, seed), buffer.getvalue())
    return found


def _beside(file: Path, options: MixtureOptions, seed: int) -> Path:
    return file.with_name(f"{file.stem}-mixture-{options.components}-{seed}.npz")

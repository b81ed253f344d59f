"""The rules by which a run's curves are judged: each returns how bad it is and a sentence with the numbers, or None.

A rule judges the last part of a curve and not its last point, so that a verdict does not come or go with a single tick. Thresholds are
from runs built to fail and from the presets known to work; tests/test_diagnose.py trains both.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

History = Mapping[str, np.ndarray]  # columns as Run.history returns them: step, seconds and metrics, nan where a line lacks one
Verdict = tuple[str, str]  # level, `warning` or `serious`, and sentence

GRACE = 1000  # steps in which nothing but divergence is judged, a third of the run where that is less: every start looks bad
LOOKS = 3  # looks at samples and held-out items over which something must hold
LASTING = 5  # looks over which held-out items must be worse: a learned noise level makes single looks jump
WINDOW = 0.15  # of the steps so far, and at least LINES lines of the log, over which something must hold
LINES = 4

EXPLODED = 100.0  # times the early gradient
VANISHED = 1e-3  # of the largest gradient
DEAD = 4  # a quarter of the latent dimensions or fewer
WORSE = 0.03  # of what was gained since the first look
BEHIND = 0.12  # of what was gained since the first look
COPIED = 0.5  # of the distance of held-out items
MISSED = {"modes": 0.3, "classes": 0.5}  # shares; samples are put into classes by their nearest picture, which errs
ARRIVED = 0.3  # of the samples near a mode
ALIKE = 0.3  # of the data's spread
SURE = 0.98
GUESSING = 0.55


@dataclass(frozen=True)
class Facts:
    """What the curves do not say: the recipe, and why the run broke off if it did."""

    latent_dim: int
    steps: int
    loss: str = ""  # what the two networks of a GAN play for
    failed: str = ""

    @classmethod
    def of(cls, config: Any, events: Iterable[Mapping[str, Any]] = ()) -> Facts:
        """Read them from a recipe and a run's events."""
        last = [event for event in events if event["event"] in ("failed", "running", "finished")][-1:]
        failed = str(last[0].get("reason", "")) if last and last[0]["event"] == "failed" else ""
        return cls(config.latent_dim, config.steps, str(config.options.get("loss", "")), failed)


def too_early(history: History, facts: Facts) -> bool:
    """Say whether a run is so young that nothing but divergence is judged."""
    return not known(history, "step") or float(history["step"][-1]) < min(GRACE, facts.steps / 3)


def known(history: History, name: str) -> bool:
    """Say whether a history has a metric."""
    return name in history and bool(np.isfinite(history[name]).any())


def _values(history: History, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps at which a metric is known, and its values."""
    there = np.isfinite(history[name])
    return history["step"][there], history[name][there]


def _recent(history: History, name: str) -> np.ndarray | None:
    """Return a metric's values over the last WINDOW of the steps; None where there are fewer than LINES."""
    if not known(history, name):
        return None
    steps, values = _values(history, name)
    count = max(LINES, int((steps > (1 - WINDOW) * steps[-1]).sum()))
    return values[-count:] if len(values) >= LINES else None


def _looked(history: History, name: str) -> np.ndarray | None:
    """Return a metric at the last LOOKS looks; None where there were fewer."""
    values = _values(history, name)[1][-LOOKS:] if known(history, name) else np.empty(0)
    return values if len(values) == LOOKS else None


def _middle(history: History, name: str) -> float:
    """Return the median over the last window, nan where there are too few values."""
    values = _recent(history, name)
    return float("nan") if values is None else float(np.median(values))


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


# The rules


def diverged(history: History, facts: Facts) -> Verdict | None:
    """Look for a loss that is no longer a number, or far above its beginning."""
    if broken := re.search(r"(\w+) became (\S+) at step (\d+)", facts.failed):
        name, value, step = broken.groups()
        return "serious", f"{name} became {value} at step {int(step):,}, and training stopped there."
    for name in ("loss", "d_loss", "g_loss"):
        now = _recent(history, name)
        if now is None:
            continue
        first, middle = float(np.abs(_values(history, name)[1][0])), float(np.median(now))
        # A loss that is trained on falls from its start. Those of a game stay within some units, a critic's near where they began.
        if name == "loss":
            grown = now.min() > 2 * first + 1
        else:
            grown = abs(middle) > (100 * max(1.0, first) if facts.loss == "wasserstein" else 50.0)
        if grown:
            return "serious", f"{name} is {middle:,.4g}, and was {first:,.4g} at the start: it has grown beyond all bounds."
    return None


def gradients(history: History, facts: Facts) -> Verdict | None:
    """Compare the length of each network's gradient with what it was."""
    for name, whose in (("g_grad", "the generator's gradient"), ("d_grad", "the discriminator's gradient"), ("grad", "the gradient")):
        now = _recent(history, name)
        if now is None:
            continue
        values = _values(history, name)[1]
        if name == "grad" and known(history, "sigma"):  # a learned noise level divides the gradient: as pictures get sharper it grows
            values = values * history["sigma"][np.isfinite(history[name])]
            now = values[-len(now) :]
        early, most = float(np.median(values[: max(LINES, len(values) // 4)])), float(np.percentile(values, 90))
        if now.min() > EXPLODED * max(1.0, early):
            return "warning", f"The length of {whose} is {np.median(now):,.3g}, and was {early:,.3g} early in the run: it explodes."
        if name != "d_grad" and now.max() < VANISHED * max(1.0, most):
            return "warning", f"The length of {whose} is {np.median(now):.2g}, down from {most:.2g}: next to nothing is learned any more."
    return None


def posterior(history: History, facts: Facts) -> Verdict | None:
    """Count the latent dimensions that carry information."""
    active, kl = _middle(history, "active_units"), _middle(history, "kl")
    busiest = f" and {_middle(history, 'kl_largest'):.2g} in the busiest" if known(history, "kl_largest") else ""
    each = f"KL is {kl:.2g} nats, {kl / facts.latent_dim:.2g} a dimension{busiest}."
    if active < 1 or kl < 0.01 * facts.latent_dim:
        return (
            "serious",
            f"{active:.0f} of {facts.latent_dim} latent dimensions carry anything; {each} The codes say nothing about their items.",
        )
    if facts.latent_dim >= 4 and active <= facts.latent_dim / DEAD:
        return "warning", f"Only {active:.0f} of {facts.latent_dim} latent dimensions carry anything; {each}"
    return None


def learned_by_heart(history: History, facts: Facts) -> Verdict | None:
    """Compare held-out items with training: do they get worse while training improves, or lag far behind?"""
    for name, parts in (("-ELBO", ("recon", "kl")), ("reconstruction", ("recon",))):
        if not all(known(history, part) and known(history, f"test_{part}") for part in parts):
            continue
        steps, theirs, ours = _compared(history, parts)
        if len(steps) <= LASTING:
            continue
        best = int(np.argmin(theirs))
        noise = 2 * float(np.median(np.abs(np.diff(theirs[-2 * LASTING :]))))
        gained, lost = theirs[0] - theirs[best], theirs[-LASTING + 1 :].min() - theirs[best]
        if best <= len(steps) - LASTING and lost > WORSE * gained + noise and ours[-1] < ours[best] - WORSE * gained - noise:
            return "warning", (
                f"On held-out items, {name} rose from {theirs[best]:,.4g} at step {steps[best]:,.0f} to {theirs[-1]:,.4g}, "
                f"while in training it fell from {ours[best]:,.4g} to {ours[-1]:,.4g}: the model learns by heart."
            )
        gap = (theirs - ours)[-LASTING:] / gained if gained > 0 else np.zeros(LASTING)
        if gap.min() > BEHIND:
            return "warning", (
                f"On held-out items, {name} is {theirs[-1]:,.4g}, in training {ours[-1]:,.4g}: a gap of {_percent(gap[-1])} of what was "
                "gained since the start. The model learns its training items by heart."
            )
    return None


def _compared(history: History, parts: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the steps of the looks, the sum of `parts` on held-out items there, and its mean in training since the look before."""
    test = np.sum([history[f"test_{part}"] for part in parts], axis=0)
    at = np.flatnonzero(np.isfinite(test))
    ours = np.array([_mean_between(history, parts, a, b) for a, b in itertools.pairwise([-1, *at.tolist()])])
    both = np.isfinite(ours)  # the last look of a run has no training of its own
    return history["step"][at[both]], test[at[both]], ours[both]


def _mean_between(history: History, parts: tuple[str, ...], after: int, upto: int) -> float:
    lines = np.sum([history[part][after + 1 : upto + 1] for part in parts], axis=0)
    there = np.isfinite(lines)
    return float(lines[there].mean()) if there.any() else float("nan")


def copying(history: History, facts: Facts) -> Verdict | None:
    """Compare samples with held-out pictures: how near is the nearest training picture?"""
    samples, held_out = _looked(history, "nearest_samples"), _looked(history, "nearest_held_out")
    if not known(history, "classes_hit") or samples is None or held_out is None or not (samples < COPIED * held_out).all():
        return None
    share = samples[-1] / held_out[-1]
    return "warning", (
        f"Samples lie {samples[-1]:.2g} from the nearest training picture, {_percent(share)} of the {held_out[-1]:.2g} at which held-out "
        "pictures lie: they are copies rather than new pictures."
    )


def collapsed(history: History, facts: Facts) -> Verdict | None:
    """Count the modes or classes that samples hit, and compare their spread with the data's."""
    good = _looked(history, "good_share")
    for what in ("modes", "classes"):
        hit, missed = _looked(history, f"{what}_hit"), _looked(history, f"{what}_missed")
        # Samples still on their way to the modes miss them too: of a generator that collapsed, most are near the few that it knows.
        if hit is None or missed is None or (what == "modes" and good is not None and good.min() < ARRIVED):
            continue
        if (missed >= MISSED[what] * (hit + missed)).all():
            told = f" (of the samples, {_percent(good[-1])} are near one)" if good is not None else ""
            return "serious", f"{hit[-1]:.0f} of {hit[-1] + missed[-1]:.0f} {what} get samples{told}{_spreads(history)}."
    alike = (_looked(history, name) for name in ("spread", "spread_features"))
    if any(values is not None and (values < ALIKE).all() for values in alike):
        return "serious", f"All samples look alike{_spreads(history)}."
    return None


def _spreads(history: History) -> str:
    spread, features = _looked(history, "spread"), _looked(history, "spread_features")
    if spread is None or features is None:
        return ""
    return f"; they spread {spread[-1]:.2f} times as far as the data in pixels and {features[-1]:.2f} times in features"


def too_strong(history: History, facts: Facts) -> Verdict | None:
    """See whether the discriminator is right nearly every time."""
    real, fake = _recent(history, "d_real"), _recent(history, "d_fake")
    if real is None or fake is None or min(real.min(), fake.min()) < SURE:
        return None
    reaches = f", and a gradient of {_middle(history, 'g_grad'):.2g} reaches the generator" if known(history, "g_grad") else ""
    return "warning", (
        f"The discriminator is right on {_percent(np.median(real))} of real and {_percent(np.median(fake))} of made items{reaches}: "
        "it is so sure that the generator learns little from it."
    )


def too_weak(history: History, facts: Facts) -> Verdict | None:
    """See whether the discriminator guesses though samples are far from the data."""
    real, fake = _recent(history, "d_real"), _recent(history, "d_fake")
    samples, held_out = _looked(history, "nearest_samples"), _looked(history, "nearest_held_out")
    if real is None or fake is None or samples is None or held_out is None:
        return None
    right = (real.mean() + fake.mean()) / 2
    if right > GUESSING or not (samples > 2 * held_out + 0.05).all():
        return None
    return "warning", (
        f"The discriminator is right on {_percent(np.median(real))} of real and {_percent(np.median(fake))} of made items, no better than "
        f"guessing, though samples lie {samples[-1]:.2g} from the nearest training item and held-out ones {held_out[-1]:.2g}."
    )

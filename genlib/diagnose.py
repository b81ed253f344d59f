"""What is going wrong in a run, in words, with the numbers that say so and what to try: a table of checks over its curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from genlib import symptoms
from genlib.symptoms import Facts, History, Verdict, known, too_early

__all__ = ["CHECKS", "Check", "Facts", "Finding", "diagnose", "judged", "too_early"]


@dataclass(frozen=True)
class Finding:
    """Something that goes wrong: a row of CHECKS, its level, a sentence with the numbers, what to try, the curves."""

    name: str
    level: str
    sentence: str
    remedy: str
    curves: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """One thing that can go wrong. `rule` judges; `needs` are the metrics without which it cannot."""

    label: str
    why: str  # what it looks at, for whoever asks what was checked
    remedy: str
    curves: tuple[str, ...]
    needs: tuple[str, ...]
    rule: Callable[[History, Facts], Verdict | None]
    early: bool = False  # judged before the grace is over


def diagnose(history: History, facts: Facts) -> list[Finding]:
    """Say what goes wrong now, worst first; nothing where all is well or it is too early to tell."""
    found = []
    for name, check in CHECKS.items():
        if not judged(check, history) or (too_early(history, facts) and not check.early):
            continue
        if verdict := check.rule(history, facts):
            curves = tuple(curve for curve in check.curves if known(history, curve))
            found.append(Finding(name, *verdict, check.remedy, curves))
    names = {finding.name for finding in found}
    # Silent codes make all samples alike: that is one trouble, not two.
    found = [finding for finding in found if not (finding.name == "mode collapse" and "posterior collapse" in names)]
    return sorted(found, key=lambda finding: finding.level != "serious")


def judged(check: Check, history: History) -> bool:
    """Say whether a history has what a check needs; one that is judged early may also be told by the reason why a run broke off."""
    return all(known(history, name) for name in check.needs) and (check.early or any(known(history, name) for name in check.curves))


CHECKS: dict[str, Check] = {
    "divergence": Check(
        "Divergence",
        "Losses that are no longer numbers, or that grow beyond all bounds.",
        "Take a learning rate ten times smaller in a new run, or a larger batch.",
        ("loss", "d_loss", "g_loss"),
        (),
        symptoms.diverged,
        early=True,
    ),
    "gradients": Check(
        "Gradients vanish or explode",
        "The length of each network's gradient against that of its beginning.",
        "Where it vanishes: the non-saturating loss, fewer updates of the discriminator, or a higher rate for the generator. Where it "
        "explodes: smaller learning rates, or a regularizer for the discriminator.",
        ("g_grad", "d_grad", "grad"),
        (),
        symptoms.gradients,
    ),
    "mode collapse": Check(
        "Mode collapse",
        "How far samples spread against the data, in pixels and in features, and how many modes or classes they hit.",
        "Give the discriminator a gradient penalty or R1, pack two or more samples, or take smaller learning rates with less momentum.",
        ("modes_hit", "modes_missed", "classes_hit", "spread", "spread_features"),
        ("spread", "g_loss"),
        symptoms.collapsed,
    ),
    "discriminator too strong": Check(
        "Discriminator too strong",
        "How often it is right on real and on made items, and the gradient that reaches the generator.",
        "Lower the discriminator's learning rate or its updates a step, add instance noise or a regularizer, or smooth its labels.",
        ("d_real", "d_fake", "g_grad"),
        ("d_real", "d_fake"),
        symptoms.too_strong,
    ),
    "discriminator too weak": Check(
        "Discriminator too weak",
        "Whether it guesses while samples are still far from the data.",
        "Raise the discriminator's learning rate or its updates a step, or make it wider; weaken its regularizer if it has one.",
        ("d_real", "d_fake", "nearest_samples"),
        ("d_real", "d_fake", "nearest_samples"),
        symptoms.too_weak,
    ),
    "posterior collapse": Check(
        "Posterior collapse",
        "How many latent dimensions carry information, and how much.",
        "Lower beta, let the KL term grow slowly (KL warm-up), grant each dimension free bits, or take fewer latent dimensions.",
        ("active_units", "kl"),
        ("active_units", "kl"),
        symptoms.posterior,
    ),
    "over-fitting": Check(
        "Over-fitting",
        "Whether held-out items get worse while training goes on to improve.",
        "Stop earlier or choose an earlier snapshot; take more data, fewer latent dimensions, a narrower network, or a higher beta.",
        ("test_recon", "recon", "test_elbo"),
        ("recon", "test_recon"),
        symptoms.learned_by_heart,
    ),
    "copying": Check(
        "Copying",
        "How near samples are to training pictures, against pictures that the model never saw.",
        "Take more pictures, change them at random while training (DiffAugment), train for a shorter time, or take a smaller network.",
        ("nearest_samples", "nearest_held_out"),
        ("nearest_samples", "nearest_held_out"),
        symptoms.copying,
    ),
}

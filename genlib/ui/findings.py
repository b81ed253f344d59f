"""What is going wrong in a run that is watched, said calmly: a finding comes and goes only when it has held for a while."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from genlib.diagnose import CHECKS, Facts, Finding, diagnose, judged, too_early
from genlib.metrics import GROUPS, METRICS
from genlib.ui import state
from genlib.ui.charts import History

if TYPE_CHECKING:
    from genlib.runs import Run

HOLD = 2  # new pieces of history over which a finding must be there before it is shown, and be gone before it is not
ICONS = {"serious": ":material/error:", "warning": ":material/warning:"}


@dataclass(frozen=True)
class Held:
    """A finding as it was last seen, how firmly it holds (0 to HOLD), and whether it is on screen."""

    finding: Finding
    firmness: int
    shown: bool


def show_findings(run: Run, history: History, living: bool) -> None:
    """Draw what is wrong with a run, with what to try and where to look; a quiet word where nothing is. For `living` runs, calmly."""
    facts = Facts.of(run.config, run.events())
    found = [finding for finding in diagnose(history, facts) if not facts.failed or finding.name != "divergence"]  # said as its trouble
    shown = _calmed(run, history, found) if living else found
    for finding in shown:
        _draw(finding)
    if not shown:
        _nothing_wrong(run, history, too_early(history, facts))


def hold(held: Mapping[str, Held], found: Iterable[Finding]) -> dict[str, Held]:
    """Let findings that are there grow firmer and those that are gone less so; they come on screen when firm, and leave when no more."""
    now = {finding.name: finding for finding in found}
    after = {}
    for name in dict.fromkeys((*held, *now)):
        before = held.get(name)
        firmness = min(HOLD, max(0, (before.firmness if before else 0) + (1 if name in now else -1)))
        if firmness:
            shown = firmness == HOLD or bool(before and before.shown)
            after[name] = Held(now[name] if name in now else held[name].finding, firmness, shown)
    return after


def _calmed(run: Run, history: History, found: list[Finding]) -> list[Finding]:
    """Return the findings that are to be on screen; only new history makes them firmer, not being drawn again."""
    key, lines = f"findings-{run.name}", len(history.get("step", ()))
    before, held = state.kept(key, (0, {}))
    if lines != before:
        held = hold(held if lines > before else {}, found)
        state.keep(key, (lines, held))
    return sorted((one.finding for one in held.values() if one.shown), key=lambda finding: finding.level != "serious")


def _draw(finding: Finding) -> None:
    charts = dict.fromkeys(GROUPS[METRICS[name].group] for name in finding.curves if name in METRICS)
    look = f"\n\n**Look at:** {', '.join(charts)}" if charts else ""
    box = st.error if finding.level == "serious" else st.warning
    box(f"{finding.sentence}\n\n**What to try:** {finding.remedy}{look}", title=CHECKS[finding.name].label, icon=ICONS[finding.level])


def _nothing_wrong(run: Run, history: History, early: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = (
            ":material/hourglass_top: Too early to tell whether something goes wrong"
            if early
            else ":material/check: Nothing looks wrong so far"
        )
        st.caption(words, width="content")
        with st.popover("What is checked", type="tertiary", key=f"checked-{run.name}"):
            for check in CHECKS.values():
                if judged(check, history):
                    st.markdown(f"**{check.label}.** {check.why}")

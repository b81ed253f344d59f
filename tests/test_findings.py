"""Findings on the watch panel: they come and go calmly, and say what was checked where all is well."""

import numpy as np
import pytest

from genlib.diagnose import CHECKS, Finding
from genlib.metrics import METRICS
from genlib.ui.findings import HOLD, hold

COLLAPSE = Finding("mode collapse", "serious", "1 of 8 modes get samples.", "Take a regularizer.", ("modes_hit",))


def shown(held):
    return [name for name, one in held.items() if one.shown]


def test_a_finding_appears_when_it_has_held():
    held = {}
    for _ in range(HOLD - 1):
        held = hold(held, [COLLAPSE])
        assert not shown(held)
    assert shown(hold(held, [COLLAPSE])) == ["mode collapse"]


def test_a_finding_that_comes_and_goes_never_appears():
    held = {}
    for _ in range(10):
        held = hold(hold(held, [COLLAPSE]), [])
        assert not shown(held)


def test_a_finding_on_screen_stays_over_one_gap_and_leaves_for_good():
    held = {}
    for _ in range(HOLD):
        held = hold(held, [COLLAPSE])
    held = hold(held, [])
    assert shown(held) == ["mode collapse"] and held["mode collapse"].finding == COLLAPSE
    assert shown(hold(held, [COLLAPSE])) == ["mode collapse"]
    assert not hold(held, [])


def panel(history, living):
    """Draw the findings of a run with this history, as a page does."""
    from streamlit.testing.v1 import AppTest

    def page(history, living):
        from types import SimpleNamespace

        from genlib.ui.findings import show_findings

        config = SimpleNamespace(latent_dim=2, steps=100, options={})
        show_findings(SimpleNamespace(name="run", config=config, events=list), history, living)

    return AppTest.from_function(page, args=(history, living), default_timeout=30).run()


def collapsed(lines=20, hit=1):
    step = np.arange(1.0, lines + 1) * 5
    columns = {"g_loss": 1.0, "d_loss": 1.0, "modes_hit": hit, "modes_missed": 8 - hit, "spread": 0.4, "spread_features": 0.4}
    return {"step": step, **{name: np.full(lines, float(value)) for name, value in columns.items()}}


def test_what_is_wrong_is_said_with_a_remedy_and_its_curves():
    app = panel(collapsed(), living=False)
    assert not app.exception
    (said,) = app.error
    assert "1 of 8 modes" in said.value and CHECKS["mode collapse"].remedy in said.value and "Modes" in said.value
    assert not app.caption


def test_all_well_is_said_quietly_with_what_is_checked():
    app = panel(collapsed(hit=8), living=False)
    assert not app.exception and not app.error and not app.warning
    assert "Nothing looks wrong so far" in app.caption[0].value
    checked = " ".join(text.value for text in app.markdown)
    assert "Mode collapse" in checked and "Posterior collapse" not in checked


def test_of_a_young_run_nothing_is_said():
    app = panel(collapsed(lines=3), living=True)
    assert not app.error and "Too early" in app.caption[0].value


def test_while_training_a_finding_waits_for_new_history():
    app = panel(collapsed(), living=True)
    assert not app.error, "found once"
    app.run()
    assert not app.error, "drawn again, but nothing was logged since"


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_names_curves_that_are_drawn(name):
    assert CHECKS[name].curves and set(CHECKS[name].curves) | set(CHECKS[name].needs) <= METRICS.keys()
    assert CHECKS[name].remedy.endswith(".") and CHECKS[name].why.endswith(".")

"""Forms: every knob becomes a field, and what the browser lets through is checked again."""

from streamlit.testing.v1 import AppTest


def knob_form() -> None:
    from dataclasses import dataclass

    import streamlit as st

    from genlib.choices import knob
    from genlib.ui import forms

    @dataclass(frozen=True)
    class Options:
        depth: int = knob(3, 1, 8, "How many layers.")
        width: int = knob(400, 8, 4096, "How wide.")
        rate: float = knob(1e-3, 1e-6, 1.0, "How fast.", live=True)
        sharp: bool = knob(False, help="Whether it is sharp.")
        likelihood: str = knob("auto", values=("auto", "bernoulli"), help="How pixels are compared.")
        seed: int = knob(0, 0, 10**9, "Where chance starts.", level="advanced")

    width = st.session_state.get("width", 400)
    st.json(forms.fields(Options, f"form-{width}", {"width": width}))


def table_form() -> None:
    from dataclasses import dataclass

    import streamlit as st

    from genlib.choices import Choice, NoOptions, knob
    from genlib.ui import forms

    @dataclass(frozen=True)
    class Second:
        count: int = knob(5, 1, 9, "How many.")

    table = {"first": Choice("The first", "Why first.", NoOptions, dict), "second": Choice("The second", "Why second.", Second, dict)}
    st.json(dict([forms.choose("Method", table, "method", "second")]))


def run(function) -> AppTest:
    app = AppTest.from_function(function).run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return app.json[0].value


def test_every_kind_of_knob_becomes_its_own_field():
    app = run(knob_form)
    assert [slider.label for slider in app.slider] == ["Depth"]
    assert [number.label for number in app.number_input] == ["Width", "Rate", "Seed"]
    assert [toggle.label for toggle in app.toggle] == ["Sharp"]
    assert app.selectbox[0].options == ["auto", "bernoulli"]


def test_advanced_knobs_stand_apart():
    assert [number.label for number in run(knob_form).expander[0].number_input] == ["Seed"]


def test_the_sentence_of_a_knob_is_its_help():
    assert run(knob_form).slider[0].help == "How many layers."
    assert run(knob_form).number_input[0].help == "How wide. From 8 to 4096."


def test_a_knob_says_whether_it_may_be_turned_while_it_trains():
    width, rate = run(knob_form).number_input[:2]
    assert "May be turned while it trains." in rate.help and "while it trains" not in width.help


def test_a_value_that_cannot_be_is_named_at_its_field():
    app = AppTest.from_function(knob_form)
    app.session_state["width"] = 5000
    assert not app.run().exception
    assert "width must be from 8 to 4096" in app.error[0].value


def test_starting_values_replace_defaults():
    app = AppTest.from_function(knob_form)
    app.session_state["width"] = 64
    assert '"width":64' in shown(app.run()).replace(" ", "")


def test_values_come_back_by_name():
    app = run(knob_form)
    app.toggle[0].set_value(True).run()
    assert '"sharp":true' in shown(app).replace(" ", "")


def test_a_table_is_a_list_with_its_sentence_and_the_knobs_of_the_chosen_row():
    app = run(table_form)
    assert app.selectbox[0].options == ["The first", "The second"]
    assert app.caption[0].value == "Why second."
    app.slider[0].set_value(7).run()
    assert '"count":7' in shown(app).replace(" ", "")
    app.selectbox[0].set_value("first").run()
    assert not app.slider

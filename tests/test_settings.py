"""The settings file: every key is one that the installed Streamlit knows, and what keeps the app safe and quick is set."""

import tomllib
from pathlib import Path

import pytest
from streamlit import config

FILE = Path(__file__).resolve().parents[1] / ".streamlit" / "config.toml"
SETTINGS = tomllib.loads(FILE.read_text())


def flat(table, prefix=""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def contrast(one, other):
    """Return WCAG's contrast of two colours, 1 to 21."""
    levels = []
    for colour in (one, other):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        levels.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(levels) / min(levels)


@pytest.mark.parametrize("key", [key for key, _ in flat(SETTINGS)])
def test_streamlit_knows_the_key(key):
    config.get_config_options()
    assert key in config._config_options_template


def test_the_app_stays_on_this_machine_and_sends_no_statistics():
    assert SETTINGS["server"]["address"] == "127.0.0.1"
    assert SETTINGS["browser"]["gatherUsageStats"] is False
    assert SETTINGS["server"]["enableXsrfProtection"]
    assert SETTINGS["server"]["enableCORS"]


def test_no_garbage_is_collected_after_each_run():
    assert SETTINGS["runner"]["postScriptGC"] is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_can_be_read(scheme):
    theme = SETTINGS["theme"][scheme]
    for paper in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(theme["textColor"], theme[paper]) >= 7
        assert contrast(theme["linkColor"], theme[paper]) >= 4.5
    assert contrast("#ffffff", theme["primaryColor"]) >= 3.5
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_have_ten_colours_that_stand_out(scheme):
    theme = SETTINGS["theme"][scheme]
    colours = theme["chartCategoricalColors"]
    assert len(set(colours)) == len(colours) >= 10
    assert min(contrast(colour, theme["backgroundColor"]) for colour in colours) >= 2.1

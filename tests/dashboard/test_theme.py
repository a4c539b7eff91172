"""The dashboard's settings: colours that can be told apart and read, and a server that is closed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from dashboard import shell
from dashboard.charts import look
from dashboard.server import HERE

CONFIG: dict[str, Any] = tomllib.loads(Path(HERE, ".streamlit", "config.toml").read_text(encoding="utf-8"))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def faded(text: str, background: str, share: float) -> str:
    """What text of this opacity looks like."""
    pairs = [(int(text[i : i + 2], 16), int(background[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02X}" for a, b in pairs)


def test_contrast_is_as_in_the_standard() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_colours_stand_out_from_the_background(name: str) -> None:
    theme = CONFIG["theme"][name]
    background = theme["backgroundColor"]
    marks = [*theme["chartCategoricalColors"], *look.STATE_COLOURS.values()]
    assert min(contrast(colour, background) for colour in marks) >= 3
    caption = faded(theme["textColor"], background, 0.6)  # Streamlit writes captions at 60 %
    texts = [theme["textColor"], theme["linkColor"], theme["primaryColor"], shell.INK[name], caption]
    assert min(contrast(colour, background) for colour in texts) >= 4.5
    assert contrast(theme["textColor"], theme["secondaryBackgroundColor"]) >= 4.5
    assert len(theme["chartSequentialColors"]) == len(theme["chartDivergingColors"]) == 10


def test_the_server_is_closed() -> None:
    server = CONFIG["server"]
    assert server["address"] == "127.0.0.1"
    assert set(server["allowedHosts"]) == {"127.0.0.1", "localhost"}
    assert not server["enableStaticServing"]
    assert not server["enableAgentApi"]
    assert server["enableCORS"]
    assert server["enableXsrfProtection"]
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"] == {
        "toolbarMode": "minimal",
        "showErrorDetails": "none",
        "showErrorLinks": False,
    }


def test_every_setting_is_one_that_streamlit_knows() -> None:
    from streamlit import config

    known = set(config.get_config_options())
    settings = {f"{part}.{name}" for part, values in CONFIG.items() if part != "theme" for name in values}
    assert settings <= known

"""The page server is set up the same way however it is started."""

from __future__ import annotations

import tomllib
from pathlib import Path

from indicators.charts.theme import streamlit_options

ROOT = Path(__file__).resolve().parents[2]


def test_the_settings_file_and_the_flags_agree() -> None:
    """`streamlit run dashboard.py` and `vedette run` show the same pages; neither sends usage figures."""
    written = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    flat = {f"{part}.{key}": value for part, keys in written.items() for key, value in keys.items()}
    flat.pop("server.address")
    shown = {name: str(value).lower() if isinstance(value, bool) else value for name, value in flat.items()}
    assert shown == streamlit_options()
    assert shown["browser.gatherUsageStats"] == "false"

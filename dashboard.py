"""The dashboard's door: `streamlit run dashboard.py`."""

from __future__ import annotations

from indicators.pages import run

run()

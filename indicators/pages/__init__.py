"""What people look at: reads, places and links; never counts or decides."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def run() -> None:
    """The dashboard: page configuration, look, navigation, and the page asked for."""
    from indicators.pages import alerts, event, feeds, frame, handbook, indicator, overview, scorecard, validator

    st.set_page_config(page_title="Vedette", page_icon="◆", layout="wide", initial_sidebar_state="collapsed")
    frame.dress()
    page = st.navigation(
        [
            st.Page(_guarded(overview.page), title="Overview", url_path="overview", default=True),
            st.Page(_guarded(indicator.page), title="Indicator", url_path="indicator"),
            st.Page(_guarded(event.page), title="Events", url_path="event"),
            st.Page(_guarded(feeds.page), title="Feeds", url_path="feeds"),
            st.Page(_guarded(alerts.page), title="Alerts", url_path="alerts"),
            st.Page(_guarded(scorecard.page), title="Scorecard", url_path="scorecard"),
            st.Page(_guarded(validator.page), title="Validator", url_path="validator"),
            st.Page(_guarded(handbook.page), title="Handbook", url_path="handbook"),
        ],
        position="top",
    )
    page.run()


def _guarded(show: Callable[[], None]) -> Callable[[], None]:
    """A page that says in one line why it cannot be shown, where the settings or the catalogue are at fault."""

    def page() -> None:
        from indicators.charts.board import notice
        from indicators.pages import reading

        try:
            show()
        except reading.Unreadable as line:
            from html import escape

            lines = "<br>".join(escape(text) for text in str(line).splitlines())
            st.html(notice(f"<b>This page cannot be shown.</b> {lines}", kind="alarm"))

    page.__name__ = show.__module__.rpartition(".")[2]
    return page

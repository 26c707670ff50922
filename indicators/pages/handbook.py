"""Handbook: how to work the watch, shipped with the product and readable offline."""

from __future__ import annotations

import streamlit as st

from indicators.pages import frame, reading


def page() -> None:
    """One chapter of the handbook."""
    chapters = reading.handbook()
    if not chapters:
        st.html('<div class="v-quiet">This installation has no handbook.</div>')
        return
    names = list(chapters)
    asked = st.query_params.get("chapter", names[0])
    left, right = st.columns([1, 4], gap="large")
    with left:
        frame.heading("Handbook")
        chosen: str | None = st.radio(
            "Chapter",
            names,
            index=names.index(asked) if asked in names else 0,
            format_func=lambda name: title_of(chapters[name], name),
            label_visibility="collapsed",
        )
    if chosen is None:
        return
    if st.query_params.get("chapter") != chosen:
        st.query_params["chapter"] = chosen
    with right, st.container(width=900):
        st.markdown(chapters[chosen])


def title_of(text: str, name: str) -> str:
    """A chapter's own title: its first heading, else its file's name."""
    first = next((line for line in text.splitlines() if line.startswith("# ")), "")
    return first.removeprefix("# ").strip() or name.replace("_", " ").capitalize()

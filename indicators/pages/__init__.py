"""What people look at: reads, places and links; never counts or decides."""

from __future__ import annotations


def run() -> None:
    """The dashboard, one page at a time."""
    import streamlit as st

    st.title("Vedette")

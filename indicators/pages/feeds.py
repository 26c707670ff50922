"""Feeds: what collects, what fails, what each failure blinds; and what people can do about it."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from feeds.health import Condition
from indicators.charts.board import notice
from indicators.charts.style import sheet
from indicators.pages import feed_board, feed_care, frame, reading
from indicators.pages.views import FeedsView


def page() -> None:
    """Health at a glance, from across the room."""
    look = Path(__file__).with_name("feeds.css").read_text(encoding="utf-8")
    st.html(f"<style>{sheet('dark', look)}</style>")
    as_of = frame.chosen_moment()
    problem = reading.problem_id()
    pulse = reading.pulse()
    title, picker = st.columns([6, 1.6], vertical_alignment="center")
    title.html('<div class="v-bar"><b>Feeds</b><span>What is being read, and what is not</span></div>')
    with picker:
        frame.moment_picker(pulse, as_of)

    @st.fragment(run_every=frame.refresh(pulse, as_of))
    def live() -> None:
        show(reading.feeds(problem, as_of), problem)

    live()
    view = reading.feeds(problem, as_of)
    closed = ""
    if as_of is not None:
        closed = "This is the past: nothing can be changed from here."
    elif pulse.replay:
        closed = "A replay shows recorded sources: they cannot be changed."
    st.html(feed_board.band("Care for the sources", "changes are kept apart from what was shipped"))
    feed_care.desk(
        feed_care.known(pulse.replay), [line.feed.feed_id for line in view.lines if line.good is False], closed=closed
    )


def show(view: FeedsView, problem: str) -> None:
    """Place everything: the counts, what was lost, the troubled, the rest."""
    strips = frame.notices(view.pulse, view.as_of if view.pinned else None)
    if view.trouble:
        lines = "<br>".join(escape(line) for line in view.trouble.splitlines())
        strips.append(notice(f"<b>The registry of feeds cannot be read.</b> {lines}", kind="alarm"))
    if view.together:
        strips.append(notice(f"<b>Many at once.</b> {escape(view.together)}", kind="alarm"))
    st.html("".join(strips) or "<span></span>")
    if not view.lines:
        frame.quiet("No source is registered. Add one below, or with <code>vedette feeds add URL</code>.", panel=True)
        return
    st.html(feed_board.states(view.lines, view.as_of))
    shown = reading.indicator_names(problem)
    names = {name: one for one, name in shown.items()}
    carried = reading.carriers_of(reading.catalogue(problem), [line.feed for line in view.lines])

    def link(name: str) -> str:
        target = frame.address("indicator", view.as_of if view.pinned else None, id=names.get(name, ""))
        return f'<a href="{escape(target)}" target="_self">{escape(name)}</a>'

    counted = {shown[one]: len(by) for one, by in carried.items() if one in shown}
    lost = feed_board.lost(view.lines, view.as_of, counted, link)
    if lost:
        told = "the blind first, then by the share of their sources that was lost; ▼ within the last 48 hours"
        st.html(feed_board.band("Indicators that lost a source", told) + lost)
    book = feed_care.known(view.pulse.replay)
    sick = feed_board.troubled(view.lines, view.as_of, book.notes, book.changes)
    if sick:
        st.html(feed_board.band("Sources in trouble", "those that blind an indicator first") + sick)
    fit = [line for line in view.lines if line.good is True and line.fare.condition is not Condition.UNDATED]
    idle = [line for line in view.lines if line.good is None]
    if fit:
        st.html(
            feed_board.band(f"{len(fit)} read", "bars: the last seven days; quiet: what its own rhythm allows")
            + feed_board.well(fit, view.as_of, {}, {})
        )
    if idle:
        st.html(
            feed_board.band(f"{len(idle)} not visited", "not yet due, or switched off")
            + feed_board.well(idle, view.as_of, book.changes, book.notes)
        )

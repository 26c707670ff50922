"""Overview: where the problem stands, what changed, what cannot be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from html import escape

import streamlit as st

from indicators.briefing.picture import MAP_DAYS, PANEL_DAYS, Change, Picture
from indicators.charts import board as html
from indicators.charts.board import moment
from indicators.charts.ladder import ladder_figure
from indicators.charts.maps import map_figure, moves, outline, placed, spots, wide_words
from indicators.charts.series import Panel, board_figure
from indicators.charts.theme import CONFIG, DARK, rank
from indicators.model.level import Level, SetCondition, WatchCondition
from indicators.pages import frame, reading
from indicators.pages.views import Pulse
from indicators.settings import data_folder

SHOWN_CHANGES = 12
SPANS = {
    "12 h": timedelta(hours=12),
    "24 h": timedelta(hours=24),
    "3 days": timedelta(days=3),
    "7 days": timedelta(days=7),
}


def page() -> None:
    """Where the watch problem stands."""
    as_of = frame.chosen_moment()
    problem = reading.problem_id()
    pulse = reading.pulse()
    known = reading.catalogue(problem).problem
    title, setter, picker = st.columns([5, 1.3, 1.6], vertical_alignment="center")
    title.html(f'<div class="v-bar"><b>{escape(known.name)}</b><span>{escape(known.question)}</span></div>')
    with setter:
        condition_form(problem, pulse, as_of)
    with picker:
        frame.moment_picker(pulse, as_of)

    @st.fragment(run_every=frame.refresh(pulse, as_of))
    def live() -> None:
        span = SPANS[str(st.session_state.get("span") or "24 h")]
        show(*reading.overview(problem, as_of, span), pinned=as_of is not None)

    live()


def show(picture: Picture, pulse: Pulse, *, pinned: bool) -> None:
    """Place everything."""
    as_of = picture.board.as_of if pinned else None

    def name(indicator: str) -> str:
        return picture.names.get(indicator, indicator)

    st.html(html.banner(picture.board, names=name, strips=frame.notices(pulse, as_of)))
    left, right = st.columns([1.62, 1], gap="medium")
    with left:
        st.html(
            html.board_table(
                picture.rows, link=lambda indicator: frame.address("indicator", as_of, id=indicator), spark_width=120
            )
        )
        st.html(
            '<div class="v-quiet"><small>C critical indicator · K counter-indicator · * an officer’s limits · '
            "hatched: no data · shaded: last 7 days · dotted: watch limit</small></div>"
        )
        ladder(picture)
    with right:
        panels(picture)
        changed(picture, as_of)
        ground(picture)


def panels(picture: Picture) -> None:
    """The problem's chosen indicators against their thresholds, together."""
    if not picture.together:
        return
    frame.heading("Against their thresholds", "bars: events of the day · line: events in the window")
    made = [
        Panel(title=one.title, series=one.series, thresholds=one.thresholds, mark=DARK.standing(one.standing))
        for one in (picture.panels[indicator] for indicator in picture.together)
    ]
    st.plotly_chart(board_figure(made), width="stretch", config=dict(CONFIG), key="panels", theme=None)


def changed(picture: Picture, as_of: datetime | None) -> None:
    """What an officer coming on watch must hear first."""
    heading, choice = st.columns([1, 1.4], vertical_alignment="bottom")
    with heading:
        frame.heading("What changed")
    choice.segmented_control("Since", list(SPANS), default="24 h", key="span", label_visibility="collapsed")
    st.html(f'<div class="v-panel">{change_list(picture.changes, picture.names, as_of)}</div>')


def change_list(changes: Sequence[Change], names: Mapping[str, str], as_of: datetime | None) -> str:
    """Changes as a list, latest first."""
    if not changes:
        return '<div class="v-quiet">No level, condition or threshold changed in this time.</div>'
    shown = [
        f"<li><time>{change.at.day} {change.at:%b %H:%M}</time>"
        f"<div>{_mark(change)}{_told(change, names, as_of)}</div></li>"
        for change in changes[:SHOWN_CHANGES]
    ]
    if len(changes) > SHOWN_CHANGES:
        shown.append(f"<li><time></time><div>and {len(changes) - SHOWN_CHANGES} earlier ones</div></li>")
    return f'<ul class="v-list">{"".join(shown)}</ul>'


def _mark(change: Change) -> str:
    if change.condition is not None:
        return html.chip(DARK.condition(WatchCondition(change.condition)), str(change.condition))
    if change.blind:
        return html.chip(DARK.blind)
    if change.level is not None:
        return html.chip(DARK.level(Level(change.level)))
    return ""


def _told(change: Change, names: Mapping[str, str], as_of: datetime | None) -> str:
    if change.indicator is None:
        return escape(change.text)
    link = escape(frame.address("indicator", as_of, id=change.indicator))
    name = escape(names.get(change.indicator, change.indicator))
    return f'<a href="{link}" target="_self">{name}</a> <small>{escape(change.text)}</small>'


def ground(picture: Picture) -> None:
    """Where it happened."""
    marks = {row.id: (-rank(row.standing), DARK.standing(row.standing)) for row in picture.rows}
    frame.heading(
        f"Where, last {MAP_DAYS} days",
        f"{placed(picture.events)} of {len(picture.events)} events name a place · circles: known to that radius",
    )
    found = spots(picture.events, marks)
    figure = map_figure(
        outline(data_folder() / "map"),
        found,
        moves(picture.events, marks),
        home=picture.home,
        height=430,
    )
    st.plotly_chart(figure, width="stretch", config=dict(CONFIG), key="map", theme=None)
    if wide_words(found):
        frame.quiet(f"<small>{escape(wide_words(found))}</small>")


def ladder(picture: Picture) -> None:
    """The condition over the last weeks."""
    frame.heading("Watch condition", "recommended, and as set by a person")
    until = picture.board.as_of
    figure = ladder_figure(
        picture.board.history, picture.settings, since=until - timedelta(days=PANEL_DAYS), until=until
    )
    st.plotly_chart(figure, width="stretch", config=dict(CONFIG), key="ladder", theme=None)


def condition_form(problem: str, pulse: Pulse, as_of: datetime | None) -> None:
    """A named person sets the condition, with a reason."""
    with st.popover("Set condition", width="stretch", disabled=as_of is not None, icon=":material/flag:"):
        st.caption("The machine recommends; you decide. Name and reason are kept with the time.")
        with st.form("set_condition", border=False, clear_on_submit=False):
            found = reading.overview(problem, as_of, SPANS["24 h"])[0].board.recommendation
            conditions = sorted(WatchCondition, reverse=True)
            chosen: WatchCondition | None = st.selectbox(
                "Watch condition",
                conditions,
                index=conditions.index(found.condition) if found else 0,
                format_func=lambda condition: f"{condition.value} {condition.word}",
                key="condition_chosen",
            )
            by = st.text_input("Your name", value=frame.officer(), key="condition_by", max_chars=80)
            reason = st.text_area("Reason", key="condition_reason", max_chars=500, height=90)
            if st.form_submit_button("Set", type="primary", width="stretch"):
                if chosen is None or not by.strip() or not reason.strip():
                    st.error("Give your name and a reason: a condition is set by a person who can be asked.")
                    return
                st.session_state["officer"] = by.strip()
                try:
                    reading.set_condition(
                        SetCondition(
                            problem=problem, condition=chosen, by=by.strip(), at=pulse.acting_at, reason=reason.strip()
                        )
                    )
                except reading.Unreadable as line:
                    st.error(str(line))
                    return
                st.success(f"Set to {chosen.value} {chosen.word} at {moment(pulse.acting_at)}.")
                st.rerun()

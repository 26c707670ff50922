"""Event: one happening - who said it when, whose word it was, how far it is to be believed, and every word of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from html import escape

import streamlit as st

from indicators.charts import board as html
from indicators.charts.board import moment
from indicators.charts.lineage import lineage_figure
from indicators.charts.maps import map_figure, moves, outline, placed, spots, wide_words
from indicators.charts.theme import CONFIG, DARK
from indicators.events.ruling import joining, parting
from indicators.model.event import Event, Report
from indicators.model.level import Level
from indicators.model.ruling import Ruling, RulingKind
from indicators.pages import event_reading, frame, reading
from indicators.pages.correcting import correcting
from indicators.pages.event_reading import EventView
from indicators.pages.indicator import CREDIBILITY, particulars
from indicators.pages.views import Passage
from indicators.settings import data_folder

GRADES = {
    "A": "completely reliable",
    "B": "usually reliable",
    "C": "fairly reliable",
    "D": "not usually reliable",
    "E": "unreliable",
    "F": "reliability cannot be judged",
}
SHOWN = 120
"""Lines of the list of happenings."""
MAP_MARGIN = (2.2, 1.4)
"""Degrees of longitude and latitude shown around the places of an event."""


def page() -> None:
    """One event."""
    as_of = frame.chosen_moment()
    problem = reading.problem_id()
    asked = st.query_params.get("id", "")
    pulse = reading.pulse()
    title, picker = st.columns([5, 1.6], vertical_alignment="center")
    with picker:
        frame.moment_picker(pulse, as_of)
    if not asked:
        with title:
            st.html("".join(frame.notices(pulse, as_of)) or "<span></span>")
        latest(problem, as_of)
        return
    view = event_reading.event(problem, asked, as_of)
    with title:
        st.html("".join(frame.notices(view.pulse, as_of)) or "<span></span>")
    if view.event is None:
        missing(view)
        return
    show(view, view.event, problem)


def latest(problem: str, as_of: datetime | None) -> None:
    """The happenings of the last two weeks, latest first; each leads to its page."""
    only = st.segmented_control(
        "Shown", ["counted", "all"], default="counted", key="events_shown", label_visibility="collapsed"
    )
    found, at, trouble = event_reading.latest(problem, as_of)
    if trouble:
        st.html(html.notice(f"<b>The store cannot be read.</b> {escape(trouble)}", kind="alarm"))
        return
    shown = [one for one in found if one.counted or only == "all"]
    frame.heading("Happenings of the last 14 days", f"{len(shown)} of {len(found)}, as of {moment(at)}")
    if not shown:
        frame.quiet("None is known. Look at the coverage before calling it calm.", panel=True)
        return
    names = reading.indicator_names(problem)
    rows = [
        f"<tr><td class='v-tight'>{one.occurred_on.day} {one.occurred_on:%b}</td>"
        f"<td>{escape(names.get(one.indicator or '', one.family))}</td>"
        f'<td><a href="{escape(frame.address("event", as_of, id=one.event_id))}" target="_self">'
        f"{escape((one.reports[0].title or one.reports[0].signal.evidence.quote)[:120])}</a></td>"
        f"<td class='v-tight'>{tally(one)}</td><td>{one.credibility} {CREDIBILITY.get(one.credibility, '')}</td>"
        f"<td>{'' if one.counted else 'carousel' if one.cancelled_by else 'not counted'}</td></tr>"
        for one in shown[:SHOWN]
    ]
    st.html(frame.table(("Day", "Indicator", "First words", "Articles and origins", "Credibility", ""), rows))
    if len(shown) > SHOWN:
        frame.quiet(f"{len(shown) - SHOWN} earlier ones are not drawn; <code>vedette events list</code> has them all.")


def missing(view: EventView) -> None:
    """Why there is nothing to show: not yet known, or folded into another."""
    at = moment(view.as_of)
    if view.versions and view.versions[-1].retired:
        text = (
            f"This happening was folded into another on {moment(view.versions[-1].version_at)}; choose an earlier "
            "instant to see it as it stood."
        )
    else:
        text = f"<b>{escape(view.asked[:60])}</b> was not known at {at}."
    st.html(html.notice(text))


def show(view: EventView, event: Event, problem: str) -> None:
    """Place everything about a known event."""
    st.html(head(view, event))
    for strip in warnings(view, event):
        st.html(html.notice(strip))
    left, right = st.columns([1.7, 1], gap="medium")
    with left:
        frame.heading("Who said it when, and whose word it was", tally(event))
        figure = lineage_figure(event, names=view.sources)
        st.plotly_chart(figure, width="stretch", config=dict(CONFIG), key="lineage", theme=None)
        st.html(
            '<div class="v-quiet">A diamond is the first word of an origin, a dot repeats it; hollow ones are shown '
            "and not counted. Lines lead back to what was repeated.</div>"
        )
        frame.heading("Every word", f"{len(event.reports)} reports, as published")
        st.html("".join(report_card(report, view) for report in event.reports))
    with right:
        where(event, problem)
        st.html(grades(view, event))
        st.html(history(view))
        if not view.pinned:
            correcting(event, problem, as_of=view.as_of, acting_at=view.pulse.acting_at)
            verdict_form(view, event, problem)
    if view.rulings:
        frame.heading("Rulings in force", "officers' words on what is one happening")
        st.html(rulings_table(view.rulings))


def head(view: EventView, event: Event) -> str:
    """What it is, when, how credible, and as of when."""
    link = frame.address("indicator", view.as_of if view.pinned else None, id=event.indicator or "")
    name = escape(view.indicator_name)
    named = f'<a href="{escape(link)}" target="_self">{name}</a>' if event.indicator else name
    counted = "" if event.counted else '<span class="v-tag">not counted</span>'
    return (
        f'<div class="v-title"><h1><b>{event.occurred_on.day} {event.occurred_on:%b %Y}</b>{named}</h1>'
        f'<span class="v-tag">credibility {event.credibility} · {CREDIBILITY.get(event.credibility, "")}</span>'
        f"{counted}"
        f"<span class='v-quiet'>first known {moment(event.first_known_at)} · as of {moment(view.as_of)}</span></div>"
        f'<div class="v-quiet">{escape(event.why)}</div>'
    )


def tally(event: Event) -> str:
    """Articles against origins, the whole point of the page."""
    origins, articles = len(event.origins), len({report.signal.item_id for report in event.reports})
    return f"{articles} article{'s' * (articles != 1)}, {origins} independent origin{'s' * (origins != 1)}"


def warnings(view: EventView, event: Event) -> list[str]:
    """What must be known before the number of reports impresses anybody."""
    strips = []
    if event.cancelled_by:
        other = view.other_half
        when = f" of {other.occurred_on.day} {other.occurred_on:%b}" if other else ""
        link = frame.address("event", view.as_of if view.pinned else None, id=event.cancelled_by)
        strips.append(
            f'<b>A carousel.</b> What went out came back: <a href="{escape(link)}" target="_self">the other half'
            f"{when}</a> cancels this one, and neither is counted."
        )
    strips += [f"<b>Contradicted in {escape(one.about)}.</b> {escape(one.line)}" for one in view.contradictions]
    return strips


def report_card(report: Report, view: EventView) -> str:
    """One report: its words, whose they are, how that was found, and its whole text for who opens it."""
    signal = report.signal
    words = view.passages.get(signal.signal_id) or Passage(pieces=((signal.evidence.quote, True),))
    source = view.sources.get(signal.source, signal.source)
    echo = f" · repeats {escape(report.reprint_of)}" if report.reprint_of else ""
    late = f" · known {moment(signal.known_at)}" if signal.known_at != signal.published_at else ""
    color = DARK.accent if signal.counted else DARK.rule
    whole = view.texts.get(signal.signal_id)
    opened = (
        f'<details><summary>whole text</summary><div class="v-text">{marked(whole)}</div></details>'
        if whole is not None and len(whole.pieces) > 1
        else ""
    )
    return (
        f'<article class="v-event" style="--c:{color}"><header><b>{escape(source)}</b>'
        f"<span>{moment(signal.published_at)}{late}</span><span>grade {escape(report.reliability)}</span>"
        f"<span>origin {escape(report.origin.name)} by {escape(report.traced_by)}{echo}</span></header>"
        f"<blockquote>{marked(words)}</blockquote>"
        f"<small>{html.anchor(report.url, report.title or report.url or 'no title')}{particulars(signal)}<br>"
        f"{escape(signal.why)}</small>{opened}</article>"
    )


def marked(passage: Passage) -> str:
    """A text with its evidence marked."""
    return "".join(
        f'<mark class="v-hit">{escape(text)}</mark>' if hit else escape(text).replace("\n", "<br>")
        for text, hit in passage.pieces
    )


def where(event: Event, problem: str) -> None:
    """The places it names, as far as they are known."""
    frame.heading("Where", "a ring is as exact as the place is known")
    if not placed([event]):
        frame.quiet("No report names a place that a map can show.", panel=True)
        return
    mark = DARK.level(Level.WATCH if event.counted else Level.NORMAL)
    # The map marks by indicator; an event of a context family borrows its own name.
    shown = event if event.indicator else replace(event, indicator=event.family)
    marks = {shown.indicator or "": (0, mark)}
    found = spots([shown], marks)
    figure = map_figure(
        outline(data_folder() / "map"),
        found,
        moves([shown], marks),
        home=tuple(reading.catalogue(problem).problem.area.countries),
        height=300,
        view=_view(event),
    )
    st.plotly_chart(figure, width="stretch", config=dict(CONFIG), key="event_map", theme=None)
    if words := wide_words(found):
        frame.quiet(escape(words))


def _view(event: Event) -> tuple[float, float, float, float]:
    """West, east, south, north around the named places."""
    places = [m.place for report in event.reports for m in report.signal.places if m.place.kind != "country"]
    lons, lats = [place.lon for place in places], [place.lat for place in places]
    return (
        min(lons) - MAP_MARGIN[0],
        max(lons) + MAP_MARGIN[0],
        min(lats) - MAP_MARGIN[1],
        max(lats) + MAP_MARGIN[1],
    )


def grades(view: EventView, event: Event) -> str:
    """Source and information graded apart, and what each voice's word has been worth so far."""
    seen = {report.signal.source: report for report in reversed(event.reports)}
    rows = [
        f"<tr><td>{escape(view.sources.get(source, source))}</td><td><b>{escape(report.reliability)}</b> "
        f"{GRADES.get(report.reliability, '')}</td></tr>"
        for source, report in sorted(seen.items(), key=lambda pair: (pair[1].reliability, pair[0]))
    ]
    worth = "".join(f"<li>{escape(record.line)}</li>" for record in view.records)
    record = (
        f"<h4>Track record, last 12 months</h4><ul>{worth}</ul>"
        "<p><small>Measured and shown; no grade is changed by it.</small></p>"
        if worth
        else ""
    )
    return (
        f'<div class="v-panel v-text"><h4>Information</h4><p><b>{event.credibility}</b> '
        f"{CREDIBILITY.get(event.credibility, '')}</p><h4>Sources</h4>{frame.table((), rows)}{record}</div>"
    )


def history(view: EventView) -> str:
    """How the event stood from when on."""
    rows = [
        f"<tr><td class='v-tight'>{moment(one.version_at)}</td>"
        f"<td class='v-tight'>{'folded away' if one.retired else one.credibility}</td>"
        f"<td class='v-tight'>{'yes' if one.counted else 'no'}</td><td>{escape(one.why)}</td></tr>"
        for one in reversed(view.versions[-12:])
    ]
    earlier = len(view.versions) - 12
    more = f"<p><small>and {earlier} earlier versions</small></p>" if earlier > 0 else ""
    return frame.table(("Known at", "Credibility", "Counted", "Why"), rows) + more


def rulings_table(rulings: tuple[Ruling, ...]) -> str:
    """Who ruled what, when and why."""
    said = {RulingKind.JOIN: "one happening", RulingKind.PART: "a happening of its own"}
    rows = [
        f"<tr><td class='v-tight'>{moment(one.at)}</td><td>{said[one.kind]}</td><td>{escape(one.by)}</td>"
        f"<td>{escape(one.reason)}</td><td><code>{escape(one.ruling_id)}</code></td></tr>"
        for one in rulings
    ]
    return frame.table(("When", "Ruling", "By", "Why", "Id"), rows)


def verdict_form(view: EventView, event: Event, problem: str) -> None:
    """Say that another event is the same happening, or that some reports tell of another one."""
    frame.heading("One happening or two?", "the poller regroups at its next round")
    with st.form("ruling", border=True):
        same = st.multiselect(
            "These events are the same happening",
            [one.event_id for one in view.siblings],
            format_func=partial(_sibling, {one.event_id: one for one in view.siblings}),
            key="ruling_join",
        )
        apart = st.multiselect(
            "These reports tell of another happening",
            list(dict.fromkeys(report.signal.item_id for report in event.reports)),
            key="ruling_part",
        )
        by = st.text_input("Your name", value=frame.officer(), key="ruling_by", max_chars=80)
        reason = st.text_input("Reason", key="ruling_reason", max_chars=300)
        if st.form_submit_button("Rule", type="primary", width="stretch"):
            _rule(view, event, problem, same, apart, by.strip(), reason.strip())
    for one in view.rulings:
        if st.button(f"End ruling {one.ruling_id}", key=f"end_{one.ruling_id}", width="stretch"):
            _end(view, one)


def _rule(view: EventView, event: Event, problem: str, same: list[str], apart: list[str], by: str, reason: str) -> None:
    if bool(same) == bool(apart):
        st.error("Choose either events to join or reports to part.")
        return
    st.session_state["officer"] = by
    at = view.pulse.acting_at
    chosen = [event, *(one for one in view.siblings if one.event_id in same)]
    try:
        event_reading.rule(
            lambda: (
                joining(chosen, problem=problem, by=by, at=at, reason=reason)
                if same
                else parting(event, apart, problem=problem, by=by, at=at, reason=reason)
            )
        )
    except reading.Unreadable as line:
        st.error(str(line))
        return
    st.success("Kept. The poller regroups these events at its next round.")


def _end(view: EventView, ruling: Ruling) -> None:
    by = frame.officer() or str(st.session_state.get("ruling_by", "")).strip()
    if not by:
        st.error("Give your name above: whoever ends a ruling answers for it.")
        return
    reason = str(st.session_state.get("ruling_reason", "")).strip() or "taken back on the page"
    ended = replace(ruling, by=by, at=view.pulse.acting_at, reason=reason, in_force=False)
    try:
        event_reading.rule(lambda: ended)
    except reading.Unreadable as line:
        st.error(str(line))
        return
    st.rerun()


def _sibling(known: Mapping[str, Event], event_id: str) -> str:
    """An event in a list, by its day and first words."""
    one = known[event_id]
    first = one.reports[0]
    return f"{one.occurred_on.day} {one.occurred_on:%b} · {(first.title or first.signal.evidence.quote)[:70]}"

"""Indicator: one series against its limits, the words behind it, and the limits themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape

import streamlit as st

from indicators.charts import board as html
from indicators.charts.board import chip, moment
from indicators.charts.series import Marker, indicator_figure
from indicators.charts.theme import CONFIG, DARK
from indicators.model.event import Event, Report
from indicators.model.level import Level, ThresholdChange, Thresholds
from indicators.model.signal import Signal
from indicators.pages import frame, reading
from indicators.pages.views import IndicatorView, Passage

SPANS = {"30 days": 30, "90 days": 90, "180 days": 180, "1 year": 365}
SHOWN_EVENTS = 40
CARD_REPORTS = 3
"""Reports told on a card; the happening's own page has them all."""
PREVIEW_DAYS = 90
CREDIBILITY = {
    1: "confirmed",
    2: "probably true",
    3: "possibly true",
    4: "doubtful",
    5: "improbable",
    6: "cannot be judged",
}


def page() -> None:
    """One indicator."""
    as_of = frame.chosen_moment()
    problem = reading.problem_id()
    names = reading.indicator_names(problem)
    asked = st.query_params.get("id", "")
    ids = list(names)
    if asked and asked not in names:
        st.html(html.notice(f"<b>{escape(asked[:60])}</b> is no indicator of this problem; choose one.", kind="alarm"))
    chooser, span, picker = st.columns([3, 2.2, 1.6], vertical_alignment="center")
    chosen: str | None = chooser.selectbox(
        "Indicator",
        ids,
        index=ids.index(asked) if asked in names else 0,
        format_func=lambda one: names[one],
        label_visibility="collapsed",
    )
    if chosen is None:
        return
    if st.query_params.get("id") != chosen:
        st.query_params["id"] = chosen
    days = span.segmented_control(
        "Span", list(SPANS), default="90 days", key="indicator_span", label_visibility="collapsed"
    )
    pulse = reading.pulse()
    with picker:
        frame.moment_picker(pulse, as_of)

    @st.fragment(run_every=frame.refresh(pulse, as_of))
    def live() -> None:
        show(reading.indicator(problem, chosen, as_of, SPANS[days or "90 days"]))

    live()
    threshold_editor(problem, reading.indicator(problem, chosen, as_of, SPANS[days or "90 days"]))


def show(view: IndicatorView) -> None:
    """Place everything but the editor, which must not be redrawn while someone types."""
    row, standing = view.row, view.row.standing
    as_of = view.as_of if view.pinned else None
    st.html("".join(frame.notices(view.pulse, as_of)) or "<span></span>")
    mark = DARK.standing(standing)
    since = f"since {moment(standing.level_since)}" if standing else "not evaluated yet"
    st.html(
        f'<div class="v-title"><h1><b>{escape(row.code)}</b>{escape(row.name)}</h1>'
        f'<span class="v-solid">{html.standing_chip(standing)}</span>'
        f"<span class='v-quiet'>{since} · as of {moment(view.as_of)}</span></div>"
    )
    st.html(figures(view))
    figure = indicator_figure(view.series, row.thresholds, mark=mark, markers=markers(view), height=360)
    st.plotly_chart(figure, width="stretch", config=dict(CONFIG), key="series", theme=None)
    left, right = st.columns([1.7, 1], gap="medium")
    with left:
        frame.heading("Events and their words", f"{len(view.events)} in this span, latest first")
        shown = view.events[:SHOWN_EVENTS]
        if not shown:
            frame.quiet("No event is known in this span. Look at the coverage before calling it calm.")
        st.html("".join(event_card(event, view.passages, as_of) for event in shown) or "<span></span>")
        if len(view.events) > SHOWN_EVENTS:
            st.html(
                f'<div class="v-quiet">{len(view.events) - SHOWN_EVENTS} earlier events of this span are not drawn; '
                "choose a shorter span or an earlier instant, or <code>vedette events list</code>.</div>"
            )
    with right:
        st.html(meaning(view))


def figures(view: IndicatorView) -> str:
    """The numbers of the standing."""
    standing, row = view.row.standing, view.row
    coverage = standing.coverage if standing else None
    count = html.count_against_limit(standing, row.thresholds, changed=row.changed)
    carried = "of the usual reporting" if coverage is not None else "no feed carries it"
    cells = (
        ("Count / next limit", count, _span(row.thresholds)),
        ("Expected", html.number(standing.expected if standing else None, 1), "in an ordinary period"),
        ("Coverage", html.percent(coverage), carried),
        ("Independent origins", html.NOTHING if standing is None else str(standing.origins), "behind the count"),
        ("Weight", escape(standing.weight.value if standing else view.weight), _critical(view)),
    )
    why = escape(standing.why) if standing else "This indicator has not been evaluated: nothing is known of it."
    return f'{frame.numbers(cells)}<div class="v-quiet">{why}</div>'


def _critical(view: IndicatorView) -> str:
    standing = view.row.standing
    if standing is not None and standing.weight.value != view.weight:
        return f"raised from {escape(view.weight)}"
    return "base weight"


def _span(limits: Thresholds) -> str:
    return f"in {limits.within.days} days" if limits.within.days != 1 else "in one day"


def markers(view: IndicatorView) -> list[Marker]:
    """The corroborated events, named in the picture."""
    found: dict[str, Marker] = {}
    for event in view.events:
        if event.counted and event.corroborated and event.reports:
            first = event.reports[0]
            # A channel's post has no title: its words stand in.
            label = first.title or first.signal.evidence.quote
            found.setdefault(event.occurred_on.isoformat(), Marker(on=event.occurred_on, label=label))
    return list(found.values())[:6]


def event_card(event: Event, passages: Mapping[str, Passage], as_of: datetime | None = None) -> str:
    """One happening: its day, its origins, and each report's words."""
    origins = ", ".join(escape(origin.name) + (" (official)" if origin.official else "") for origin in event.origins)
    link = escape(frame.address("event", as_of, id=event.event_id))
    head = (
        f'<a href="{link}" target="_self"><b>{event.occurred_on.day} {event.occurred_on:%b %Y}</b></a>'
        f"<span>{len(event.origins)} origin{'s' * (len(event.origins) != 1)}{': ' + origins if origins else ''}</span>"
        f"<span>credibility {event.credibility} {CREDIBILITY.get(event.credibility, '')}</span>"
        f"<span>known {moment(event.first_known_at)}</span>"
    )
    if event.cancelled_by:
        head += '<span class="v-tag">not counted: it came back, a carousel</span>'
    elif not event.counted:
        head += f'<span class="v-tag">not counted: {escape(event.why)}</span>'
    told = "".join(_report(report, passages.get(report.signal.signal_id)) for report in event.reports[:CARD_REPORTS])
    more = len(event.reports) - CARD_REPORTS
    opened = f'<a href="{link}" target="_self">and {more} more reports of the same happening</a>'
    rest = f'<div class="v-quiet">{opened}</div>' if more > 0 else ""
    color = DARK.accent if event.corroborated else DARK.rule
    kind = "v-event" if event.counted else "v-event v-uncounted"
    return f'<article class="{kind}" style="--c:{color}"><header>{head}</header>{told}{rest}</article>'


def _report(report: Report, passage: Passage | None) -> str:
    words = passage or Passage(pieces=((report.signal.evidence.quote, True),))
    quote = "".join(f'<mark class="v-hit">{escape(text)}</mark>' if hit else escape(text) for text, hit in words.pieces)
    echo = " · repeats an earlier report" if report.reprint_of else ""
    return (
        f"<blockquote>{quote}</blockquote><small>{html.anchor(report.url, report.title or report.url or 'no title')} · "
        f"{escape(report.signal.source)} ({escape(report.reliability)}) · origin {escape(report.origin.name)} by "
        f"{escape(report.traced_by)}{echo}{particulars(report.signal)}<br>{escape(report.signal.why)}</small>"
    )


def particulars(signal: Signal) -> str:
    """How it is put, how many, which way, where: what was coded beside the evidence."""
    said = [signal.assertion.value]
    if signal.quantity is not None:
        low, high = signal.quantity.low, signal.quantity.high
        amount = f"{low:g}" if low == high else f"{low:g}–{high:g}"
        said.append(f"{'about ' if signal.quantity.approximate else ''}{amount} {signal.quantity.unit}")
    if signal.direction.value != "none":
        said.append(f"{signal.direction.value} the border")
    said += [f"{mention.role.value} {mention.place.name}" for mention in signal.places]
    return " · " + escape(", ".join(said))


def meaning(view: IndicatorView) -> str:
    """What it is, why it matters, what deceives."""
    parts = [f"<h4>What it is</h4><p>{escape(view.definition)}</p>"]
    if view.why:
        parts.append(f"<h4>Why it matters</h4><p>{escape(view.why)}</p>")
    if view.clauses:
        listed = "".join(f"<li>{escape(clause)}</li>" for clause in view.clauses)
        parts.append(f"<h4>Critical when</h4><ul>{listed}</ul>")
    if view.traps:
        listed = "".join(f"<li>{escape(trap)}</li>" for trap in view.traps)
        parts.append(f"<h4>Traps</h4><ul>{listed}</ul>")
    carriers = ", ".join(map(escape, view.carriers))
    if carriers:
        parts.append(f"<details><summary>{len(view.carriers)} feeds can carry it</summary><p>{carriers}</p></details>")
    else:
        parts.append("<h4>Feeds</h4><p>None can carry it: this indicator cannot be seen at all.</p>")
    return f'<div class="v-panel v-text">{"".join(parts)}</div>'


def threshold_editor(problem: str, view: IndicatorView) -> None:
    """Limits in force, limits by default, and a form for a change that keeps who and why."""
    now, default = view.row.thresholds, view.default
    latest = view.changes[0] if view.changes else None
    frame.heading("Thresholds", f"{'changed by ' + latest.by if latest else 'catalogue default'} · {sentence(now)}")
    left, right = st.columns([1, 1.3], gap="medium")
    with left, st.form("thresholds", border=True):
        columns = st.columns(4)
        watch = columns[0].number_input("Watch", 1, 999, now.watch, key=f"watch_{view.row.id}")
        warning = columns[1].number_input("Warning", 1, 999, now.warning, key=f"warning_{view.row.id}")
        critical = columns[2].number_input("Critical", 1, 999, now.critical, key=f"critical_{view.row.id}")
        within = columns[3].number_input("Within days", 1, 90, max(1, now.within.days), key=f"within_{view.row.id}")
        by = st.text_input("Your name", value=frame.officer(), key="thresholds_by", max_chars=80)
        reason = st.text_input("Reason", key="thresholds_reason", max_chars=300)
        wanted = Thresholds(
            watch=int(watch), warning=int(warning), critical=int(critical), within=timedelta(days=int(within))
        )
        ask, keep = st.columns(2)
        if ask.form_submit_button("How often would it have fired?", width="stretch"):
            _preview(problem, view, wanted)
        if keep.form_submit_button("Change thresholds", type="primary", width="stretch", disabled=view.pinned):
            _change(problem, view, wanted, by.strip(), reason.strip())
    with right:
        rows = [_limits_row("Default", default, "", "")]
        rows += [
            _limits_row(moment(change.at), change.thresholds, change.by, change.reason) for change in view.changes[:8]
        ]
        st.html(frame.table(("When", "Watch", "Warning", "Critical", "Within", "By", "Why"), rows))


def _preview(problem: str, view: IndicatorView, wanted: Thresholds) -> None:
    """What these limits would have done over the last days, beside what those in force did."""
    try:
        now, then = (
            reading.preview(problem, view.row.id, limits, at=view.as_of, days=PREVIEW_DAYS)
            for limits in (view.row.thresholds, wanted)
        )
    except reading.Unreadable as line:
        st.error(str(line))
        return
    rows = [
        f"<tr><td>{chip(DARK.level(level))}</td><td>{now.fired[level]}</td><td>{then.fired[level]}</td>"
        f"<td>{then.days_at[level]}</td><td>{then.by_chance[level]:.1f}</td></tr>"
        for level in Level
        if level
    ]
    heads = ("Level", "Risen to, as it is", "Risen to, as proposed", "Days at it", "By chance alone")
    st.html(frame.table(heads, rows))
    st.html(f'<div class="v-quiet"><small>{escape(then.why)}</small></div>')


def _change(problem: str, view: IndicatorView, wanted: Thresholds, by: str, reason: str) -> None:
    if not by or not reason:
        st.error("Give your name and a reason: a changed limit must be explained to the next watch.")
        return
    st.session_state["officer"] = by
    try:
        reading.change_thresholds(
            ThresholdChange(
                problem=problem, indicator=view.row.id, thresholds=wanted, by=by, at=view.pulse.acting_at, reason=reason
            )
        )
    except reading.Unreadable as line:
        st.error(str(line))
        return
    st.rerun()


def _limits_row(when: str, limits: Thresholds, by: str, why: str) -> str:
    return (
        f"<tr><td>{escape(when)}</td><td>{limits.watch}</td><td>{limits.warning}</td><td>{limits.critical}</td>"
        f"<td>{limits.within.days} d</td><td>{escape(by)}</td><td>{escape(why)}</td></tr>"
    )


def sentence(limits: Thresholds) -> str:
    """Limits as people say them."""
    return f"watch {limits.watch}, warning {limits.warning}, critical {limits.critical} in {limits.within.days} days"

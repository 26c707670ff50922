"""Feeds: what collects, what fails, and what each failure blinds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

import streamlit as st

from indicators.charts.board import NOTHING, anchor, moment, notice
from indicators.charts.theme import DARK, tint
from indicators.pages import frame, reading
from indicators.pages.views import FeedLine, FeedsView

HEAD = (
    "State",
    "Source",
    "Grade",
    "Last 14 days",
    "Last visit",
    "Newest item",
    "Longest usual quiet",
    "What this means",
)
GOOD, BAD, NEVER = "●", "◆", "◌"


def page() -> None:
    """Health at a glance."""
    as_of = frame.chosen_moment()
    problem = reading.problem_id()
    pulse = reading.pulse()
    title, picker = st.columns([6, 1.6], vertical_alignment="center")
    title.html('<div class="v-bar"><b>Feeds</b><span>What is being read, and what is not</span></div>')
    with picker:
        frame.moment_picker(pulse, as_of)

    @st.fragment(run_every=frame.refresh(pulse, as_of))
    def live() -> None:
        show(reading.feeds(problem, as_of))

    live()


def show(view: FeedsView) -> None:
    """Place everything."""
    strips = frame.notices(view.pulse, view.as_of if view.pinned else None)
    if view.trouble:
        lines = "<br>".join(escape(line) for line in view.trouble.splitlines())
        strips.append(notice(f"<b>The registry of feeds cannot be read.</b> {lines}", kind="alarm"))
    if view.together:
        strips.append(notice(f"<b>Many at once.</b> {escape(view.together)}", kind="alarm"))
    failing = [line for line in view.lines if line.good is False]
    never = [line for line in view.lines if line.good is None]
    blind = sorted({name for line in failing for name in line.blinds})
    st.html("".join(strips) or "<span></span>")
    cells = (
        ("Sources", str(len(view.lines)), f"as of {moment(view.as_of)}"),
        ("Read at their last visit", str(len(view.lines) - len(failing) - len(never)), "answered and usable"),
        ("Failing", str(len(failing)), "unreachable, empty, moved or unreadable"),
        ("Never visited", str(len(never)), "not yet due, or no poller"),
        ("Indicators gone blind", str(len(blind)), escape(", ".join(blind)) or "none through a failing source"),
    )
    st.html(frame.numbers(cells))
    st.html(table(view))


def table(view: FeedsView) -> str:
    """Every source in one line, the failing first."""
    order = {False: 0, None: 1, True: 2}
    rows = [_line(line, view.as_of) for line in sorted(view.lines, key=lambda line: order[line.good])]
    if not rows:
        return '<div class="v-quiet">No source is registered.</div>'
    return frame.table(HEAD, rows)


def _line(line: FeedLine, as_of: datetime) -> str:
    feed = line.feed
    glyph, kind = {True: (GOOD, "v-fine"), False: (BAD, "v-bad"), None: (NEVER, "v-none")}[line.good]
    kind_of = f"{feed.kind.value} · {', '.join(feed.languages)} · {feed.origin_kind.value.replace('_', ' ')}"
    if feed.state_controlled:
        kind_of += " · state-controlled"
    since = f"for {span(as_of - line.fare.since_at)}" if line.fare.since_at and line.good is not True else ""
    fare, condition = line.fare, line.fare.condition.value.replace("_", " ")
    return (
        f'<tr><td class="v-state {kind}">{glyph} {escape(condition)}<br><small>{since}</small></td>'
        f"<td><b>{escape(feed.name)}</b><br><small>{anchor(feed.url, feed.feed_id)} · {escape(kind_of)}</small></td>"
        f"<td>{escape(feed.reliability)}</td><td>{days(line.share)}</td>"
        f'<td class="v-tight">{ago(fare.polled_at, as_of)}</td><td class="v-tight">{ago(fare.newest_at, as_of)}</td>'
        f'<td class="v-tight">{span(fare.expected_within)}</td>'
        f"<td>{consequence(line)}</td></tr>"
    )


def consequence(line: FeedLine) -> str:
    """What an officer must know about this source now."""
    parts = [escape(line.fare.detail)] if line.fare.detail and line.good is not True else []
    if line.blinds:
        parts.append(f"<b>Blinds:</b> {escape(', '.join(line.blinds))}")
    if line.weakens:
        shown = ", ".join(line.weakens[:6])
        more = f" and {len(line.weakens) - 6} more" if len(line.weakens) > 6 else ""
        parts.append(f"Weakens: {escape(shown)}{more}")
    return "<br>".join(parts) or '<span class="v-dim">' + NOTHING + "</span>"


def days(share: Sequence[float | None]) -> str:
    """One bar a day: how many visits read the source; hatched where nobody called."""
    bars = "".join(
        '<i class="v-hatched" title="no visit"></i>'
        if one is None
        else f'<i style="background:{tint(DARK.accent, 0.12 + 0.78 * one)}" title="{one:.0%} of visits read it"></i>'
        for one in share
    )
    return f'<span class="v-days">{bars}</span>'


def ago(at: datetime | None, as_of: datetime) -> str:
    """How long before `as_of`, with the instant itself in the title."""
    if at is None:
        return NOTHING
    told = f"{span(as_of - at)} ago" if as_of > at else "just now"
    return f'<span title="{moment(at)}">{told}</span>'


def span(time: timedelta | None) -> str:
    """A span of time in its largest sensible unit."""
    if time is None:
        return NOTHING
    minutes = int(time.total_seconds() // 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 60 * 48 else f"{minutes // 1440} days"

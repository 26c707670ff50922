"""The weekly briefing: one 16:9 page that opens anywhere, its pictures inside it, and what could not be seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from plotly.offline import get_plotlyjs
from sqlalchemy import Engine

from feeds import store as items
from feeds.model import Poll
from indicators.briefing import picture as pictures
from indicators.briefing import printing
from indicators.briefing.picture import Picture
from indicators.catalogue import Catalogue
from indicators.charts import board as html
from indicators.charts.board import moment
from indicators.charts.ladder import ladder_figure
from indicators.charts.maps import map_figure, moves, outline, placed, spots, wide_words
from indicators.charts.series import Panel, board_figure
from indicators.charts.style import sheet
from indicators.charts.theme import CONFIG, LIGHT, rank
from indicators.model.level import Level, Thresholds, WatchCondition
from indicators.settings import data_folder
from indicators.store import heartbeat
from indicators.store.problems import reading

FORMATS = ("html", "png", "pdf")
SHOWN_ROWS = 8
SHOWN_CHANGES = 3


class BriefingProblem(ValueError):
    """Why no briefing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week from its Monday to its Sunday, as ISO counts them."""

    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the week's picture rests on."""

    read: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    label: str = ""
    """What is said of a replay; empty when the world was watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files written, and what the reader must know about them, one line each."""

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def week_named(text: str) -> Week:
    """The week `2022-W51`; anything else is refused with the way to write it."""
    found = re.fullmatch(r"(\d{4})-?W(\d{1,2})", text.strip())
    try:
        first = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        first = None
    # Outside these years the calendar ends before the charts' own look back does, or after any clock.
    if found is None or first is None or not 1900 <= first.year <= 9000:
        raise BriefingProblem(f"week '{text}': no such week; write year and ISO week as in 2022-W51")
    return Week(name=f"{found[1]}-W{int(found[2]):02d}", first=first, last=first + timedelta(days=6))


def formats_named(formats: Sequence[str]) -> tuple[str, ...]:
    """The formats asked for, each known."""
    unknown = [one for one in formats if one not in FORMATS]
    if unknown or not formats:
        raise BriefingProblem(f"format '{', '.join(unknown)}': is not written; choose from {', '.join(FORMATS)}")
    return tuple(dict.fromkeys(formats))


def write_week(
    engine: Engine,
    catalogue: Catalogue,
    *,
    week: str,
    out: Path | str,
    formats: Sequence[str] = FORMATS,
    as_of: datetime,
    own: dict[str, Thresholds] | None = None,
) -> Written:
    """Write the briefing of a week as it was known at its end, or at `as_of` while it runs."""
    named, wanted = week_named(week), formats_named(formats)
    zone = ZoneInfo(catalogue.problem.timezone)
    begins = datetime.combine(named.first, time(), tzinfo=zone)
    ends = datetime.combine(named.last + timedelta(days=1), time(), tzinfo=zone) - timedelta(seconds=1)
    if begins > as_of:
        raise BriefingProblem(
            f"week {named.name}: begins {named.first:%d %B %Y}, after {moment(as_of)}; choose one that has begun"
        )
    at = min(as_of, ends).astimezone(UTC)
    with reading(engine) as connection:
        drawn = pictures.draw(connection, catalogue, as_of=at, changed_since=begins.astimezone(UTC), own=own)
        polls = items.polls_between(connection, begins.astimezone(UTC), at + timedelta(seconds=1))
        beat = heartbeat.latest(connection)
    label = beat.note or "Replay of recorded documents" if beat and beat.mode is heartbeat.Mode.REPLAY else ""
    return write(drawn, week=named.name, out=Path(out), formats=wanted, sources=sources_of(polls, label))


def sources_of(polls: Sequence[Poll], label: str = "") -> Sources:
    """Which sources were read in these visits, and which never."""
    read = {poll.feed_id for poll in polls if poll.outcome.observed}
    return Sources(read=tuple(sorted(read)), lost=tuple(sorted({poll.feed_id for poll in polls} - read)), label=label)


def write(
    picture: Picture,
    *,
    week: str,
    out: Path,
    formats: Sequence[str] = FORMATS,
    sources: Sources | None = None,
    browser: str | None = None,
) -> Written:
    """Write a picture of a week as a page; PNG and PDF by the system's Chromium or Chrome, where there is one."""
    named, wanted = week_named(week), formats_named(formats)
    stem = out / f"{picture.problem}-{named.name}"
    page = stem.with_suffix(".html")
    try:
        out.mkdir(parents=True, exist_ok=True)
        page.write_text(page_of(picture, named, sources or Sources()), encoding="utf-8")
    except OSError as error:
        raise BriefingProblem(
            f"{error.filename or out}: cannot be written ({error.strerror}); name another folder with --out"
        ) from error
    paths, notes = [page], []
    if picture.board.recommendation is None:
        notes.append(
            f"{picture.problem}: nothing had been evaluated by {moment(picture.board.as_of)}; the page says so"
        )
    for kind in wanted:
        if kind == "html":
            continue
        target = stem.with_suffix(f".{kind}")
        trouble = printing.render(page, target, browser=browser)
        if trouble:
            notes.append(trouble)
        else:
            paths.append(target)
    return Written(paths=tuple(paths), notes=tuple(dict.fromkeys(notes)))


def page_of(picture: Picture, week: Week, sources: Sources) -> str:
    """The page, whole: style, pictures and the drawing code inside it, so that it asks nobody for anything."""
    css = sheet("light", Path(__file__).with_name("page.css").read_text(encoding="utf-8"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(picture.name)}, week {week.name}</title>"
        f"<style>{css}</style><script>{get_plotlyjs()}</script></head><body>"
        f"{_head(picture, week)}<main><section>{_series(picture)}{_ladder(picture)}{_changes(picture)}"
        f"</section><section>{_map(picture)}{_table(picture)}</section></main>{_foot(picture, sources)}</body></html>"
    )


def _head(picture: Picture, week: Week) -> str:
    found, chosen = picture.board.recommendation, picture.board.set
    mark = LIGHT.condition(found.condition) if found else LIGHT.blind
    kind = "b-plate" if found else "b-plate v-hatched"
    number = found.condition.value if found else "◌"
    word = found.condition.word if found else "Not evaluated"
    why = escape(found.why[0]) if found and found.why else "Nothing has been evaluated yet. This is not calm."
    person = (
        f"Set by {escape(chosen.by)}: <b>{chosen.condition.value} {chosen.condition.word}</b>, {moment(chosen.at)}. "
        f"{escape(chosen.reason)}"
        if chosen
        else "Not set by a person: the recommendation stands alone."
    )
    days = f"{week.first.day} {week.first:%B} to {week.last.day} {week.last:%B %Y}"
    return (
        f'<header style="--c:{mark.color}"><div class="{kind}" style="color:{mark.ink}">{number}</div>'
        f"<div class='b-now'><h2>{mark.glyph} {escape(word)}</h2><p>{why}</p><p>{person}</p></div>"
        f"<div class='b-title'><h1>{escape(picture.name)}</h1><p>{escape(picture.question)}</p>"
        f"<p><b>Week {week.name[-2:]}</b>, {days}</p></div></header>"
    )


def _series(picture: Picture) -> str:
    panels = [
        Panel(title=one.title, series=one.series, thresholds=one.thresholds, mark=LIGHT.standing(one.standing))
        for one in (picture.panels[indicator] for indicator in picture.together)
    ]
    if not panels:
        return _said("No series is known yet: nothing was collected by this instant.")
    return _titled("Against their thresholds", _plot(board_figure(panels, theme=LIGHT, height=288)))


def _ladder(picture: Picture) -> str:
    until = picture.board.as_of
    figure = ladder_figure(
        picture.board.history,
        picture.settings,
        since=until - timedelta(days=pictures.PANEL_DAYS),
        until=until,
        theme=LIGHT,
        height=116,
    )
    return _titled("Watch condition, last 90 days", _plot(figure))


def _map(picture: Picture) -> str:
    marks = {row.id: (-rank(row.standing), LIGHT.standing(row.standing)) for row in picture.rows}
    found = spots(picture.events, marks)
    figure = map_figure(
        outline(data_folder() / "map"),
        found,
        moves(picture.events, marks),
        theme=LIGHT,
        home=picture.home,
        height=262,
        view=(21.0, 33.6, 50.2, 56.5),
    )
    apart = f'<p class="b-apart">{escape(wide_words(found))}</p>' if wide_words(found) else ""
    events = f"{len(picture.events)} counted event{'s' * (len(picture.events) != 1)} in 7 days"
    return _titled(f"Where: {events}, {placed(picture.events)} with a place", _plot(figure) + apart)


def _changes(picture: Picture) -> str:
    if not picture.changes:
        return _titled("What changed", _said("No level, condition or threshold changed this week."))
    shown = []
    for change in picture.changes[:SHOWN_CHANGES]:
        mark = (
            LIGHT.condition(WatchCondition(change.condition))
            if change.condition is not None
            else LIGHT.blind if change.blind
            else LIGHT.level(Level(change.level)) if change.level is not None
            else None
        )  # fmt: skip
        word = str(change.condition) if change.condition is not None else None
        name = f"<b>{escape(picture.names.get(change.indicator, change.indicator))}</b> " if change.indicator else ""
        shown.append(
            f"<li><time>{change.at.day} {change.at:%b %H:%M}</time><div>{html.chip(mark, word) if mark else ''}"
            f"{name}{escape(change.text)}</div></li>"
        )
    rest = len(picture.changes) - SHOWN_CHANGES
    more = (
        f"<li><time></time><div>and {rest} earlier change{'s' * (rest != 1)} this week</div></li>" if rest > 0 else ""
    )
    return _titled("What changed", f'<ul class="v-list">{"".join(shown)}{more}</ul>')


def _table(picture: Picture) -> str:
    """Whatever is not plainly normal, gravest first; the rest by name, so that nothing is left out in silence."""
    rows = html.ordered(picture.rows)
    raised = [row for row in rows if rank(row.standing) < 0]
    shown, hidden = raised[:SHOWN_ROWS], raised[SHOWN_ROWS:]
    normal = [row.code for row in rows if rank(row.standing) == 0]
    parts = [html.board_table(shown, theme=LIGHT, compact=True, spark_width=96)] if shown else []
    if hidden:
        named = ", ".join(f"{row.code} {LIGHT.standing(row.standing).word}" for row in hidden)
        parts.append(f"<p>Not shown above: {escape(named)}.</p>")
    parts.append(f"<p>Normal and seen: {escape(', '.join(normal)) or 'none'}.</p>")
    # A short table leaves room for the words behind it.
    parts.append(_evidence(picture, SHOWN_ROWS - 2 - len(shown)))
    return f'<div class="b-table">{"".join(parts)}</div>'


def _evidence(picture: Picture, room: int) -> str:
    """The best corroborated happenings of the week, in their sources' words."""
    told = [event for event in picture.events if event.reports and event.origins]
    told.sort(key=lambda event: (len(event.origins), event.occurred_on), reverse=True)
    if room < 1 or not told:
        return ""
    listed = "".join(
        f"<li><time>{event.occurred_on.day} {event.occurred_on:%b}</time><div>"
        f"<b>{escape(picture.names.get(event.indicator or '', event.family).split(' ', 1)[0])}</b> "
        f"“{escape(event.reports[0].signal.evidence.quote)}” "
        f"<small>{escape(', '.join(origin.name for origin in event.origins))}</small></div></li>"
        for event in told[:room]
    )
    rest = len(told) - min(room, len(told))
    more = f" ({rest} more on the Indicator pages)" if rest else ""
    return _titled(f"In their words, best corroborated first{more}", f'<ul class="v-list b-words">{listed}</ul>')


def _foot(picture: Picture, sources: Sources) -> str:
    found = picture.board.recommendation
    blind = ", ".join(escape(picture.names.get(one, one)) for one in (found.blind if found else ()))
    parts = [
        f"As of <b>{moment(picture.board.as_of)}</b>",
        f"Coverage <b>{html.percent(found.coverage if found else None)}</b>",
        f"Blind: <b>{blind or ('none' if found else 'everything')}</b>",
        f"Sources read: {len(sources.read)}"
        + (f"; not read: {escape(', '.join(sources.lost))}" if sources.lost else ""),
    ]
    if found and not found.assessable_downward:
        parts.append("Not assessable downward: too little of the critical was observable")
    label = f'<span class="b-label v-hatched"><b>{escape(sources.label)}</b></span>' if sources.label else ""
    return f"<footer>{label}{' · '.join(parts)}</footer>"


def _plot(figure: object) -> str:
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config=dict(CONFIG) | {"staticPlot": True}))  # type: ignore[attr-defined]


def _titled(title: str, content: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{content}</figure>"


def _said(text: str) -> str:
    return f'<p class="v-quiet">{escape(text)}</p>'

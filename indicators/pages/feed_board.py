"""The board of sources as markup: counts per state, what lost a source, the troubled, the well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from feeds.health import Condition
from feeds.registry import Change
from indicators.charts.board import NOTHING, anchor, moment
from indicators.charts.theme import DARK, tint
from indicators.model.level import Level
from indicators.pages.views import FeedLine

JUST = timedelta(hours=48)
"""So long an indicator that lost a source is shown as having just lost it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """How a state looks: never by colour alone."""

    word: str
    glyph: str
    color: str
    text: str
    order: int
    meaning: str = ""


def _sign(word: str, glyph: str, level: Level | None, order: int, meaning: str) -> Sign:
    mark = DARK.level(level) if level is not None else DARK.blind
    return Sign(word=word, glyph=glyph, color=mark.color, text=mark.text, order=order, meaning=meaning)


SIGNS: Mapping[Condition, Sign] = {
    Condition.PLATFORM_FAULT: _sign(
        "Platform fault", "⚠", Level.CRITICAL, 0, "the platform or our network, not the source"
    ),
    Condition.FAILING: _sign("Failing", "✖", Level.CRITICAL, 1, "no answer, or none that can be read"),
    Condition.GONE: _sign("Gone", "⌀", Level.CRITICAL, 2, "its server says it is gone for good"),
    Condition.PREVIEW_OFF: _sign("Preview off", "⊘", Level.CRITICAL, 3, "the channel shows itself to members only"),
    Condition.LAYOUT_CHANGED: _sign("Layout changed", "▦", Level.WARNING, 4, "the page no longer fits its selectors"),
    Condition.EMPTY: _sign("Empty", "○", Level.WARNING, 5, "answers, with nothing in it"),
    Condition.FROZEN: _sign("Frozen", "❄", Level.WARNING, 6, "always the same document"),
    Condition.SILENT: _sign("Silent", "☾", Level.WARNING, 7, "quiet for longer than its rhythm allows"),
    Condition.UNDATED: _sign("Undated", "◔", Level.WATCH, 8, "read, without usable dates"),
    Condition.NEVER_POLLED: _sign("Not visited", "◌", None, 9, "not yet due, or no poller"),
    Condition.DISABLED: _sign("Disabled", "‖", None, 10, "switched off, here or as shipped"),
    Condition.OK: _sign("Read", "●", Level.NORMAL, 11, "answered and usable"),
    Condition.UNCHANGED: _sign("Read", "●", Level.NORMAL, 11, "answered and usable"),
}
"""Every condition's sign, the worst first."""


def sign_of(line: FeedLine) -> Sign:
    """How a source's state looks."""
    return SIGNS[line.fare.condition]


def states(lines: Sequence[FeedLine], as_of: datetime) -> str:
    """How many sources are in each state, the worst first; those that are read are always told."""
    counted: defaultdict[int, list[Sign]] = defaultdict(list)
    counted[SIGNS[Condition.OK].order] = []
    for line in lines:
        counted[sign_of(line).order].append(sign_of(line))
    tiles = []
    for order in sorted(counted):
        sign = next(sign for sign in SIGNS.values() if sign.order == order)
        tiles.append(
            f'<div style="--c:{sign.color};--t:{sign.text}"><b><i>{sign.glyph}</i>{len(counted[order])}</b>'
            f"<span>{sign.word}</span><small>{sign.meaning}</small></div>"
        )
    whole = f"<div><b>{len(lines)}</b><span>Sources</span><small>as of {moment(as_of)}</small></div>"
    return f'<div class="v-states">{whole}{"".join(tiles)}</div>'


def lost(lines: Sequence[FeedLine], as_of: datetime, carriers: Mapping[str, int], link: Callable[[str], str]) -> str:
    """The indicators that lost sources: the blind first, then the latest loss; of how many, which last, since when.

    `carriers` is how many sources can carry each, by its name; those that are off or were never visited count too.
    """
    losses: defaultdict[str, list[FeedLine]] = defaultdict(list)
    blind = {name for line in lines for name in line.blinds}
    for line in lines:
        for name in (*line.blinds, *line.weakens):
            losses[name].append(line)

    def latest(name: str) -> FeedLine:
        return max(losses[name], key=lambda line: line.fare.since_at or as_of)

    def weight(name: str) -> tuple[bool, bool, float, str]:
        fresh = as_of - (latest(name).fare.since_at or as_of) <= JUST
        return name not in blind, not fresh, -len(losses[name]) / max(1, carriers.get(name, 1)), name

    rows = []
    for name in sorted(losses, key=weight):
        last = latest(name)
        fresh = as_of - (last.fare.since_at or as_of) <= JUST
        mark = DARK.level(Level.CRITICAL if name in blind else Level.WARNING if fresh else Level.WATCH)
        word = "◌ BLIND" if name in blind else f"{'▼' if fresh else '▽'} {len(losses[name])} of {carriers.get(name, 0)}"
        told = f"{escape(last.feed.name)}, {sign_of(last).word.lower()}{_for(last.fare.since_at, as_of)}"
        rows.append(
            f'<li style="--c:{mark.color};--t:{mark.text}"><b>{word}</b><strong>{link(name)}</strong>'
            f"<small>{'latest: ' if len(losses[name]) > 1 else ''}{told}</small></li>"
        )
    return f'<ul class="v-lost">{"".join(rows)}</ul>' if rows else ""


def _for(since: datetime | None, as_of: datetime) -> str:
    return f" for {span(as_of - since)}" if since is not None else ""


def troubled(
    lines: Iterable[FeedLine], as_of: datetime, notes: Mapping[str, str], changes: Mapping[str, Sequence[Change]]
) -> str:
    """Every source that does not reach us, one card each, the worst first."""
    sick = sorted(
        (line for line in lines if line.good is False or line.fare.condition is Condition.UNDATED),
        key=lambda line: (not line.blinds, sign_of(line).order, line.feed.name),
    )
    cards = "".join(
        _card(line, as_of, notes.get(line.feed.feed_id, ""), changes.get(line.feed.feed_id, ())) for line in sick
    )
    return f'<div class="v-sick">{cards}</div>' if cards else ""


def _card(line: FeedLine, as_of: datetime, note: str, changes: Sequence[Change]) -> str:
    feed, fare, sign = line.feed, line.fare, sign_of(line)
    told = [f"<p>{escape(fare.detail)}</p>"] if fare.detail else []
    if line.blinds:
        told.append(f"<p><b>Blinds</b> {escape(', '.join(line.blinds))}</p>")
    if line.weakens:
        more = f" and {len(line.weakens) - 6} more" if len(line.weakens) > 6 else ""
        told.append(f"<p><b>Weakens</b> {escape(', '.join(line.weakens[:6]))}{more}</p>")
    told += [f"<p>{escape(note)}</p>"] if note else []
    told += [f"<p>{last_change(changes)}</p>"] if changes else []
    since = f"for {span(as_of - fare.since_at)}" if fare.since_at else "since unknown"
    head = f'<span class="v-big"><i>{sign.glyph}</i> {sign.word}</span>'
    return (
        f'<article style="--c:{sign.color};--t:{sign.text}">'
        f"<div>{head}<p><b>{since}</b><br>{moment(fare.since_at)}</p>"
        f"{days(line.share)}</div>"
        f'<div><span class="v-who">{escape(feed.name)}</span><p>{anchor(feed.url, feed.feed_id)} · {kind_of(line)}</p>'
        f"{''.join(told)}</div>"
        f"<dl>{_facts(line, as_of)}</dl></article>"
    )


def _facts(line: FeedLine, as_of: datetime) -> str:
    fare = line.fare
    facts = (
        ("Last read", ago(fare.read_at, as_of)),
        ("Last visit", ago(fare.polled_at, as_of)),
        ("Next visit", ahead(line.next_due_at, as_of)),
        ("Newest item", ago(fare.newest_at, as_of)),
        ("Usual quiet", f"up to {span(fare.expected_within)}" if fare.expected_within else "not yet learned"),
        ("Unread visits", str(fare.failures) if fare.failures else NOTHING),
    )
    return "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)


def kind_of(line: FeedLine) -> str:
    """What sort of source it is, in a few words."""
    feed = line.feed
    told = [feed.kind.value.replace("_", " "), ", ".join(feed.languages), feed.origin_kind.value.replace("_", " ")]
    told += ["state-controlled"] if feed.state_controlled else []
    return escape(" · ".join([*told, f"grade {feed.reliability}"]))


def last_change(changes: Sequence[Change]) -> str:
    """Who changed it last, when and why."""
    last = changes[-1]
    why = f": {escape(last.reason)}" if last.reason else ""
    return f"<b>{escape(last.what or 'changed')}</b> by {escape(last.by)}, {moment(last.at)}{why}"


def well(
    lines: Iterable[FeedLine], as_of: datetime, changes: Mapping[str, Sequence[Change]], notes: Mapping[str, str]
) -> str:
    """Sources that are read, or that nobody visits: two lines each."""
    cells = []
    for line in sorted(lines, key=lambda line: (sign_of(line).order, line.feed.name.casefold())):
        sign, fare = sign_of(line), line.fare
        if line.good is None:
            changed = changes.get(line.feed.feed_id, ())
            said = notes.get(line.feed.feed_id, "") or fare.detail
            told = last_change(changed) if changed else f"{sign.word.lower()}: {escape(said)}"
        else:
            quiet = f"quiet up to {span(fare.expected_within)}" if fare.expected_within else "rhythm not learned"
            told = f"read {ago(fare.read_at, as_of)} · next {ahead(line.next_due_at, as_of)} · {quiet}"
        cells.append(
            f'<div style="--c:{sign.color}"><i class="v-g" title="{sign.word}">{sign.glyph}</i>'
            f'<b title="{escape(line.feed.feed_id)}">{escape(line.feed.name)}</b><em>{days(line.share[-7:])}</em>'
            f"<small>{told}</small></div>"
        )
    return f'<div class="v-fit">{"".join(cells)}</div>' if cells else ""


def band(title: str, aside: str = "") -> str:
    """A heading between two parts of the page; both texts are plain."""
    return f'<div class="v-band">{escape(title)}<span>{escape(aside)}</span></div>'


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


def ahead(at: datetime | None, as_of: datetime) -> str:
    """How long until an instant."""
    if at is None:
        return NOTHING
    told = f"in {span(at - as_of)}" if at > as_of else "due now"
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

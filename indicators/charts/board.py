"""The board as HTML: the banner, the table of indicators, the list of changes. Everything from outside is escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape
from urllib.parse import urlsplit

from indicators.charts.sparklines import sparkline
from indicators.charts.theme import DARK, Mark, Theme, rank
from indicators.model.level import Board, Level, Recommendation, Standing, Thresholds, WatchCondition
from indicators.model.signal import Weight

NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One indicator on the board: what it is, how it stands, its recent counts."""

    id: str
    code: str
    name: str
    group: str = ""
    standing: Standing | None = None
    """None before its first evaluation."""
    thresholds: Thresholds = field(default_factory=Thresholds)
    changed: bool = False
    """Whether an officer's thresholds are in force instead of the defaults."""
    counts: tuple[float | None, ...] = ()
    """Count over the window on each recent day; None where nobody looked."""
    last_on: date | None = None
    """Day of the latest counted event."""

    @property
    def title(self) -> str:
        """Code and name."""
        return f"{self.code} {self.name}"


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Gravest first; the blind above the normal; within a level, held levels that can no longer be seen come last."""
    return sorted(
        rows,
        key=lambda row: (
            rank(row.standing),
            row.standing is not None and row.standing.no_data,
            -(row.standing.count if row.standing else 0),
        ),
    )


def number(value: float | None, digits: int = 0) -> str:
    """A number for people; a dash where it is not known."""
    return NOTHING if value is None or value != value else f"{value:.{digits}f}"  # noqa: PLR0124 -- nan is not itself


def percent(share: float | None) -> str:
    """A share as per cent; a dash where it is not known."""
    return NOTHING if share is None or share != share else f"{share:.0%}"  # noqa: PLR0124 -- nan is not itself


def moment(at: datetime | None) -> str:
    """An instant as the watch writes it: 24 Dec 2022 06:30 UTC."""
    return NOTHING if at is None else f"{at.day} {at:%b %Y %H:%M} UTC"


def day(on: date | None) -> str:
    """A day as the watch writes it."""
    return NOTHING if on is None else f"{on.day} {on:%b}"


def safe_link(url: str) -> str | None:
    """The address, if it is one a person may follow: http or https and a host, nothing else."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else None


def anchor(url: str, text: str) -> str:
    """A link out of the house, or only its text where the address cannot be trusted."""
    href = safe_link(url)
    if href is None:
        return f"<span>{escape(text)}</span>"
    return (
        f'<a class="v-out" href="{escape(href)}" target="_blank" rel="noopener noreferrer nofollow">{escape(text)}</a>'
    )


def chip(mark: Mark, word: str | None = None) -> str:
    """A level as colour, glyph and word."""
    kind = "v-chip v-hatched" if mark.hatched else "v-chip"
    style = f"--c:{mark.color};--k:{mark.ink};--t:{mark.text}"
    return f'<span class="{kind}" style="{style}"><i>{mark.glyph}</i>{escape(word or mark.word)}</span>'


def standing_chip(standing: Standing | None, theme: Theme = DARK) -> str:
    """The chip of a standing, with what qualifies it."""
    made = chip(theme.standing(standing))
    if standing is None:
        return made
    if standing.no_data and standing.level > Level.NORMAL:
        made += '<span class="v-tag v-hatched" title="Without data a level neither falls nor clears">held blind</span>'
    elif standing.learning:
        made += '<span class="v-tag" title="Too little history for a baseline; absolute limits apply">learning</span>'
    return made


def board_table(
    rows: Sequence[Row],
    *,
    theme: Theme = DARK,
    link: Callable[[str], str] | None = None,
    spark_width: int = 148,
    compact: bool = False,
) -> str:
    """Every indicator in one line, gravest first."""
    recent = f"<th>Last {max((len(row.counts) for row in rows), default=0)} days</th>"
    head = (
        f"<thead><tr><th>Level</th><th>Indicator</th>{recent}"
        + "<th class='v-num' title='Independent events in the window, against the next limit'>Count / limit</th>"
        + "<th class='v-num' title='What an ordinary period would give'>Expected</th><th>Coverage</th>"
        + "<th class='v-num' title='Independent origins behind the count'>Origins</th><th class='v-num'>Last event</th>"
        + "</tr></thead>"
    )
    body = "".join(_row(row, theme, link, spark_width) for row in ordered(rows))
    return f'<table class="v-board{" v-compact" if compact else ""}">{head}<tbody>{body}</tbody></table>'


def _row(row: Row, theme: Theme, link: Callable[[str], str] | None, spark_width: int) -> str:
    standing = row.standing
    mark = theme.standing(standing)
    name = f"<b>{escape(row.code)}</b><span>{escape(row.name)}"
    if standing is not None and standing.weight is Weight.CRITICAL:
        name += '<span class="v-tag v-critical" title="Critical indicator">C</span>'
    elif standing is not None and standing.weight is Weight.COUNTER:
        name += '<span class="v-tag" title="Counter-indicator: shown apart, never subtracted">K</span>'
    name += "</span>"
    name = f'<a href="{escape(link(row.id))}" target="_self">{name}</a>' if link else f"<a>{name}</a>"
    spark = sparkline(row.counts, mark=mark, limit=row.thresholds.watch, theme=theme, width=spark_width)
    seen = "with gaps" if any(count is None for count in row.counts) else "without gaps"
    picture = f'<img src="{spark}" width="{spark_width}" height="26" alt="{len(row.counts)} days of counts, {seen}">'
    why = escape(standing.why) if standing else "Not evaluated yet."
    grave = " v-grave" if standing is not None and standing.level >= Level.WARNING else ""
    return (
        f'<tr class="v-row{grave}" style="--c:{mark.color}" title="{why}"><td>{standing_chip(standing, theme)}</td>'
        f'<td class="v-name">{name}</td><td>{picture if row.counts else ""}</td>'
        f'<td class="v-num">{count_against_limit(standing, row.thresholds, changed=row.changed)}</td>'
        f'<td class="v-num v-dim">{number(standing.expected if standing else None, 1)}</td>'
        f"<td>{coverage_bar(standing.coverage if standing else None)}</td>"
        f'<td class="v-num">{_origins(standing)}</td>'
        f'<td class="v-num v-dim">{day(row.last_on)}</td></tr>'
    )


def count_against_limit(standing: Standing | None, thresholds: Thresholds, *, changed: bool = False) -> str:
    """The count and the next limit above it; unknown is a dash, partly seen a lower bound."""
    if standing is None:
        return NOTHING
    limit = next((bound for bound in _limits(thresholds) if standing.count < bound), None)
    against = f"/ {limit}" if limit is not None else f"≥ {thresholds.critical}"
    blind = standing.no_data or standing.coverage is None
    count = (f"≥ {standing.count}" if standing.count else NOTHING) if blind else str(standing.count)
    days = thresholds.within.days
    note = f"{'Officer’s' if changed else 'Default'} limits {'/'.join(map(str, _limits(thresholds)))} in {days} days"
    return f'<span title="{note}"><b>{count}</b> <small>{against}{"*" if changed else ""}</small></span>'


def coverage_bar(share: float | None) -> str:
    """How much could be seen."""
    if share is None or share != share:  # noqa: PLR0124 -- nan is not itself
        return (
            '<span class="v-cover v-hatched" title="No feed carries this indicator"><i></i><small>none</small></span>'
        )
    low = " v-low" if share < 0.8 else ""
    width = f"width:{min(max(share, 0.0), 1.0):.0%}"
    return f'<span class="v-cover{low}"><i><u style="{width}"></u></i><small>{share:.0%}</small></span>'


def _origins(standing: Standing | None) -> str:
    return NOTHING if standing is None or (standing.no_data and not standing.origins) else str(standing.origins)


def _limits(thresholds: Thresholds) -> tuple[int, int, int]:
    return thresholds.watch, thresholds.warning, thresholds.critical


def banner(board: Board, *, theme: Theme = DARK, names: Callable[[str], str] = str, strips: Sequence[str] = ()) -> str:
    """What an officer must read from two metres: the condition, who set it, what is seen, as of when."""
    found = board.recommendation
    parts = [_recommended(found, theme), _set(board, theme), _seen(board, names)]
    scale = _scale(board, theme)
    notices = "".join(strips)
    color = theme.condition(found.condition).color if found else theme.blind.color
    return f'<section class="v-banner" style="--c:{color}">{"".join(parts)}{scale}</section>{notices}'


def notice(text: str, *, kind: str = "note") -> str:
    """A strip under the banner; `text` is markup made by the caller."""
    return f'<div class="v-notice v-{kind}">{text}</div>'


def _recommended(found: Recommendation | None, theme: Theme) -> str:
    if found is None:
        return (
            '<div class="v-now"><span class="v-plate v-hatched">◌</span><div><small>Recommended watch condition</small>'
            "<strong>Not evaluated</strong><p>Nothing has been evaluated yet: nothing is known. This is not calm.</p>"
            "</div></div>"
        )
    mark = theme.condition(found.condition)
    why = "".join(f"<li>{escape(reason)}</li>" for reason in found.why[:3])
    more = f"<li>and {len(found.why) - 3} more reasons</li>" if len(found.why) > 3 else ""
    return (
        f'<div class="v-now"><span class="v-plate" style="background:{mark.color};color:{mark.ink}">'
        f"{found.condition.value}</span>"
        f"<div><small>Recommended watch condition · since {moment(found.since)}</small>"
        f"<strong>{mark.glyph} {escape(found.condition.word)}</strong><ul>{why}{more}</ul></div></div>"
    )


def _set(board: Board, theme: Theme) -> str:
    if board.set is None:
        return (
            '<div class="v-set"><small>Set by a person</small><strong class="v-none">Not set</strong>'
            "<p>The machine recommends; no one has decided.</p></div>"
        )
    mark = theme.condition(board.set.condition)
    return (
        f'<div class="v-set"><small>Set by {escape(board.set.by)}</small>'
        f'<strong style="color:{mark.text}">{board.set.condition.value} {escape(board.set.condition.word)}</strong>'
        f"<p>{moment(board.set.at)}<br>{escape(board.set.reason)}</p></div>"
    )


def _seen(board: Board, names: Callable[[str], str]) -> str:
    found = board.recommendation
    blind = found.blind if found else ()
    listed = ", ".join(escape(names(indicator)) for indicator in blind[:4])
    rest = f" and {len(blind) - 4} more" if len(blind) > 4 else ""
    stuck = "<p>Too little of the critical is observable: <b>not assessable downward</b>.</p>"
    stuck = stuck if found and not found.assessable_downward else ""
    told = f"<b>Blind in {len(blind)}:</b> {listed}{rest}" if blind else "Blind in none" if found else ""
    return (
        f'<div class="v-seen"><small>Coverage</small><strong>{percent(found.coverage if found else None)}</strong>'
        f"{coverage_bar(found.coverage if found else None)}<p>{told}</p>{stuck}"
        f'<p class="v-asof">as of <b>{moment(board.as_of)}</b></p></div>'
    )


def _scale(board: Board, theme: Theme) -> str:
    steps = []
    for condition in sorted(WatchCondition, reverse=True):
        mark = theme.condition(condition)
        now = board.recommendation is not None and board.recommendation.condition is condition
        chosen = board.set is not None and board.set.condition is condition
        kind = f"v-step{' v-here' if now else ''}{' v-chosen' if chosen else ''}"
        said = " · ".join(word for word, true in (("recommended", now), ("set", chosen)) if true)
        steps.append(
            f'<span class="{kind}" style="--c:{mark.color};--k:{mark.ink};--t:{mark.text}">'
            f"<b>{condition.value}</b> {condition.word}<em>{said}</em></span>"
        )
    return f'<div class="v-scale">{"".join(steps)}</div>'

"""Sparklines as SVG data URIs: small enough for a table, honest about gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from indicators.charts.theme import DARK, Mark, Theme, tint
from indicators.model.level import Level


def sparkline(
    counts: Sequence[float | None],
    *,
    mark: Mark,
    limit: float | None = None,
    theme: Theme = DARK,
    width: int = 148,
    height: int = 26,
    recent: int = 7,
) -> str:
    """A step line of `counts` as a `data:` URI; None is a hatched hole, `limit` a dotted line."""
    return "data:image/svg+xml," + quote(
        svg(counts, mark=mark, limit=limit, theme=theme, width=width, height=height, recent=recent), safe="/:=,;' "
    )


def svg(
    counts: Sequence[float | None],
    *,
    mark: Mark,
    limit: float | None,
    theme: Theme,
    width: int,
    height: int,
    recent: int,
) -> str:
    """The same as SVG text."""
    known = [count for count in counts if count is not None]
    top = max([*known, (limit or 0) * 1.1, 1.0]) * 1.05
    step = width / max(1, len(counts))
    floor = height - 2.0

    def level(count: float) -> float:
        return round(floor - (floor - 2) * count / top, 1)

    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>",
        "<defs><pattern id='h' width='5' height='5' patternUnits='userSpaceOnUse' patternTransform='rotate(45)'>"
        f"<rect width='5' height='5' fill='{theme.gap_ground}'/>"
        f"<rect width='1.6' height='5' fill='{theme.gap}'/></pattern></defs>",
    ]
    if recent and len(counts) > recent:
        left = round(width - recent * step, 1)
        parts.append(
            f"<rect x='{left}' y='0' width='{width - left:.1f}' height='{height}' fill='{tint(theme.accent, 0.09)}'/>"
        )
    for first, length in _holes(counts):
        parts.append(
            f"<rect x='{first * step:.1f}' y='0' width='{length * step:.1f}' height='{height}' fill='url(#h)'/>"
        )
    parts.append(f"<line x1='0' x2='{width}' y1='{floor}' y2='{floor}' stroke='{theme.rule}'/>")
    if limit:
        parts.append(
            f"<line x1='0' x2='{width}' y1='{level(limit)}' y2='{level(limit)}' "
            f"stroke='{theme.level(Level.WATCH).color}' stroke-opacity='0.7' stroke-dasharray='2 3'/>"
        )
    for path in _paths(counts, step, level):
        parts.append(f"<path d='{path}' fill='none' stroke='{theme.trace}' stroke-width='1.4'/>")
    if counts and counts[-1] is not None:
        parts.append(f"<circle cx='{width - 3}' cy='{level(counts[-1])}' r='2.6' fill='{mark.color}'/>")
    parts.append("</svg>")
    return "".join(parts)


def _holes(counts: Sequence[float | None]) -> Iterator[tuple[int, int]]:
    """Where each stretch without data begins, and how many days it lasts."""
    first: int | None = None
    for at, count in enumerate([*counts, 0.0]):
        if count is None:
            first = at if first is None else first
        elif first is not None:
            yield first, at - first
            first = None


def _paths(counts: Sequence[float | None], step: float, level: Callable[[float], float]) -> Iterator[str]:
    """One step path for each stretch with data; a hole parts them."""
    path = ""
    for at, count in enumerate([*counts, None]):
        if count is None:
            if path:
                yield path
            path = ""
            continue
        path += f"{'L' if path else 'M'}{at * step:.1f} {level(count)}H{(at + 1) * step:.1f}"

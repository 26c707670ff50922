"""Who said it when, and whose word it was: one lane an origin, its first report large, the echoes hung on what they
repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import plotly.graph_objects as go

from indicators.charts.theme import DARK, Theme, layout, time_axis
from indicators.model.event import Event, Origin, Report

LANE = 86
"""Pixels of one origin's lane."""
REACH = 0.36
"""How far from its lane's middle an echo may hang."""


def lanes(event: Event) -> list[tuple[Origin, tuple[Report, ...]]]:
    """The event's reports by the voice they trace to, the first to speak first; nobody's word comes last."""
    found: dict[str, list[Report]] = {}
    for report in event.reports:
        found.setdefault(report.origin.voice if report.origin.known else "", []).append(report)
    ordered = sorted(found.items(), key=lambda pair: (not pair[0], pair[1][0].signal.published_at))
    return [(told[0].origin, tuple(told)) for _, told in ordered]


def lineage_figure(event: Event, *, names: Mapping[str, str], theme: Theme = DARK) -> go.Figure:
    """The tree of an event's origins over time; `names` are the feeds' names by id."""
    told = lanes(event)
    spots: dict[str, tuple[datetime, float]] = {}
    traces: list[dict[str, Any]] = []
    links_x: list[Any] = []
    links_y: list[Any] = []
    for lane, (_, reports) in enumerate(told):
        for number, report in enumerate(reports):
            at = report.signal.published_at
            height = -lane + _hang(number, len(reports))
            root = spots.get(report.reprint_of or "") or (spots.get(reports[0].signal.item_id) if number else None)
            spots.setdefault(report.signal.item_id, (at, height))
            if root is not None:
                # Down from the root first, then along: a tree reads so, a star does not.
                links_x += [root[0], root[0], at, None]
                links_y += [root[1], height, height, None]
    traces.append(
        {
            "type": "scatter",
            "x": links_x,
            "y": links_y,
            "mode": "lines",
            "line": {"color": theme.rule, "width": 1.4},
            "hoverinfo": "skip",
        }
    )
    for lane, (origin, reports) in enumerate(told):
        traces.append(_lane(lane, origin, reports, names, theme))
    frame = layout(
        theme,
        height=LANE * len(told) + 44,
        margin={"l": 210, "r": 26, "t": 10, "b": 30},
        hovermode="closest",
    )
    frame |= {
        "xaxis": time_axis(theme, tickformat="%-d %b %H:%M", hoverformat="%-d %b %H:%M", nticks=7),
        "yaxis": {
            "range": [-len(told) + 0.45, 0.55],
            "tickmode": "array",
            "tickvals": [-lane for lane in range(len(told))],
            "ticktext": [_label(origin, reports) for origin, reports in told],
            "tickfont": {"size": 13, "color": theme.ink},
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    }
    return go.Figure(data=traces, layout=frame)


def _lane(
    lane: int, origin: Origin, reports: Sequence[Report], names: Mapping[str, str], theme: Theme
) -> dict[str, Any]:
    own = theme.accent if origin.known else theme.faint
    return {
        "type": "scatter",
        "x": [report.signal.published_at for report in reports],
        "y": [-lane + _hang(number, len(reports)) for number in range(len(reports))],
        "mode": "markers",
        "marker": {
            "symbol": ["diamond" if number == 0 else "circle" for number in range(len(reports))],
            "size": [16 if number == 0 else 9 for number in range(len(reports))],
            "color": [own if report.signal.counted else theme.ground for report in reports],
            "line": {"color": own, "width": 1.6},
        },
        "customdata": [_hover(report, names) for report in reports],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _hang(number: int, count: int) -> float:
    """Where in its lane a report stands: the first in the middle, the echoes by turns above and below."""
    if number == 0 or count < 2:
        return 0.0
    step = REACH * ((number + 1) // 2) / max(1, count // 2)
    return step if number % 2 else -step


def _label(origin: Origin, reports: Sequence[Report]) -> str:
    """The lane's name: who, and how many reports are his word."""
    name = _plain(origin.name if origin.known else f"origin unknown ({origin.name})")
    kind = " · official" if origin.official else ""
    many = f"{len(reports)} report{'s' * (len(reports) != 1)}"
    return f"{name[:30]}<br><span style='font-size:11px'>{many}{kind}</span>"


def _hover(report: Report, names: Mapping[str, str]) -> str:
    source = names.get(report.signal.source, report.signal.source)
    quote = report.signal.evidence.quote
    said = quote if len(quote) <= 110 else f"{quote[:107]}..."
    return (
        f"<b>{_plain(source)}</b> {report.signal.published_at:%d %b %H:%M}Z<br>{_plain(said)}<br>"
        f"origin by {_plain(report.traced_by)}"
    )


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

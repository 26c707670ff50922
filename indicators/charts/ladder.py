"""The watch condition over time: what the machine recommended, what a person set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import plotly.graph_objects as go

from indicators.charts.theme import DARK, Theme, hatching, layout, time_axis, tint
from indicators.model.level import Recommendation, SetCondition, WatchCondition


def ladder_figure(
    history: Sequence[Recommendation],
    settings: Sequence[SetCondition] = (),
    *,
    since: datetime,
    until: datetime,
    theme: Theme = DARK,
    height: int = 190,
) -> go.Figure:
    """Steps of the recommended condition, 5 at the bottom; the set one as an outlined line over it."""
    # Plain lists, validated once: plotly's `add_` methods validate all of them each time.
    traces: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    stretches = _stretches([(entry.at, entry.condition) for entry in history], since, until)
    for condition in WatchCondition:
        shapes.append(
            {
                "type": "line",
                "xref": "x domain",
                "yref": "y",
                "x0": 0,
                "x1": 1,
                "y0": _height(condition),
                "y1": _height(condition),
                "line": {"color": theme.grid, "width": 1},
                "layer": "below",
            }
        )
    before = stretches[0][0] if stretches else until
    if before > since:
        traces.append(
            {
                "type": "scatter",
                "x": [since, before, before, since, since],
                "y": [0.5, 0.5, 5.5, 5.5, 0.5],
                "mode": "lines",
                "line": {"width": 0},
                "fill": "toself",
                "hoverinfo": "skip",
                "name": "not evaluated",
                "fillpattern": hatching(theme),
            }
        )
    for number, (start, end, condition) in enumerate(stretches):
        mark = theme.condition(condition)
        y = _height(condition)
        shapes.append(
            {
                "type": "rect",
                "xref": "x",
                "yref": "y",
                "x0": start,
                "x1": end,
                "y0": 0.5,
                "y1": y,
                "fillcolor": tint(mark.color, 0.16),
                "line": {"width": 0},
                "layer": "below",
            }
        )
        if number:
            shapes.append(
                {
                    "type": "line",
                    "xref": "x",
                    "yref": "y",
                    "x0": start,
                    "x1": start,
                    "y0": _height(stretches[number - 1][2]),
                    "y1": y,
                    "line": {"color": mark.color, "width": 1},
                }
            )
        traces.append(
            {
                "type": "scatter",
                "x": [start, end],
                "y": [y, y],
                "mode": "lines",
                "line": {"color": mark.color, "width": 5},
                "name": "recommended",
                "hovertemplate": f"recommended {condition.value} {condition.word}<extra></extra>",
            }
        )
    chosen = _stretches([(entry.at, entry.condition) for entry in settings], since, until)
    line_x: list[Any] = []
    line_y: list[Any] = []
    for start, end, condition in chosen:
        line_x += [start, end]
        line_y += [_height(condition)] * 2
    if chosen:
        traces.append(
            {
                "type": "scatter",
                "x": line_x,
                "y": line_y,
                "mode": "lines",
                "line": {"color": theme.ink, "width": 1.5, "dash": "dash"},
                "name": "set",
                "hovertemplate": "set by a person<extra></extra>",
            }
        )
        notes.append(
            {
                "x": line_x[-1],
                "y": line_y[-1],
                "xanchor": "left",
                "xshift": 6,
                "text": "set",
                "showarrow": False,
                "font": {"size": 11, "color": theme.ink},
            }
        )
    frame = layout(theme, height=height, margin={"l": 104, "r": 40, "t": 12, "b": 32}, hovermode="closest")
    frame |= {
        "shapes": shapes,
        "annotations": notes,
        "xaxis": time_axis(theme, range=[since, until]),
        "yaxis": {
            "range": [0.5, 5.6],
            "tickvals": [1, 2, 3, 4, 5],
            "fixedrange": True,
            "zeroline": False,
            "showgrid": False,
            "ticktext": [f"{condition.word}  {condition.value}" for condition in sorted(WatchCondition, reverse=True)],
            "tickfont": {"size": 11, "color": theme.muted},
            "ticks": "",
        },
    }
    return go.Figure(data=traces, layout=frame)


def _height(condition: WatchCondition) -> int:
    return 6 - condition.value


def _stretches(
    changes: Sequence[tuple[datetime, WatchCondition]], since: datetime, until: datetime
) -> list[tuple[datetime, datetime, WatchCondition]]:
    """From when to when each condition held, cut to the picture."""
    ordered = sorted(changes, key=lambda change: change[0])
    ends = [*(at for at, _ in ordered[1:]), until][: len(ordered)]
    return [
        (max(start, since), min(end, until), condition)
        for (start, condition), end in zip(ordered, ends, strict=True)
        if end > since and start < until
    ]

"""Count series against their thresholds; a day without data is a hole, never a zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go

from indicators.charts.theme import DARK, Mark, Theme, count_axis, hatching, layout, time_axis, tint
from indicators.model.level import Level, Thresholds

GRAVE = (Level.WATCH, Level.WARNING, Level.CRITICAL)
LABEL_LENGTH = 34
LABEL_HEIGHT = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One indicator's days: events and coverage; None where nothing is known, so that nan never travels."""

    days: tuple[date, ...] = ()
    events: tuple[float | None, ...] = ()
    coverage: tuple[float | None, ...] = ()
    mentions: tuple[float | None, ...] = ()
    """Counted reports of the day, echoes and all: how loud it was, which is not how much happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A day worth a line in the picture, and what to call it."""

    on: date
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One indicator in a figure of several: its name, its series, its own limits, how it stands."""

    title: str
    series: Series
    thresholds: Thresholds
    mark: Mark


@dataclass(slots=True)
class _Sheet:
    """A figure while it is drawn: plain lists, validated once; plotly's `add_` methods validate all each time."""

    traces: list[dict[str, Any]] = field(default_factory=list)
    shapes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    frame: dict[str, Any] = field(default_factory=dict)

    def axes(self, row: int, counts: dict[str, Any], days: dict[str, Any], domain: tuple[float, float]) -> None:
        """The two axes of a row; all rows share their days."""
        number = "" if row == 1 else str(row)
        shared = {} if row == 1 else {"matches": "x"}
        self.frame[f"yaxis{number}"] = counts | {"domain": list(domain), "anchor": f"x{number}"}
        self.frame[f"xaxis{number}"] = days | {"domain": [0, 1], "anchor": f"y{number}"} | shared

    def figure(self, frame: dict[str, Any]) -> go.Figure:
        """The finished figure."""
        return go.Figure(
            data=self.traces, layout=frame | self.frame | {"shapes": self.shapes, "annotations": self.notes}
        )


def over_window(series: Series, within: timedelta) -> tuple[float | None, ...]:
    """Events in the window ending on each day; None on a day without data, since nobody knows.

    A window that reaches back over a gap counts what was seen, so it is a lower bound there.
    """
    days = max(1, -(-within // timedelta(days=1)))
    totals: list[float | None] = []
    for at, today in enumerate(series.events):
        seen = [count for count in series.events[max(0, at - days + 1) : at + 1] if count is not None]
        totals.append(None if today is None else sum(seen))
    return tuple(totals)


def gaps(series: Series) -> list[tuple[date, date]]:
    """First and last day of every stretch without data."""
    runs: list[tuple[date, date]] = []
    for day, count in zip(series.days, series.events, strict=True):
        if count is not None:
            continue
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def indicator_figure(
    series: Series,
    thresholds: Thresholds,
    *,
    theme: Theme = DARK,
    mark: Mark | None = None,
    markers: Sequence[Marker] = (),
    height: int = 340,
) -> go.Figure:
    """One indicator: daily events, the count over the window against its limits, gaps; articles and coverage below."""
    sheet = _Sheet()
    top = _draw(sheet, series, thresholds, theme=theme, mark=mark or theme.level(Level.NORMAL), row=1, room=height - 70)
    _coverage(sheet, series, theme=theme, row=2)
    loudest = max((count for count in series.mentions if count is not None), default=0)
    floor = 0.09
    if loudest:
        floor = 0.25
        _mentions(sheet, series, theme=theme, row=3)
        quiet = {"visible": False, "range": [0, loudest * 1.05], "fixedrange": True}
        sheet.axes(3, quiet, _days_axis(theme, series, labelled=False, showline=False), (0.10, 0.20))
        sheet.notes.append(_strip_name(f"articles, at most {loudest:.0f}", 3, theme))
    rows = _stagger(markers, series)
    for marker, row in rows:
        sheet.shapes.append(
            {
                "type": "line",
                "xref": "x",
                "yref": "y domain",
                "x0": marker.on,
                "x1": marker.on,
                "y0": 0,
                "y1": 1,
                "line": {"color": theme.muted, "width": 1, "dash": "dot"},
                "layer": "below",
            }
        )
        sheet.notes.append(
            {
                "x": marker.on,
                "xref": "x",
                "y": 1,
                "yref": "y domain",
                "yshift": 8 + 15 * row,
                "text": _short(marker.label),
                "showarrow": False,
                "font": {"size": 11, "color": theme.muted},
                "xanchor": "center",
                "yanchor": "bottom",
            }
        )
    lanes = 1 + max((row for _, row in rows), default=-1)
    sheet.axes(1, count_axis(theme, range=[0, top]), _days_axis(theme, series, labelled=False), (floor, 1.0))
    sheet.axes(
        2,
        {"visible": False, "range": [0, 1], "fixedrange": True},
        _days_axis(theme, series, showline=False),
        (0.0, 0.07),
    )
    sheet.notes.append(_strip_name("coverage", 2, theme))
    return sheet.figure(
        layout(theme, height=height + 15 * lanes, margin={"l": 44, "r": 86, "t": 12 + 15 * lanes + 6, "b": 34})
    )


def board_figure(panels: Sequence[Panel], *, theme: Theme = DARK, height: int = 0) -> go.Figure:
    """Several indicators over one time axis, each against its own limits."""
    count = max(1, len(panels))
    height = height or 30 + 132 * count
    sheet = _Sheet()
    # Between two rows there must be room for the name of the lower one.
    between = 26 / max(height - 62, 100)
    tall = (1 - between * (count - 1)) / count
    for row, panel in enumerate(panels, start=1):
        top = _draw(
            sheet, panel.series, panel.thresholds, theme=theme, mark=panel.mark, row=row, room=height / count - 40
        )
        ceiling = 1 - (row - 1) * (tall + between)
        days = _days_axis(theme, panel.series, labelled=row == len(panels))
        sheet.axes(row, count_axis(theme, range=[0, top], nticks=4), days, (max(0.0, ceiling - tall), ceiling))
        name = _axis("y", row)
        sheet.notes.append(
            {
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1,
                "yref": f"{name} domain",
                "yanchor": "bottom",
                "yshift": 3,
                "showarrow": False,
                "align": "left",
                "text": f"<b>{_plain(panel.title)}</b>",
                "font": {"size": 12, "color": theme.ink},
            }
        )
        sheet.notes.append(
            {
                "x": 1,
                "xref": "paper",
                "xanchor": "right",
                "y": 1,
                "yref": f"{name} domain",
                "yanchor": "bottom",
                "yshift": 3,
                "showarrow": False,
                "text": panel.mark.label,
                "font": {"size": 12, "color": panel.mark.text},
            }
        )
    return sheet.figure(layout(theme, height=height, margin={"l": 38, "r": 78, "t": 30, "b": 32}))


def _draw(
    sheet: _Sheet, series: Series, thresholds: Thresholds, *, theme: Theme, mark: Mark, row: int, room: float
) -> float:
    """Draw one series with bands and gaps into a row; the top of its axis comes back."""
    window = over_window(series, thresholds.within)
    days = series.days
    highest = max((count for count in window if count is not None), default=0.0)
    top = max(thresholds.critical * 1.3, highest * 1.15, 3.0)
    x, y = _axis("x", row), _axis("y", row)
    limits = [*(thresholds.limit(level) for level in GRAVE), top]
    for level, low, high in zip(GRAVE, limits, limits[1:], strict=False):
        color = theme.level(level).color
        # The highest band is open above: it ends with the picture.
        sheet.shapes.append(
            {
                "type": "rect",
                "xref": f"{x} domain",
                "yref": y,
                "x0": 0,
                "x1": 1,
                "y0": low,
                "y1": max(low, high),
                "fillcolor": tint(color, theme.band_alpha),
                "line": {"width": 0},
                "layer": "below",
                "name": f"band {level.word}",
            }
        )
        sheet.shapes.append(
            {
                "type": "line",
                "xref": f"{x} domain",
                "yref": y,
                "x0": 0,
                "x1": 1,
                "y0": low,
                "y1": low,
                "line": {"color": tint(color, 0.75), "width": 1, "dash": "dot"},
                "layer": "below",
                "name": f"limit {level.word}",
            }
        )
    for level, text, lift in _limit_labels(thresholds, top, room):
        sheet.notes.append(
            {
                "x": 1,
                "xref": f"{x} domain",
                "xanchor": "left",
                "xshift": 6,
                "y": thresholds.limit(level),
                "yref": y,
                "yshift": lift,
                "text": text,
                "showarrow": False,
                "font": {"size": 11, "color": theme.level(level).text},
            }
        )
    blind = gaps(series)
    if blind:
        edge_x: list[Any] = []
        edge_y: list[Any] = []
        for first, last in blind:
            left, right = _half_days(first, last)
            edge_x += [left, right, right, left, left, None]
            edge_y += [0, 0, top, top, 0, None]
        sheet.traces.append(
            {
                "type": "scatter",
                "xaxis": x,
                "yaxis": y,
                "x": edge_x,
                "y": edge_y,
                "mode": "lines",
                "line": {"width": 0},
                "fill": "toself",
                "name": "no data",
                "fillcolor": theme.gap_ground,
                "fillpattern": hatching(theme),
                "hoverinfo": "skip",
            }
        )
        first, last = max(blind, key=lambda run: run[1] - run[0])
        if (last - first).days + 1 >= max(4, len(days) // 14):
            sheet.notes.append(
                {
                    "x": first + (last - first) / 2,
                    "xref": x,
                    "y": 0.5,
                    "yref": f"{y} domain",
                    "text": "no data",
                    "showarrow": False,
                    "font": {"size": 11, "color": theme.ink},
                    "bgcolor": theme.gap_ground,
                    "borderpad": 3,
                }
            )
    sheet.traces.append(
        {
            "type": "bar",
            "xaxis": x,
            "yaxis": y,
            "x": list(days),
            "y": list(series.events),
            "name": "that day",
            "marker": {"color": theme.bar, "line": {"width": 0}},
            "hovertemplate": "%{y:d} that day<extra></extra>",
        }
    )
    sheet.traces.append(
        {
            "type": "scatter",
            "xaxis": x,
            "yaxis": y,
            "x": list(days),
            "y": list(window),
            "mode": "lines",
            "name": f"{thresholds.within.days} days",
            "connectgaps": False,
            "line": {"color": theme.trace, "width": 2, "shape": "hvh"},
            "hovertemplate": f"<b>%{{y:d}}</b> in {_span_words(thresholds.within)}<extra></extra>",
        }
    )
    latest = [(day, count) for day, count in zip(days, window, strict=True) if count is not None]
    if latest:
        day, count = latest[-1]
        sheet.traces.append(
            {
                "type": "scatter",
                "xaxis": x,
                "yaxis": y,
                "x": [day],
                "y": [count],
                "mode": "markers",
                "hoverinfo": "skip",
                "cliponaxis": False,
                "marker": {"size": 9, "color": mark.color, "line": {"color": theme.panel, "width": 2}},
            }
        )
    return float(top)


def _coverage(sheet: _Sheet, series: Series, *, theme: Theme, row: int) -> None:
    """A thin ribbon: how much of each day could be seen."""
    x, y = _axis("x", row), _axis("y", row)
    shares = [share or 0.0 for share in series.coverage]
    sheet.traces.append(
        {
            "type": "bar",
            "xaxis": x,
            "yaxis": y,
            "x": list(series.days),
            "y": [1.0] * len(shares),
            "width": 86_400_000,
            "customdata": [f"{share:.0%}" for share in shares],
            "marker": {"color": [tint(theme.accent, 0.08 + 0.62 * share) for share in shares], "line": {"width": 0}},
            "hovertemplate": "coverage %{customdata}<extra></extra>",
        }
    )


def _mentions(sheet: _Sheet, series: Series, *, theme: Theme, row: int) -> None:
    """A low strip of bars on a scale of its own: the articles of each day, which no limit is held against."""
    sheet.traces.append(
        {
            "type": "bar",
            "xaxis": _axis("x", row),
            "yaxis": _axis("y", row),
            "x": list(series.days),
            "y": list(series.mentions),
            "name": "articles",
            "marker": {"color": tint(theme.muted, 0.45), "line": {"width": 0}},
            "hovertemplate": "%{y:d} articles<extra></extra>",
        }
    )


def _strip_name(text: str, row: int, theme: Theme) -> dict[str, Any]:
    """What a strip under the chart is called, at its right end."""
    return {
        "x": 1,
        "xref": "paper",
        "xanchor": "left",
        "xshift": 8,
        "y": 0.5,
        "yref": f"{_axis('y', row)} domain",
        "text": text.replace(", ", "<br>"),
        "align": "left",
        "showarrow": False,
        "font": {"size": 11, "color": theme.muted},
    }


def _limit_labels(thresholds: Thresholds, top: float, room: float) -> list[tuple[Level, str, int]]:
    """Names of the limits, each with the nudge upward in pixels that keeps it off the one below."""
    labels: list[tuple[Level, str, int]] = []
    below = -math.inf
    for level in GRAVE:
        limit = thresholds.limit(level)
        at = max(room * limit / top, below + LABEL_HEIGHT)
        labels.append((level, f"{level.word} {limit}", round(at - room * limit / top)))
        below = at
    return labels


def _stagger(markers: Sequence[Marker], series: Series) -> list[tuple[Marker, int]]:
    """Each marker inside the picture with a lane of its own, so that labels do not collide."""
    days = series.days
    if not days:
        return []
    # A letter is about 0.6 % of the width of a chart as pages show it.
    letter = 0.006 * max(1, len(days))
    ends: list[float] = []
    placed: list[tuple[Marker, int]] = []
    for marker in sorted(markers, key=lambda marker: marker.on):
        if not days[0] <= marker.on <= days[-1]:
            continue
        middle, half = (marker.on - days[0]).days, letter * len(_short(marker.label)) / 2
        lane = next((number for number, end in enumerate(ends) if middle - half > end), len(ends))
        ends[lane : lane + 1] = [middle + half]
        placed.append((marker, lane))
    return placed


def _days_axis(theme: Theme, series: Series, *, labelled: bool = True, **more: Any) -> dict[str, Any]:
    quiet = {} if labelled else {"showticklabels": False, "ticks": ""}
    return time_axis(theme, range=_span(series), **quiet, **more)


def _span(series: Series) -> list[str] | None:
    days = series.days
    if not days:
        return None
    left, right = _half_days(days[0], days[-1])
    return [left, right]


def _half_days(first: date, last: date) -> tuple[str, str]:
    """Noon before to noon after, as an axis of days centred on midnight wants it."""
    return f"{first - timedelta(days=1)}T12:00:00", f"{last}T12:00:00"


def _axis(letter: str, row: int) -> str:
    return letter if row == 1 else f"{letter}{row}"


def _span_words(within: timedelta) -> str:
    return "1 day" if within.days <= 1 else f"{within.days} days"


def _plain(text: str) -> str:
    """Plotly reads a little HTML in labels; text from outside must not write it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(label: str) -> str:
    text = label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1].rstrip()}…"
    return _plain(text)

"""The map: outlines as plain polygons, so that it needs no tiles, no fonts and no network."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from indicators.charts.theme import DARK, Mark, Theme, layout, tint
from indicators.model.event import Event
from indicators.model.place import Place, PlaceRole

# True to scale at 53 degrees north, the latitude of Minsk.
PARALLEL = 53.0
KM_PER_DEGREE = 111.32
AREA_KINDS = frozenset({"region", "country", "river", "border"})
# A wider circle would cover half the map and say nothing: such places are named beside it instead.
WIDEST_KM = 120.0
VIEW = (20.4, 34.6, 49.4, 56.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """What happened at one place: how many events, how grave the gravest series they belong to."""

    place: Place
    mark: Mark
    rank: int
    count: int
    lines: tuple[str, ...] = ()
    """What a pointer resting on it reads."""

    @property
    def extended(self) -> bool:
        """Whether it must be drawn as an area: a region, or a place known by one source only."""
        return self.place.grade == "C" or self.place.kind in AREA_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A movement between two places."""

    start: Place
    end: Place
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The land, as it is drawn."""

    countries: Mapping[str, tuple[tuple[tuple[float, float], ...], ...]]
    """By ISO code: outer rings, longitude then latitude."""
    lakes: tuple[tuple[tuple[float, float], ...], ...]
    rivers: tuple[tuple[tuple[float, float], ...], ...]
    labels: tuple[tuple[str, str, float, float], ...]
    """Kind, name, longitude, latitude."""

    def country_at(self, lon: float, lat: float) -> str | None:
        """The country a point lies in."""
        for code, rings in self.countries.items():
            if any(_inside(ring, lon, lat) for ring in rings):
                return code
        return None


@lru_cache(maxsize=4)
def outline(folder: Path) -> Outline:
    """The outlines in `folder` (data/map)."""
    countries: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {}
    lakes: list[tuple[tuple[float, float], ...]] = []
    rivers: list[tuple[tuple[float, float], ...]] = []
    for feature in json.loads((folder / "region.geojson").read_text(encoding="utf-8"))["features"]:
        shape = feature["geometry"]["coordinates"]
        match feature["properties"]["kind"]:
            case "rivers":
                rivers += [_ring(line) for line in shape]
            case "lakes":
                lakes += [_ring(polygon[0]) for polygon in shape]
            case _:
                countries[feature["id"]] = tuple(_ring(polygon[0]) for polygon in shape)
    labels = tuple(
        (feature["properties"]["kind"], feature["properties"]["name"], *feature["geometry"]["coordinates"])
        for feature in json.loads((folder / "labels.geojson").read_text(encoding="utf-8"))["features"]
    )
    return Outline(countries=countries, lakes=tuple(lakes), rivers=tuple(rivers), labels=labels)


def spots(events: Sequence[Event], marks: Mapping[str, tuple[int, Mark]]) -> list[Spot]:
    """Events laid on the places where they happened; `marks` gives each indicator's rank and look."""
    here: dict[str, list[Event]] = {}
    places: dict[str, Place] = {}
    for event in events:
        found = {
            mention.place.id: mention.place
            for report in event.reports
            for mention in report.signal.places
            if mention.role is not PlaceRole.FROM
        }
        for place in found.values():
            # A whole country is not a place to put a mark on.
            if place.kind == "country":
                continue
            places[place.id] = place
            here.setdefault(place.id, []).append(event)
    made: list[Spot] = []
    for place_id, happened in here.items():
        known = [marks[event.indicator] for event in happened if event.indicator and event.indicator in marks]
        if not known:
            continue
        rank, mark = max(known, key=lambda pair: pair[0])
        newest = sorted(happened, key=lambda event: event.occurred_on, reverse=True)
        lines = tuple(_line(event) for event in newest[:5])
        made.append(Spot(place=places[place_id], mark=mark, rank=rank, count=len(happened), lines=lines))
    return sorted(made, key=lambda spot: (spot.rank, spot.count))


def wide(spots: Sequence[Spot]) -> list[Spot]:
    """The spots known only to so wide an area that the map leaves them out; whoever shows the map names them."""
    return [spot for spot in reversed(spots) if spot.extended and spot.place.radius_km > WIDEST_KM]


def wide_words(spots: Sequence[Spot]) -> str:
    """Those spots as one plain line; empty when there are none."""
    named = ", ".join(f"{spot.place.name} ({spot.count})" for spot in wide(spots))
    return f"Known only to a wide area and not drawn: {named}" if named else ""


def _line(event: Event) -> str:
    """An event in a few words; a channel's post has no title, so its evidence stands in."""
    first = event.reports[0]
    return f"{event.occurred_on.day} {event.occurred_on:%b} {first.title or first.signal.evidence.quote}"[:90]


def placed(events: Sequence[Event]) -> int:
    """How many of these events name a place that a map can show."""
    return sum(
        any(mention.place.kind != "country" for report in event.reports for mention in report.signal.places)
        for event in events
    )


def moves(events: Sequence[Event], marks: Mapping[str, tuple[int, Mark]]) -> list[Move]:
    """Movements that name both ends."""
    made: dict[tuple[str, str], Move] = {}
    for event in events:
        if event.indicator is None or event.indicator not in marks:
            continue
        for report in event.reports:
            ends = {mention.role: mention.place for mention in report.signal.places}
            start, end = ends.get(PlaceRole.FROM), ends.get(PlaceRole.TO)
            if start and end and "country" not in (start.kind, end.kind):
                made[start.id, end.id] = Move(start=start, end=end, mark=marks[event.indicator][1])
    return list(made.values())


def map_figure(
    land: Outline,
    spots: Sequence[Spot],
    moves: Sequence[Move] = (),
    *,
    theme: Theme = DARK,
    home: Sequence[str] = (),
    height: int = 420,
    view: tuple[float, float, float, float] = VIEW,
) -> go.Figure:
    """Where it happened; places known by one source, and regions, are circles of their radius, never points."""
    west, east, south, north = view
    left_out = {spot.place.id for spot in wide(spots)}
    spots = sorted(
        (spot for spot in spots if spot.place.id not in left_out),
        key=lambda spot: spot.place.radius_km if spot.extended else 0,
        reverse=True,
    )
    traces = _ground(land, theme, tuple(home), view)
    _labels(traces, land, theme, view, [spot.place for spot in spots])
    for spot in (spot for spot in spots if spot.extended):
        x, y = circle(spot.place)
        traces.append(
            {
                "type": "scatter",
                "x": x,
                "y": y,
                "mode": "lines",
                "fill": "toself",
                "fillcolor": tint(spot.mark.color, 0.12),
                "hoverinfo": "skip",
                "line": {"color": spot.mark.color, "width": 1.4, "dash": "dot"},
            }
        )
    for move in moves:
        # The arrow stops short of the place, where a mark would hide its head.
        lon = move.start.lon + 0.82 * (move.end.lon - move.start.lon)
        lat = move.start.lat + 0.82 * (move.end.lat - move.start.lat)
        traces.append(
            {
                "type": "scatter",
                "x": [move.start.lon, lon],
                "y": [move.start.lat, lat],
                "mode": "lines+markers",
                "line": {"color": move.mark.color, "width": 1.6},
                "marker": {
                    "symbol": ["circle", "arrow"],
                    "size": [4, 13],
                    "angleref": "previous",
                    "color": move.mark.color,
                },
                "hoverinfo": "skip",
            }
        )
    exact = [spot for spot in spots if not spot.extended]
    # An area's mark is only its number: there is no point to put a dot on.
    for group, size in (
        (exact, [14 + 7 * math.sqrt(spot.count) for spot in exact]),
        ([s for s in spots if s.extended], None),
    ):
        traces.append(
            {
                "type": "scatter",
                "x": [spot.place.lon for spot in group],
                "y": [spot.place.lat for spot in group],
                "mode": "markers+text" if size else "text",
                "marker": {
                    "size": size,
                    "color": [spot.mark.color for spot in group],
                    "opacity": 0.95,
                    "line": {"color": theme.ground, "width": 1.5},
                }
                if size
                else None,
                "text": [f"<b>{spot.count}</b>" for spot in group],
                "textfont": {"size": 12, "color": [spot.mark.ink if size else spot.mark.text for spot in group]},
                "customdata": [_hover(spot) for spot in group],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    frame = layout(theme, height=height, margin={"l": 0, "r": 0, "t": 0, "b": 0}, hovermode="closest")
    frame |= {
        "plot_bgcolor": theme.water,
        "xaxis": {"range": [west, east], "visible": False, "fixedrange": True, "constrain": "range"},
        "yaxis": {
            "range": [south, north],
            "visible": False,
            "fixedrange": True,
            "scaleanchor": "x",
            "scaleratio": 1 / math.cos(math.radians(PARALLEL)),
            "constrain": "range",
        },
    }
    return go.Figure(data=traces, layout=frame)


def _ground(
    land: Outline, theme: Theme, home: tuple[str, ...], view: tuple[float, float, float, float]
) -> list[dict[str, Any]]:
    """Land, lakes and rivers of the view, in few traces: what does not touch it is left out."""
    near = [(code in home, ring) for code, rings in land.countries.items() for ring in rings if _touches(ring, view)]
    layers = (
        ([ring for own, ring in near if not own], "toself", theme.land, theme.border),
        ([ring for own, ring in near if own], "toself", theme.home, theme.border),
        ([ring for ring in land.lakes if _touches(ring, view)], "toself", theme.water, theme.water),
        ([line for line in land.rivers if _touches(line, view)], "none", theme.water, tint(theme.accent, 0.32)),
    )
    made: list[dict[str, Any]] = []
    for rings, fill, color, edge in layers:
        x, y = _joined(rings)
        made.append(
            {
                "type": "scatter",
                "x": x,
                "y": y,
                "mode": "lines",
                "fill": fill,
                "fillcolor": color,
                "line": {"color": edge, "width": 1},
                "hoverinfo": "skip",
            }
        )
    return made


def _touches(ring: Sequence[tuple[float, float]], view: tuple[float, float, float, float]) -> bool:
    """Whether a ring's box meets the view, with a margin for pictures that are wider than it."""
    west, east, south, north = view
    lons, lats = [lon for lon, _ in ring], [lat for _, lat in ring]
    return max(lons) > west - 9 and min(lons) < east + 9 and max(lats) > south - 4 and min(lats) < north + 4


def circle(place: Place) -> tuple[list[float], list[float]]:
    """The place's edge, as true a circle as the projection allows."""
    radius = max(place.radius_km, 3.0) / KM_PER_DEGREE
    widen = 1 / max(0.2, math.cos(math.radians(place.lat)))
    turns = [2 * math.pi * step / 48 for step in range(49)]
    return (
        [place.lon + radius * widen * math.cos(turn) for turn in turns],
        [place.lat + radius * math.sin(turn) for turn in turns],
    )


def _labels(
    traces: list[dict[str, Any]],
    land: Outline,
    theme: Theme,
    view: tuple[float, float, float, float],
    taken: Sequence[Place],
) -> None:
    """Names of countries and towns, but for those a mark would cover."""
    west, east, south, north = view
    shown = [
        label
        for label in land.labels
        if west < label[2] < east
        and south < label[3] < north
        and not any(abs(label[2] - place.lon) < 0.55 and abs(label[3] - place.lat) < 0.3 for place in taken)
    ]
    for kind, size, color in (("country", 12, theme.faint), ("capital", 11, theme.muted), ("city", 10, theme.faint)):
        group = [label for label in shown if label[0] == kind]
        traces.append(
            {
                "type": "scatter",
                "x": [label[2] for label in group],
                "y": [label[3] for label in group],
                "text": [" ".join(label[1]) if kind == "country" else label[1] for label in group],
                "mode": "text" if kind == "country" else "markers+text",
                "textposition": "middle center" if kind == "country" else "middle right",
                "textfont": {"size": size, "color": color},
                "hoverinfo": "skip",
                "marker": {"size": 4 if kind == "capital" else 3, "color": color, "symbol": "square"},
            }
        )


def _hover(spot: Spot) -> str:
    radius = f" · within {spot.place.radius_km:g} km" if spot.extended else ""
    head = (
        f"<b>{_plain(spot.place.name)}</b>{radius}<br>{spot.mark.label} · {spot.count} event{'s' * (spot.count != 1)}"
    )
    return "<br>".join([head, *(_plain(line) for line in spot.lines)])


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _joined(rings: Sequence[Sequence[tuple[float, float]]]) -> tuple[list[Any], list[Any]]:
    """Several rings as one trace, parted by None."""
    x: list[Any] = []
    y: list[Any] = []
    for ring in rings:
        x += [*(point[0] for point in ring), None]
        y += [*(point[1] for point in ring), None]
    return x, y


def _ring(points: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(lon), float(lat)) for lon, lat in points)


def _inside(ring: Sequence[tuple[float, float]], lon: float, lat: float) -> bool:
    """Even-odd rule."""
    odd = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            odd = not odd
    return odd

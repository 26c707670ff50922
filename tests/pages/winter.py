"""A small watch kept in a database: what pages and browser tests look at. Every number in it is made up."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import Engine

from feeds import database
from feeds import store as items
from feeds.model import Item, Outcome, Poll
from indicators.catalogue import Catalogue, load
from indicators.model.actor import Attribution, AttributionKind
from indicators.model.alert import Alert, AlertKind
from indicators.model.event import Event, Origin, Report
from indicators.model.level import Level, Recommendation, SetCondition, Standing, WatchCondition
from indicators.model.place import Place, PlaceMention, PlaceRole
from indicators.model.series import CountChange, DayCoverage
from indicators.model.signal import Assertion, Direction, Evidence, Signal, Weight
from indicators.settings import data_folder
from indicators.store import alerts as kept_alerts
from indicators.store import events as kept_events
from indicators.store import heartbeat, levels, outbox, series, silences, subscribers, thresholds
from indicators.store import signals as kept_signals

PROBLEM = "belarus"
NOW = datetime(2022, 12, 25, 6, 30, tzinfo=UTC)
DAYS = 120
HOSTILE = '<script>document.title="owned"</script><img src=x onerror=alert(1)> & "quotes"'
BLIND = {"forward_logistics", "disruption", "troop_moves"}
RISING: Mapping[str, Level] = {
    "equipment_moves": Level.WARNING,
    "drills": Level.WATCH,
    "leader_meetings": Level.WATCH,
    "bridging": Level.CRITICAL,
    "troop_moves": Level.WATCH,
}
PLACES = (
    Place(id="brestsky", name="Brestsky training ground", lat=51.98, lon=23.9, radius_km=8, kind="training_ground",
          country="BLR"),
    Place(id="obuz", name="Obuz-Lesnovsky training ground", lat=52.9, lon=25.6, radius_km=10, kind="training_ground",
          country="BLR"),
    Place(id="homel_region", name="Homel region", lat=52.3, lon=30.0, radius_km=110, kind="region", country="BLR",
          grade="A"),
    Place(id="zyabrovka", name="Zyabrovka airfield", lat=52.31, lon=31.16, radius_km=15, kind="airfield",
          country="BLR", grade="C"),
    Place(id="minsk", name="Minsk", lat=53.9, lon=27.57, radius_km=15, kind="town", country="BLR", grade="A"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Winter:
    """Where the watch is kept."""

    url: str
    engine: Engine
    catalogue: Catalogue


def tables(engine: Engine) -> None:
    """Every table of the house."""
    modules = (kept_alerts, kept_events, heartbeat, levels, outbox, series, silences, subscribers, thresholds,
               kept_signals)  # fmt: skip
    assert all(modules)
    database.metadata.create_all(engine)


def keep_watch(folder: Path, *, mode: str = "replay", real_at: datetime | None = None) -> Winter:
    """A database in `folder` with a winter in it, and a poller that was heard of at `real_at` (default: just now)."""
    url = f"sqlite:///{folder / 'winter.db'}"
    engine = database.open_engine(url)
    tables(engine)
    known = load(data_folder(), problem=PROBLEM)
    with database.writing(engine) as connection:
        chance = random.Random(7)
        for number, indicator in enumerate(known.indicators.values()):
            days = _days(chance, indicator.id)
            made: list[CountChange] = []
            seen: list[DayCoverage] = []
            for on, count, share in days:
                at = datetime.combine(on, time(18), tzinfo=UTC)
                if count:
                    made.append(
                        CountChange(
                            problem=PROBLEM, indicator=indicator.id, occurred_on=on, known_at=min(at, NOW),
                            events=count, mentions=3 * count,
                        )
                    )  # fmt: skip
                seen.append(DayCoverage(indicator=indicator.id, day=on, exposure=share, coverage=share))
            series.add_changes(connection, made)
            series.save_coverage(connection, PROBLEM, seen, NOW - timedelta(days=DAYS))
            window = sum(count for on, count, _ in days if on > NOW.date() - timedelta(days=3))
            level = RISING.get(indicator.id, Level.NORMAL)
            blind = indicator.id in BLIND
            levels.save_standings(
                connection,
                [
                    _standing(indicator.id, Level.NORMAL, NOW - timedelta(days=9), 0, weight=indicator.weight),
                    _standing(
                        indicator.id, level, NOW - timedelta(hours=5 + number % 9), window, weight=indicator.weight,
                        blind=blind, coverage=None if indicator.id == "traffic_limits" else 0.2 if blind
                        else 0.68 if indicator.id == "civil_defence" else 0.94, learning=indicator.id == "embassies",
                    ),
                ],
            )  # fmt: skip
        _conditions(connection)
        _happenings(connection)
        for day in range(14):
            for hour in range(0, 24, 6):
                at = NOW - timedelta(days=day, hours=hour)
                polls = [
                    Poll(feed_id="hajun_telegram", polled_at=at, outcome=Outcome.OK, status=200, entries=20),
                    Poll(feed_id="mod_releases", polled_at=at, outcome=Outcome.FAILED if day < 4 else Outcome.OK,
                         status=503 if day < 4 else 200, detail="HTTP 503: the server asks to come later"),
                ]  # fmt: skip
                items.add_polls(connection, polls)
        beaten = heartbeat.Heartbeat(
            mode=heartbeat.Mode(mode), at=NOW, real_at=real_at or datetime.now(UTC), note="watching"
        )
        heartbeat.beat(connection, beaten)
    return Winter(url=url, engine=engine, catalogue=known)


def _days(chance: random.Random, indicator: str) -> list[tuple[date, int, float]]:
    """Day, count, share seen: a quiet background, a rise at the end where one is due, and holes."""
    found = []
    hole = chance.randint(20, 90)
    for back in range(DAYS - 1, -1, -1):
        on = NOW.date() - timedelta(days=back)
        count = int(chance.random() < 0.11) + int(chance.random() < 0.03)
        if indicator == "drills" and back % 7 == 2:
            count = 1
        if indicator in RISING and back < 4:
            count += chance.randint(1, 2)
        share = 0.88 + 0.12 * chance.random()
        if hole <= back < hole + 5 or (indicator in BLIND and back < 6):
            share, count = 0.0, 0
        found.append((on, count, share))
    return found


def _standing(
    indicator: str, level: Level, at: datetime, count: int, *, weight: Weight, blind: bool = False,
    coverage: float | None = 0.95, learning: bool = False,
) -> Standing:  # fmt: skip
    return Standing(
        problem=PROBLEM, indicator=indicator, level=level, no_data=blind, at=at, level_since=at,
        no_data_since=at if blind else None, learning=learning, peak=level, count=count, expected=0.8,
        coverage=coverage, origins=min(count, 2), active=count > 0, weight=weight,
        why=f"{count} independent events in 3 days; watch from 2.",
    )  # fmt: skip


def _conditions(connection: object) -> None:
    steps = ((110, 5, "No critical indicator active."), (60, 4, "3 supporting indicators in 2 groups above baseline."),
             (41, 5, "No critical indicator active."), (13, 4, "4 supporting indicators in 3 groups above baseline."),
             (0.4, 3, "M8 Bridging is critical and corroborated by 2 independent origins."))  # fmt: skip
    for back, condition, why in steps:
        at = NOW - timedelta(days=back)
        levels.save_recommendation(
            connection,  # type: ignore[arg-type]
            Recommendation(
                problem=PROBLEM, at=at, condition=WatchCondition(condition), since=at, coverage=0.71,
                why=(why, "2 further supporting indicators above baseline.") if condition < 5 else (why,),
                blind=tuple(sorted(BLIND)) if back < 1 else (), assessable_downward=back > 1,
            ),
        )  # fmt: skip
    for back, condition in ((20, 5), (9, 4)):
        levels.set_condition(
            connection,  # type: ignore[arg-type]
            SetCondition(
                problem=PROBLEM, condition=WatchCondition(condition), by="Maj. A. Novak",
                at=NOW - timedelta(days=back), reason="Trains go to the border and back; no bridging on border rivers.",
            ),
        )  # fmt: skip


def _happenings(connection: object) -> None:
    """Events with reports, their items, and an alert."""
    told: list[Event] = []
    happened = (
        ("equipment_moves", "equipment_move", 1, "31 tanks were seen by rail in the Brest region", (0,), None, "HAJUN"),
        (
            "equipment_moves",
            "equipment_move",
            2,
            "a convoy of military trucks moved from Obuz to Brest",
            (1, 0),
            None,
            "HAJUN",
        ),
        (
            "drills",
            "drill",
            3,
            "joint drills were announced at the Brestsky training ground",
            (0,),
            "official",
            "BLR_MOD",
        ),
        ("leader_meetings", "leader_meeting", 6, "Putin visited Lukashenko in Minsk", (4,), "media", "owner:wire"),
        ("bridging", "bridging", 1, "pontoon bridges were laid in the Homel region", (2,), None, "UKR_GS"),
        ("combat_aviation", "aviation", 2, "helicopters landed at Zyabrovka", (3,), None, "unknown"),
    )
    for number, (indicator, family, back, quote, where, kind, origin) in enumerate(happened):
        on = NOW.date() - timedelta(days=back)
        at = datetime.combine(on, time(12), tzinfo=UTC)
        title = f"Report {number}: {HOSTILE if number == 0 else 'what was seen'}"
        text = f"Residents say that on {on:%A} {quote}, {HOSTILE if number == 1 else 'according to the channel'}. " * 3
        item = Item(
            item_id=f"feed:{number}", source="hajun_telegram", title=title, text=text, published_at=at, known_at=at,
            url="javascript:alert(1)" if number == 2 else f"https://example.org/report/{number}", lang="en",
        )  # fmt: skip
        items.add_items(connection, [item])  # type: ignore[arg-type]
        start = item.body.index(quote)
        roles = (PlaceRole.FROM, PlaceRole.TO) if len(where) == 2 else (PlaceRole.AT,)
        signal = Signal(
            item_id=item.item_id, source=item.source, indicator=indicator, family=family, weight=Weight.SUPPORTING,
            evidence=Evidence(item_id=item.item_id, start=start, end=start + len(quote), quote=quote),
            places=tuple(
                PlaceMention(place=PLACES[place], role=role) for place, role in zip(where, roles, strict=True)
            ),
            direction=Direction.TOWARD, assertion=Assertion.HAPPENED, occurred_on=(on, on), counted=True,
            attribution=Attribution(name="Belarusian Hajun", kind=AttributionKind.INDEPENDENT_MONITOR, actor="HAJUN"),
            why="rule equipment.yaml:3 matched; happened", published_at=at, known_at=at, catalogue_version="test",
        )  # fmt: skip
        kept_signals.add_signals(connection, PROBLEM, [signal])  # type: ignore[arg-type]
        told.append(
            Event(
                event_id=f"event-{number}", family=family, indicator=indicator, occurred_on=on, first_known_at=at,
                known_at=at, credibility=2 if number < 2 else 3,
                reports=(
                    Report(
                        signal=signal, url=item.url, title=item.title, owner="hajun", reliability="B",
                        origin=Origin(id=origin, name=origin.replace("_", " "), official=kind == "official"),
                        traced_by="attribution",
                    ),
                ),
            )
        )  # fmt: skip
    kept_events.save(connection, PROBLEM, told, NOW - timedelta(hours=6))  # type: ignore[arg-type]
    kept_alerts.insert(
        connection,  # type: ignore[arg-type]
        Alert(
            alert_id="a1", problem=PROBLEM, kind=AlertKind.INDICATOR, subject="bridging", level=int(Level.CRITICAL),
            episode="e1", raised_at=NOW - timedelta(hours=7), count=5, threshold=5,
            why="5 independent events in 3 days; critical from 5.",
        ),
    )  # fmt: skip
    kept_alerts.insert(
        connection,  # type: ignore[arg-type]
        Alert(
            alert_id="a2", problem=PROBLEM, kind=AlertKind.FEED, subject="mod_releases", level=0, episode="e2",
            raised_at=NOW - timedelta(days=4), why="HTTP 503 for 4 days; the server asks to come later.",
        ),
    )  # fmt: skip

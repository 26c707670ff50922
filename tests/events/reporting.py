"""Builders for this room's tests: they name only what matters to the claim."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from feeds.model import Feed, FeedKind, Item, OriginKind
from indicators.events.origin import trace
from indicators.events.syndication import Reprint
from indicators.model.actor import Actor, Attribution, AttributionKind
from indicators.model.event import Origin, Report
from indicators.model.place import Place, PlaceMention, PlaceRole
from indicators.model.signal import Assertion, Direction, Evidence, Quantity, Signal, Weight

NOON = datetime(2022, 12, 20, 12, tzinfo=UTC)
HAJUN = Origin(id="HAJUN", name="Belarusian Hajun", kind="independent_monitor")
MINISTRY = Origin(id="BLR_MOD", name="Ministry of Defence of Belarus", official=True, state="BLR", kind="official")
BELTA = Origin(id="owner:belta", name="BelTA", official=True, state="BLR", kind="media")
RADIO = Origin(id="owner:radio", name="Radio", kind="media")
DAILY = Origin(id="owner:daily", name="The Daily", kind="media")
NOBODY = Origin(id="unknown", name="Telegram channels")


def a_place(name: str, lat: float = 52.1, lon: float = 23.7, *, radius: float = 8.0, kind: str = "town") -> Place:
    """A place near Brest unless it says otherwise."""
    return Place(
        id=name.lower().replace(" ", "_"), name=name, lat=lat, lon=lon, radius_km=radius, kind=kind, country="BLR"
    )


BREST = a_place("Brest", 52.10, 23.70)
GOMEL = a_place("Gomel", 52.43, 31.00)
ZYABROVKA = a_place("Zyabrovka", 52.31, 31.16, radius=3, kind="airfield")
POLONKA = a_place("Polonka", 53.14, 25.72, radius=4, kind="station")
MINSK = a_place("Minsk", 53.90, 27.56, radius=15)
SOUTH = a_place("southern Belarus", 52.2, 27.5, radius=280, kind="area")
BREST_REGION = a_place("Brest region", 52.5, 25.5, radius=150, kind="region")
BELARUS = Place(id="BLR", name="Belarus", lat=53.5, lon=28, radius_km=300, kind="country", country="BLR")


def an_item(
    text: str = "Tanks were seen on the road near Brest today.",
    *,
    item_id: str = "",
    source: str = "radio",
    title: str = "",
    at: datetime = NOON,
    known_at: datetime | None = None,
    forwarded_from: str = "",
    lang: str = "en",
) -> Item:
    """One publication of Radio at noon of 20 December."""
    return Item(
        item_id=item_id or f"{source}:{abs(hash((title, text, at))):x}",
        source=source,
        url=f"https://{source}.example/{item_id}",
        title=title,
        text=text,
        published_at=at,
        known_at=known_at or at,
        lang=lang,
        forwarded_from=forwarded_from,
    )


def a_feed(feed_id: str = "radio", **fields: object) -> Feed:
    """A graded, independent news feed."""
    given: dict[str, object] = {
        "feed_id": feed_id,
        "name": feed_id.title(),
        "url": f"https://{feed_id}.example/feed",
        "kind": FeedKind.SYNDICATION,
        "owner": feed_id,
        "origin_kind": OriginKind.MEDIA,
        "reliability": "C",
    }
    return Feed(**{**given, **fields})  # type: ignore[arg-type]


def a_signal(
    item_id: str = "radio:1",
    *,
    family: str = "equipment_move",
    indicator: str | None = "equipment_moves",
    places: tuple[Place | PlaceMention, ...] = (),
    on: date | tuple[date, date] | None = None,
    at: datetime = NOON,
    known_at: datetime | None = None,
    quantity: tuple[float, str] | Quantity | None = None,
    direction: Direction = Direction.NONE,
    assertion: Assertion = Assertion.HAPPENED,
    counted: bool | None = None,
    actors: tuple[str, ...] = (),
    attribution: Attribution | None = None,
    start: int = 0,
    end: int = 10,
) -> Signal:
    """A counted equipment move of 20 December."""
    days = on if isinstance(on, tuple) else (on or at.date(), on or at.date())
    if isinstance(quantity, tuple):
        quantity = Quantity(low=quantity[0], high=quantity[0], unit=quantity[1])
    return Signal(
        item_id=item_id,
        source=item_id.split(":", maxsplit=1)[0],
        indicator=indicator,
        family=family,
        weight=Weight.SUPPORTING,
        evidence=Evidence(item_id=item_id, start=start, end=end, quote="..."),
        actors=tuple(Actor(id=name, name=name.title()) for name in actors),
        places=tuple(
            place if isinstance(place, PlaceMention) else PlaceMention(place=place, role=PlaceRole.AT)
            for place in places
        ),
        quantity=quantity,
        direction=direction,
        assertion=assertion,
        attribution=attribution,
        occurred_on=days,
        counted=assertion.countable if counted is None else counted,
        why="test",
        published_at=at,
        known_at=known_at or at,
    )


def a_report(
    item_id: str = "radio:1",
    *,
    origin: Origin = RADIO,
    reprint_of: str | None = None,
    reliability: str = "C",
    owner: str = "",
    hours: float = 0.0,
    signal: Signal | None = None,
    **fields: object,
) -> Report:
    """One source's word, so many hours after noon of 20 December."""
    at = NOON + timedelta(hours=hours)
    return Report(
        signal=signal or a_signal(item_id, at=at, **fields),  # type: ignore[arg-type]
        url=f"https://example.org/{item_id}",
        title="",
        owner=owner or item_id.split(":", maxsplit=1)[0],
        reliability=reliability,
        origin=origin,
        traced_by="publisher",
        reprint_of=reprint_of,
    )


def said_by(actor: str | None, name: str = "", kind: AttributionKind = AttributionKind.MEDIA) -> Attribution:
    """An attribution to a listed actor, or to a bare name."""
    return Attribution(name=name or (actor or "").title(), kind=kind, actor=actor)


def traced(
    item: Item, feed: Feed, *, reprint: Reprint | None = None, root: Origin | None = None, **fields: object
) -> Report:
    """The report that tracing an item's signal gives."""
    signal = a_signal(item.item_id, at=item.published_at, **fields)  # type: ignore[arg-type]
    return trace(signal, item=item, feed=feed, reprint=reprint, root=root)

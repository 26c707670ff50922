"""An indicator becomes critical when a clause of its own holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from level_builders import HAJUN, NOON, REUTERS, UNNAMED, a_place, an_event

from indicators.levels.weight import effective_weight
from indicators.model.event import Origin
from indicators.model.signal import Direction, Quantity, Weight


@dataclass(frozen=True, kw_only=True)
class When:
    origins: int | None = None
    units: tuple[str, ...] = ()
    at_least: float | None = None
    events: int | None = None
    within: timedelta | None = None
    near: tuple[str, ...] = ()
    within_km: float | None = None
    states: int | None = None
    force: str | None = None
    direction: str | None = None
    families: tuple[str, ...] = ()
    routine: str | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Watched:
    id: str = "equipment_moves"
    weight: Weight = Weight.SUPPORTING
    critical_when: tuple[When, ...] = field(default=())


def weigh(clause: When, *events: object, **more: object) -> tuple[Weight, str]:
    """The weight under one clause."""
    return effective_weight(Watched(critical_when=(clause,)), events, now=NOON, **more)  # type: ignore[arg-type]


ARMOUR = When(units=("tank", "armoured_vehicle"), at_least=20)


def tanks(number: float, unit: str = "tank"):
    """An event of so many."""
    return an_event(signal={"quantity": Quantity(low=number, high=number + 5, unit=unit)})


def test_twenty_tanks_are_critical_and_nineteen_are_not() -> None:
    """The lower figure of a quantity in one of the units is held against the clause."""
    assert weigh(ARMOUR, tanks(31)) == (Weight.CRITICAL, "31 tank/armoured_vehicle, critical from 20")
    assert weigh(ARMOUR, tanks(19)) == (Weight.SUPPORTING, "")
    assert weigh(ARMOUR, tanks(31, "truck")) == (Weight.SUPPORTING, "")


def test_two_origins_are_critical_and_an_unnamed_one_is_none() -> None:
    """Independent known origins are counted over the active events."""
    two = When(origins=2)
    assert weigh(two, an_event(origins=(HAJUN, REUTERS)))[1] == "2 independent origins in 72 h, critical from 2"
    assert weigh(two, an_event(origins=(HAJUN, UNNAMED)))[0] is Weight.SUPPORTING


def test_two_mouths_of_one_state_are_one_origin() -> None:
    """A ministry and its state's television, each telling of another event, do not confirm one another."""
    ministry, television = (
        Origin(id=name, name=name, official=True, state="BLR") for name in ("BLR_MOD", "owner:television")
    )
    told = [an_event(event_id=one.id, origins=(one,)) for one in (ministry, television)]
    assert weigh(When(origins=2), *told)[0] is Weight.SUPPORTING
    assert weigh(When(origins=2), *told, an_event(event_id="seen", origins=(HAJUN,)))[0] is Weight.CRITICAL


def test_events_within_a_longer_span() -> None:
    """Ten trains in seven days are counted over seven days."""
    trains = [an_event(at=NOON - timedelta(hours=16 * n)) for n in range(10)]
    ten = When(events=10, within=timedelta(days=7))
    assert weigh(ten, *trains) == (Weight.CRITICAL, "10 events in 7 days, critical from 10")
    assert weigh(ten, *trains[1:])[0] is Weight.SUPPORTING
    assert weigh(When(events=10), *trains)[0] is Weight.SUPPORTING


def test_near_a_border_river() -> None:
    """Bridging counts where the place lies near the river, as the map says."""
    clause = When(near=("pripyat",), text="Bridging toward the border")
    bridge = an_event(signal={"places": [a_place("mazyr")]})

    def on_the_map(place, thing, within_km):
        return (place.id, thing) == ("mazyr", "pripyat")

    assert weigh(clause, bridge, is_near=on_the_map) == (Weight.CRITICAL, "Bridging toward the border (near Mazyr)")
    assert weigh(clause, bridge)[0] is Weight.SUPPORTING
    assert weigh(clause, an_event(signal={"places": [a_place("pripyat")]}))[0] is Weight.CRITICAL


def test_three_states() -> None:
    """States are counted over events, and the problem's own states are none of them."""
    calls = [an_event(signal={"actors": ["BLR", state]}, event_id=state) for state in ("USA", "GBR", "DEU")]
    three = When(states=3, within=timedelta(hours=72))
    assert (
        weigh(three, *calls, state_of=lambda actor: actor if actor in {"USA", "GBR", "DEU"} else None)[1]
        == "3 states in 72 h, critical from 3"
    )
    assert (
        weigh(three, *calls[:2], state_of=lambda actor: actor if actor in {"USA", "GBR", "DEU"} else None)[0]
        is Weight.SUPPORTING
    )


def test_the_state_that_is_left_does_not_act() -> None:
    """Two states that leave a third are two, though every report names the third as well."""
    left = {"places": [a_place("kyiv", country="UKR")]}
    calls = [an_event(signal={"actors": [state, "UKR"], **left}, event_id=state) for state in ("USA", "GBR", "DEU")]
    three = When(states=3, within=timedelta(hours=72))
    assert weigh(three, *calls, state_of=str)[0] is Weight.CRITICAL
    assert weigh(three, *calls[:2], state_of=str)[0] is Weight.SUPPORTING


def test_the_sufficiency_line() -> None:
    """A force at the line makes its indicator critical."""
    watched = Watched(id="force_size", critical_when=(When(force="sufficiency"),))
    force = an_event("force_size", family="force_size", troops=30_000)
    assert effective_weight(watched, [force], now=NOON, sufficiency_line=30_000)[0] is Weight.CRITICAL
    assert effective_weight(watched, [force], now=NOON, sufficiency_line=30_001)[0] is Weight.SUPPORTING


def test_everything_a_clause_names_must_hold() -> None:
    """Many tanks that go away are not critical when the clause says toward."""
    clause = When(units=ARMOUR.units, at_least=ARMOUR.at_least, direction="toward")
    away = an_event(signal={"quantity": Quantity(low=40, high=40, unit="tank"), "direction": Direction.AWAY})
    toward = an_event(signal={"quantity": Quantity(low=40, high=40, unit="tank"), "direction": Direction.TOWARD})
    assert weigh(clause, away)[0] is Weight.SUPPORTING
    assert weigh(clause, toward)[0] is Weight.CRITICAL


@pytest.mark.parametrize("weight", [Weight.COUNTER, Weight.CONTEXT, Weight.SUPPORTING, Weight.CRITICAL])
def test_the_base_weight_stands_without_a_clause(weight: Weight) -> None:
    """Nothing to hold, nothing changes."""
    assert effective_weight(Watched(weight=weight), [an_event()], now=NOON) == (weight, "")

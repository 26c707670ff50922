"""One signal for each indicator and happening of an item, not one for each sentence that tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from indicators.catalogue import Catalogue
from indicators.model.actor import Attribution
from indicators.model.place import Place
from indicators.model.signal import Assertion, Direction, Signal

Face = tuple[frozenset[str], tuple[date, date] | None]


@dataclass(frozen=True, slots=True)
class _Happening:
    """The mentions of one happening, and how they look from outside."""

    signals: list[Signal]
    faces: set[Face]


# Judgements are not happenings: each is kept.
_EACH = frozenset({"insufficiency"})


def ranked(signals: Sequence[Signal], catalogue: Catalogue) -> list[Signal]:
    """The signals with those of one happening made one: the best of them, with what only the others say."""
    if not signals:
        return []
    groups: dict[tuple[str, str | None, bool, str, int], list[_Happening]] = {}
    for signal in signals:
        key = (
            signal.family,
            signal.indicator,
            signal.counted,
            "" if signal.assertion.countable else signal.assertion.value,
            signal.evidence.start if signal.family in _EACH else -1,
        )
        happenings = groups.setdefault(key, [])
        face = _face(signal)
        for happening in happenings:
            # Mentions that would be judged alike are judged once, or a long text would cost their square.
            if face in happening.faces or not any(_apart(face, other, catalogue) for other in happening.faces):
                happening.faces.add(face)
                happening.signals.append(signal)
                break
        else:
            happenings.append(_Happening([signal], {face}))
    merged = [_merge(happening.signals, catalogue) for happenings in groups.values() for happening in happenings]
    return sorted(merged, key=lambda signal: (signal.evidence.start, signal.family, signal.indicator or ""))


def _face(signal: Signal) -> Face:
    """What tells one happening of a text from another: its points, and its days where the text dates it."""
    points = frozenset(place.id for place in _points(signal))
    return points, signal.occurred_on if "dated by" in signal.why else None


def _apart(one: Face, other: Face, catalogue: Catalogue) -> bool:
    """Whether two mentions of one indicator in one item tell of different happenings."""
    here, there = one[0], other[0]
    if here and there and here.isdisjoint(there):
        distances = [catalogue.gazetteer.distance_km(a, b) for a in here for b in there]
        if all(distance is None or distance > 40 for distance in distances):
            return True
    if one[1] is not None and other[1] is not None:
        slack = timedelta(days=1)
        return one[1][0] > other[1][1] + slack or other[1][0] > one[1][1] + slack
    return False


def _points(signal: Signal) -> list[Place]:
    """The places of a signal that are points enough to tell two happenings apart."""
    return [
        one.place
        for one in signal.places
        if one.place.kind not in ("country", "border", "region", "oblast", "area", "river")
        and one.place.radius_km <= 60
    ]


def _merge(happening: Sequence[Signal], catalogue: Catalogue) -> Signal:
    best = max(happening, key=_worth)
    for other in happening:
        if other is best:
            continue
        changes: dict[str, object] = {}
        if (best.attribution is None and other.attribution is not None) or (
            best.attribution is not None
            and other.attribution is not None
            and other.attribution.actor is not None
            and _vaguer(best.attribution, catalogue)
            and not _vaguer(other.attribution, catalogue)
        ):
            changes["attribution"] = other.attribution
        if best.quantity is None and other.quantity is not None:
            changes["quantity"] = other.quantity
        if best.direction is Direction.NONE and other.direction is not Direction.NONE:
            changes["direction"] = other.direction
        if not _points(best) and _points(other):
            known = {(one.place.id, one.role) for one in best.places}
            changes["places"] = (
                tuple(one for one in other.places if (one.place.id, one.role) not in known) + best.places
            )
        elif not best.places and other.places:
            changes["places"] = other.places
        if "dated by" not in best.why and "dated by" in other.why:
            changes["occurred_on"] = other.occurred_on
            changes["why"] = f"{best.why}; dated by another sentence"
        if changes:
            best = replace(best, **changes)  # type: ignore[arg-type]
    if len(happening) > 1:
        best = replace(best, why=f"{best.why}; {len(happening)} sentences tell of it")
    return best


def _vaguer(voice: Attribution, catalogue: Catalogue) -> bool:
    """Whether a voice is nobody in particular: a noun, or a whole state."""
    known = catalogue.actors.get(voice.actor or "")
    return known is None or known.kind in ("state", "alliance")


def _worth(signal: Signal) -> tuple[int, ...]:
    """What makes one mention say more than another; the earlier wins a tie."""
    order = {Assertion.HAPPENED: 3, Assertion.ONGOING: 3, Assertion.PLANNED: 2}
    voice = signal.attribution
    return (
        order.get(signal.assertion, 1),
        2 if _points(signal) else 1 if signal.places else 0,
        2 if voice is not None and voice.actor is not None else 1 if voice is not None else 0,
        int(signal.direction is not Direction.NONE),
        int(signal.quantity is not None),
        -signal.evidence.start,
    )

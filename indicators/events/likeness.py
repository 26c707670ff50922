"""Whether two mentions can be one happening, by their coded fields alone: place, day, number, direction, who."""

from __future__ import annotations

from collections.abc import Sequence

from indicators.events.whereabouts import Map
from indicators.model.event import Report
from indicators.model.signal import Assertion, Direction, Quantity

# To name a member of an enumeration takes longer than all else that is asked of most pairs of reports.
PLANNED, RECALLED, NO_WAY = Assertion.PLANNED, Assertion.RECALLED, Direction.NONE

PLANNED_FOR_DAYS = 6
"""An announcement and its happening are one within the week; a drill announced every Friday is a new one each time."""
CONTRADICTS_UP_TO = 3.0
"""31 tanks or 13 may be two words for one train; 31 or 200 are two trains."""
LEADERS = frozenset({"leader_meeting"})
"""Families in which the same people on the same day are the same happening, wherever it is said to be."""
SPEAKERS = frozenset(
    {
        "defence_diplomacy", "embassy", "accusation", "threat", "denial", "diplomatic_rupture",
        "insufficiency", "concern", "military_aid",
    }
)  # fmt: skip
"""Families in which another actor makes another happening: two embassies that leave are two."""

UNIX_DAY = 719163
"""The day number of 1 January 1970."""

COUNTED, OUTSIDE = "counted", "outside"
"""Counted reports keep to themselves; of the others each way of putting it does, and what is outside the problem."""

Word = tuple[str, int]
"""Where a mention stands: the item and the offset of its evidence. Within a family and indicator it is one mention."""


class Facts:
    """What of a report decides where it belongs, taken out once: to read a report again costs more than to keep it."""

    __slots__ = (
        "actors", "announced", "dated", "day", "direction", "first", "item", "kind", "lineage", "looks", "planned",
        "published", "quantity", "recalled", "report", "source", "told", "vagueness", "where", "word",
    )  # fmt: skip

    def __init__(self, report: Report, places: Map) -> None:
        signal = report.signal
        item = signal.item_id
        assertion = signal.assertion
        published = signal.published_at.timestamp()
        on = int(published // 86400) + UNIX_DAY
        planned = assertion is PLANNED
        first, last = signal.occurred_on
        day = last.toordinal()
        if day > on and not planned:
            day = on
        self.report = report
        self.kind = COUNTED if signal.counted else OUTSIDE if assertion.countable else assertion.value
        self.item = item
        self.source = signal.source
        self.lineage = report.reprint_of or item
        self.published = published
        self.announced = on
        self.planned = planned
        self.recalled = assertion is RECALLED
        self.day = day
        # A long span ('since October') says when it began, not which day it is told of; its last days are what counts.
        self.first = begins = day if first == last else max(min(first.toordinal(), day), day - 3)
        self.looks: Sequence[int]
        """The days on which its event may have been founded; of a plan one wider than the rule, which decides."""
        if planned:
            self.looks = range(min(begins, on) - 1, max(day, on + PLANNED_FOR_DAYS) + 2)
        else:
            self.looks = (day,) if begins == day else range(begins, day + 1)
        self.dated = day != on
        self.quantity = signal.quantity
        self.direction = signal.direction
        self.actors = actors = places.people(signal.actors)
        self.where = where = places.where(signal.places)
        # Whoever says exactly where (or who) is asked first; the others then join the event that they fit best.
        # Of leaders, those who met come before those who will: an announcement joins its meeting, not the other way.
        self.vagueness = where.vagueness
        if signal.family in LEADERS:
            self.vagueness = int(len(actors) < 2) + 2 * int(planned)
        self.word = word = (item, signal.evidence.start)
        self.told = (published, word)
        """By what reports are put in the order in which they told of it."""

    @property
    def order(self) -> tuple[int, tuple[float, Word]]:
        """By what reports are taken when events grow."""
        return self.vagueness, self.told

    @property
    def opens(self) -> range:
        """The days of which a mention may join an event that this one founds; one wider than the rule that decides."""
        if not self.planned:
            return range(self.first - 1, self.day + 2)
        announced = self.announced
        return range(min(self.first, announced) - 1, max(self.day + 1, announced + PLANNED_FOR_DAYS) + 1)


def day_gap(one: Facts, other: Facts) -> int:
    """Days between two spans of days; 0 when they meet."""
    if one.first > other.day:
        return one.first - other.day
    return other.first - one.day if other.first > one.day else 0


def same_time(seed: Facts, other: Facts, within: float) -> bool:
    """Whether a mention can be of the happening that `seed` tells of, by publication and by the day that each names."""
    early, late = (seed, other) if seed.published <= other.published else (other, seed)
    soon = late.published - early.published <= within
    if not early.planned:
        return (soon or late.dated) and day_gap(early, late) <= 1
    announced = early.announced
    if early.day > announced and day_gap(early, late) <= 1:
        return True
    if late.planned:
        return soon and (day_gap(early, late) <= 1 or not late.dated)
    return announced - 1 <= late.day <= announced + PLANNED_FOR_DAYS


def numbers_agree(one: Quantity, other: Quantity) -> bool:
    """Whether two numbers of one thing can be one, each one in ten either way or one in four: 31 and 'about 30'."""
    slack = 0.25 if one.approximate else 0.1
    others = 0.25 if other.approximate else 0.1
    return one.low * (1 - slack) <= other.high * (1 + others) and other.low * (1 - others) <= one.high * (1 + slack)


def numbers_clash(one: Quantity, other: Quantity) -> bool:
    """Whether two numbers are too far apart to be two words for one thing."""
    least, most = sorted(((one.low + one.high) / 2, (other.low + other.high) / 2))
    return most > CONTRADICTS_UP_TO * max(least, 1e-9)


def opposed(one: Direction, other: Direction) -> bool:
    """Whether one goes toward the border and the other away."""
    return one is not other and one is not NO_WAY and other is not NO_WAY

"""Many reports, one happening."""

from __future__ import annotations

from datetime import date, timedelta

from reporting import (
    BELARUS,
    BREST,
    BREST_REGION,
    GOMEL,
    HAJUN,
    MINSK,
    NOON,
    POLONKA,
    SOUTH,
    ZYABROVKA,
    a_place,
    a_report,
)

from indicators.events.clustering import cluster
from indicators.model.place import PlaceMention, PlaceRole
from indicators.model.signal import Assertion, Direction, Quantity


def sizes(*reports):
    """How many reports each event holds."""
    return sorted(len(event.reports) for event in cluster(reports))


def test_two_languages_meet_on_coded_fields():
    """A Russian post and its English report of the same place and day are one event without translation."""
    assert sizes(a_report("a:1", places=(BREST,)), a_report("b:1", places=(BREST,), hours=5)) == [2]


def test_neighbours_in_place_are_two_events():
    """Gomel and the airfield at Zyabrovka, twenty kilometres away, are two places."""
    assert sizes(a_report("a:1", places=(GOMEL,)), a_report("b:1", places=(ZYABROVKA,), hours=1)) == [1, 1]


def test_days_three_apart_are_two_events():
    """The same thing at the same place three days later is a new happening."""
    assert sizes(a_report("a:1", places=(BREST,)), a_report("b:1", places=(BREST,), hours=72)) == [1, 1]


def test_vague_place_joins_a_specific_one_and_ties_no_two():
    """'Southern Belarus' belongs to one of Brest and Gomel, and never makes them one."""
    reports = [
        a_report("a:1", places=(SOUTH,)),
        a_report("b:1", places=(BREST,), hours=1),
        a_report("c:1", places=(GOMEL,), hours=2),
    ]
    assert sizes(*reports) == [1, 2]


def test_country_alone_joins_a_place_in_it():
    """A report that names only Belarus is of the event at Brest."""
    assert sizes(a_report("a:1", places=(BREST,)), a_report("b:1", places=(BELARUS,), hours=1)) == [2]


def test_weekly_drill_is_one_event_a_week():
    """A drill extended every Friday is an event each week, not one endless event."""
    weeks = [
        a_report(f"a:{week}", family="drill", indicator="drills", assertion=Assertion.PLANNED, hours=168 * week)
        for week in range(8)
    ]
    echoes = [
        a_report(f"b:{week}", family="drill", indicator="drills", assertion=Assertion.PLANNED, hours=168 * week + 5)
        for week in range(8)
    ]
    assert sizes(*weeks, *echoes) == [2] * 8


def test_daily_mentions_do_not_chain():
    """Reports on each of ten days running make several events, each bound to its founder's day."""
    events = cluster([a_report(f"a:{day}", places=(BREST,), hours=24 * day) for day in range(10)])
    assert max(len(event.reports) for event in events) <= 2


def test_planned_drill_and_its_happening_in_the_week_are_one():
    """The announcement and the drill it announces are one event, on the day of the announcement."""
    events = cluster(
        [
            a_report("a:1", family="drill", indicator="drills", assertion=Assertion.PLANNED, places=(BREST,)),
            a_report("b:1", family="drill", indicator="drills", places=(BREST,), hours=96),
        ]
    )
    assert [event.occurred_on for event in events] == [date(2022, 12, 20)]


def test_mondays_meeting_is_one_event():
    """Hundreds of mentions of one meeting, in any wording, place or planning, are one event."""
    both = ("PUTIN", "LUKASHENKO")
    monday = date(2022, 12, 19)
    reports = [
        a_report(
            f"a:{number}",
            family="leader_meeting",
            indicator="leader_meetings",
            actors=(both, both[:1], both[1:])[number % 3],
            places=((MINSK,), (BELARUS,), ())[number % 3],
            on=monday,
            hours=-24 + number / 5,
        )
        for number in range(300)
    ]
    announced = a_report(
        "z:1", family="leader_meeting", indicator="leader_meetings", actors=both, on=monday,
        assertion=Assertion.PLANNED, hours=-90,
    )  # fmt: skip
    assert sizes(*reports, announced) == [301]


def test_other_leaders_are_another_meeting():
    """Lukashenko meets somebody else on the same day: two events."""
    assert sizes(
        a_report("a:1", family="leader_meeting", actors=("PUTIN", "LUKASHENKO"), places=(MINSK,)),
        a_report("b:1", family="leader_meeting", actors=("XI", "LUKASHENKO"), places=(MINSK,), hours=1),
    ) == [1, 1]


def test_two_embassies_are_two_events():
    """Each state that calls its people home is its own event, for three states in 72 hours mean something."""
    assert sizes(
        a_report("a:1", family="embassy", actors=("USA",), places=(MINSK,)),
        a_report("b:1", family="embassy", actors=("GBR",), places=(MINSK,), hours=1),
        a_report("c:1", family="embassy", actors=("USA",), hours=2),
    ) == [1, 2]


def test_numbers_near_each_other_agree():
    """31 tanks and 'about 30 tanks' are one train; 200 tanks are another."""
    about = Quantity(low=30, high=30, unit="tank", approximate=True)
    assert sizes(
        a_report("a:1", places=(BREST,), quantity=(31, "tank")),
        a_report("b:1", places=(BREST,), quantity=about, hours=1),
        a_report("c:1", places=(BREST,), quantity=(200, "tank"), hours=2),
    ) == [1, 2]


def test_toward_and_away_are_two_events():
    """A column to the border and a column from it are never one event."""
    assert sizes(
        a_report("a:1", places=(BREST,), direction=Direction.TOWARD),
        a_report("b:1", places=(BREST,), direction=Direction.AWAY, hours=1),
    ) == [1, 1]


def test_reprint_joins_its_root_days_later():
    """A copy printed four days later, dated by its own day, is an echo of the first event."""
    assert sizes(a_report("a:1", places=(BREST,)), a_report("b:1", places=(BREST,), reprint_of="a:1", hours=96)) == [2]


def test_roundup_of_two_places_makes_two_events():
    """One item that tells of two places is a report of two events, and so is its reprint."""
    events = cluster(
        [
            a_report("a:1", places=(BREST,)),
            a_report("a:1", places=(GOMEL,), start=50, end=60),
            a_report("b:1", places=(BREST,), reprint_of="a:1", hours=1),
            a_report("b:1", places=(GOMEL,), start=50, end=60, reprint_of="a:1", hours=1),
        ]
    )
    assert [len(event.reports) for event in events] == [2, 2]
    assert {event.reports[0].signal.places[0].place.id for event in events} == {"brest", "gomel"}


def test_two_trains_to_one_town_are_two_events():
    """Two movements with one destination and two starting points are two."""

    def train(item_id, start, hours):
        return a_report(
            item_id,
            places=(PlaceMention(place=start, role=PlaceRole.FROM), PlaceMention(place=BREST, role=PlaceRole.TO)),
            hours=hours,
        )

    assert sizes(train("a:1", POLONKA, 0), train("b:1", MINSK, 1)) == [1, 1]


def test_denied_and_asked_stand_apart():
    """Denied, negated, hypothetical and questioned mentions never join a counted event, and are kept."""
    events = cluster(
        [
            a_report("a:1", places=(BREST,)),
            *(
                a_report(f"b:{word}", places=(BREST,), assertion=word, hours=1)
                for word in (Assertion.DENIED, Assertion.NEGATED, Assertion.HYPOTHETICAL, Assertion.QUESTION)
            ),
        ]
    )
    assert sorted(event.counted for event in events) == [False] * 4 + [True]
    assert all(event.why for event in events)


def test_recalled_stand_alone():
    """Two articles that each recall some October move are not made one happening."""
    assert sizes(
        a_report("a:1", assertion=Assertion.RECALLED), a_report("b:1", assertion=Assertion.RECALLED, hours=1)
    ) == [1, 1]


def test_event_keeps_its_id_when_reports_join():
    """A later report, even one published earlier, changes nothing in the event's name."""
    first = a_report("a:1", places=(BREST,))
    late = a_report("b:1", places=(BREST,), hours=-3, known_at=NOON + timedelta(hours=9))
    (alone,) = cluster([first])
    (joined,) = cluster([first, late])
    assert alone.event_id == joined.event_id
    assert joined.reports[0].signal.item_id == "b:1"
    assert joined.known_at == late.signal.known_at


def test_same_family_of_two_indicators_makes_two_events():
    """A strike grouping and the regional grouping are counted in their own series."""
    assert sizes(
        a_report("a:1", family="grouping", indicator="strike_grouping"),
        a_report("b:1", family="grouping", indicator="regional_grouping"),
    ) == [1, 1]


def test_explicitly_dated_late_report_joins():
    """A retelling a week later that names the day is a mention of that day's event."""
    assert sizes(
        a_report("a:1", places=(BREST,), origin=HAJUN),
        a_report("b:1", places=(BREST,), on=NOON.date(), hours=170),
    ) == [2]


def test_a_monitor_telling_of_two_near_places_tells_of_two_things():
    """A monitor's two posts of one day on overlapping places are two sightings; another's word on the second is one."""
    station = a_place("Polonka", 53.14, 25.72, radius=25, kind="station")
    town = a_place("Baranovichi", 53.13, 26.02, radius=6)
    assert sizes(a_report("h:1", places=(station,)), a_report("h:2", places=(town,), hours=8)) == [1, 1]
    assert sizes(a_report("h:1", places=(station,)), a_report("r:1", places=(town,), hours=8)) == [2]


def test_numbers_of_one_region_contradict_each_other():
    """31 tanks in Brest region, at Brest itself, and 13 in Brest region on one day are one event with two numbers."""
    assert sizes(
        a_report("h:1", places=(BREST_REGION,), quantity=(31, "tank")),
        a_report("o:1", places=(BREST,), quantity=(31, "tank"), hours=2),
        a_report("r:1", places=(BREST_REGION,), quantity=(13, "tank"), hours=3),
    ) == [3]


def test_two_words_for_one_way_to_the_border_agree():
    """A train from a distant station 'to the border' is what an echo without it tells of, not a convoy nearer by."""
    border = a_place("the border", 51.6, 26.5, radius=150, kind="border")
    polonka = a_report(
        "r:1",
        places=(PlaceMention(place=POLONKA, role=PlaceRole.FROM), PlaceMention(place=border, role=PlaceRole.TO)),
    )
    convoy = a_report("h:1", places=(a_place("Drahichyn", 52.19, 25.16),), hours=1)
    echo = a_report("d:1", places=(PlaceMention(place=border, role=PlaceRole.TO),), hours=2)
    events = cluster([polonka, convoy, echo])
    train = next(event for event in events if event.reports[0].signal.item_id == "r:1")
    assert [report.signal.item_id for report in train.reports] == ["r:1", "d:1"]


def test_leaders_in_the_palace_are_leaders_in_the_town():
    """One source that names the town at noon and the palace in it at three tells of one meeting."""
    palace = a_place("the palace", 53.91, 27.52, radius=1, kind="building")
    people = ("PUTIN", "LUKASHENKO")
    noon = a_report("a:1", family="leader_meeting", indicator="leader_meetings", places=(MINSK,), actors=people)
    three = a_report(
        "a:2", family="leader_meeting", indicator="leader_meetings", places=(palace,), actors=people, hours=3
    )
    assert sizes(noon, three) == [2]

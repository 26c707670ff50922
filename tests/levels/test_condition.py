"""The ladder of watch conditions, rule by rule, and how it steps down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from level_builders import HAJUN, MINISTRY, NOON, REUTERS, UNNAMED, a_fact, a_standing, an_event, on

from indicators.levels.condition import recommend
from indicators.levels.ladder import Ladder, LadderProblems
from indicators.model.event import Event
from indicators.model.level import Level, Recommendation, Standing, WatchCondition
from indicators.model.signal import Assertion, Direction, Weight

CRITICAL = [
    a_fact("command_posts", Weight.CRITICAL, family="command", group="command", code="M5", name="Command posts"),
    a_fact("field_medicine", Weight.CRITICAL, family="medical", group="logistics", code="M7", name="Field medicine"),
    a_fact("forward_logistics", Weight.CRITICAL, family="logistics", group="logistics"),
    a_fact("strike_grouping", Weight.CRITICAL, family="grouping", group="posture"),
    a_fact("hospitals", Weight.CRITICAL, family="hospital", group="border"),
]
SUPPORTING = [a_fact(f"s{number}", group=f"g{number % 3}") for number in range(6)]
WITHDRAWALS = a_fact("withdrawals", Weight.COUNTER, family="withdrawal", group="easing")
FACTS = [*CRITICAL, *SUPPORTING, a_fact("force_size", family="force_size", group="posture"), WITHDRAWALS]
BOTH = (HAJUN, REUTERS)
FORCE = an_event("force_size", family="force_size", troops=30_000)


def standings(above: Sequence[str] = (), **changes: Any) -> list[Standing]:
    """Every indicator well seen, these ones at watch; base weights stand."""
    return [a_standing(f.id, Level.WATCH if f.id in above else Level.NORMAL, weight=f.weight, **changes) for f in FACTS]


def criticals(number: int, origins: Any = BOTH) -> list[Event]:
    """So many critical indicators active, said by these origins."""
    return [an_event(fact.id, family=fact.family, origins=origins) for fact in CRITICAL[:number]]


def ask(events: Sequence[Event] = (), above: Sequence[str] = (), **changes: Any) -> Recommendation:
    """What is recommended with no history."""
    return recommend(None, standings(above), events, FACTS, now=NOON, **changes)


def test_calm_is_routine() -> None:
    """No critical indicator active and nothing above baseline is level 5, and says so."""
    assert ask().condition is WatchCondition.ROUTINE
    assert ask().why[0].startswith("No critical indicator active")


def test_three_supporting_of_two_groups_are_interest() -> None:
    """Three above baseline in two groups are level 4; three of one group, or two, are not."""
    assert ask(above=["s0", "s1", "s2"]).condition is WatchCondition.INTEREST
    assert ask(above=["s0", "s3"]).condition is WatchCondition.ROUTINE
    assert ask(above=["s0", "s3"]).why[1] == "Above baseline: s0, s3"


def test_a_build_up_is_interest() -> None:
    """Any sustained build-up is level 4."""
    assert ask(build_ups={"s1"}).condition is WatchCondition.INTEREST


def test_one_critical_with_one_origin_is_interest_not_heightened() -> None:
    """A critical indicator seen by one voice, or by an unnamed one beside it, is level 4."""
    assert ask(criticals(1, (HAJUN,))).condition is WatchCondition.INTEREST
    assert ask(criticals(1, (HAJUN, UNNAMED))).condition is WatchCondition.INTEREST


def test_one_corroborated_critical_is_heightened_and_named() -> None:
    """Two independent origins make it level 3; the line names the indicator and who says so."""
    answer = ask(criticals(1))
    assert answer.condition is WatchCondition.HEIGHTENED
    assert answer.why[0] == "1 critical corroborated: M5 Command posts (Belarusian Hajun, Reuters)"
    assert answer.why[1].startswith("Not High: 1 of 3 critical active; no force size reported")


def test_two_happenings_by_two_voices_corroborate_the_indicator() -> None:
    """Origins are counted over the indicator's active events, not within one of them."""
    events = [an_event("command_posts", origins=(HAJUN,)), an_event("command_posts", origins=(REUTERS,))]
    assert ask(events).condition is WatchCondition.HEIGHTENED


def test_five_supporting_in_three_groups_are_heightened() -> None:
    """Accumulation across domains is level 3 without any critical indicator."""
    assert ask(above=["s0", "s1", "s2", "s3", "s4"]).condition is WatchCondition.HEIGHTENED


def test_high_needs_the_force() -> None:
    """Three critical in two groups are level 2 only with a reported force at the sufficiency line."""
    assert ask([*criticals(3), FORCE]).condition is WatchCondition.HIGH
    assert ask(criticals(3)).condition is WatchCondition.HEIGHTENED
    small = an_event("force_size", family="force_size", troops=10_000)
    assert ask([*criticals(3), small]).condition is WatchCondition.HEIGHTENED
    assert "10,000 troops reported, the sufficiency line is 20,000" in ask([*criticals(3), small]).why[-1]


@pytest.mark.parametrize(
    "signal", [{"direction": Direction.AWAY}, {"assertion": Assertion.PLANNED}, {"counted": False}]
)
def test_a_force_that_is_not_there_does_not_count(signal: dict[str, Any]) -> None:
    """Troops that leave, that are announced, or that do not count, do not reach the line."""
    force = an_event("force_size", family="force_size", troops=30_000, signal=signal)
    assert ask([*criticals(3), force]).condition is WatchCondition.HEIGHTENED


def test_imminent_needs_five_and_one_that_is_dear() -> None:
    """Five critical with command or medical among them are level 1; four are not, nor five of one group."""
    assert ask([*criticals(5), FORCE]).condition is WatchCondition.IMMINENT
    assert ask([*criticals(4), FORCE]).condition is WatchCondition.HIGH
    cheap = [an_event(f.id, family="grouping", origins=BOTH) for f in CRITICAL[2:]]
    assert ask([*cheap, FORCE]).condition is WatchCondition.HIGH


def test_imminent_without_a_count_of_troops_needs_corroboration() -> None:
    """Where nobody counted the force, five critical of which three are corroborated are level 1; with two, level 3."""
    answer = ask(criticals(5))
    assert answer.condition is WatchCondition.IMMINENT
    assert "5 of them corroborated" in answer.why[0]
    alone = [*criticals(2), *[an_event(f.id, family=f.family, origins=(HAJUN,)) for f in CRITICAL[2:]]]
    assert ask(alone).condition is WatchCondition.HEIGHTENED


def test_a_reported_force_stands_until_others_count_anew() -> None:
    """30,000 reported ten days ago still stand; after four weeks, or when two voices count 9,000, they do not."""

    def force(troops: float, days: float, origins: Any = BOTH) -> Event:
        at = NOON - timedelta(days=days)
        return an_event("force_size", family="force_size", troops=troops, at=at, origins=origins)

    assert ask([*criticals(3), force(30_000, 10)]).condition is WatchCondition.HIGH
    assert ask([*criticals(3), force(30_000, 29)]).condition is WatchCondition.HEIGHTENED
    assert ask([*criticals(3), force(30_000, 10), force(9_000, 1)]).condition is WatchCondition.HEIGHTENED
    assert ask([*criticals(3), force(30_000, 10), force(9_000, 1, (HAJUN,))]).condition is WatchCondition.HIGH
    officials = force(9_000, 1, (MINISTRY,))
    assert ask([*criticals(3), force(30_000, 10), officials]).condition is WatchCondition.HIGH
    train = an_event("troop_moves", family="troop_move", troops=800, origins=BOTH)
    assert ask([*criticals(3), force(30_000, 10), train]).condition is WatchCondition.HIGH


def test_confirmed_easing_keeps_it_from_imminent_and_an_official_claim_does_not() -> None:
    """A withdrawal seen by an independent voice holds it at 2; one claimed by the ministry changes nothing."""
    claimed = an_event("withdrawals", family="withdrawal", origins=(MINISTRY,))
    seen = an_event("withdrawals", family="withdrawal", origins=(MINISTRY, HAJUN))
    assert ask([*criticals(5), FORCE, claimed]).condition is WatchCondition.IMMINENT
    assert ask([*criticals(5), FORCE, seen]).condition is WatchCondition.HIGH


def test_words_alone_never_go_above_three() -> None:
    """Where every critical indicator is rhetoric the ceiling holds, and the line says so."""
    words = [a_fact(f"w{n}", Weight.CRITICAL, group=f"g{n}", rhetoric=True) for n in range(3)]
    events = [an_event(fact.id, origins=BOTH) for fact in words]
    answer = recommend(None, [a_standing(f.id) for f in words], [*events, FORCE], words, now=NOON)
    spoken = recommend(
        None,
        [a_standing(f.id, weight=Weight.CRITICAL) for f in words],
        [*events, FORCE],
        words,
        now=NOON,
    )
    assert answer.condition is WatchCondition.ROUTINE
    assert spoken.condition is WatchCondition.HEIGHTENED
    assert any("words alone" in line for line in spoken.why)


def test_context_never_raises() -> None:
    """Denials stand at any level and add nothing."""
    denials = [a_fact(f"p{n}", Weight.CONTEXT, group=f"g{n}") for n in range(5)]
    above = [a_standing(f.id, Level.CRITICAL, weight=Weight.CONTEXT) for f in denials]
    assert recommend(None, above, [], denials, now=NOON).condition is WatchCondition.ROUTINE


def test_old_events_are_not_active() -> None:
    """A critical event of four days ago, or one that became known later, does not count now."""
    old = an_event("command_posts", at=NOON - timedelta(days=4), origins=BOTH)
    future = an_event("command_posts", at=NOON + timedelta(hours=1), origins=BOTH)
    recalled = an_event("command_posts", origins=BOTH, occurred_on=(NOON - timedelta(days=9)).date())
    assert ask([old]).condition is WatchCondition.ROUTINE
    assert ask([future]).condition is WatchCondition.ROUTINE
    assert ask([recalled]).condition is WatchCondition.ROUTINE


def course(*days: Sequence[Event], blind: Sequence[int] = ()) -> list[Recommendation]:
    """One recommendation a day at noon; on blind days nothing is observed."""
    answers: list[Recommendation] = []
    for day, events in enumerate(days):
        seen = standings(coverage=0.1, no_data=True) if day in blind else standings()
        answers.append(recommend(answers[-1] if answers else None, seen, events, FACTS, now=on(day)))
    return answers


def raised(day: int) -> list[Event]:
    """High on that day."""
    found = [an_event(fact.id, family=fact.family, origins=BOTH, at=on(day, 11)) for fact in CRITICAL[:3]]
    return [*found, an_event("force_size", family="force_size", troops=30_000, at=on(day, 11))]


def test_it_rises_at_once_and_steps_down_one_at_a_time() -> None:
    """From 2, with nothing left, three observed days bring 3, three more 4, three more 5."""
    answers = course(raised(0), *[[]] * 9)
    assert [answer.condition.value for answer in answers] == [2, 2, 2, 3, 3, 3, 4, 4, 4, 5]
    assert answers[1].why[0] == "Held at 2: 1 of 3 observed days below its rule"
    assert answers[3].since == on(3)
    assert answers[2].since == on(0)


def test_it_does_not_step_down_blind() -> None:
    """With under 60 % of the critical indicators observable it is held, and says that it cannot be judged."""
    answers = course(raised(0), *[[]] * 6, blind=(1, 2, 3, 4, 5, 6))
    assert {answer.condition for answer in answers} == {WatchCondition.HIGH}
    assert not answers[-1].assessable_downward
    assert answers[-1].why[0] == "Held at 2: not assessable downward"
    assert "0 of 5 critical indicators observable" in answers[-1].why[-1]
    assert "command_posts" in answers[-1].blind


def test_a_new_rise_starts_the_days_again() -> None:
    """Two days below, one day at the rule again: three more days are needed."""
    answers = course(raised(0), [], [], raised(3), [], [], [])
    assert [answer.condition.value for answer in answers] == [2, 2, 2, 2, 2, 2, 3]


def test_many_evaluations_of_a_day_are_one_day() -> None:
    """Asked every hour of one day, it does not come down."""
    answer = recommend(None, standings(), raised(0), FACTS, now=on(0))
    for hour in range(13, 24):
        answer = recommend(answer, standings(), [], FACTS, now=on(0, hour))
    assert answer.condition is WatchCondition.HIGH


def test_a_ladder_is_read_from_yaml() -> None:
    """Every key can be set; what is left out keeps its default."""
    ladder = Ladder.of(
        {
            "active_within": "48h",
            "observable": "50%",
            "high": {"critical": 2, "force": False},
            "imminent": {"families": ["command"]},
        },
        sufficiency_line=10_000,
    )
    assert ladder.active_within == timedelta(hours=48)
    assert (ladder.observable, ladder.high_critical, ladder.high_force) == (0.5, 2, False)
    assert (ladder.imminent_families, ladder.sufficiency_line) == (("command",), 10_000)
    assert Ladder.of(None) == Ladder.of({}) == Ladder()


def test_every_fault_of_a_ladder_is_named_at_once() -> None:
    """Unknown keys, wrong shapes and wrong values each give a line with key, value and remedy."""
    with pytest.raises(LadderProblems) as caught:
        Ladder.of(
            {
                "hihg": {},
                "high": {"critcal": 3, "force": "yes"},
                "interest": 4,
                "active_within": 72,
                "observable": 60,
                "rhetoric_ceiling": 0,
                "origins": -1,
            }
        )
    assert len(caught.value.problems) == 8
    assert caught.value.problems[0].startswith("ladder.hihg: unknown key 'hihg'; use one of active_within")
    assert "ladder.active_within: 72 cannot be used; write it like 72h or 3d" in caught.value.problems


def test_blind_from_the_start_is_said() -> None:
    """With nothing observable the first recommendation is Routine, not assessable downward, coverage as it is."""
    answer = recommend(None, [], [], FACTS, now=NOON, problem="belarus")
    assert (answer.condition, answer.assessable_downward, answer.coverage) == (WatchCondition.ROUTINE, False, None)
    assert len(answer.blind) == len(FACTS)

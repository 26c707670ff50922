"""So many of several indicators, and a weighted index."""

from __future__ import annotations

import doctest
from datetime import datetime, timedelta

import pytest
from level_builders import NOON, a_reading, a_standing

from indicators.levels import composite
from indicators.levels.composite import Composite, Composites, Held, IndexRule, by_chance, index, judge, limits
from indicators.levels.ladder import Ladder, LadderProblems
from indicators.model.level import Level, Reading, Standing, WatchCondition

RULE = Composite(name="South", of=("a", "b", "c", "d"))


def held(indicator: str, level: Level = Level.WATCH, *, ago: float = 1, items: str = "") -> Held:
    """A level held since so many days ago."""
    return Held(indicator=indicator, level=level, since=NOON - timedelta(days=ago), items=frozenset(items.split()))


def test_three_at_watch_or_two_at_warning() -> None:
    """Either is enough; two at watch are not, and the sentence counts them."""
    assert judge(RULE, [held(name) for name in "abc"], now=NOON).level is Level.WATCH
    two = judge(RULE, [held(name, Level.WARNING) for name in "ab"], now=NOON)
    assert two.why == "South: 2 of 4 at warning within 7 days: a, b."
    assert judge(RULE, [held(name) for name in "ab"], now=NOON).why == "South: 2 of the 3 needed at watch."


def test_what_ended_longer_ago_does_not_count() -> None:
    """A level that was left eight days ago is past; one left six days ago is not."""
    past = [Held(indicator=n, level=Level.WATCH, since=NOON - timedelta(30), until=NOON - timedelta(8)) for n in "abc"]
    late = [Held(indicator=n, level=Level.WATCH, since=NOON - timedelta(30), until=NOON - timedelta(6)) for n in "abc"]
    assert not judge(RULE, past, now=NOON).holds
    assert judge(RULE, late, now=NOON).holds


def test_required_and_veto() -> None:
    """A required indicator must be among them; a barred one must not stand."""
    strict = Composite(name="South", of=("a", "b", "c", "d"), required=("d",), veto=("k",))
    three = [held(name) for name in "abc"]
    assert judge(strict, three, now=NOON).why == "South: 3 of the 3 needed at watch; d not among them."
    assert judge(strict, [*three, held("d")], now=NOON).holds
    assert judge(strict, [*three, held("d"), held("k")], now=NOON).why == "South: barred by k."


def test_one_article_is_counted_once() -> None:
    """Three indicators raised by the same two articles are one."""
    echo = [held("a", items="x y"), held("b", items="x"), held("c", items="y")]
    assert not judge(RULE, echo, now=NOON).holds
    assert judge(RULE, [held("a", items="x"), held("b", items="y"), held("c", items="z")], now=NOON).holds


def test_chance_is_known() -> None:
    """Ten indicators in watch on 3.4 % of days: two together on 4.3 % of days, three on 0.39 %, four on 0.02 %."""
    assert doctest.testmod(composite).failed == 0
    assert by_chance([0.2, 0.5], 0) == pytest.approx(1.0)
    assert by_chance([0.2, 0.5], 2) == pytest.approx(0.1)
    assert by_chance([0.2, 0.5], 3) == 0


WEIGHTS = {"a": 3.0, "b": 1.0}


def test_the_index_is_a_mean_of_surprise_with_a_memory() -> None:
    """One in a million on all of the weight is 1; a week later half of it is left."""
    high = index("i", None, {"a": 1e-6, "b": 1e-9}, WEIGHTS, now=NOON)
    assert high.value == pytest.approx(1.0)
    later = index("i", high, {"a": 1.0, "b": 1.0}, WEIGHTS, now=NOON + timedelta(days=7))
    assert later.value == pytest.approx(0.5)


def test_without_data_is_not_calm() -> None:
    """An indicator without data leaves both sums; with under 60 % of the weight there is no value, and memory waits."""
    high = index("i", None, {"a": 1e-6, "b": None}, WEIGHTS, now=NOON)
    assert (high.value, high.reporting) == (pytest.approx(1.0), 0.75)
    blind = index("i", high, {"a": None, "b": 1.0}, WEIGHTS, now=NOON + timedelta(days=1))
    assert blind.value is None
    assert index("i", None, {}, {}, now=NOON).value is None


def test_limits_come_from_the_indexs_own_past() -> None:
    """The 95th, 99th and 99.9th percentile, and none from a short past."""
    assert limits([n / 1000 for n in range(1001)]) == pytest.approx((0.95, 0.99, 0.999))
    assert limits([0.1] * 99) is None


def test_one_that_is_decisive_is_enough() -> None:
    """A critical indicator at its own warning carries the composite alone; at watch it does not."""
    rule = Composite(name="c", of=("a", "b", "d"), decisive=("a",))
    warned = [Held(indicator="a", level=Level.WARNING, since=NOON)]
    watched = [Held(indicator="a", level=Level.WATCH, since=NOON)]
    assert judge(rule, warned, now=NOON).holds
    assert not judge(rule, watched, now=NOON).holds


def stand(level: Level, *, at: datetime = NOON) -> list[Standing]:
    """Three indicators at that level since then."""
    return [a_standing(name, level, at=at, level_since=at) for name in ("a", "b", "d")]


def test_a_level_counts_while_it_lies_within_the_span() -> None:
    """Held three days ago it counts within seven days, and not after ten."""
    composites = Composites([Composite(name="c", of=("a", "b", "d"), raises=WatchCondition.HEIGHTENED)])
    assert composites
    carried = composites.judge(stand(Level.WATCH), {}, {}, now=NOON)
    assert [one.condition for one in carried] == [WatchCondition.HEIGHTENED]
    calm = NOON + timedelta(days=1)
    assert composites.judge(stand(Level.NORMAL, at=calm), {}, {}, now=calm + timedelta(days=2))
    assert not composites.judge(stand(Level.NORMAL, at=calm), {}, {}, now=calm + timedelta(days=10))


def test_an_index_is_held_against_its_own_past() -> None:
    """After a hundred calm days a surprise of one in a million carries; on the first day nothing does."""
    rule = IndexRule(name="i", weights={"a": 1.0})

    def readings(p: float) -> dict[str, list[Reading]]:
        return {"a": [a_reading(p=p)]}

    fresh = Composites((), [rule])
    assert not fresh.judge([], readings(1e-6), {}, now=NOON)
    assert [one.value for one in fresh.fresh_values()] == [pytest.approx(1.0)]
    seasoned = Composites((), [rule])
    for day in range(120):
        assert not seasoned.judge([], readings(0.5 + day / 1000), {}, now=NOON + timedelta(days=day)) or day > 100
    assert seasoned.judge([], readings(1e-6), {}, now=NOON + timedelta(days=121))


def test_composites_are_configuration() -> None:
    """The ladder reads them from its mapping, and names every fault of an entry."""
    ladder = Ladder.of(
        {
            "composites": [{"name": "c", "of": ["a", "b"], "at_watch": 2, "within": "5d", "raises": "heightened"}],
            "indices": [{"name": "i", "weights": {"a": 2}}],
        }
    )
    assert ladder.composites[0].within == timedelta(days=5)
    assert ladder.indices[0].weights["a"] == 2
    with pytest.raises(LadderProblems) as refused:
        Ladder.of({"composites": [{"name": "c"}, {"name": "d", "of": ["a"], "raises": "imminent", "odd": 1}]})
    assert len(refused.value.problems) == 3

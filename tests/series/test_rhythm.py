"""What is kept of visits and publications judges a source as all of them would."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from series_builders import START, a_feed, a_poll

from feeds import health
from feeds.model import Outcome
from indicators.series.rhythm import Rhythm

OUTCOMES = st.sampled_from([Outcome.OK, Outcome.UNCHANGED, Outcome.FAILED, Outcome.EMPTY])


@settings(max_examples=100, deadline=None)
@given(st.lists(OUTCOMES, min_size=1, max_size=60), st.lists(st.integers(0, 40), max_size=12))
def test_a_source_is_well_or_not_since_when(outcomes: list[Outcome], published: list[int]) -> None:
    """Well or not, and since when it is not, are the same whether every visit is kept or only what tells."""
    polls = [a_poll(number / 2, outcome=outcome) for number, outcome in enumerate(outcomes)]
    now = START + timedelta(hours=len(outcomes) / 2)
    times = [START + timedelta(hours=hour - 20) for hour in published]
    feed = a_feed()
    rhythm = Rhythm()
    rhythm.visited(polls)
    rhythm.published("a", times)
    [kept] = rhythm.assess([feed], now)
    [whole] = health.assess([feed], polls, {"a": times}, now=now)
    assert kept.condition.well is whole.condition.well
    assert whole.condition.well or kept.since_at == whole.since_at

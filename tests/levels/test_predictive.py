"""The predictive detector: exact sums, honest silence, and the figures it is trusted for."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from indicators.levels import predictive, simulation
from indicators.levels.history import History
from indicators.model.level import Level, ReadingState, Thresholds

SERIES = 400 if os.environ.get("VEDETTE_BENCH") == "full" else 150
RATES = [0.1, 0.5, 2.0, 10.0]
FIRST = date(2022, 1, 1)


def history(*counts: float | None, exposure: float = 1.0, coverage: tuple[float, ...] = ()) -> History:
    """Days from 1 January on, fully seen."""
    days = [FIRST + timedelta(days=n) for n in range(len(counts))]
    return History(days=days, counts=counts, exposure=[exposure] * len(counts), coverage=coverage)  # type: ignore[arg-type]


def read(known: History, hour: float = 23.99):
    """What NBP says at that hour of the last day."""
    last = known.days[-1]
    return predictive.read(known, as_of=datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(hours=hour))


def by_hand(y: list[float], x: list[float]) -> float:
    """p of the last day by the formula as written, with nothing clever in it."""
    t = len(y) - 1
    rows = range(max(t - 119, 0), max(t - 7, 0))
    ys, xs = [y[i] for i in rows], [x[i] for i in rows]
    rate = (sum(ys) + 0.5) / (sum(xs) + sum(xs) / len(xs))
    m = [rate * e for e in xs]
    phi = max(1.0, sum((a - b) ** 2 / b for a, b in zip(ys, m, strict=True)) / (len(ys) - 1))
    ys = [min(a, b + 2.58 * (phi * b) ** 0.5 + 1) for a, b in zip(ys, m, strict=True)]
    rate = (sum(ys) + 0.5) / (sum(xs) + sum(xs) / len(xs))
    m = [rate * e for e in xs]
    phi = max(1.0, sum((a - b) ** 2 / b for a, b in zip(ys, m, strict=True)) / (len(ys) - 1))
    spread = (phi - 1) / (sum(m) / len(m))
    ps = []
    for k in (1, 3, 7):
        mean, count = rate * sum(x[-k:]), sum(y[-k:])
        variance = (1 + spread * mean / k) * (mean + mean**2 / (sum(ys) + 0.5))
        ratio = variance / mean
        ps.append(stats.nbinom.sf(count - 1, mean / (ratio - 1), 1 / ratio))
    return min(1.0, 3**0.5 * min(ps))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.6, 4.0, 30.0]), st.integers(30, 160))
def test_the_sums_give_the_formula(seed: int, rate: float, size: int) -> None:
    """Running sums, capped by suspects only, equal the formula written out, and the one-day form equals both."""
    random = np.random.default_rng(seed)
    y = random.negative_binomial(0.6, 0.6 / (0.6 + rate), size).astype(float)
    x = random.gamma(5, 0.2, size)
    p = predictive.score(y[None, :], x[None, :]).p[0, -1]
    assert_allclose(p, by_hand(list(y), list(x)), rtol=1e-7)
    assert_allclose(p, predictive.latest(y[None, :], x[None, :]).p[0, 0], rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_a_long_replay_and_one_new_day_agree(seed: int, weekday: bool) -> None:
    """With gaps, labels, low coverage and weekday factors, the last day of a replay is what the new day alone gives."""
    random = np.random.default_rng(seed)
    shape = (20, 150)
    y = random.negative_binomial(0.7, 0.4, shape).astype(float)
    x = random.gamma(5, 0.2, shape)
    y[random.random(shape) < 0.05] = np.nan
    x[random.random(shape) < 0.05] = 0
    seen, known = random.random(shape) ** 0.3, random.random(shape) < 0.1
    options = predictive.Settings(weekday=weekday)
    long = predictive.score(y, x, coverage=seen, labelled=known, settings=options)
    new = predictive.latest(y, x, coverage=seen, labelled=known, settings=options)
    quick = predictive.score(y, x, coverage=seen, labelled=known, settings=options, tail_from=1.5)
    for name in predictive.COLUMNS:
        assert_allclose(getattr(long, name)[:, -1], getattr(new, name)[:, 0], rtol=1e-7)
    assert (predictive.levels_of(quick) == predictive.levels_of(long)).all()


def test_it_learns_before_it_speaks() -> None:
    """Under 14 usable days there is no answer, and the sentence counts them."""
    reading = read(history(*[1] * 20))
    assert reading.state is ReadingState.LEARNING
    assert reading.why.startswith("Learning: 12 of 14 usable days")
    assert read(history(*[1] * 22)).state is ReadingState.ANSWERED


def test_a_day_hardly_seen_is_no_data() -> None:
    """With under half of the day seen NBP says nothing, whatever was counted."""
    assert read(history(*[1] * 40, coverage=(*[1.0] * 39, 0.4))).state is ReadingState.NO_DATA
    assert read(history(*[1] * 40, None)).state is ReadingState.NO_DATA
    assert predictive.read(History(days=[], counts=np.empty(0)), as_of=datetime(2022, 1, 1, tzinfo=UTC)).count == 0


def test_a_burst_on_a_rare_series_is_critical() -> None:
    """One report in twenty days, then twelve: all of 200 series alarm."""
    random = np.random.default_rng(5)
    y = random.poisson(0.05, (200, 150)).astype(float)
    y[:, -1] = 12
    assert (predictive.levels_of(predictive.score(y, np.ones_like(y)))[:, -1] == 3).all()


def test_one_report_is_never_a_watch() -> None:
    """However quiet the past, a single event reaches no level: the smallest counts are 2, 3 and 5."""
    assert read(history(*[0] * 119, 1)).level is Level.NORMAL
    assert read(history(*[0] * 119, 2)).level is Level.WATCH


def test_a_weekly_post_does_not_alarm() -> None:
    """A routine post, or three at once, every seventh day stays under the limits."""
    for size in (1, 3):
        y = np.array([[float(size) if day % 7 == 0 else 0.0 for day in range(400)]])
        assert predictive.levels_of(predictive.score(y, np.ones_like(y))).max() == 0


def test_fewer_hours_do_not_make_a_report_a_surprise() -> None:
    """At one o'clock the day's first reports are held against what a whole day would bring."""
    full = history(*[2] * 119, 3, exposure=10.0)
    early = History(
        days=full.days, counts=full.counts, exposure=np.array([*[10.0] * 119, 10.0 / 24]), coverage=full.coverage
    )
    assert read(early, hour=1).p_value == pytest.approx(read(full).p_value, rel=0.01)


def test_a_doubled_volume_is_noted() -> None:
    """When what is read more than doubles, the sentence says so."""
    days = [FIRST + timedelta(days=n) for n in range(120)]
    grown = History(days=days, counts=[2.0] * 120, exposure=np.array([1.0] * 112 + [2.5] * 8))  # type: ignore[arg-type]
    assert read(grown).why.endswith("more than twice the usual.")


def test_the_upper_limit_is_the_smallest_count_that_reaches_it() -> None:
    """One fewer does not reach the limit."""
    one = np.ones(1)
    for mean, ratio in [(0.05, 1.1), (2.0, 1.5), (40.0, 3.0)]:
        upper = predictive.upper_limit(mean, ratio, 0.001)
        reach = [predictive.tail(one * c, one * mean, one * ratio)[0] * 3**0.5 for c in (upper, upper - 1)]
        assert reach[0] < 0.001 <= reach[1]


@pytest.mark.parametrize("rate", RATES)
def test_at_most_one_false_warning_a_year(rate: float) -> None:
    """With growth, weekly swing, outages and an unlabelled outbreak: at most 1.0 false warnings per series-year."""
    world = simulation.a_world(rate, series=SERIES)
    assert simulation.false_episodes(world, simulation.nbp(world)) <= 1.0


@pytest.mark.parametrize("rate", [0.5, 2.0, 10.0])
def test_a_fourfold_ramp_is_found_in_two_weeks(rate: float) -> None:
    """At half an event a day and above, at least nine of ten ramps are found within 14 days."""
    world = simulation.a_world(rate, series=SERIES, seed=2, ramp=4.0)
    assert simulation.detected(world, simulation.nbp(world)) >= 0.9


@pytest.mark.parametrize("rate", [0.5, 2.0, 10.0])
def test_three_times_the_volume_is_not_an_alarm(rate: float) -> None:
    """Exposure and counts trebled together: at most a tenth of the series alarm in 14 days."""
    world = simulation.tripled(simulation.a_world(rate, series=SERIES, outages=0, outbreak=False), on=400)
    assert simulation.nbp(world)[:, 400:414].any(axis=1).mean() <= 0.1


@pytest.mark.parametrize("rate", [0.5, 2.0, 6.0, 10.0])
def test_the_end_of_an_outage_is_not_an_attack(rate: float) -> None:
    """After ten unseen days at most one series in twenty alarms within five, and none during them."""
    world = simulation.a_world(rate, series=SERIES, outages=0, outbreak=False)
    alarms = simulation.nbp(simulation.blacked_out(world, on=400, days=10))
    assert not alarms[:, 400:410].any()
    assert alarms[:, 410:415].any(axis=1).mean() <= 0.05


def test_a_true_burst_on_the_first_day_back_is_found() -> None:
    """Seven days' outage at 6 a day, then ten times that: every series is critical on the day."""
    world = simulation.blacked_out(simulation.a_world(6.0, series=SERIES, outages=0, outbreak=False), on=400, days=7)
    counts = world.counts.copy()
    counts[:, 407] = 60
    scores = predictive.score(counts, world.exposure)
    assert (predictive.levels_of(scores)[:, 407] == 3).all()


@pytest.mark.parametrize("rate", [2.0, 10.0])
def test_a_labelled_outbreak_does_not_blind(rate: float) -> None:
    """An outbreak 30 days before a ramp, labelled: found as often as with a clean past, within 0.03."""
    on = 730 - 60 - 30 - simulation.OUTBREAK_FOR
    clean = simulation.a_world(rate, series=SERIES, seed=7, ramp=4.0, outages=0, outbreak=False)
    known = simulation.a_world(rate, series=SERIES, seed=7, ramp=4.0, outages=0, outbreak_on=on, label=True)
    found = [simulation.detected(world, simulation.nbp(world)) for world in (clean, known)]
    assert abs(found[0] - found[1]) <= 0.03


def test_the_comparison_holds_every_rule_to_one_world() -> None:
    """The table has each rule at each rate, and NBP is the one within one false warning a year."""
    scores = simulation.compare((2.0,), series=40)
    assert {score.rule for score in scores} == set(simulation.RULES)
    assert next(score for score in scores if score.rule.startswith("nbp")).false_per_year <= 1.0


def test_a_world_without_a_ramp_has_nothing_to_find() -> None:
    """Asking for detections in a quiet world is an error with a remedy."""
    quiet = simulation.a_world(1.0, series=2, days=200)
    with pytest.raises(ValueError, match="make it with ramp"):
        simulation.detected(quiet, quiet.true_event)


def test_default_limits_match_the_absolute_rule() -> None:
    """The smallest counts of NBP are the default absolute limits: no level rests on fewer events than an officer's."""
    limits = Thresholds()
    assert predictive.DEFAULT.counts == (limits.watch, limits.warning, limits.critical)

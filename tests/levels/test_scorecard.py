"""Detection, false alarms and lead time against dated events, beside chance."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from indicators.levels.scorecard import Episode, Happening, precision_recall, score

FIRST, LAST = date(2022, 1, 1), date(2022, 12, 31)
ATTACK = Happening(id="attack", attack=True, onset=(date(2022, 2, 20), date(2022, 2, 24)), end=date(2022, 3, 10))
SCARE = Happening(id="winter", attack=False, onset=(date(2022, 12, 13),) * 2, end=date(2022, 12, 25))


def since(day: date, subject: str = "belarus") -> Episode:
    """An episode that starts on this day."""
    return Episode(subject=subject, since=day, until=day + timedelta(days=5))


def card(*days: date, happenings=(ATTACK, SCARE), **more):
    """The card of episodes that start on these days."""
    return score(happenings, [since(day) for day in days], first=FIRST, last=LAST, **more)


def test_a_warning_before_the_onset_is_lead_time() -> None:
    """It is told to both ends of an uncertain onset."""
    found = card(date(2022, 2, 1))
    assert found.events[0].lead == (19, 23)
    assert (found.pod, found.false, found.far) == (1.0, 0, 0.0)
    assert found.lead == (19.0, 19.0, 19.0)


def test_a_warning_after_the_onset_is_detection_without_lead() -> None:
    """Late is not false, and its lead is none."""
    found = card(date(2022, 2, 26))
    assert (found.events[0].lead, found.events[0].detected) == (None, 6)
    assert found.lead == (0.0, 0.0, 0.0)


def test_a_warning_too_early_or_in_a_scare_is_false() -> None:
    """Sixty days before is no warning of it; one in the scare is false and counted there."""
    found = card(date(2021, 12, 20), date(2022, 12, 15))
    assert (found.pod, found.false, found.in_scares) == (0.0, 2, {"winter": 1})
    assert found.why == "0 of 1 events met (chance 21%), too few events to rank rules; 2 of 2 episodes false, " + (
        "2.00 a series-year."
    )


def test_rates_are_per_series_year_and_per_week() -> None:
    """Five false episodes of ten series in a year: half a one each, and one in ten weeks on the board."""
    found = card(*[date(2022, month, 1) for month in range(5, 10)], series=10, happenings=())
    assert found.false_per_series_year == pytest.approx(0.5)
    assert found.false_per_week == pytest.approx(5 / (365 / 7))
    assert found.pod is None
    assert found.why.startswith("No event to find; 5 of 5")


def test_silence_has_no_false_alarm_rate() -> None:
    """Without episodes the rate of false ones is unknown, not zero, and the event is missed."""
    found = card()
    assert (found.far, found.pod, found.chance_pod, found.lead) == (None, 0.0, 0.0, (0.0, 0.0, 0.0))


def test_many_events_have_an_interval() -> None:
    """Six of twelve met: the interval lies around one half, and rules may be ranked."""
    many = [
        Happening(id=str(n), attack=True, onset=(date(2022, n, 15),) * 2, end=date(2022, n, 16)) for n in range(1, 13)
    ]
    found = card(
        *[date(2022, n, 10) for n in range(1, 13, 2)],
        happenings=many,
        lead_within=timedelta(10),
        detect_within=timedelta(5),
    )
    assert found.pod == 0.5
    assert found.pod_between is not None
    assert 0.2 < found.pod_between[0] < 0.5 < found.pod_between[1] < 0.8
    assert "too few" not in found.why


def test_an_event_outside_the_days_is_not_asked_for() -> None:
    """A replay of the autumn is not blamed for February."""
    assert score([ATTACK], [], first=date(2022, 9, 1), last=LAST).pod is None


def test_precision_and_recall_follow_the_limit() -> None:
    """A looser limit finds more and is wrong more often."""
    loose, strict = card(date(2022, 2, 1), date(2022, 7, 1)), card()
    assert precision_recall({0.01: loose, 0.0001: strict}) == [(0.0001, None, 0.0), (0.01, 0.5, 1.0)]

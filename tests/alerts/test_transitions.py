"""What is worth a mail: crossings, the first return, a graver condition, a blind source; never a flapping series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_servers import DAY, HOUR, NOON, a_recommendation, a_standing, an_alert

from indicators.alerts.silencing import muted, recipients
from indicators.alerts.transitions import COOLDOWN, Change, Reason, Sight, decide
from indicators.model.alert import Alert, AlertKind, AlertState, Silence, Subscriber
from indicators.model.level import Level, Recommendation, Standing, Thresholds

NORMAL, WATCH, WARNING, CRITICAL = Level


@dataclass
class Watch:
    """A watch that remembers its alerts, as the store does."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    before: list[Standing] = field(default_factory=list)

    def look(
        self,
        *standings: Standing,
        recommended: Recommendation | None = None,
        sights: Sequence[Sight] = (),
        now: datetime = NOON,
    ) -> list[Change]:
        """What one look decides, remembered."""
        known = [
            alert
            for alert in self.alerts.values()
            if alert.state is not AlertState.CLEARED or now - alert.raised_at < COOLDOWN
        ]
        changes = decide(
            self.before,
            standings,
            recommended,
            known,
            now=now,
            thresholds={"equipment_moves": Thresholds()},
            sights=sights,
            problem="crossing",
        )
        self.alerts |= {change.alert.alert_id: change.alert for change in changes}
        self.before = list(standings) or self.before
        return changes

    def at(self, level: Level, hours: float = 0, episode: str = "ep1", **rest: object) -> list[tuple[Reason, int]]:
        """The mails that an indicator's standing calls for."""
        now = NOON + hours * HOUR
        standing = a_standing(level, at=now, episode=episode if level else "", **rest)
        return mailed(self.look(standing, now=now))


def mailed(changes: Sequence[Change]) -> list[tuple[Reason, int]]:
    """Reason and level of what is mailed."""
    return [(change.reason, change.alert.level) for change in changes if change.mail]


def test_an_upward_crossing_is_mailed_once() -> None:
    """One mail when a level is reached, none while it lasts, one for each higher level."""
    watch = Watch()
    assert watch.at(NORMAL) == []
    assert watch.at(WATCH, 1) == [(Reason.RAISED, WATCH)]
    assert watch.at(WATCH, 2) == []
    assert watch.at(CRITICAL, 3) == [(Reason.RAISED, CRITICAL)]
    assert watch.at(CRITICAL, 4) == []
    assert watch.at(WARNING, 30) == []
    (first,) = [alert for alert in watch.alerts.values() if alert.level == CRITICAL]
    assert (first.threshold, first.count, first.episode) == (5, 3, "ep1")


def test_a_crossing_that_a_crash_hid_is_still_told() -> None:
    """After a restart the level counts, not the memory of its change; and what was told is not told again."""
    assert Watch().at(WARNING) == [(Reason.RAISED, WARNING)]
    told = Watch(alerts={"a1": an_alert()})
    assert told.at(WARNING, 1) == []


def test_the_first_return_to_normal_is_mailed_once() -> None:
    """The gravest alert of the episode says that it is over; the others close without a word."""
    watch = Watch()
    watch.at(WATCH)
    watch.at(CRITICAL, 1)
    assert watch.at(NORMAL, 100) == [(Reason.CLEARED, CRITICAL)]
    assert watch.at(NORMAL, 101) == []
    assert {alert.state for alert in watch.alerts.values()} == {AlertState.CLEARED}


def test_no_data_clears_nothing() -> None:
    """A level that reads normal while nothing can be seen leaves every alert open."""
    watch = Watch()
    watch.at(WARNING)
    assert watch.at(NORMAL, 50, no_data=True) == []
    assert [alert.state for alert in watch.alerts.values()] == [AlertState.RAISED]
    assert watch.at(NORMAL, 51) == [(Reason.CLEARED, WARNING)]


def test_a_new_episode_within_the_cooldown_waits_but_is_not_lost() -> None:
    """A flapping indicator mails once a day; what still stands when the day is over is told then."""
    watch = Watch()
    assert watch.at(WARNING) == [(Reason.RAISED, WARNING)]
    assert watch.at(NORMAL, 6) == [(Reason.CLEARED, WARNING)]
    assert watch.at(WARNING, 12, "ep2") == []
    assert watch.at(WARNING, 23.9, "ep2") == []
    assert watch.at(WARNING, 24, "ep2") == [(Reason.RAISED, WARNING)]


def test_a_higher_level_breaks_the_cooldown() -> None:
    """A day's silence after a mail never holds back something graver."""
    watch = Watch()
    watch.at(WATCH)
    watch.at(NORMAL, 2)
    assert watch.at(WATCH, 3, "ep2") == []
    assert watch.at(WARNING, 4, "ep2") == [(Reason.RAISED, WARNING)]


def test_a_level_left_and_reached_again_is_told_after_the_cooldown() -> None:
    """Weeks into an episode, a second rise to critical is news again; on the same day it is not."""
    watch = Watch()
    watch.at(CRITICAL)
    watch.at(WATCH, 5)
    assert watch.at(CRITICAL, 8) == []
    watch.at(WATCH, 200)
    assert watch.at(CRITICAL, 300) == [(Reason.RAISED, CRITICAL)]
    assert len({alert.alert_id for alert in watch.alerts.values()}) == 2


def test_an_unacknowledged_critical_is_repeated_daily() -> None:
    """Every day until somebody takes it on, and again when the acknowledgement has run out."""
    watch = Watch()
    watch.at(CRITICAL)
    assert watch.at(CRITICAL, 23) == []
    assert watch.at(CRITICAL, 25) == [(Reason.REMINDER, CRITICAL)]
    assert watch.at(CRITICAL, 26) == []
    assert watch.at(CRITICAL, 49) == [(Reason.REMINDER, CRITICAL)]
    (alert,) = watch.alerts.values()
    watch.alerts[alert.alert_id] = replace(alert, state=AlertState.ACKNOWLEDGED)
    assert watch.at(CRITICAL, 75) == []
    watch.alerts[alert.alert_id] = replace(alert, state=AlertState.RAISED)
    assert watch.at(CRITICAL, 97) == [(Reason.REMINDER, CRITICAL)]
    assert watch.at(WARNING, 130) == []


def test_a_warning_is_not_repeated() -> None:
    """Only critical insists."""
    watch = Watch()
    watch.at(WARNING)
    assert watch.at(WARNING, 100) == []


def test_a_graver_condition_is_mailed_and_an_easing_one_is_not() -> None:
    """Down the ladder is news at once; up again only when routine is reached."""
    watch = Watch()

    def at(condition: int, days: int) -> list[tuple[Reason, int]]:
        now = NOON + days * DAY
        first = mailed(watch.look(recommended=a_recommendation(condition, at=now, since=now), now=now))
        for later in (now + HOUR, now + 30 * HOUR):
            recommended = a_recommendation(condition, at=later, since=now)
            assert mailed(watch.look(recommended=recommended, now=later)) == []
        return first

    assert at(5, 0) == []
    assert at(4, 1) == [(Reason.RAISED, 4)]
    assert at(2, 3) == [(Reason.RAISED, 2)]
    assert at(3, 9) == []
    assert at(4, 12) == []
    assert at(3, 15) == [(Reason.RAISED, 3)]
    assert at(5, 20) == [(Reason.CLEARED, 3)]
    assert at(5, 21) == []


def test_a_condition_that_swings_mails_once_a_day() -> None:
    """3, 4, 3, 4 within hours is one mail."""
    watch = Watch()
    sent = []
    for hours, condition in enumerate([3, 4, 3, 4, 3]):
        now = NOON + hours * HOUR
        sent += mailed(watch.look(recommended=a_recommendation(condition, at=now, since=now), now=now))
    assert sent == [(Reason.RAISED, 3)]


def test_a_blind_source_is_one_mail_after_a_day() -> None:
    """A source silent for hours is nobody's mail; after a day it is one, and one more when it is read again."""
    watch = Watch()

    def at(hours: float, since: datetime | None) -> list[tuple[Reason, int]]:
        sight = Sight(feed_id="hajun", blind_since=since, why="HTTP 500")
        return mailed(watch.look(sights=[sight], now=NOON + hours * HOUR))

    assert at(10, NOON) == []
    assert at(24, NOON) == [(Reason.RAISED, 0)]
    assert at(60, NOON) == []
    assert at(61, None) == [(Reason.CLEARED, 0)]
    assert at(62, None) == []
    (alert,) = watch.alerts.values()
    assert (alert.kind, alert.subject, alert.why) == (AlertKind.FEED, "hajun", "HTTP 500")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Level)), st.integers(1, 30), st.booleans()), max_size=25))
def test_never_more_than_one_mail_a_day_for_a_level(steps: list[tuple[Level, int, bool]]) -> None:
    """However a series flaps: one crossing mail a day for each level, no repeat of a look, nothing cleared blindly."""
    watch, hours, episode = Watch(), 0, 0
    raised: dict[int, list[datetime]] = {}
    below = True
    for level, wait, blind in steps:
        hours += wait
        episode += below and level > NORMAL
        below = level is NORMAL
        now = NOON + hours * HOUR
        standing = a_standing(level, at=now, no_data=blind, episode=f"ep{episode}" if level else "")
        changes = watch.look(standing, now=now)
        assert watch.look(standing, now=now) == []
        for change in changes:
            assert not (change.reason is Reason.CLEARED and blind and level is NORMAL)
            if change.reason is Reason.RAISED:
                assert change.mail
                raised.setdefault(change.alert.level, []).append(now)
        standing_open = [a for a in watch.alerts.values() if a.state is not AlertState.CLEARED]
        assert level is NORMAL or all(alert.episode == standing.episode for alert in standing_open)
    for instants in raised.values():
        assert all(later - earlier >= COOLDOWN for earlier, later in pairwise(instants))


# -- who is told --------------------------------------------------------------------------------------------------


def a_silence(**rest: object) -> Silence:
    """A muted subject."""
    fields = {
        "silence_id": "s1",
        "problem": "crossing",
        "subject": "equipment_moves",
        "by": "Rossi",
        "reason": "a known exercise",
        "starts_at": NOON,
        "ends_at": NOON + DAY,
    }
    return Silence(**(fields | rest))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("silence", "after", "mutes"),
    [
        (a_silence(), 0, True),
        (a_silence(), 24, False),
        (a_silence(), -1, False),
        (a_silence(subject="*"), 1, True),
        (a_silence(problem="*"), 1, True),
        (a_silence(subject="drills"), 1, False),
        (a_silence(problem="another"), 1, False),
    ],
)
def test_a_silence_holds_its_subject_for_its_time(silence: Silence, after: int, mutes: bool) -> None:
    """A silence mutes what it names, from its start up to its end, and nothing else."""
    assert (muted(an_alert(), [silence], NOON + timedelta(hours=after)) is not None) is mutes


def test_the_longest_silence_is_named() -> None:
    """Of several silences the mail's row names the one that holds longest."""
    longer = a_silence(silence_id="s2", ends_at=NOON + 2 * DAY)
    assert muted(an_alert(), [a_silence(), longer], NOON) == longer
    assert muted(an_alert(), [], NOON) is None


def test_subscribers_hear_what_they_asked_for() -> None:
    """Minimum level, problem and indicators decide; condition and sources go to those who follow all."""
    everyone = [
        Subscriber(address="all@x.org", minimum=WATCH),
        Subscriber(address="usual@x.org"),
        Subscriber(address="grave@x.org", minimum=CRITICAL),
        Subscriber(address="drills@x.org", minimum=WATCH, indicators=("drills",)),
        Subscriber(address="other@x.org", minimum=WATCH, problem="another"),
        Subscriber(address="all@x.org", minimum=CRITICAL, problem="crossing"),
    ]
    condition = an_alert(kind=AlertKind.CONDITION, subject="crossing", level=3)
    assert recipients(an_alert(level=WATCH), everyone) == ["all@x.org"]
    assert recipients(an_alert(), everyone) == ["all@x.org", "usual@x.org"]
    assert recipients(an_alert(level=CRITICAL, subject="drills"), everyone) == [
        "all@x.org",
        "drills@x.org",
        "grave@x.org",
        "usual@x.org",
    ]
    assert recipients(condition, everyone) == ["all@x.org", "usual@x.org"]
    assert recipients(replace(condition, level=2), everyone) == ["all@x.org", "grave@x.org", "usual@x.org"]
    assert recipients(an_alert(kind=AlertKind.FEED, level=0), everyone) == ["all@x.org", "usual@x.org"]

"""Which alerts are raised, repeated or cleared when levels move, and which of that is worth a mail.

Mail is for upward crossings, the first return to normal, a graver watch condition, and a source going blind or seeing
again. A level is looked at, not only its change, so a crossing that a crash hid is still told. No data clears nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from indicators.model.alert import Alert, AlertKind, AlertState
from indicators.model.level import Level, Recommendation, Standing, Thresholds, WatchCondition

COOLDOWN = timedelta(hours=24)
"""One mail a day for one indicator and level, however it flaps; a higher level does not wait."""
REPEAT_AFTER = timedelta(hours=24)
"""A critical alert that nobody took on is told again."""
BLIND_AFTER = timedelta(hours=24)
"""A source may be silent so long before anybody is told: most come back within hours."""


class Reason(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    CLEARED = "cleared"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of an alert, whether people are told, and in which turn of its kind."""

    alert: Alert
    reason: Reason
    mail: bool
    turn: int = 0
    """Numbers the reminders of one alert, so that each is mailed once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Whether a source can be read, as its health says."""

    feed_id: str
    blind_since: datetime | None
    """None when it is read."""
    why: str = ""
    """What ails it, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How patient and how insistent alerts are."""

    cooldown: timedelta = COOLDOWN
    repeat_after: timedelta = REPEAT_AFTER
    blind_after: timedelta = BLIND_AFTER


DEFAULT = Timing()


def decide(
    previous: Iterable[Standing],
    standings: Iterable[Standing],
    recommended: Recommendation | None,
    known: Sequence[Alert],
    *,
    now: datetime,
    thresholds: Mapping[str, Thresholds] | None = None,
    sights: Iterable[Sight] = (),
    problem: str = "",
    timing: Timing = DEFAULT,
) -> list[Change]:
    """The changes of alerts that these standings call for at `now`.

    `known` are the alerts still open and those raised within the cooldown. Asked again with what it answered among
    `known`, it answers nothing new.
    """
    before = {standing.indicator: standing for standing in previous}
    changes: list[Change] = []
    for standing in standings:
        own = _about(known, AlertKind.INDICATOR, standing.indicator)
        limits = (thresholds or {}).get(standing.indicator)
        changes += _of_indicator(before.get(standing.indicator), standing, own, limits, now, timing)
    if recommended is not None:
        own = _about(known, AlertKind.CONDITION, recommended.problem)
        changes += _of_condition(recommended, own, now, timing)
    for sight in sights:
        changes += _of_feed(sight, _about(known, AlertKind.FEED, sight.feed_id), problem, now, timing)
    return changes


def alert_id(problem: str, kind: AlertKind, subject: str, level: int, episode: str, *, turn: int = 0) -> str:
    """The key that makes a crossing one alert however often it is looked at: subject, level and episode."""
    key = f"{problem}|{kind}|{subject}|{level}|{episode}|{turn}"
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()


def _about(known: Sequence[Alert], kind: AlertKind, subject: str) -> list[Alert]:
    return [alert for alert in known if alert.kind is kind and alert.subject == subject]


def _is_open(alert: Alert) -> bool:
    return alert.state is not AlertState.CLEARED


# -- indicators ---------------------------------------------------------------------------------------------------


def _of_indicator(
    before: Standing | None,
    standing: Standing,
    known: list[Alert],
    limits: Thresholds | None,
    now: datetime,
    timing: Timing,
) -> list[Change]:
    if standing.level is Level.NORMAL:
        return [] if standing.no_data else _cleared(known, now, standing.why)
    over = [alert for alert in known if _is_open(alert) and alert.episode != standing.episode]
    # It fell to normal and rose again between two looks: the old episode ends without a word, the new one speaks.
    changes = [_closed(alert, now, mail=False, why="a new episode began") for alert in over]
    if _crosses(before, standing, known, now, timing):
        return [*changes, Change(alert=_raised(standing, known, limits, now), reason=Reason.RAISED, mail=True)]
    return changes + _reminders(before, standing, known, now, timing)


def _crosses(before: Standing | None, standing: Standing, known: list[Alert], now: datetime, timing: Timing) -> bool:
    """Whether this level is news: not told in this episode, or reached from below again; never within the cooldown."""
    as_high = [alert for alert in known if alert.level >= standing.level]
    if any(now - alert.raised_at < timing.cooldown for alert in as_high):
        return False
    told = any(alert.episode == standing.episode for alert in as_high)
    rising = before is not None and before.level < standing.level
    return not told or rising


def _raised(standing: Standing, known: list[Alert], limits: Thresholds | None, now: datetime) -> Alert:
    same = [a for a in known if a.level == standing.level and a.episode == standing.episode]
    key = alert_id(
        standing.problem,
        AlertKind.INDICATOR,
        standing.indicator,
        int(standing.level),
        standing.episode,
        turn=len(same),
    )
    return Alert(
        alert_id=key,
        problem=standing.problem,
        kind=AlertKind.INDICATOR,
        subject=standing.indicator,
        level=int(standing.level),
        episode=standing.episode,
        raised_at=now,
        count=standing.count,
        threshold=limits.limit(standing.level) if limits is not None else 0,
        why=standing.why,
    )


def _cleared(known: list[Alert], now: datetime, why: str) -> list[Change]:
    """Every open alert closes; the gravest of them says so by mail, once."""
    standing_open = sorted((alert for alert in known if _is_open(alert)), key=lambda alert: -alert.level)
    return [_closed(alert, now, mail=number == 0, why=why) for number, alert in enumerate(standing_open)]


def _closed(alert: Alert, now: datetime, *, mail: bool, why: str) -> Change:
    cleared = replace(alert, state=AlertState.CLEARED, cleared_at=now, note=alert.note or why)
    return Change(alert=cleared, reason=Reason.CLEARED, mail=mail)


def _reminders(
    before: Standing | None, standing: Standing, known: list[Alert], now: datetime, timing: Timing
) -> list[Change]:
    if standing.level < Level.CRITICAL:
        return []
    waiting = [
        alert
        for alert in known
        if alert.state is AlertState.RAISED and alert.level == Level.CRITICAL and alert.episode == standing.episode
    ]
    told_by = before.at if before is not None else now
    if not waiting:
        return []
    alert = max(waiting, key=lambda one: one.raised_at)
    turn = (now - alert.raised_at) // timing.repeat_after
    if turn <= max(0, (told_by - alert.raised_at) // timing.repeat_after):
        return []
    return [Change(alert=alert, reason=Reason.REMINDER, mail=True, turn=turn)]


# -- the watch condition ------------------------------------------------------------------------------------------


def _of_condition(recommended: Recommendation, known: list[Alert], now: datetime, timing: Timing) -> list[Change]:
    condition = recommended.condition
    why = "; ".join(recommended.why)
    if condition is WatchCondition.ROUTINE:
        gravest_first = sorted((alert for alert in known if _is_open(alert)), key=lambda alert: alert.level)
        return [_closed(alert, now, mail=number == 0, why=why) for number, alert in enumerate(gravest_first)]
    eased = [alert for alert in known if _is_open(alert) and alert.level < condition]
    changes = [_closed(alert, now, mail=False, why=f"eased to {int(condition)}") for alert in eased]
    if any(_is_open(alert) for alert in known if alert.level == condition):
        return changes
    recent = any(now - alert.raised_at < timing.cooldown for alert in known if alert.level <= condition)
    if recent and not eased:
        return changes
    episode = recommended.since.isoformat()
    alert = Alert(
        alert_id=alert_id(recommended.problem, AlertKind.CONDITION, recommended.problem, int(condition), episode),
        problem=recommended.problem,
        kind=AlertKind.CONDITION,
        subject=recommended.problem,
        level=int(condition),
        episode=episode,
        raised_at=now,
        why=why,
    )
    # Easing is no news, but the condition it eased to is open from now on: so the next rise is told, and only that.
    return [*changes, Change(alert=alert, reason=Reason.RAISED, mail=not eased)]


# -- sources ------------------------------------------------------------------------------------------------------


def _of_feed(sight: Sight, known: list[Alert], problem: str, now: datetime, timing: Timing) -> list[Change]:
    standing_open = [alert for alert in known if _is_open(alert)]
    if sight.blind_since is None:
        return [_closed(alert, now, mail=True, why="read again") for alert in standing_open]
    if standing_open or now - sight.blind_since < timing.blind_after:
        return []
    if any(now - alert.raised_at < timing.cooldown for alert in known):
        return []
    episode = sight.blind_since.isoformat()
    alert = Alert(
        alert_id=alert_id(problem, AlertKind.FEED, sight.feed_id, 0, episode),
        problem=problem,
        kind=AlertKind.FEED,
        subject=sight.feed_id,
        level=0,
        episode=episode,
        raised_at=now,
        why=sight.why or f"not read since {sight.blind_since:%Y-%m-%d %H:%M} UTC",
    )
    return [Change(alert=alert, reason=Reason.RAISED, mail=True)]

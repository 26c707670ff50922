"""Who is to be told of an alert, and what holds a mail back. The board is never muted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from indicators.model.alert import Alert, AlertKind, Silence, Subscriber
from indicators.model.level import Level, WatchCondition

WEIGHT_OF_CONDITION = {
    WatchCondition.ROUTINE: Level.NORMAL,
    WatchCondition.INTEREST: Level.WATCH,
    WatchCondition.HEIGHTENED: Level.WARNING,
    WatchCondition.HIGH: Level.CRITICAL,
    WatchCondition.IMMINENT: Level.CRITICAL,
}
"""Which minimum a subscriber must have asked for to hear of a watch condition."""


def muted(alert: Alert, silences: Iterable[Silence], now: datetime) -> Silence | None:
    """The silence that holds mail about this alert back at `now`, the longest of several; None when nothing does."""
    holding = [
        silence
        for silence in silences
        if silence.problem in (alert.problem, "*")
        and silence.subject in (alert.subject, "*")
        and silence.starts_at <= now < silence.ends_at
    ]
    return max(holding, key=lambda silence: (silence.ends_at, silence.silence_id), default=None)


def weight_of(alert: Alert) -> Level:
    """How grave an alert is on the scale of levels, whatever it is about."""
    match alert.kind:
        case AlertKind.INDICATOR:
            return Level(alert.level)
        case AlertKind.CONDITION:
            return WEIGHT_OF_CONDITION[WatchCondition(alert.level)]
        case AlertKind.FEED:
            return Level.WARNING


def recipients(alert: Alert, subscribers: Iterable[Subscriber]) -> list[str]:
    """The addresses that asked for this alert, each once, in order.

    Who follows single indicators hears of those alone; condition and sources are for those who follow all.
    """
    asked = {
        one.address
        for one in subscribers
        if one.problem in (alert.problem, "*")
        and weight_of(alert) >= one.minimum
        and (not one.indicators or (alert.kind is AlertKind.INDICATOR and alert.subject in one.indicators))
    }
    return sorted(asked)

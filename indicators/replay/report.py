"""How good the warnings of a replay were: the figures of every level, beside chance and a naive rule, as one document.

Nothing is judged by what became known later: each day counts as it ended on the replay's own clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from indicators.catalogue import Catalogue
from indicators.levels.scorecard import ENOUGH_EVENTS, Card, Episode, Happening, score
from indicators.model.level import Level, WatchCondition
from indicators.replay.archive import Day
from indicators.replay.truth import DETECT_WITHIN, GRAVE, LEAD_WITHIN

METHOD = (
    "The spine ran over the archive day by day; each day knew only what had been published by its end.",
    f"A warning is an episode at or above a level. It leads an event when it starts in the {LEAD_WITHIN.days} days "
    f"before the onset, and detects it when it starts in the {DETECT_WITHIN.days} days after. Every other episode is "
    "false. An onset is a span of days where history does not name one; lead is told for both ends.",
    "POD is the share of events warned of, with a 90 % interval by bootstrap over events. FAR is the share of episodes "
    "that were false; they are also told per series-year and per week of the whole board.",
    "Chance is the share of events that as many episodes, thrown at random on the same days, would have met: "
    "1 - exp(-rate * window).",
    "The naive rule warns when a day brings more signals than the mean and three standard deviations of the 28 days "
    "before; it counts articles, not events or origins, and knows nothing of what was read.",
    f"With fewer than {ENOUGH_EVENTS} events no rule can be ranked above another, and the card says so.",
)
NAIVE_BASELINE = 28
LIMITS = (0.05, 0.01, 0.005, 0.001, 0.0005, 0.0001, 0.00001)
"""The probabilities over which the limit of the learning rules is moved."""
RAISED = (Level.WATCH, Level.WARNING, Level.CRITICAL)


class CardProblem(Exception):
    """A file that is no card; one line with the file, what is wrong, the remedy."""


def write(path: Path, figures: Mapping[str, Any]) -> None:
    """Keep a document as a file."""
    path.write_text(json.dumps(figures, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """A document that `write` kept; raises `CardProblem`."""
    remedy = "write one with `vedette replay --truth FILE --card FILE`"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CardProblem(f"{path}: is no card ({error}); {remedy}") from error
    if not isinstance(found, dict) or not {"problem", "cases", "condition", "method"} <= found.keys():
        raise CardProblem(f"{path}: is no card; {remedy}")
    return found


def episodes(subject: str, days: Sequence[date], holds: Iterable[bool]) -> list[Episode]:
    """The stretches of days on which something holds."""
    found = []
    for held, run in groupby(zip(days, holds, strict=True), key=lambda pair: pair[1]):
        stretch = [day for day, _ in run]
        if held:
            found.append(Episode(subject=subject, since=stretch[0], until=stretch[-1]))
    return found


def document(
    days: Sequence[Day], happenings: Sequence[Happening], catalogue: Catalogue, *, archives: Sequence[str]
) -> dict[str, Any]:
    """The figures of a replay as plain values: by watch condition, by indicator level, as the limit moves."""
    span = [one.day for one in days]
    names = tuple(catalogue.indicators)
    by_condition = {
        str(int(level)): judged(
            episodes("condition", span, (one.recommendation.condition <= level for one in days)), happenings, span
        )
        for level in GRAVE
    }
    by_level = {
        level.word: judged(
            [
                episode
                for name in names
                for episode in episodes(name, span, (one.levels.get(name, Level.NORMAL) >= level for one in days))
            ],
            happenings,
            span,
            series=len(names),
        )
        for level in RAISED
    }
    return {
        "problem": catalogue.problem.id,
        "catalogue": catalogue.version,
        "locked": _locked(catalogue, archives, span),
        "archives": list(archives),
        "first": span[0],
        "last": span[-1],
        "events": [{"id": one.id, "attack": one.attack, "onset": one.onset, "end": one.end} for one in happenings],
        "condition": by_condition,
        "indicators": by_level,
        "naive": judged(naive(days), happenings, span),
        "moving_limit": [
            {"p": limit, **_precision(judged(surprises(days, names, limit), happenings, span, series=len(names)))}
            for limit in LIMITS
        ],
        "cases": cases(days, happenings, names),
        "method": list(METHOD),
    }


def _locked(catalogue: Catalogue, archives: Sequence[str], span: Sequence[date]) -> str:
    """Names the configuration and the days these figures belong to: other figures under one name are not comparable."""
    said = json.dumps([catalogue.version, sorted(archives), str(span[0]), str(span[-1])])
    return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


def judged(
    found: Sequence[Episode], happenings: Sequence[Happening], span: Sequence[date], *, series: int = 1
) -> dict[str, Any]:
    """A card as plain values."""
    # What the days end before can still have been warned of in them.
    last = max([span[-1], *(one.onset[0] for one in happenings if _is_near(one, span))])
    card = score(
        happenings,
        found,
        first=span[0],
        last=last,
        series=series,
        lead_within=LEAD_WITHIN,
        detect_within=DETECT_WITHIN,
    )
    return _plain(card)


def _is_near(one: Happening, span: Sequence[date]) -> bool:
    return one.attack and span[0] <= one.onset[0] <= span[-1] + LEAD_WITHIN


def _plain(card: Card) -> dict[str, Any]:
    return {
        "events": len(card.events),
        "episodes": card.episodes,
        "pod": card.pod,
        "pod_between": card.pod_between,
        "far": card.far,
        "false": card.false,
        "false_per_series_year": round(card.false_per_series_year, 3),
        "false_per_week": round(card.false_per_week, 3),
        "chance_pod": round(card.chance_pod, 3),
        "lead_days": {one.id: one.lead for one in card.events},
        "detected_after": {one.id: one.detected for one in card.events},
        "lead_quartiles": card.lead,
        "in_scares": dict(card.in_scares),
        "why": card.why,
    }


def _precision(card: Mapping[str, Any]) -> dict[str, Any]:
    far = card["far"]
    return {
        "precision": None if far is None else round(1 - far, 3),
        "recall": card["pod"],
        "episodes": card["episodes"],
        "false_per_series_year": card["false_per_series_year"],
    }


def naive(days: Sequence[Day]) -> list[Episode]:
    """The episodes of the rule that most tools have, over all signals of the board."""
    counts = np.array([one.signals for one in days], dtype=float)
    loud = np.zeros(len(counts), dtype=bool)
    for row in range(NAIVE_BASELINE, len(counts)):
        before = counts[row - NAIVE_BASELINE : row]
        loud[row] = counts[row] > before.mean() + 3 * before.std(ddof=1)
    return episodes("naive", [one.day for one in days], map(bool, loud))


def surprises(days: Sequence[Day], names: Sequence[str], limit: float) -> list[Episode]:
    """The episodes of the learning rule alone had its limit been this one; days less than a week apart are one."""
    found: list[Episode] = []
    for name in names:
        hits = [one.day for one in days if one.surprise.get(name, 1.0) < limit]
        for day in hits:
            if found and found[-1].subject == name and day - found[-1].until <= timedelta(days=7):
                found[-1] = Episode(subject=name, since=found[-1].since, until=day)
            else:
                found.append(Episode(subject=name, since=day, until=day))
    return found


def cases(days: Sequence[Day], happenings: Sequence[Happening], names: Sequence[str]) -> dict[str, Any]:
    """In how many cases of each kind an indicator was at watch or above: the weeks before an attack, and other months.

    A case without an attack is a scare, or thirty days in a row that belong to nothing.
    """
    span = {one.day: one for one in days}
    attacks = [_days(one.onset[0] - LEAD_WITHIN, one.onset[0]) for one in happenings if one.attack]
    scares = [_days(one.onset[0] - LEAD_WITHIN, one.end) for one in happenings if not one.attack]
    taken = {day for stretch in [*attacks, *scares] for day in stretch}
    taken |= {day for one in happenings if one.attack for day in _days(one.onset[0], one.end)}
    quiet = _blocks([one.day for one in days if one.day not in taken])

    def hits(name: str, stretches: Sequence[Sequence[date]]) -> list[int]:
        seen = [[span[day] for day in stretch if day in span] for stretch in stretches]
        asked = [stretch for stretch in seen if len(stretch) >= LEAD_WITHIN.days // 2]
        raised = sum(any(one.levels.get(name, Level.NORMAL) >= Level.WATCH for one in stretch) for stretch in asked)
        return [raised, len(asked)]

    return {name: {"attack": hits(name, attacks), "none": hits(name, [*scares, *quiet])} for name in names}


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _blocks(days: Sequence[date]) -> list[list[date]]:
    """Runs of consecutive days cut into blocks of thirty; what is left over is dropped."""
    found: list[list[date]] = []
    run: list[date] = []
    for day in days:
        if run and (day - run[-1]).days > 1:
            run = []
        run.append(day)
        if len(run) == LEAD_WITHIN.days:
            found.append(run)
            run = []
    return found


def word(level: str) -> str:
    """A condition's number with its name."""
    return f"{level} {WatchCondition(int(level)).word}"

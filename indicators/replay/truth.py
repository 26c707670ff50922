"""What really happened, from a truth file, and how the watch condition did beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from indicators.levels.scorecard import Card, Episode, Happening, score
from indicators.model.level import WatchCondition

LEAD_WITHIN = timedelta(days=30)
"""A warning earlier than this before an onset is a warning of something else."""
DETECT_WITHIN = timedelta(days=14)
"""And one that starts later than this after it has noticed nothing."""
GRAVE = tuple(condition for condition in sorted(WatchCondition, reverse=True) if condition < WatchCondition.ROUTINE)
"""4 to 1: the conditions that say something."""


class TruthProblem(Exception):
    """A truth file that cannot be used; each line names file, key, value and remedy."""


class Kind(StrEnum):
    """What came of it."""

    ATTACK = "attack"
    SCARE = "scare"
    """Much was said and done, and nothing came of it."""
    NONE = "none"


def _span(value: object) -> object:
    return [value, value] if isinstance(value, (date, str)) else value


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    kind: Kind
    onset: Annotated[tuple[date, date] | None, BeforeValidator(_span)] = None
    end: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> _Event:
        if self.onset is None or self.end is None:
            if self.kind is Kind.NONE and self.onset is None and self.end is None:
                return self
            raise ValueError("its days are missing; write onset: [first possible day, last], then end")
        if not self.onset[0] <= self.onset[1] <= self.end:
            raise ValueError("its days run backwards; write onset: [first possible day, last], then end")
        return self


class _Truth(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    events: list[_Event]


def read(path: str | Path) -> tuple[Happening, ...]:
    """The dated events of a truth file; raises `TruthProblem` with everything that is wrong in it."""
    file = Path(path)
    try:
        given = _Truth.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise TruthProblem(f"{file}: cannot be read ({error}); name a YAML file") from error
    except yaml.YAMLError as error:
        raise TruthProblem(f"{file}: is no YAML ({' '.join(str(error).split())})") from error
    except ValidationError as error:
        form = "write events: [{id, kind: attack|scare|none, onset: [DAY, DAY], end: DAY}]"
        lines = [
            f"{file}: {'.'.join(map(str, one['loc'])) or 'events'}: {one['msg']}; {form}" for one in error.errors()
        ]
        raise TruthProblem("\n".join(lines)) from error
    return tuple(
        Happening(id=one.id, attack=one.kind is Kind.ATTACK, onset=one.onset, end=one.end)
        for one in given.events
        if one.onset is not None and one.end is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How the watch condition did, level by level; 'at' a level always means there or graver, but in `days_at`."""

    days_at: Mapping[WatchCondition, int]
    """Days that ended at exactly this condition."""
    first_at: Mapping[WatchCondition, date]
    """Conditions never reached are absent."""
    lead: Mapping[WatchCondition, int]
    """Days from the first warning to the first possible day of onset, of the attack warned of worst; below zero when
    it was only noticed. Absent where an attack was missed, or where there was none."""
    false_days: Mapping[WatchCondition, int]
    """Days at a level that belong to no attack: neither the thirty days before one nor its course."""
    cards: Mapping[WatchCondition, Card]


def judge(conditions: Mapping[date, WatchCondition], happenings: Sequence[Happening] | None) -> Verdict:
    """The verdict on these days; without a truth nothing is said of lead and falsehood."""
    days = sorted(conditions)
    stretches = {level: _stretches(conditions, level) for level in GRAVE}
    # What an archive ends before can still have been warned of in it.
    attacks = [
        one
        for one in happenings or ()
        if one.attack and days and days[0] <= one.onset[0] and one.onset[0] - LEAD_WITHIN <= days[-1]
    ]
    leads = {level: [_lead(one, stretches[level]) for one in attacks] for level in GRAVE}
    return Verdict(
        days_at={level: sum(one is level for one in conditions.values()) for level in sorted(WatchCondition)[::-1]},
        first_at={level: found[0].since for level, found in stretches.items() if found},
        lead={
            level: min(lead for lead in found if lead is not None)
            for level, found in leads.items()
            if found and None not in found
        },
        false_days={}
        if happenings is None
        else {
            level: sum(
                one <= level and not any(_belongs(day, event) for event in happenings if event.attack)
                for day, one in conditions.items()
            )
            for level in GRAVE
        },
        cards={}
        if happenings is None or not days
        else {
            level: score(
                happenings,
                stretches[level],
                first=days[0],
                last=days[-1],
                lead_within=LEAD_WITHIN,
                detect_within=DETECT_WITHIN,
            )
            for level in GRAVE
        },
    )


def _stretches(conditions: Mapping[date, WatchCondition], level: WatchCondition) -> list[Episode]:
    found = []
    for reached, run in groupby(sorted(conditions), key=lambda day: conditions[day] <= level):
        whole = list(run)
        if reached:
            found.append(Episode(subject="condition", since=whole[0], until=whole[-1]))
    return found


def _lead(event: Happening, stretches: Sequence[Episode]) -> int | None:
    """From the first warning that still stood in the thirty days before the onset, or that came soon after it."""
    early, late = event.onset
    starts = [one.since for one in stretches if one.until >= early - LEAD_WITHIN and one.since <= late + DETECT_WITHIN]
    return (early - min(starts)).days if starts else None


def _belongs(day: date, event: Happening) -> bool:
    return event.onset[0] - LEAD_WITHIN <= day <= event.end

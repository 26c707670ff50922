"""Officers' changes of thresholds: who, when, why; the latest known one is in force, and all can travel as YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import yaml
from sqlalchemy import Column, Connection, Index, Integer, Row, String, Table, Text, bindparam, insert, select

from feeds.database import Instant, metadata
from indicators.model.level import ThresholdChange, Thresholds
from indicators.store.versions import Serial

threshold_changes = Table(
    "threshold_changes",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("indicator", String, nullable=False),
    Column("watch", Integer, nullable=False),
    Column("warning", Integer, nullable=False),
    Column("critical", Integer, nullable=False),
    Column("within_s", Integer, nullable=False),
    Column("changed_by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_threshold_changes_at", "problem", "indicator", "at", "seq"),
)


LATEST = (
    select(threshold_changes)
    .where(
        threshold_changes.c.problem == bindparam("of_problem", type_=String),
        threshold_changes.c.at <= bindparam("as_of", type_=Instant),
    )
    .order_by(threshold_changes.c.at, threshold_changes.c.seq)
)


class Authority(StrEnum):
    """Whose thresholds are in force."""

    OFFICER = "officer"
    DEPLOYMENT = "deployment"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """The thresholds in force for an indicator, and whose they are."""

    thresholds: Thresholds
    authority: Authority
    change: ThresholdChange | None = None
    """The officer's change, where it is one."""


class ThresholdsRefused(ValueError):
    """These thresholds cannot be; the line names the value and the remedy."""


def check(thresholds: Thresholds, *, indicator: str) -> None:
    """Refuse limits that do not rise or count nothing."""
    limits = (thresholds.watch, thresholds.warning, thresholds.critical)
    if min(limits) < 1:
        raise ThresholdsRefused(f"{indicator}: a limit of {min(limits)} events counts nothing; write 1 or more")
    if list(limits) != sorted(limits):
        shown = "/".join(str(limit) for limit in limits)
        raise ThresholdsRefused(f"{indicator}: {shown} does not rise from watch over warning to critical; order them")
    if thresholds.within < timedelta(hours=1):
        raise ThresholdsRefused(
            f"{indicator}: a span of {thresholds.within} is too short to count in; write 1h or more"
        )


def change(connection: Connection, changed: ThresholdChange) -> None:
    """Keep an officer's change; from its instant on it is in force."""
    check(changed.thresholds, indicator=changed.indicator)
    connection.execute(
        insert(threshold_changes).values(
            problem=changed.problem,
            indicator=changed.indicator,
            watch=changed.thresholds.watch,
            warning=changed.thresholds.warning,
            critical=changed.thresholds.critical,
            within_s=int(changed.thresholds.within.total_seconds()),
            changed_by=changed.by,
            at=changed.at,
            reason=changed.reason,
        )
    )


def latest(connection: Connection, problem: str, *, as_of: datetime) -> dict[str, ThresholdChange]:
    """The change in force at `as_of` for each indicator an officer has changed."""
    # Changes are few, and the last of each indicator's speaks: simpler to read than to ask for.
    rows = connection.execute(LATEST, {"of_problem": problem, "as_of": as_of})
    found = {row.indicator: row for row in rows}
    return {indicator: _change(found[indicator]) for indicator in sorted(found)}


def history(connection: Connection, problem: str, indicator: str, *, as_of: datetime) -> list[ThresholdChange]:
    """Every change of one indicator's thresholds known by `as_of`, oldest first."""
    rows = connection.execute(
        select(threshold_changes)
        .where(
            threshold_changes.c.problem == problem,
            threshold_changes.c.indicator == indicator,
            threshold_changes.c.at <= as_of,
        )
        .order_by(threshold_changes.c.at, threshold_changes.c.seq)
    )
    return [_change(row) for row in rows]


def effective(
    connection: Connection,
    problem: str,
    catalogue: Mapping[str, Thresholds],
    *,
    as_of: datetime,
    deployment: Mapping[str, Thresholds] | None = None,
) -> dict[str, Effective]:
    """The thresholds in force at `as_of` of each indicator: an officer's, else the deployment's, else its own."""
    changed = latest(connection, problem, as_of=as_of)
    own = deployment or {}
    found: dict[str, Effective] = {}
    for indicator, default in catalogue.items():
        if indicator in changed:
            by_officer = changed[indicator]
            found[indicator] = Effective(
                thresholds=by_officer.thresholds, authority=Authority.OFFICER, change=by_officer
            )
        elif indicator in own:
            found[indicator] = Effective(thresholds=own[indicator], authority=Authority.DEPLOYMENT)
        else:
            found[indicator] = Effective(thresholds=default, authority=Authority.CATALOGUE)
    return found


def export(connection: Connection, problem: str, *, as_of: datetime) -> str:
    """The changes in force as YAML, for another installation or for the catalogue."""
    rows = [
        {
            "indicator": changed.indicator,
            "watch": changed.thresholds.watch,
            "warning": changed.thresholds.warning,
            "critical": changed.thresholds.critical,
            "within": _span(changed.thresholds.within),
            "by": changed.by,
            "at": changed.at.isoformat(),
            "reason": changed.reason,
        }
        for changed in latest(connection, problem, as_of=as_of).values()
    ]
    return yaml.safe_dump({"problem": problem, "thresholds": rows}, sort_keys=False, allow_unicode=True, width=120)


def read_export(text: str, *, at: datetime, by: str, name: str = "thresholds") -> list[ThresholdChange]:
    """The changes an export holds, as made by `by` at `at`; else `ThresholdsRefused` with every fault on its line."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark is not None else name
        raise ThresholdsRefused(f"{where}: is not YAML; write it as `vedette thresholds export` does") from None
    if not isinstance(document, dict) or not isinstance(document.get("thresholds"), list):
        raise ThresholdsRefused(f"{name}: holds no `thresholds:` list; write it as `vedette thresholds export` does")
    problem = document.get("problem")
    if not isinstance(problem, str) or not problem:
        raise ThresholdsRefused(f"{name}: names no `problem:`; add the problem's id")
    found: list[ThresholdChange] = []
    faults: list[str] = []
    for number, row in enumerate(document["thresholds"], 1):
        try:
            found.append(_imported(row, problem, at, by))
        except ThresholdsRefused as refusal:
            faults.append(f"{name}: entry {number}: {refusal}")
    if faults:
        raise ThresholdsRefused("\n".join(faults))
    return found


IMPORTED = ("indicator", "watch", "warning", "critical", "within", "by", "at", "reason")


def _imported(row: object, problem: str, at: datetime, by: str) -> ThresholdChange:
    if not isinstance(row, dict):
        raise ThresholdsRefused(f"{row!r} is no entry; write keys {', '.join(IMPORTED)}")
    unknown = [str(key) for key in row if key not in IMPORTED]
    if unknown:
        raise ThresholdsRefused(f"unknown key '{unknown[0]}'; known are {', '.join(IMPORTED)}")
    indicator = row.get("indicator")
    if not isinstance(indicator, str):
        raise ThresholdsRefused("names no indicator; add `indicator:`")
    limits: dict[str, int] = {}
    for key in ("watch", "warning", "critical"):
        limit = row.get(key)
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise ThresholdsRefused(f"{indicator}: {key}: {limit!r} is no whole number; write how many events")
        limits[key] = limit
    thresholds = Thresholds(**limits, within=_span_in(row.get("within", "3d"), indicator))
    check(thresholds, indicator=indicator)
    author = str(row.get("by") or "")
    reason = str(row.get("reason") or "imported")
    told = f"{reason} (imported; set by {author})" if author and author != by else reason
    return ThresholdChange(problem=problem, indicator=indicator, thresholds=thresholds, by=by, at=at, reason=told)


UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


def _span(within: timedelta) -> str:
    unit = next(unit for unit, size in UNITS.items() if not within % size)
    return f"{within // UNITS[unit]}{unit}"


def _span_in(value: object, indicator: str) -> timedelta:
    if isinstance(value, str) and value[:-1].isdigit() and value[-1] in UNITS:
        return int(value[:-1]) * UNITS[value[-1]]
    raise ThresholdsRefused(f"{indicator}: within: {value!r} is no span of time; write '3d' or '72h'")


def change_all(connection: Connection, changes: Iterable[ThresholdChange]) -> int:
    """Keep several changes in one step, and say how many."""
    kept = 0
    for changed in changes:
        change(connection, changed)
        kept += 1
    return kept


def _change(row: Row[Any]) -> ThresholdChange:
    return ThresholdChange(
        problem=row.problem,
        indicator=row.indicator,
        thresholds=Thresholds(
            watch=row.watch, warning=row.warning, critical=row.critical, within=timedelta(seconds=row.within_s)
        ),
        by=row.changed_by,
        at=row.at,
        reason=row.reason,
    )

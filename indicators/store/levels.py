"""Standings, recommendations and set conditions, added when they changed: the board of any instant can be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    func,
    insert,
    or_,
    over,
    select,
)

from feeds.database import Instant, metadata
from indicators.model.level import Board, Level, Recommendation, SetCondition, Standing, WatchCondition
from indicators.model.signal import Weight
from indicators.store.versions import Serial, alias

standings = Table(
    "standings",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("indicator", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("level", Integer, nullable=False),
    Column("no_data", Boolean, nullable=False),
    Column("learning", Boolean, nullable=False),
    Column("level_since", Instant, nullable=False),
    Column("no_data_since", Instant),
    Column("episode", String, nullable=False),
    Column("peak", Integer, nullable=False),
    Column("days_below", JSON, nullable=False),
    Column("days_at_watch", JSON, nullable=False),
    Column("count", Integer, nullable=False),
    Column("expected", Float),
    Column("coverage", Float),
    Column("origins", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("weight", String, nullable=False),
    Column("why", Text, nullable=False),
    Index("ix_standings_indicator", "problem", "indicator", "at", "seq"),
)

recommendations = Table(
    "recommendations",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("condition", Integer, nullable=False),
    Column("why", JSON, nullable=False),
    Column("coverage", Float),
    Column("blind", JSON, nullable=False),
    Column("assessable_downward", Boolean, nullable=False),
    Column("days_below", JSON, nullable=False),
    Column("since", Instant, nullable=False),
    Index("ix_recommendations_at", "problem", "at", "seq"),
)

set_conditions = Table(
    "set_conditions",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("problem", String, nullable=False),
    Column("condition", Integer, nullable=False),
    Column("set_by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_set_conditions_at", "problem", "at", "seq"),
)


def save_standings(
    connection: Connection, now_standing: Iterable[Standing], *, held: Mapping[str, Standing] | None = None
) -> list[Standing]:
    """Keep those standings that tell something new, and say which: a change, or the first of a day.

    `held` are the last ones kept, by indicator, of one problem, where the caller has them at hand; else they are read.
    """
    given = list(now_standing)
    news: list[Standing] = []
    for problem in sorted({standing.problem for standing in given}):
        of_problem = [standing for standing in given if standing.problem == problem]
        as_of = max(standing.at for standing in of_problem)
        before = held
        if before is None:
            before = {standing.indicator: standing for standing in latest_standings(connection, problem, as_of=as_of)}
        news += [standing for standing in of_problem if _tells(standing, before.get(standing.indicator))]
    if news:
        connection.execute(insert(standings), [_standing_row(standing) for standing in news])
    return news


def _tells(new: Standing, held: Standing | None) -> bool:
    # One row a day even when nothing moves: it shows that the indicator was looked at, and days stay cheap to read.
    return held is None or replace(new, at=held.at) != held or new.at.date() != held.at.date()


def _latest() -> Select[Any]:
    """The last row of each indicator known by an instant: a look-up per name, not a pass over all ever written."""
    problem, as_of = bindparam("of_problem", type_=String), bindparam("as_of", type_=Instant)
    names = (
        select(func.min(standings.c.indicator).label("indicator"))
        .where(standings.c.problem == problem)
        .cte("names", recursive=True)
    )
    following = (
        select(func.min(standings.c.indicator))
        .where(standings.c.problem == problem, standings.c.indicator > names.c.indicator)
        .scalar_subquery()
    )
    names = names.union_all(select(following).where(names.c.indicator.is_not(None)))
    last = alias(standings, "last")
    newest_seq = (
        select(last.c.seq)
        .where(last.c.problem == problem, last.c.indicator == names.c.indicator, last.c.at <= as_of)
        .order_by(last.c.at.desc(), last.c.seq.desc())
        .limit(1)
        .correlate(names)
        .scalar_subquery()
    )
    found = select(standings).join_from(names, standings, standings.c.seq == newest_seq)
    return found.order_by(standings.c.indicator)


LATEST = _latest()


def latest_standings(connection: Connection, problem: str, *, as_of: datetime) -> list[Standing]:
    """Where each indicator stood at `as_of`, by id."""
    return [_standing(row) for row in connection.execute(LATEST, {"of_problem": problem, "as_of": as_of})]


def standing_history(
    connection: Connection, problem: str, indicator: str, *, since: datetime, as_of: datetime
) -> list[Standing]:
    """How an indicator stood from `since` on, led by the standing in force at `since`; oldest first."""
    before = (
        select(func.max(standings.c.at))
        .where(standings.c.problem == problem, standings.c.indicator == indicator, standings.c.at <= since)
        .scalar_subquery()
    )
    query = (
        select(standings)
        .where(
            standings.c.problem == problem,
            standings.c.indicator == indicator,
            standings.c.at <= as_of,
            or_(standings.c.at > since, standings.c.at == before),
        )
        .order_by(standings.c.at, standings.c.seq)
    )
    return [_standing(row) for row in connection.execute(query)]


def level_changes(connection: Connection, problem: str, *, since: datetime, as_of: datetime) -> list[Standing]:
    """The standings after `since` that brought a new level or a new blindness, oldest first: what changed."""
    by, order = standings.c.indicator, (standings.c.at, standings.c.seq)
    told = (
        select(
            *standings.c,
            over(func.lag(standings.c.level), partition_by=by, order_by=order).label("level_before"),
            over(func.lag(standings.c.no_data), partition_by=by, order_by=order).label("no_data_before"),
        )
        .where(standings.c.problem == problem, standings.c.at <= as_of)
        .subquery()
    )
    first_and_calm = and_(told.c.level_before.is_(None), told.c.level == int(Level.NORMAL), told.c.no_data.is_(False))
    moved = or_(
        told.c.level_before.is_(None),
        told.c.level != told.c.level_before,
        told.c.no_data != told.c.no_data_before,
    )
    query = select(told).where(told.c.at > since, moved, ~first_and_calm).order_by(told.c.at, told.c.seq)
    return [_standing(row) for row in connection.execute(query)]


def save_recommendation(
    connection: Connection, recommended: Recommendation, *, held: Recommendation | None = None
) -> bool:
    """Keep a recommendation that tells something new, and say whether it did: a change, or the first of a day.

    `held` is the last one kept, where the caller has it at hand; else it is read.
    """
    if held is None:
        held = latest_recommendation(connection, recommended.problem, as_of=recommended.at)
    if held is not None and replace(recommended, at=held.at) == held and held.at.date() == recommended.at.date():
        return False
    connection.execute(
        insert(recommendations).values(
            problem=recommended.problem,
            at=recommended.at,
            condition=int(recommended.condition),
            why=list(recommended.why),
            coverage=recommended.coverage,
            blind=list(recommended.blind),
            assessable_downward=recommended.assessable_downward,
            days_below=_days_out(recommended.days_below),
            since=recommended.since,
        )
    )
    return True


def latest_recommendation(connection: Connection, problem: str, *, as_of: datetime) -> Recommendation | None:
    """What was recommended at `as_of`; None before the first evaluation."""
    row = connection.execute(
        select(recommendations)
        .where(recommendations.c.problem == problem, recommendations.c.at <= as_of)
        .order_by(recommendations.c.at.desc(), recommendations.c.seq.desc())
        .limit(1)
    ).first()
    return None if row is None else _recommendation(row)


def condition_history(
    connection: Connection, problem: str, *, since: datetime | None = None, as_of: datetime
) -> list[Recommendation]:
    """One entry for each change of the recommended condition, oldest first; led by the one in force at `since`."""
    order = (recommendations.c.at, recommendations.c.seq)
    told = (
        select(*recommendations.c, over(func.lag(recommendations.c.condition), order_by=order).label("before"))
        .where(recommendations.c.problem == problem, recommendations.c.at <= as_of)
        .subquery()
    )
    query = (
        select(told)
        .where(or_(told.c.before.is_(None), told.c.before != told.c.condition))
        .order_by(told.c.at, told.c.seq)
    )
    history = [_recommendation(row) for row in connection.execute(query)]
    if since is None:
        return history
    first = sum(change.at <= since for change in history)
    return history[max(0, first - 1) :]


def set_condition(connection: Connection, chosen: SetCondition) -> None:
    """Keep the condition a named person set, with the reason."""
    connection.execute(
        insert(set_conditions).values(
            problem=chosen.problem,
            condition=int(chosen.condition),
            set_by=chosen.by,
            at=chosen.at,
            reason=chosen.reason,
        )
    )


def conditions_set(connection: Connection, problem: str, *, as_of: datetime) -> list[SetCondition]:
    """Every condition a person set by `as_of`, oldest first; the last one is in force."""
    rows = connection.execute(
        select(set_conditions)
        .where(set_conditions.c.problem == problem, set_conditions.c.at <= as_of)
        .order_by(set_conditions.c.at, set_conditions.c.seq)
    )
    return [
        SetCondition(
            problem=row.problem,
            condition=WatchCondition(row.condition),
            by=row.set_by,
            at=row.at,
            reason=row.reason,
        )
        for row in rows
    ]


def board(
    connection: Connection,
    problem: str,
    *,
    as_of: datetime,
    history_since: datetime | None = None,
    name: str = "",
    order: Sequence[str] = (),
) -> Board:
    """Where a problem stood at `as_of`; standings in `order` (the catalogue's), those it does not name behind."""
    place = {indicator: number for number, indicator in enumerate(order)}
    chosen = conditions_set(connection, problem, as_of=as_of)
    return Board(
        problem=problem,
        name=name or problem,
        as_of=as_of,
        recommendation=latest_recommendation(connection, problem, as_of=as_of),
        set=chosen[-1] if chosen else None,
        history=tuple(condition_history(connection, problem, since=history_since, as_of=as_of)),
        standings=tuple(
            sorted(
                latest_standings(connection, problem, as_of=as_of),
                key=lambda standing: (place.get(standing.indicator, len(place)), standing.indicator),
            )
        ),
    )


def _days_out(days: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in days]


def _days_in(days: Iterable[str]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(day) for day in days)


def _standing_row(standing: Standing) -> dict[str, Any]:
    return {
        "problem": standing.problem,
        "indicator": standing.indicator,
        "at": standing.at,
        "level": int(standing.level),
        "no_data": standing.no_data,
        "learning": standing.learning,
        "level_since": standing.level_since,
        "no_data_since": standing.no_data_since,
        "episode": standing.episode,
        "peak": int(standing.peak),
        "days_below": _days_out(standing.days_below),
        "days_at_watch": _days_out(standing.days_at_watch),
        "count": standing.count,
        "expected": standing.expected,
        "coverage": standing.coverage,
        "origins": standing.origins,
        "active": standing.active,
        "weight": standing.weight.value,
        "why": standing.why,
    }


def _standing(row: Row[Any]) -> Standing:
    fields = row._mapping
    return Standing(
        problem=row.problem,
        indicator=row.indicator,
        at=row.at,
        level=Level(row.level),
        no_data=row.no_data,
        learning=row.learning,
        level_since=row.level_since,
        no_data_since=row.no_data_since,
        episode=row.episode,
        peak=Level(row.peak),
        days_below=_days_in(row.days_below),
        days_at_watch=_days_in(row.days_at_watch),
        count=fields["count"],
        expected=row.expected,
        coverage=row.coverage,
        origins=row.origins,
        active=row.active,
        weight=Weight(row.weight),
        why=row.why,
    )


def _recommendation(row: Row[Any]) -> Recommendation:
    return Recommendation(
        problem=row.problem,
        at=row.at,
        condition=WatchCondition(row.condition),
        why=tuple(row.why),
        coverage=row.coverage,
        blind=tuple(row.blind),
        assessable_downward=row.assessable_downward,
        days_below=_days_in(row.days_below),
        since=row.since,
    )

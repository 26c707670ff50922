"""SQL of leases and host budgets: who visits what, and when its host may be asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Float,
    Integer,
    Row,
    String,
    any_,
    bindparam,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.dml import Update
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Select

from feeds.database import Instant, execute_many
from feeds.store.rows import CHUNK, chunks, insert_into
from feeds.store.tables import FEED_STATES, HOSTS, LEASES

FARTHEST_DUE = timedelta(days=9)
"""Nothing is ever planned further ahead: what is, was planned by a clock that was wrong, and is due now."""
CLAIM_PAGES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to visit one feed until it expires; `fence` proves at the end that it was not lost meanwhile."""

    feed_id: str
    owner: str
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What one claim took."""

    leases: tuple[Lease, ...] = ()
    more: bool = False
    """True when there may be more that is due: the claim ended at its limit."""


def claim_due(
    connection: Connection,
    feed_ids: Collection[str],
    *,
    now: datetime,
    owner: str,
    limit: int,
    lease_for: timedelta,
    spacing: Mapping[str, timedelta],
    default_spacing: timedelta,
) -> list[Lease]:
    """Take feeds that are due, one a host, whose host is free and which nobody holds; their hosts become busy.

    Two claimers never get the same feed, nor one host twice within its spacing: on SQLite the write lock orders them,
    on PostgreSQL locked rows are skipped and a host's row is taken by compare-and-set.
    """
    claimed = claim_batch(
        connection,
        feed_ids,
        now=now,
        owner=owner,
        limit=limit,
        lease_for=lease_for,
        spacing=spacing,
        default_spacing=default_spacing,
    )
    return list(claimed.leases)


def claim_batch(
    connection: Connection,
    feed_ids: Collection[str],
    *,
    now: datetime,
    owner: str,
    limit: int,
    lease_for: timedelta,
    spacing: Mapping[str, timedelta],
    default_spacing: timedelta,
) -> Claimed:
    """As `claim_due`, and whether claiming again at the same `now` may find more."""
    chosen: list[Row[Any]] = []
    free_at: dict[str, datetime] = {}
    more = False
    for row in _candidates(connection, feed_ids, now=now, page=limit + 1):
        if len(chosen) == limit or row is None:
            more = True
            break
        wait = spacing.get(row.host, default_spacing) if row.host else timedelta(0)
        if row.host not in free_at:
            if wait > timedelta(0):
                free_at[row.host] = now + wait
            chosen.append(row)
    taken = _take_hosts(connection, free_at, now=now)
    chosen = [row for row in chosen if row.host in taken or row.host not in free_at]
    # The rows are ours until the transaction ends, so what was read of them still holds.
    leases = tuple(Lease(feed_id=row.feed_id, owner=owner, fence=row.fence + 1) for row in chosen)
    if leases:
        values = {"to": owner, "span_s": lease_for.total_seconds(), "ids": [lease.feed_id for lease in leases]}
        connection.execute(_statements(connection.dialect.name).take_leases, values)
    return Claimed(leases=leases, more=more)


def _candidates(
    connection: Connection, feed_ids: Collection[str], *, now: datetime, page: int
) -> Iterator[Row[Any] | None]:
    """What is due, longest first; ends with None where looking further is left to the next claim."""
    ours = feed_ids if isinstance(feed_ids, Set | Mapping) else set(feed_ids)
    values: dict[str, Any] = {"now": now, "far": now + FARTHEST_DUE, "most": page, "passed": 0}
    if connection.dialect.name == "postgresql":
        values["ours"] = list(ours)
    found = 0
    while found < CLAIM_PAGES * page:
        rows = connection.execute(_statements(connection.dialect.name).due, values).all()
        # Naming a thousand feeds in a statement costs more than passing over the few that are not ours.
        mine = [row for row in rows if row.feed_id in ours]
        yield from mine
        if len(rows) < page:
            return
        found += len(mine)
        values["passed"] += page
    yield None


def _take_hosts(connection: Connection, free_at: Mapping[str, datetime], *, now: datetime) -> Set[str]:
    if not free_at:
        return frozenset()
    # One order for everybody, by host, so that two claimers cannot wait for each other.
    far = now + FARTHEST_DUE
    rows = [{"host": host, "free_at": free_at[host], "now": now, "far": far} for host in sorted(free_at)]
    statement = _statements(connection.dialect.name).take_host
    if connection.dialect.name == "postgresql":
        return {str(row["host"]) for row in rows if connection.execute(statement, row).first() is not None}
    # Whoever writes here is alone: a host that was free when the feeds were chosen is free now.
    connection.execute(statement, rows)
    return free_at.keys()


def hold_host(connection: Connection, host: str, *, until: datetime) -> None:
    """Nobody asks `host` before `until`, unless it is held longer already."""
    connection.execute(_statements(connection.dialect.name).hold_host, {"host": host, "free_at": until})


def finish_lease(connection: Connection, lease: Lease) -> bool:
    """Give a lease back; False when it was lost meanwhile, and then nothing of the visit may be written."""
    return finish_leases(connection, [lease]) == 1


def finish_leases(connection: Connection, leases: Collection[Lease]) -> int:
    """Give leases back; how many of them were still held."""
    if not leases:
        return 0
    # In one order for everybody, so that two writers cannot wait for each other.
    rows = sorted((lease.feed_id, lease.owner, lease.fence) for lease in leases)
    return execute_many(connection, _FINISH_LEASE, ("held_feed", "held_by", "held_fence"), rows)


def withdraw_leases(connection: Connection, feed_ids: Collection[str]) -> None:
    """Take these feeds from whoever visits them now: what they bring was fetched where the feed no longer is."""
    for chunk in chunks(sorted(feed_ids), CHUNK):
        connection.execute(_WITHDRAW_LEASES, {"ids": chunk})


def release_owner(connection: Connection, owner: str) -> int:
    """Give back every lease of a poller that stops in good order."""
    return connection.execute(update(LEASES).where(LEASES.c.owner == owner).values(owner=None, expires_s=None)).rowcount


def release_dead(connection: Connection, is_dead: Callable[[str], bool]) -> int:
    """Give back the leases of pollers that are known to run no more; of others nobody can know but by waiting."""
    owners = connection.execute(select(LEASES.c.owner).where(LEASES.c.owner.is_not(None)).distinct()).scalars().all()
    return sum(release_owner(connection, owner) for owner in owners if is_dead(owner))


def earliest_due(connection: Connection, feed_ids: Collection[str]) -> datetime | None:
    """When the first of these feeds that nobody holds may be visited: due, and its host free."""
    ours = feed_ids if isinstance(feed_ids, Set | Mapping) else set(feed_ids)
    statement = _statements(connection.dialect.name).soonest
    earliest: datetime | None = None
    passed, most = 0, 4
    while True:
        rows = connection.execute(statement, {"most": most, "passed": passed}).all()
        for feed_id, due_at, free_at in rows:
            if earliest is not None and due_at >= earliest:
                return earliest
            if feed_id in ours:
                at = due_at if free_at is None or free_at <= due_at else free_at
                earliest = at if earliest is None else min(earliest, at)
        if len(rows) < most:
            return earliest
        passed, most = passed + len(rows), 512


# --- statements: each built once, for building one costs more than the database needs to answer it ------------------

_FINISH_LEASE = (
    update(LEASES)
    .where(
        LEASES.c.feed_id == bindparam("held_feed"),
        LEASES.c.owner == bindparam("held_by"),
        LEASES.c.fence == bindparam("held_fence"),
    )
    .values(owner=null(), expires_s=null())
)
_WITHDRAW_LEASES = (
    update(LEASES)
    .where(LEASES.c.feed_id.in_(bindparam("ids", expanding=True)))
    .values(owner=null(), expires_s=null(), fence=LEASES.c.fence + 1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statements:
    """Those that the two databases word differently."""

    due: Select[Any]
    soonest: Select[Any]
    take_leases: Update
    take_host: Any
    hold_host: Any


@cache
def _statements(dialect: str) -> _Statements:
    now, far = bindparam("now", type_=Instant()), bindparam("far", type_=Instant())
    states = FEED_STATES.join(LEASES, LEASES.c.feed_id == FEED_STATES.c.feed_id)
    states = states.outerjoin(HOSTS, HOSTS.c.host == FEED_STATES.c.host)
    page = {"most": bindparam("most", type_=Integer()), "passed": bindparam("passed", type_=Integer())}
    nobodys = or_(LEASES.c.owner.is_(None), LEASES.c.expires_s <= _clock(dialect))
    due = (
        select(FEED_STATES.c.feed_id, FEED_STATES.c.host, LEASES.c.fence)
        .select_from(states)
        .where(
            or_(FEED_STATES.c.next_due_at <= now, FEED_STATES.c.next_due_at > far),
            or_(HOSTS.c.free_at.is_(None), HOSTS.c.free_at <= now, HOSTS.c.free_at > far),
            nobodys,
        )
        .order_by(FEED_STATES.c.next_due_at)
        .limit(page["most"])
        .offset(page["passed"])
        .with_for_update(of=LEASES, skip_locked=True)
    )
    if dialect == "postgresql":
        # What is read here is locked, so the feeds of other pollers are left out already by the database.
        due = due.where(FEED_STATES.c.feed_id == any_(bindparam("ours", type_=postgresql.ARRAY(String))))
        due = due.order_by(FEED_STATES.c.feed_id)
    soonest = (
        select(FEED_STATES.c.feed_id, FEED_STATES.c.next_due_at, HOSTS.c.free_at)
        .select_from(states)
        .where(nobodys)
        .order_by(FEED_STATES.c.next_due_at)
        .limit(page["most"])
        .offset(page["passed"])
    )
    host = {"host": bindparam("host"), "free_at": bindparam("free_at", type_=Instant())}
    take_host, hold_host = insert_into(dialect, HOSTS).values(host), insert_into(dialect, HOSTS).values(host)
    take_host = take_host.on_conflict_do_update(
        index_elements=["host"],
        set_={"free_at": take_host.excluded.free_at},
        where=or_(HOSTS.c.free_at <= now, HOSTS.c.free_at > far),
    )
    return _Statements(
        due=due,
        soonest=soonest,
        take_leases=update(LEASES)
        .where(LEASES.c.feed_id.in_(bindparam("ids", expanding=True)))
        .values(
            owner=bindparam("to"),
            fence=LEASES.c.fence + 1,
            expires_s=_clock(dialect) + bindparam("span_s", type_=Float()),
        ),
        take_host=take_host.returning(HOSTS.c.host) if dialect == "postgresql" else take_host,
        hold_host=hold_host.on_conflict_do_update(
            index_elements=["host"],
            set_={"free_at": hold_host.excluded.free_at},
            where=HOSTS.c.free_at < hold_host.excluded.free_at,
        ),
    )


def _clock(dialect: str) -> ColumnElement[float]:
    # The database's own clock: pollers on several machines need not agree on the time.
    if dialect == "postgresql":
        return literal_column("extract(epoch FROM clock_timestamp())::float8", Float)
    return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Float)

"""SQL of what the poller remembers of each feed between visits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from feeds.database import execute_many
from feeds.model import Outcome
from feeds.store.rows import CHUNK, add_missing, chunks
from feeds.store.tables import FEED_STATES, LEASES


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What the poller remembers of a feed between visits."""

    feed_id: str
    registry_url: str
    url: str
    host: str
    next_due_at: datetime
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    body_outcome: Outcome | None = None
    """What the body with `body_hash` turned out to be: an unchanged broken page is still broken."""
    body_detail: str = ""
    entries: int = 0
    newest_at: datetime | None = None
    rate: float | None = None
    ttl_s: int = 0
    max_age_s: int = 0
    failures: int = 0
    gone_count: int = 0
    polled_at: datetime | None = None
    read_at: datetime | None = None
    unconditional_at: datetime | None = None
    moved_to: str | None = None
    moved_since_at: datetime | None = None


STATE_ROW = tuple(field.name for field in fields(FeedState))
SCHEDULE = ("next_due_at", "rate", "max_age_s", "failures", "gone_count", "polled_at", "read_at")
"""What every visit changes."""
_learned = attrgetter(*(name for name in STATE_ROW if name not in SCHEDULE))
_schedule = attrgetter("feed_id", *SCHEDULE)
_everything = attrgetter(*STATE_ROW)
_BODY_OUTCOME = STATE_ROW.index("body_outcome")


def add_states(connection: Connection, states: Iterable[FeedState]) -> None:
    """Begin to remember these feeds; those remembered already keep what they have."""
    states = list(states)
    if not states:
        return
    dialect = connection.dialect.name
    rows = [_state_row(state) for state in states]
    execute_many(connection, add_missing(dialect, FEED_STATES, "feed_id"), STATE_ROW, rows)
    leases = [(state.feed_id, 0) for state in states]
    execute_many(connection, add_missing(dialect, LEASES, "feed_id"), ("feed_id", "fence"), leases)


def save_state(connection: Connection, state: FeedState) -> None:
    """Write a feed's state back."""
    save_states(connection, [state])


def save_states(
    connection: Connection, states: Iterable[FeedState], *, before: Mapping[str, FeedState] | None = None
) -> None:
    """Write the states of these feeds back; where it is known how they were `before`, only what a quiet visit changes.

    Most visits find nothing new, and then two thirds of a state are as they were.
    """
    whole: list[FeedState] = []
    quiet: list[FeedState] = []
    # In one order for everybody, so that two writers cannot wait for each other.
    for state in sorted(states, key=lambda state: state.feed_id):
        old = before.get(state.feed_id) if before is not None else None
        same = old is not None and _learned(state) == _learned(old)
        (quiet if same else whole).append(state)
    if quiet:
        execute_many(connection, _SAVE_SCHEDULE, _NEW_SCHEDULE, [_schedule(state) for state in quiet])
    if whole:
        execute_many(connection, _SAVE_STATE, _NEW_STATE, [_state_row(state) for state in whole])


def states_of(connection: Connection, feed_ids: Collection[str]) -> dict[str, FeedState]:
    """The states of these feeds, as far as they were ever begun."""
    found: dict[str, FeedState] = {}
    for chunk in chunks(sorted(set(feed_ids)), CHUNK):
        for row in connection.execute(_STATES, {"ids": chunk}):
            found[row.feed_id] = _state(row._asdict())
    return found


# --- statements: each built once, for building one costs more than the database needs to answer it ------------------

_NEW_STATE = tuple(f"new_{name}" for name in STATE_ROW)
_NEW_SCHEDULE = tuple(f"new_{name}" for name in ("feed_id", *SCHEDULE))
_STATES = select(FEED_STATES).where(FEED_STATES.c.feed_id.in_(bindparam("ids", expanding=True)))
_SAVE_STATE = (
    update(FEED_STATES)
    .where(FEED_STATES.c.feed_id == bindparam("new_feed_id"))
    .values({column: bindparam(f"new_{column.name}") for column in FEED_STATES.c if not column.primary_key})
)
_SAVE_SCHEDULE = (
    update(FEED_STATES)
    .where(FEED_STATES.c.feed_id == bindparam("new_feed_id"))
    .values({FEED_STATES.c[name]: bindparam(f"new_{name}") for name in SCHEDULE})
)


# --- rows ----------------------------------------------------------------------------------------------------------


def _state_row(state: FeedState) -> tuple[Any, ...]:
    row = _everything(state)
    # As plain text: the driver does not know our words.
    outcome = None if state.body_outcome is None else state.body_outcome.value
    return (*row[:_BODY_OUTCOME], outcome, *row[_BODY_OUTCOME + 1 :])


def _state(row: dict[str, Any]) -> FeedState:
    if row["body_outcome"] is not None:
        row["body_outcome"] = Outcome(row["body_outcome"])
    return FeedState(**row)

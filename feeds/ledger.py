"""The collector's book-keeping: what is claimed, what a visit brought, and what is remembered between visits.

Everything here runs in one thread and in short transactions, none of which spans a fetch.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from feeds import store, visit
from feeds.database import reading, writing
from feeds.model import Entry, Feed, FeedKind, Item, Poll
from feeds.store import FeedState, Lease
from feeds.visit import Finding

log = logging.getLogger(__name__)
DEAF_AFTER = timedelta(hours=1)
"""When for so long no server has answered at all, it is our own network that is down."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING_SEEN = visit.Sightings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A feed that is ours to visit, and what is remembered of it."""

    feed: Feed
    state: FeedState
    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What came of a claim, not yet written."""

    claim: Claim
    finding: Finding
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was written of a visit, or why nothing was."""

    feed_id: str
    poll: Poll | None = None
    new: tuple[Item, ...] = ()
    edits: int = 0
    lost: bool = False
    trouble: str = ""


class LeaseLost(Exception):
    """At least one of the visits to be written was somebody else's meanwhile."""


class Ledger:
    """One poller's side of the store."""

    def __init__(
        self,
        engine: Engine,
        feeds: Iterable[Feed],
        *,
        owner: str | None,
        lease_for: timedelta,
        spacing: Mapping[str, timedelta],
        default_spacing: timedelta,
    ) -> None:
        self.owner = owner or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.feeds: dict[str, Feed] = {}
        self._engine = engine
        self._lease_for = lease_for
        self._spacing = spacing
        self._default_spacing = default_spacing
        self._all_begun = False
        self._remembered: dict[str, tuple[int, FeedState]] = {}
        self._owed: list[Lease] = []
        self.replace_feeds(feeds)

    def replace_feeds(self, feeds: Iterable[Feed]) -> None:
        """From the next claim on these; what the store knows of those that stay is kept."""
        self.feeds = {feed.feed_id: feed for feed in feeds if feed.enabled and feed.kind is not FeedKind.MANUAL}
        self._all_begun = False
        self._remembered.clear()

    # --- before a visit --------------------------------------------------------------------------------------------

    def next_due_at(self) -> datetime | None:
        """When the first feed that nobody holds may be visited; 1970 when one was never visited, None when none may."""
        if not self.feeds:
            return None
        with reading(self._engine) as connection:
            if not self._all_begun:
                known = store.states_of(connection, self.feeds)
                if any(_is_new(feed, known.get(feed_id)) for feed_id, feed in self.feeds.items()):
                    return BEGINNING
            return store.earliest_due(connection, self.feeds)

    def claim(self, now: datetime, *, limit: int) -> tuple[list[Claim], bool]:
        """Take what is due, and whether there may be more."""
        with writing(self._engine) as connection:
            if self._owed:
                store.finish_leases(connection, self._owed)
            if not self._all_begun:
                store.release_dead(connection, _is_dead)
                self._begin_new(connection, now)
            claimed = store.claim_batch(
                connection,
                self.feeds,
                now=now,
                owner=self.owner,
                limit=limit,
                lease_for=self._lease_for,
                spacing=self._spacing,
                default_spacing=self._default_spacing,
            )
            states = self._states(connection, claimed.leases)
        self._owed.clear()
        self._all_begun = True
        claims = [
            Claim(feed=self.feeds[lease.feed_id], state=states[lease.feed_id], lease=lease) for lease in claimed.leases
        ]
        return claims, claimed.more

    def _states(self, connection: Connection, leases: Iterable[Lease]) -> dict[str, FeedState]:
        # A state changes under a lease alone, and every lease has a number of its own: where the one before ours was
        # ours too, the state is what we made it.
        states, unknown = {}, []
        for lease in leases:
            fence, state = self._remembered.get(lease.feed_id, (0, None))
            if state is not None and fence == lease.fence - 1:
                states[lease.feed_id] = state
            else:
                unknown.append(lease.feed_id)
        return states | store.states_of(connection, unknown) if unknown else states

    def _begin_new(self, connection: Connection, now: datetime) -> None:
        known = store.states_of(connection, self.feeds)
        fresh = [
            visit.begin(feed, now=now)
            for feed_id, feed in sorted(self.feeds.items())
            if _is_new(feed, known.get(feed_id))
        ]
        moved = [state for state in fresh if state.feed_id in known]
        store.save_states(connection, moved)
        store.withdraw_leases(connection, [state.feed_id for state in moved])
        store.add_states(connection, [state for state in fresh if state.feed_id not in known])

    def any_known(self, feed: Feed, entries: Sequence[Entry]) -> bool:
        """True when one of these was seen before."""
        ids = [visit.item_id(feed.feed_id, entry.entry_id) for entry in entries]
        with reading(self._engine) as connection:
            return bool(store.known_items(connection, ids))

    # --- after a visit ---------------------------------------------------------------------------------------------

    def write(self, visits: Sequence[Visited], now: datetime) -> list[Result]:
        """Write these visits together; where that cannot be, each by itself, so that none spoils another's."""
        try:
            with writing(self._engine) as connection:
                written = self._write_held(connection, visits, now)
        except LeaseLost:
            if len(visits) == 1:
                feed_id = visits[0].claim.feed.feed_id
                log.warning("%s: its lease was lost while it was visited; nothing is written", feed_id)
                return [Result(feed_id=feed_id, lost=True)]
        except OperationalError as error:
            # Locked, full or away: the same for every visit.
            return self._unwritten(visits, reason_of(error))
        except DBAPIError as error:
            if len(visits) == 1:
                return self._unwritten(visits, reason_of(error))
        else:
            for visited, (state, _) in zip(visits, written, strict=True):
                self._remembered[state.feed_id] = (visited.claim.lease.fence, state)
            return [result for _, result in written]
        return [result for visited in visits for result in self.write([visited], now)]

    def _unwritten(self, visits: Sequence[Visited], reason: str) -> list[Result]:
        # Their feeds are due still, and must not wait for our leases to run out.
        self.give_back([visited.claim.lease for visited in visits])
        results = []
        for visited in visits:
            feed_id = visited.claim.feed.feed_id
            log.warning("visit to %s could not be written: %s", feed_id, reason)
            results.append(Result(feed_id=feed_id, trouble=f"{feed_id}: could not be written ({reason})"))
        return results

    def _write_held(
        self, connection: Connection, visits: Sequence[Visited], now: datetime
    ) -> list[tuple[FeedState, Result]]:
        if store.finish_leases(connection, [visited.claim.lease for visited in visits]) != len(visits):
            raise LeaseLost
        sorted_out = self._sort_out(connection, visits, now)
        new = [item for sightings in sorted_out for item in sightings.new]
        if new:
            store.add_items(connection, new)
        for edit in (edit for sightings in sorted_out for edit in sightings.edits):
            store.add_revision(connection, edit)
        answered = any(visited.finding.status is not None for visited in visits)
        unanswered = not answered and any(visit.is_unanswered(visited.finding) for visited in visits)
        deaf = unanswered and not store.any_answer_since(connection, now - DEAF_AFTER)
        conclusions = [
            visit.conclude(
                visited.claim.feed,
                visited.claim.state,
                visited.finding,
                new_items=len(sightings.new),
                now=now,
                took=visited.took,
                deaf=deaf,
            )
            for visited, sightings in zip(visits, sorted_out, strict=True)
        ]
        store.add_polls(connection, [conclusion.poll for conclusion in conclusions])
        before = {visited.claim.feed.feed_id: visited.claim.state for visited in visits}
        store.save_states(connection, [conclusion.state for conclusion in conclusions], before=before)
        held = {
            visited.claim.state.host: conclusion.hold_host_for
            for visited, conclusion in sorted(
                zip(visits, conclusions, strict=True), key=lambda pair: pair[1].hold_host_for or timedelta(0)
            )
            if conclusion.hold_host_for is not None and visited.claim.state.host
        }
        for host in sorted(held):
            store.hold_host(connection, host, until=now + held[host])
        return [
            (
                conclusion.state,
                Result(
                    feed_id=conclusion.poll.feed_id,
                    poll=conclusion.poll,
                    new=sightings.new,
                    edits=len(sightings.edits),
                ),
            )
            for sightings, conclusion in zip(sorted_out, conclusions, strict=True)
        ]

    @staticmethod
    def _sort_out(connection: Connection, visits: Sequence[Visited], now: datetime) -> list[visit.Sightings]:
        if not any(visited.finding.entries for visited in visits):
            return [NOTHING_SEEN] * len(visits)
        ids = [
            {visit.item_id(visited.claim.feed.feed_id, entry.entry_id): entry for entry in visited.finding.entries}
            for visited in visits
        ]
        known = store.known_items(connection, [identity for each in ids for identity in each])
        known |= store.known_items(
            connection,
            [
                visit.link_id(visited.claim.feed.feed_id, entry)
                for visited, each in zip(visits, ids, strict=True)
                for identity, entry in each.items()
                if identity in known and visit.may_be_another(known[identity], entry)
            ],
        )
        found = []
        for visited, each in zip(visits, ids, strict=True):
            feed, entries = visited.claim.feed, visited.finding.entries
            instants = [entry.published_at for identity, entry in each.items() if identity not in known]
            since = now - visit.REISSUED_WITHIN
            reissued = store.known_of_instants(connection, feed.feed_id, since, instants) if instants else []
            found.append(visit.sort_out(feed, entries, known=known, reissued=reissued, now=now))
        return found

    def give_back(self, leases: Sequence[Lease]) -> None:
        """Leave these feeds to whoever comes next; where even that cannot be written, the next claim does it."""
        try:
            with writing(self._engine) as connection:
                store.finish_leases(connection, leases)
        except DBAPIError as error:
            self._owed += leases
            log.warning("leases could not be given back yet: %s", reason_of(error))

    def release(self) -> None:
        """Give back everything, at the end."""
        try:
            with writing(self._engine) as connection:
                store.release_owner(connection, self.owner)
        except DBAPIError as error:
            # Another poller of this machine sees that we are no more; those of others wait for them to run out.
            log.warning("leases could not be given back: %s", reason_of(error))


def reason_of(error: DBAPIError) -> str:
    """What a database said, in one line."""
    return str(error.orig).strip().partition("\n")[0]


def _is_new(feed: Feed, state: FeedState | None) -> bool:
    return state is None or state.registry_url != feed.url


def _is_dead(owner: str) -> bool:
    """True when a poller is known to run no more: its process was one of this machine."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdecimal() or sys.platform == "win32":
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False

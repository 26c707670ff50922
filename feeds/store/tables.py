"""The tables of collection."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Engine, Float, ForeignKey, Index, Integer, String, Table, Text

from feeds.database import Instant, metadata

SERIAL = BigInteger().with_variant(Integer, "sqlite")

ITEMS = Table(
    "items",
    metadata,
    Column("seq", SERIAL, primary_key=True, autoincrement=True),
    Column("item_id", String, nullable=False, unique=True),
    Column("source", String, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("known_at", Instant, nullable=False),
    Column("lang", String, nullable=False),
    Column("author", Text, nullable=False),
    Column("forwarded_from", Text, nullable=False),
    Column("published_raw", Text, nullable=False),
    Column("date_method", String, nullable=False),
    Column("date_quality", String, nullable=False),
    Column("content_hash", String, nullable=False, comment="of the first sight"),
    Column("latest_hash", String, comment="of the newest revision; null while there was no edit"),
    Column("latest_published_at", Instant, comment="as the newest revision says; never used as the date"),
    Column("revision", Integer, nullable=False, comment="number of the newest revision, counted beyond those kept"),
    # Both grow at their ends: an index that grows at random places costs a page a row.
    Index("ix_items_known_at", "known_at"),
    Index("ix_items_published_at_source", "published_at", "source"),
    sqlite_autoincrement=True,
    comment="First sights. A row's words and dates are never rewritten; edits are rows of item_revisions.",
)

REVISIONS = Table(
    "item_revisions",
    metadata,
    Column("item_id", String, ForeignKey("items.item_id"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("known_at", Instant, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("published_raw", Text, nullable=False),
    Column("date_method", String, nullable=False),
    Column("date_quality", String, nullable=False),
    comment="Edits, from 1; what an item said afterwards.",
)

POLLS = Table(
    "polls",
    metadata,
    Column("seq", SERIAL, primary_key=True, autoincrement=True),
    Column("feed_id", String, nullable=False),
    Column("polled_at", Instant, nullable=False),
    Column("outcome", String, nullable=False),
    Column("status", Integer),
    Column("entries", Integer, nullable=False),
    Column("new_items", Integer, nullable=False),
    Column("newest_at", Instant),
    Column("took_ms", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_polls_feed_id_polled_at", "feed_id", "polled_at"),
    Index("ix_polls_polled_at", "polled_at"),
    sqlite_autoincrement=True,
    comment="One row a visit, read or not: health and coverage are computed from these and nothing else.",
)

FEED_STATES = Table(
    "feed_states",
    metadata,
    Column("feed_id", String, primary_key=True),
    Column("registry_url", Text, nullable=False, comment="as the registry had it; another one starts the state afresh"),
    Column("url", Text, nullable=False, comment="where we really ask, after permanent moves"),
    Column("host", String, nullable=False),
    Column("next_due_at", Instant, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String),
    Column("body_outcome", String),
    Column("body_detail", Text, nullable=False),
    Column("entries", Integer, nullable=False, comment="in the last document that had any"),
    Column("newest_at", Instant),
    Column("rate", Float, comment="new items a day, learned; null until a document was read"),
    Column("ttl_s", Integer, nullable=False),
    Column("max_age_s", Integer, nullable=False),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("gone_count", Integer, nullable=False, comment="410s in a row"),
    Column("polled_at", Instant),
    Column("read_at", Instant),
    Column("unconditional_at", Instant),
    Column("moved_to", Text),
    Column("moved_since_at", Instant),
    Index("ix_feed_states_next_due_at", "next_due_at"),
)

HOSTS = Table(
    "feed_hosts",
    metadata,
    Column("host", String, primary_key=True),
    Column("free_at", Instant, nullable=False, comment="product time before which nobody asks this host again"),
)

LEASES = Table(
    "feed_leases",
    metadata,
    Column("feed_id", String, ForeignKey("feed_states.feed_id"), primary_key=True),
    Column("owner", String),
    Column(
        "fence", SERIAL, nullable=False, comment="grows with every claim; a holder with an older number has lost it"
    ),
    Column("expires_s", Float, comment="seconds since 1970 on the database's own clock: leases follow real time"),
    comment="Who is at which feed now; a killed holder's lease runs out by itself.",
)

TABLES = (ITEMS, REVISIONS, POLLS, FEED_STATES, HOSTS, LEASES)


def create_tables(engine: Engine) -> None:
    """Make the tables of this room where no migration history does it (tests, the room on its own)."""
    metadata.create_all(engine, tables=list(TABLES))

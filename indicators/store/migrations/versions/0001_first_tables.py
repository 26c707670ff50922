"""Items, polls, signals, events, counts, levels, alerts and mail: the tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Written out, not taken from the rooms: what a step made must not change when they do.
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.String(26).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "alert_versions",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("episode", sa.String(), nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("cleared_at", INSTANT, nullable=True),
        sa.Column("acked_by", sa.String(), nullable=False),
        sa.Column("acked_at", INSTANT, nullable=True),
        sa.Column("ack_until", INSTANT, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("assessment", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_alert_versions")),
        sa.UniqueConstraint("alert_id", "revision", name=op.f("uq_alert_versions_alert_id_revision")),
    )
    op.create_index("ix_alert_versions_raised", "alert_versions", ["problem", "raised_at"], unique=False)
    op.create_table(
        "caught_mail",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("dated_at", INSTANT, nullable=True),
        sa.Column("caught_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_caught_mail")),
    )
    op.create_index("ix_caught_mail_dated", "caught_mail", ["dated_at"], unique=False)
    op.create_table(
        "codings",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("catalogue_version", sa.String(), nullable=False),
        sa.Column("known_at", INSTANT, nullable=False),
        sa.Column("signals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_codings")),
        sa.UniqueConstraint(
            "problem",
            "item_id",
            "revision",
            "catalogue_version",
            name=op.f("uq_codings_problem_item_id_revision_catalogue_version"),
        ),
    )
    op.create_table(
        "count_changes",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("known_at", INSTANT, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("mentions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_count_changes")),
    )
    op.create_index(
        "ix_count_changes_day",
        "count_changes",
        ["problem", "indicator", "occurred_on", "known_at", "events", "mentions"],
        unique=False,
    )
    op.create_table(
        "cursors",
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("seq", SERIAL, nullable=False),
        sa.Column("catalogue_version", sa.String(), nullable=False),
        sa.Column("moved_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("problem", name=op.f("pk_cursors")),
    )
    op.create_table(
        "day_coverage",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("known_at", INSTANT, nullable=False),
        sa.Column("exposure", sa.Float(), nullable=False),
        sa.Column("coverage", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_day_coverage")),
    )
    op.create_index(
        "ix_day_coverage_day", "day_coverage", ["problem", "indicator", "day", "known_at", "seq"], unique=False
    )
    op.create_table(
        "event_versions",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("version_at", INSTANT, nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=True),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("first_known_at", INSTANT, nullable=False),
        sa.Column("known_at", INSTANT, nullable=False),
        sa.Column("credibility", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event_versions")),
    )
    op.create_index("ix_event_versions_day", "event_versions", ["problem", "occurred_on"], unique=False)
    op.create_index(
        "ix_event_versions_event", "event_versions", ["problem", "event_id", "version_at", "seq"], unique=False
    )
    op.create_table(
        "feed_hosts",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("free_at", INSTANT, nullable=False, comment="product time before which nobody asks this host again"),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_feed_hosts")),
    )
    op.create_table(
        "feed_states",
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column(
            "registry_url",
            sa.Text(),
            nullable=False,
            comment="as the registry had it; another one starts the state afresh",
        ),
        sa.Column("url", sa.Text(), nullable=False, comment="where we really ask, after permanent moves"),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("next_due_at", INSTANT, nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.String(), nullable=True),
        sa.Column("body_outcome", sa.String(), nullable=True),
        sa.Column("body_detail", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False, comment="in the last document that had any"),
        sa.Column("newest_at", INSTANT, nullable=True),
        sa.Column(
            "rate", sa.Float(), nullable=True, comment="new items a day, learned; null until a document was read"
        ),
        sa.Column("ttl_s", sa.Integer(), nullable=False),
        sa.Column("max_age_s", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row"),
        sa.Column("gone_count", sa.Integer(), nullable=False, comment="410s in a row"),
        sa.Column("polled_at", INSTANT, nullable=True),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.Column("unconditional_at", INSTANT, nullable=True),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("moved_since_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_feed_states")),
    )
    op.create_index("ix_feed_states_next_due_at", "feed_states", ["next_due_at"], unique=False)
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("real_at", INSTANT, nullable=False),
        sa.Column("next_due_at", INSTANT, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "items",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("known_at", INSTANT, nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("forwarded_from", sa.Text(), nullable=False),
        sa.Column("published_raw", sa.Text(), nullable=False),
        sa.Column("date_method", sa.String(), nullable=False),
        sa.Column("date_quality", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False, comment="of the first sight"),
        sa.Column(
            "latest_hash", sa.String(), nullable=True, comment="of the newest revision; null while there was no edit"
        ),
        sa.Column(
            "latest_published_at", INSTANT, nullable=True, comment="as the newest revision says; never used as the date"
        ),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="number of the newest revision, counted beyond those kept"
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_items")),
        sa.UniqueConstraint("item_id", name=op.f("uq_items_item_id")),
        comment="First sights. A row's words and dates are never rewritten; edits are rows of item_revisions.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_items_known_at", "items", ["known_at"], unique=False)
    op.create_index("ix_items_source_content_hash", "items", ["source", "content_hash"], unique=False)
    op.create_index("ix_items_source_known_at", "items", ["source", "known_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", INSTANT, nullable=False),
        sa.Column("claimed_until", INSTANT, nullable=True),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_alert", "outbox", ["alert_id"], unique=False)
    op.create_index("ix_outbox_due", "outbox", ["state", "next_try_at"], unique=False)
    op.create_index("ix_outbox_queued", "outbox", ["queued_at"], unique=False)
    op.create_table(
        "polls",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("polled_at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("new_items", sa.Integer(), nullable=False),
        sa.Column("newest_at", INSTANT, nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_polls")),
        comment="One row a visit, read or not: health and coverage are computed from these and nothing else.",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_polls_feed_id_polled_at", "polls", ["feed_id", "polled_at"], unique=False)
    op.create_index("ix_polls_polled_at", "polls", ["polled_at"], unique=False)
    op.create_table(
        "recommendations",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("condition", sa.Integer(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("coverage", sa.Float(), nullable=True),
        sa.Column("blind", sa.JSON(), nullable=False),
        sa.Column("assessable_downward", sa.Boolean(), nullable=False),
        sa.Column("days_below", sa.JSON(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_recommendations")),
    )
    op.create_index("ix_recommendations_at", "recommendations", ["problem", "at", "seq"], unique=False)
    op.create_table(
        "set_conditions",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("condition", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_set_conditions")),
    )
    op.create_index("ix_set_conditions_at", "set_conditions", ["problem", "at", "seq"], unique=False)
    op.create_table(
        "signals",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("signal_id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=True),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("weight", sa.String(), nullable=False),
        sa.Column("evidence_start", sa.Integer(), nullable=False),
        sa.Column("evidence_end", sa.Integer(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("actors", sa.JSON(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("quantity_low", sa.Float(), nullable=True),
        sa.Column("quantity_high", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("approximate", sa.Boolean(), nullable=True),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("assertion", sa.String(), nullable=False),
        sa.Column("attributed_to", sa.String(), nullable=True),
        sa.Column("attributed_kind", sa.String(), nullable=True),
        sa.Column("attributed_actor", sa.String(), nullable=True),
        sa.Column("occurred_from", sa.Date(), nullable=False),
        sa.Column("occurred_to", sa.Date(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("known_at", INSTANT, nullable=False),
        sa.Column("catalogue_version", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_signals")),
        sa.UniqueConstraint(
            "problem",
            "signal_id",
            "known_at",
            "catalogue_version",
            name=op.f("uq_signals_problem_signal_id_known_at_catalogue_version"),
        ),
    )
    op.create_index("ix_signals_indicator_published", "signals", ["problem", "indicator", "published_at"], unique=False)
    op.create_index("ix_signals_item", "signals", ["problem", "item_id"], unique=False)
    op.create_index("ix_signals_published", "signals", ["problem", "published_at"], unique=False)
    op.create_table(
        "silences",
        sa.Column("silence_id", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("silence_id", name=op.f("pk_silences")),
    )
    op.create_index("ix_silences_ends", "silences", ["ends_at"], unique=False)
    op.create_table(
        "standings",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("no_data", sa.Boolean(), nullable=False),
        sa.Column("learning", sa.Boolean(), nullable=False),
        sa.Column("level_since", INSTANT, nullable=False),
        sa.Column("no_data_since", INSTANT, nullable=True),
        sa.Column("episode", sa.String(), nullable=False),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("days_below", sa.JSON(), nullable=False),
        sa.Column("days_at_watch", sa.JSON(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=True),
        sa.Column("origins", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_standings")),
    )
    op.create_index("ix_standings_indicator", "standings", ["problem", "indicator", "at", "seq"], unique=False)
    op.create_table(
        "subscribers",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("address", "problem", name=op.f("pk_subscribers")),
    )
    op.create_table(
        "threshold_changes",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("watch", sa.Integer(), nullable=False),
        sa.Column("warning", sa.Integer(), nullable=False),
        sa.Column("critical", sa.Integer(), nullable=False),
        sa.Column("within_s", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_threshold_changes")),
    )
    op.create_index("ix_threshold_changes_at", "threshold_changes", ["problem", "indicator", "at", "seq"], unique=False)
    op.create_table(
        "event_reports",
        sa.Column("seq", SERIAL, autoincrement=True, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("signal_seq", SERIAL, nullable=False),
        sa.Column("version_at", INSTANT, nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("reliability", sa.String(), nullable=False),
        sa.Column("origin_id", sa.String(), nullable=False),
        sa.Column("origin_name", sa.String(), nullable=False),
        sa.Column("origin_official", sa.Boolean(), nullable=False),
        sa.Column("origin_state", sa.String(), nullable=False),
        sa.Column("origin_kind", sa.String(), nullable=False),
        sa.Column("traced_by", sa.String(), nullable=False),
        sa.Column("reprint_of", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["signal_seq"], ["signals.seq"], name=op.f("fk_event_reports_signal_seq_signals")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event_reports")),
    )
    op.create_index(
        "ix_event_reports_event",
        "event_reports",
        ["problem", "event_id", "signal_seq", "version_at", "seq"],
        unique=False,
    )
    op.create_index("ix_event_reports_signal", "event_reports", ["signal_seq"], unique=False)
    op.create_table(
        "feed_leases",
        sa.Column("feed_id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column(
            "fence", SERIAL, nullable=False, comment="grows with every claim; a holder with an older number has lost it"
        ),
        sa.Column(
            "expires_s",
            sa.Float(),
            nullable=True,
            comment="seconds since 1970 on the database's own clock: leases follow real time",
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed_states.feed_id"], name=op.f("fk_feed_leases_feed_id_feed_states")),
        sa.PrimaryKeyConstraint("feed_id", name=op.f("pk_feed_leases")),
        comment="Who is at which feed now; a killed holder's lease runs out by itself.",
    )
    op.create_table(
        "item_revisions",
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("known_at", INSTANT, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("published_raw", sa.Text(), nullable=False),
        sa.Column("date_method", sa.String(), nullable=False),
        sa.Column("date_quality", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.item_id"], name=op.f("fk_item_revisions_item_id_items")),
        sa.PrimaryKeyConstraint("item_id", "revision", name=op.f("pk_item_revisions")),
        comment="Edits, from 1; what an item said afterwards.",
    )

"""The tables, as the newest migration leaves them. Each table has one author.

publisher: feeds, icons, entries, full_texts, revisions · reader: users, sessions, api_keys, setup_tokens,
categories, subscriptions, removed_subscriptions, statuses, choices, retention_rules, saved_searches,
verdicts, filters, import_jobs, import_outlines · machine: feed_states, former_addresses, push_subscriptions,
pruned_entries, retention_state, wanted_texts, pending_entries, entry_terms, links, linking_state, leases,
refresh_runs. What the machine knows can be dropped and recomputed, but for pruned_entries and
former_addresses. The search index (FTS5 on SQLite, a generated tsvector on PostgreSQL) is made by the
migrations.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from aggregator.storage.columntypes import DetailsText, MomentsText, PathText, SkippedText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_NAMES = {"users": "user_id", "feeds": "feed_id", "entries": "entry_id", "categories": "category_id"}


def _references(table: str, *, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    """A foreign key; the row goes with what it refers to, a nullable one only forgets it."""
    target = ForeignKey(f"{table}.id", ondelete="SET NULL" if nullable else "CASCADE")
    return Column(
        _NAMES[table], Integer, target, primary_key=primary_key, nullable=nullable, autoincrement=False
    )


# ── the publisher ────────────────────────────────────────────────────────────────────────────────

# Raster images only, small; one for all feeds that show the same.
icons = Table(
    "icons",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("content_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("site_url", Text),
    Column("description", Text, nullable=False, default=""),
    Column("language", Text),
    Column("icon_id", Integer, ForeignKey("icons.id")),
    sqlite_autoincrement=True,
)

# Wide columns come last: SQLite then lists headlines without reading them.
entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    _references("feeds"),
    Column("guid", Text, nullable=False),
    Column("url", Text),
    Column("title", Text, nullable=False),
    Column("author", Text),
    Column("published_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("details", DetailsText),
    UniqueConstraint("feed_id", "guid"),
    Index(None, "published_at", "id"),
    Index(None, "feed_id", "published_at", "id"),
    Index(None, "url"),
    sqlite_autoincrement=True,
)

# Entries whose text, HTML and summary are those of their page, and what their feed says instead.
full_texts = Table(
    "full_texts",
    metadata,
    _references("entries", primary_key=True),
    Column("url", Text, nullable=False),
    Column("fetched_at", UtcDateTime, nullable=False),
    Column("digest", Text, nullable=False),
    Column("feed_summary", Text, nullable=False),
    Column("feed_text", Text, nullable=False),
    Column("feed_html", Text, nullable=False),
)

# What an edited entry said before, oldest first.
revisions = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    _references("entries"),
    Column("replaced_at", UtcDateTime, nullable=False),
    Column("title", Text, nullable=False),
    Column("html", Text, nullable=False),
    Index(None, "entry_id", "replaced_at"),
)

# ── the reader ───────────────────────────────────────────────────────────────────────────────────

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("role", Text, nullable=False, server_default="owner"),
    Column("password_hash", Text),
    Column("language", Text),
)

# Where somebody is logged in. Of what the browser shows, only the digest is kept; so with the two below.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    _references("users"),
    Column("digest", Text, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("browser", Text, nullable=False),
    Index(None, "user_id"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    _references("users"),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("scope", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index(None, "user_id"),
)

# The links that let somebody set the owner's first password.
setup_tokens = Table(
    "setup_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
)

categories = Table(
    "categories",
    metadata,
    Column("id", Integer, primary_key=True),
    _references("users"),
    Column("path", PathText, nullable=False),
    UniqueConstraint("user_id", "path"),
)

# `unread` is kept: it moves in the transaction that adds an entry or changes a status.
subscriptions = Table(
    "subscriptions",
    metadata,
    _references("users", primary_key=True),
    _references("feeds", primary_key=True),
    _references("categories", nullable=True),
    Column("title", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("unread", Integer, nullable=False, default=0),
    Column("paused_at", UtcDateTime),
    Column("full_text_since", UtcDateTime),
    CheckConstraint("unread >= 0", name="unread"),
    Index(None, "feed_id"),
)

# What was followed until a moment ago: a removal can be undone.
removed_subscriptions = Table(
    "removed_subscriptions",
    metadata,
    _references("users", primary_key=True),
    _references("feeds", primary_key=True),
    _references("categories", nullable=True),
    Column("title", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("paused_at", UtcDateTime),
    Column("removed_at", UtcDateTime, nullable=False),
    Column("full_text_since", UtcDateTime),
    Index(None, "feed_id"),
)

statuses = Table(
    "statuses",
    metadata,
    _references("users", primary_key=True),
    _references("entries", primary_key=True),
    Column("read_at", UtcDateTime),
    Column("starred_at", UtcDateTime),
    Column("hidden_by", Integer, ForeignKey("filters.id", ondelete="SET NULL")),
    Index(None, "entry_id"),
    Index(None, "user_id", "starred_at"),
    Index(None, "user_id", "read_at", "entry_id"),
)
Index(
    "ix_statuses_hidden_by",
    statuses.c.hidden_by,
    sqlite_where=statuses.c.hidden_by.is_not(None),
    postgresql_where=statuses.c.hidden_by.is_not(None),
)

# What a person wants done with what arrives. One that hid entries stays, deleted, to say so.
filters = Table(
    "filters",
    metadata,
    Column("id", Integer, primary_key=True),
    _references("users"),
    Column("feed_id", Integer, ForeignKey("feeds.id", ondelete="CASCADE")),
    Column("category_id", Integer, ForeignKey("categories.id", ondelete="CASCADE")),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("match_all", Boolean, nullable=False),
    Column("action", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
    Index(None, "user_id"),
)

# What is kept of one feed, where that is not what the settings say.
retention_rules = Table(
    "retention_rules",
    metadata,
    _references("feeds", primary_key=True),
    Column("keep_days", Integer),
    Column("keep_entries", Integer),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("id", Integer, primary_key=True),
    _references("users"),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("user_id", "name"),
)

# Pairs that a person does not want linked; the smaller id first, read from both ends.
verdicts = Table(
    "verdicts",
    metadata,
    _references("users", primary_key=True),
    _references("entries", primary_key=True),
    Column(
        "neighbour_id",
        Integer,
        ForeignKey("entries.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("judged_at", UtcDateTime, nullable=False),
    CheckConstraint("entry_id < neighbour_id", name="order"),
    Index(None, "entry_id"),
    Index(None, "neighbour_id"),
)

# What a person looked at to import, or imported, and what became of each line. The last few are kept.
import_jobs = Table(
    "import_jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    _references("users"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("imported_at", UtcDateTime),
    Index(None, "user_id"),
)

import_outlines = Table(
    "import_outlines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Integer, ForeignKey("import_jobs.id", ondelete="CASCADE"), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("site_url", Text),
    Column("category", PathText, nullable=False),
    Column("feed_id", Integer, ForeignKey("feeds.id", ondelete="SET NULL")),
    Column("reason", Text, nullable=False),
    Column("code", Text, nullable=False),
    Index(None, "job_id", "outcome"),
    Index(None, "feed_id"),
)

# ── the machine ──────────────────────────────────────────────────────────────────────────────────

feed_states = Table(
    "feed_states",
    metadata,
    _references("feeds", primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", Text),
    Column("last_checked_at", UtcDateTime),
    Column("next_fetch_at", UtcDateTime, nullable=False),
    Column("interval_seconds", Float, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("failing_since", UtcDateTime),
    Column("error_code", Text),
    Column("error", Text),
    Column("lease_holder", Text),
    Column("lease_until", UtcDateTime),
    Column("outcome", Text),
    Column("changed_at", UtcDateTime),
    Column("published", MomentsText),
    Column("error_reason", Text),
    Column("gone_at", UtcDateTime),
    Column("gone_since", UtcDateTime),
    Column("gone_times", Integer, nullable=False, server_default="0"),
    Column("moved_to", Text),
    Column("moved_since", UtcDateTime),
    Column("moved_times", Integer, nullable=False, server_default="0"),
    Column("asked_seconds", Float),
    Column("skipped", SkippedText),
    Column("known_items", LargeBinary),
    Column("icon_checked_at", UtcDateTime),
    Index(None, "next_fetch_at"),
    Index(None, "lease_holder"),
)

# From where feeds have moved, so that an old list does not bring them back.
former_addresses = Table(
    "former_addresses",
    metadata,
    Column("url", Text, primary_key=True),
    _references("feeds"),
    Index(None, "feed_id"),
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    _references("feeds", primary_key=True),
    Column("hub_url", Text, nullable=False),
    Column("topic_url", Text, nullable=False),
    Column("token", Text, nullable=False, unique=True),
    Column("secret", Text, nullable=False),
    Column("asked_at", UtcDateTime),
    Column("until", UtcDateTime),
    Column("error", Text),
)

# Entries that retention removed: their documents may still hold them.
pruned_entries = Table(
    "pruned_entries",
    metadata,
    _references("feeds", primary_key=True),
    Column("guid", Text, primary_key=True),
    Column("content_hash", Text, nullable=False),
    Column("pruned_at", UtcDateTime, nullable=False),
)

# How far retention trusts the clock, and when it last ran; at most one row.
retention_state = Table(
    "retention_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ran_at", UtcDateTime, nullable=False),
    Column("trusted_at", UtcDateTime, nullable=False),
)

# Entries whose page is to be fetched, or was in vain; without `due_at` it is not tried again by itself.
wanted_texts = Table(
    "wanted_texts",
    metadata,
    _references("entries", primary_key=True),
    Column("due_at", UtcDateTime),
    Column("tries", Integer, nullable=False),
    Column("tried_at", UtcDateTime),
    Column("error_code", Text),
    Column("error", Text),
    Column("error_reason", Text),
    Index(None, "due_at"),
)

NO_TURN = 2**31 - 1

pending_entries = Table(
    "pending_entries",
    metadata,
    _references("entries", primary_key=True),
    Column("turn", Integer, nullable=False, default=NO_TURN),
    Index(None, "turn", "entry_id"),
)

entry_terms = Table(
    "entry_terms",
    metadata,
    _references("entries", primary_key=True),
    Column("arrival", Integer, nullable=False, unique=True),
    Column("language", Text, nullable=False),
    Column("terms", LargeBinary, nullable=False),
    Column("codes", LargeBinary, nullable=False),
    Column("names", LargeBinary, nullable=False),
    Column("neighbours", LargeBinary, nullable=False),
)

links = Table(
    "links",
    metadata,
    _references("entries", primary_key=True),
    Column("neighbour_id", Integer, ForeignKey("entries.id", ondelete="CASCADE"), primary_key=True),
    Column("score", Float, nullable=False),
    Column("rank", Float, nullable=False),
    Column("older_rank", Float, nullable=False),
    Column("nearness", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("why", Text, nullable=False),
    Column("same_text", Boolean, nullable=False),
    CheckConstraint("entry_id <> neighbour_id", name="two_entries"),
    Index(None, "neighbour_id"),
)
for _name, _columns in (
    ("later", (links.c.entry_id, links.c.neighbour_id)),
    ("older", (links.c.neighbour_id, links.c.entry_id)),
):
    Index(
        f"ix_links_copies_{_name}",
        *_columns,
        sqlite_where=links.c.same_text == 1,
        postgresql_where=links.c.same_text,
    )

choices = Table(
    "choices",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

linking_state = Table(
    "linking_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("generation", Text, nullable=False),
    Column("rebuilt_at", UtcDateTime),
    Column("linked_at", UtcDateTime),
    Column("last_arrival", Integer, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("idf_articles", Integer, nullable=False),
    Column("cpu_seconds", Float, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

refresh_runs = Table(
    "refresh_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("feeds", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("new_entries", Integer, nullable=False),
    Column("entries_before", Integer, nullable=False, server_default="0"),
)

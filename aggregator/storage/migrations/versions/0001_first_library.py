"""The first library: every table, the search index, the owner."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
MOMENT = sa.DateTime(timezone=True)


def _reference(name: str, target: str, *, key: bool = False, nullable: bool = False) -> sa.Column[int]:
    rule = "SET NULL" if nullable else "CASCADE"
    foreign = sa.ForeignKey(target, ondelete=rule)
    return sa.Column(name, sa.Integer, foreign, primary_key=key, nullable=nullable, autoincrement=False)


def _tables() -> sa.MetaData:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    tables = sa.MetaData(naming_convention=NAMES)
    sa.Table(
        "feeds",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("url", sa.Text, nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("site_url", sa.Text),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sqlite_autoincrement=True,
    )
    sa.Table(
        "entries",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        _reference("feed_id", "feeds.id"),
        sa.Column("guid", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("author", sa.Text),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.UniqueConstraint("feed_id", "guid"),
        sa.Index(None, "published_at", "id"),
        sa.Index(None, "feed_id", "published_at", "id"),
        sa.Index(None, "url"),
        sqlite_autoincrement=True,
    )
    sa.Table(
        "users",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    sa.Table(
        "categories",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        _reference("user_id", "users.id"),
        sa.Column("path", sa.Text, nullable=False),
        sa.UniqueConstraint("user_id", "path"),
    )
    sa.Table(
        "subscriptions",
        tables,
        _reference("user_id", "users.id", key=True),
        _reference("feed_id", "feeds.id", key=True),
        _reference("category_id", "categories.id", nullable=True),
        sa.Column("title", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("unread", sa.Integer, nullable=False),
        sa.CheckConstraint("unread >= 0", name="unread"),
        sa.Index(None, "feed_id"),
    )
    sa.Table(
        "statuses",
        tables,
        _reference("user_id", "users.id", key=True),
        _reference("entry_id", "entries.id", key=True),
        sa.Column("read_at", MOMENT),
        sa.Column("starred_at", MOMENT),
        sa.Index(None, "entry_id"),
        sa.Index(None, "user_id", "starred_at"),
    )
    sa.Table(
        "feed_states",
        tables,
        _reference("feed_id", "feeds.id", key=True),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("body_hash", sa.Text),
        sa.Column("last_checked_at", MOMENT),
        sa.Column("next_fetch_at", MOMENT, nullable=False),
        sa.Column("interval_seconds", sa.Float, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", MOMENT),
        sa.Column("error_code", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("lease_holder", sa.Text),
        sa.Column("lease_until", MOMENT),
        sa.Index(None, "next_fetch_at"),
        sa.Index(None, "lease_holder"),
    )
    sa.Table("pending_entries", tables, _reference("entry_id", "entries.id", key=True))
    sa.Table(
        "entry_terms",
        tables,
        _reference("entry_id", "entries.id", key=True),
        sa.Column("arrival", sa.Integer, nullable=False, unique=True),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("terms", sa.LargeBinary, nullable=False),
        sa.Column("counts", sa.LargeBinary, nullable=False),
    )
    sa.Table(
        "links",
        tables,
        _reference("entry_id", "entries.id", key=True),
        _reference("neighbour_id", "entries.id", key=True),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("rank", sa.Float, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("same_text", sa.Boolean, nullable=False),
        sa.CheckConstraint("entry_id <> neighbour_id", name="two_entries"),
        sa.Index(None, "neighbour_id"),
    )
    sa.Table(
        "leases",
        tables,
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
    )
    sa.Table(
        "refresh_runs",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("beat_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("feeds", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("new_entries", sa.Integer, nullable=False),
    )
    return tables


FTS5 = (
    """CREATE VIRTUAL TABLE entries_fts USING fts5(
        title, text, content='entries', content_rowid='id', tokenize='unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER entries_fts_insert AFTER INSERT ON entries BEGIN
        INSERT INTO entries_fts(rowid, title, text) VALUES (new.id, new.title, new.text); END""",
    """CREATE TRIGGER entries_fts_delete AFTER DELETE ON entries BEGIN
        INSERT INTO entries_fts(entries_fts, rowid, title, text)
        VALUES ('delete', old.id, old.title, old.text); END""",
    """CREATE TRIGGER entries_fts_update AFTER UPDATE OF title, text ON entries BEGIN
        INSERT INTO entries_fts(entries_fts, rowid, title, text)
        VALUES ('delete', old.id, old.title, old.text);
        INSERT INTO entries_fts(rowid, title, text) VALUES (new.id, new.title, new.text); END""",
)

# A tsvector holds at most 1 MB; the words past the first 200,000 characters of a text are not searched.
TSVECTOR = (
    """ALTER TABLE entries ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', left(title, 2000)), 'A') ||
        to_tsvector('simple', left(text, 200000))) STORED""",
    "CREATE INDEX ix_entries_search_vector ON entries USING gin (search_vector)",
)


def upgrade() -> None:
    connection = op.get_bind()
    _tables().create_all(connection)
    for statement in TSVECTOR if connection.dialect.name == "postgresql" else FTS5:
        connection.exec_driver_sql(statement)
    connection.execute(
        sa.text("INSERT INTO users (name, created_at) VALUES ('owner', :now)"),
        {"now": datetime.now(UTC).replace(tzinfo=None)},
    )

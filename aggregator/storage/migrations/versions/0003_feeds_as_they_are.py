"""Feeds as they are: what more a publisher says, earlier texts, what was pruned, icons, moves, push."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
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


def _feed(*, primary_key: bool) -> sa.Column[int]:
    foreign = sa.ForeignKey("feeds.id", ondelete="CASCADE")
    return sa.Column("feed_id", sa.Integer, foreign, primary_key=primary_key, autoincrement=False)


def _tables(made: sa.MetaData) -> list[sa.Table]:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    return [
        sa.Table(
            "icons",
            made,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("digest", sa.Text, nullable=False, unique=True),
            sa.Column("content_type", sa.Text, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
        ),
        sa.Table(
            "revisions",
            made,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column(
                "entry_id", sa.Integer, sa.ForeignKey("entries.id", ondelete="CASCADE"), nullable=False
            ),
            sa.Column("replaced_at", MOMENT, nullable=False),
            sa.Column("title", sa.Text, nullable=False),
            sa.Column("html", sa.Text, nullable=False),
            sa.Index(None, "entry_id", "replaced_at"),
        ),
        sa.Table(
            "pruned_entries",
            made,
            _feed(primary_key=True),
            sa.Column("guid", sa.Text, primary_key=True),
            sa.Column("content_hash", sa.Text, nullable=False),
            sa.Column("pruned_at", MOMENT, nullable=False),
        ),
        sa.Table(
            "retention_rules",
            made,
            _feed(primary_key=True),
            sa.Column("keep_days", sa.Integer),
            sa.Column("keep_entries", sa.Integer),
        ),
        sa.Table(
            "retention_state",
            made,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("ran_at", MOMENT, nullable=False),
            sa.Column("trusted_at", MOMENT, nullable=False),
        ),
        sa.Table(
            "push_subscriptions",
            made,
            _feed(primary_key=True),
            sa.Column("hub_url", sa.Text, nullable=False),
            sa.Column("topic_url", sa.Text, nullable=False),
            sa.Column("token", sa.Text, nullable=False, unique=True),
            sa.Column("secret", sa.Text, nullable=False),
            sa.Column("asked_at", MOMENT),
            sa.Column("until", MOMENT),
            sa.Column("error", sa.Text),
        ),
    ]


def upgrade() -> None:
    tables = sa.MetaData(naming_convention=NAMES)
    for name in ("feeds", "entries"):
        sa.Table(name, tables, sa.Column("id", sa.Integer, primary_key=True))
    for table in _tables(tables):
        table.create(op.get_bind())
    op.add_column("entries", sa.Column("details", sa.Text))
    icon = sa.ForeignKey("icons.id", name="fk_feeds_icon_id")
    if op.get_bind().dialect.name == "sqlite":
        # Alembic would copy the table for the sake of the key; SQLite adds it in place.
        op.execute("ALTER TABLE feeds ADD COLUMN icon_id INTEGER REFERENCES icons (id)")
    else:
        op.add_column("feeds", sa.Column("icon_id", sa.Integer, icon))
    op.add_column("subscriptions", sa.Column("paused_at", MOMENT))
    for column in (
        sa.Column("outcome", sa.Text),
        sa.Column("changed_at", MOMENT),
        sa.Column("published", sa.Text),
        sa.Column("error_reason", sa.Text),
        sa.Column("gone_at", MOMENT),
        sa.Column("gone_since", MOMENT),
        sa.Column("gone_times", sa.Integer, nullable=False, server_default="0"),
        sa.Column("moved_to", sa.Text),
        sa.Column("moved_since", MOMENT),
        sa.Column("moved_times", sa.Integer, nullable=False, server_default="0"),
        sa.Column("asked_seconds", sa.Float),
        sa.Column("skipped", sa.Text),
        sa.Column("known_items", sa.LargeBinary),
        sa.Column("icon_checked_at", MOMENT),
    ):
        op.add_column("feed_states", column)

"""What a person followed until a moment ago, so that any removal can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _part_of(name: str, table: str) -> sa.Column[int]:
    target = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, sa.Integer, target, primary_key=True, autoincrement=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _removed(made: sa.MetaData) -> sa.Table:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    return sa.Table(
        "removed_subscriptions",
        made,
        _part_of("user_id", "users"),
        _part_of("feed_id", "feeds"),
        sa.Column("category_id", sa.Integer, sa.ForeignKey("categories.id", ondelete="SET NULL")),
        sa.Column("title", sa.Text),
        _moment("created_at"),
        _moment("paused_at", nullable=True),
        _moment("removed_at"),
        sa.Index(None, "feed_id"),
    )


def upgrade() -> None:
    tables = sa.MetaData(naming_convention=NAMES)
    for name in ("users", "feeds", "categories"):
        sa.Table(name, tables, sa.Column("id", sa.Integer, primary_key=True))
    _removed(tables).create(op.get_bind())

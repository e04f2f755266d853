"""Rules of a person for what arrives, and which of them hid an entry."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _foreign(name: str, table: str, *, nullable: bool) -> sa.Column[int]:
    target = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, sa.Integer, target, nullable=nullable)


def _filters(made: sa.MetaData) -> sa.Table:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    return sa.Table(
        "filters",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        _foreign("user_id", "users", nullable=False),
        _foreign("feed_id", "feeds", nullable=True),
        _foreign("category_id", "categories", nullable=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("match_all", sa.Boolean, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Index(None, "user_id"),
    )


def upgrade() -> None:
    connection = op.get_bind()
    tables = sa.MetaData(naming_convention=NAMES)
    for name in ("users", "feeds", "categories"):
        sa.Table(name, tables, sa.Column("id", sa.Integer, primary_key=True))
    _filters(tables).create(connection)
    for statement in (
        """ALTER TABLE statuses ADD COLUMN hidden_by INTEGER
           CONSTRAINT fk_statuses_hidden_by REFERENCES filters (id) ON DELETE SET NULL""",
        "CREATE INDEX ix_statuses_hidden_by ON statuses (hidden_by) WHERE hidden_by IS NOT NULL",
    ):
        connection.exec_driver_sql(statement)

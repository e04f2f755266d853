"""The linking engine: confidences, compact terms, what the owner chose, how linking goes.

Links and terms are the machine's: they are dropped here, and every entry waits to be linked again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _reference(name: str) -> sa.Column[int]:
    foreign = sa.ForeignKey("entries.id", ondelete="CASCADE")
    return sa.Column(name, sa.Integer, foreign, primary_key=True, autoincrement=False)


def _tables(entries: sa.MetaData) -> list[sa.Table]:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    return [
        sa.Table(
            "pending_entries",
            entries,
            _reference("entry_id"),
            sa.Column("turn", sa.Integer, nullable=False),
            sa.Index(None, "turn", "entry_id"),
        ),
        sa.Table(
            "entry_terms",
            entries,
            _reference("entry_id"),
            sa.Column("arrival", sa.Integer, nullable=False, unique=True),
            sa.Column("language", sa.Text, nullable=False),
            sa.Column("terms", sa.LargeBinary, nullable=False),
            sa.Column("codes", sa.LargeBinary, nullable=False),
            sa.Column("names", sa.LargeBinary, nullable=False),
            sa.Column("neighbours", sa.LargeBinary, nullable=False),
        ),
        sa.Table(
            "links",
            entries,
            _reference("entry_id"),
            _reference("neighbour_id"),
            sa.Column("score", sa.Float, nullable=False),
            sa.Column("rank", sa.Float, nullable=False),
            sa.Column("older_rank", sa.Float, nullable=False),
            sa.Column("nearness", sa.Float, nullable=False),
            sa.Column("confidence", sa.Float, nullable=False),
            sa.Column("why", sa.Text, nullable=False),
            sa.Column("same_text", sa.Boolean, nullable=False),
            sa.CheckConstraint("entry_id <> neighbour_id", name="two_entries"),
            sa.Index(None, "neighbour_id"),
        ),
        sa.Table(
            "choices",
            entries,
            sa.Column("name", sa.Text, primary_key=True),
            sa.Column("value", sa.Text, nullable=False),
        ),
        sa.Table(
            "linking_state",
            entries,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("generation", sa.Text, nullable=False),
            sa.Column("rebuilt_at", sa.DateTime(timezone=True)),
            sa.Column("linked_at", sa.DateTime(timezone=True)),
            sa.Column("last_arrival", sa.Integer, nullable=False),
            sa.Column("articles", sa.Integer, nullable=False),
            sa.Column("idf_articles", sa.Integer, nullable=False),
            sa.Column("cpu_seconds", sa.Float, nullable=False),
        ),
    ]


def upgrade() -> None:
    for name in ("links", "entry_terms", "pending_entries"):
        op.drop_table(name)
    tables = sa.MetaData(naming_convention=NAMES)
    sa.Table("entries", tables, sa.Column("id", sa.Integer, primary_key=True))
    for table in _tables(tables):
        table.create(op.get_bind())
    op.execute("INSERT INTO pending_entries (entry_id, turn) SELECT id, 2147483647 FROM entries")

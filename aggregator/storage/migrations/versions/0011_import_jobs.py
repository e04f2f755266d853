"""Imports that can be looked at later, former addresses of feeds, and where the entries of a run begin."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _foreign(name: str, table: str, *, goes: bool = True) -> sa.Column[int]:
    target = sa.ForeignKey(f"{table}.id", ondelete="CASCADE" if goes else "SET NULL")
    return sa.Column(name, sa.Integer, target, nullable=not goes)


def _tables(made: sa.MetaData) -> tuple[sa.Table, ...]:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    jobs = sa.Table(
        "import_jobs",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        _foreign("user_id", "users"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True)),
        sa.Index(None, "user_id"),
    )
    outlines = sa.Table(
        "import_outlines",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        _foreign("job_id", "import_jobs"),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("outcome", "url", "title")),
        sa.Column("site_url", sa.Text),
        sa.Column("category", sa.Text, nullable=False),
        _foreign("feed_id", "feeds", goes=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("reason", "code")),
        sa.Index(None, "job_id", "outcome"),
        sa.Index(None, "feed_id"),
    )
    former = sa.Table(
        "former_addresses",
        made,
        sa.Column("url", sa.Text, primary_key=True),
        _foreign("feed_id", "feeds"),
        sa.Index(None, "feed_id"),
    )
    return jobs, outlines, former


def upgrade() -> None:
    connection = op.get_bind()
    op.add_column("refresh_runs", sa.Column("entries_before", sa.Integer, nullable=False, server_default="0"))
    tables = sa.MetaData(naming_convention=NAMES)
    for name in ("users", "feeds"):
        sa.Table(name, tables, sa.Column("id", sa.Integer, primary_key=True))
    for table in _tables(tables):
        table.create(connection)

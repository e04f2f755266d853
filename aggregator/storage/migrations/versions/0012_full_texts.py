"""Full texts: which entries have the text of their page, which wait for it, and who wants it always."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _entry() -> sa.Column[int]:
    target = sa.ForeignKey("entries.id", ondelete="CASCADE")
    return sa.Column("entry_id", sa.Integer, target, primary_key=True, autoincrement=False)


def _tables(made: sa.MetaData) -> tuple[sa.Table, ...]:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    full_texts = sa.Table(
        "full_texts",
        made,
        _entry(),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("feed_summary", sa.Text, nullable=False),
        sa.Column("feed_text", sa.Text, nullable=False),
        sa.Column("feed_html", sa.Text, nullable=False),
    )
    wanted_texts = sa.Table(
        "wanted_texts",
        made,
        _entry(),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True)),
        sa.Column("error_code", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("error_reason", sa.Text),
        sa.Index(None, "due_at"),
    )
    return full_texts, wanted_texts


def upgrade() -> None:
    # Without a value: rows of a damaged file that are older than the column can still be saved.
    for name in ("subscriptions", "removed_subscriptions"):
        op.add_column(name, sa.Column("full_text_since", sa.DateTime(timezone=True)))
    tables = sa.MetaData(naming_convention=NAMES)
    sa.Table("entries", tables, sa.Column("id", sa.Integer, primary_key=True))
    for table in _tables(tables):
        table.create(op.get_bind())

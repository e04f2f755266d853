"""What a person judges unrelated; the links that tell copies, found without reading the others."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _to(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")


def upgrade() -> None:
    tables = sa.MetaData(naming_convention=NAMES)
    for name in ("users", "entries"):
        sa.Table(name, tables, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "verdicts",
        tables,
        sa.Column("user_id", sa.Integer, _to("users"), primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.Integer, _to("entries"), primary_key=True, autoincrement=False),
        sa.Column("neighbour_id", sa.Integer, _to("entries"), primary_key=True, autoincrement=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("entry_id < neighbour_id", name="order"),
        sa.Index(None, "entry_id"),
        sa.Index(None, "neighbour_id"),
    ).create(op.get_bind())
    for name, columns in (("later", ["entry_id", "neighbour_id"]), ("older", ["neighbour_id", "entry_id"])):
        op.create_index(
            f"ix_links_copies_{name}",
            "links",
            columns,
            sqlite_where=sa.text("same_text = 1"),  # as queries write it
            postgresql_where=sa.text("same_text"),
        )

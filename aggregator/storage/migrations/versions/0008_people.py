"""People: passwords, roles and languages; where they are logged in; keys of programs."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _user() -> sa.Column[int]:
    return sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _tables(made: sa.MetaData) -> tuple[sa.Table, ...]:
    """Spelled out here, not imported: a migration must not change when the schema does."""
    sessions = sa.Table(
        "sessions",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        _user(),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        _moment("created_at"),
        _moment("seen_at"),
        sa.Column("browser", sa.Text, nullable=False),
        sa.Index(None, "user_id"),
    )
    api_keys = sa.Table(
        "api_keys",
        made,
        sa.Column("id", sa.Integer, primary_key=True),
        _user(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("scope", sa.Text, nullable=False),
        _moment("created_at"),
        _moment("used_at", nullable=True),
        sa.Index(None, "user_id"),
    )
    setup_tokens = sa.Table(
        "setup_tokens", made, sa.Column("digest", sa.Text, primary_key=True), _moment("until")
    )
    return sessions, api_keys, setup_tokens


def upgrade() -> None:
    connection = op.get_bind()
    op.add_column("users", sa.Column("role", sa.Text, nullable=False, server_default="owner"))
    op.add_column("users", sa.Column("password_hash", sa.Text))
    op.add_column("users", sa.Column("language", sa.Text))
    tables = sa.MetaData(naming_convention=NAMES)
    sa.Table("users", tables, sa.Column("id", sa.Integer, primary_key=True))
    for table in _tables(tables):
        table.create(connection)

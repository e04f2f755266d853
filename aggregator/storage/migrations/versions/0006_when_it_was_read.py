"""History: an index of when each person read what."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_statuses_user_id_read_at_entry_id", "statuses", ["user_id", "read_at", "entry_id"])


def downgrade() -> None:
    op.drop_index("ix_statuses_user_id_read_at_entry_id", "statuses")

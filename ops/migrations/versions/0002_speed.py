"""An index for what stands on the suspense account: few rows, asked for with each slice.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.execute(
        "CREATE INDEX ix_split_suspense ON split (payment_id) WHERE kind = 6 AND superseded_by IS NULL"
    )


def downgrade() -> None:
    """Take it away again."""
    op.execute("DROP INDEX ix_split_suspense")

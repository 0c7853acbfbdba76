"""Keep that a person closed a case, whatever its rest is.

Revision ID: 0014
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the day."""
    op.execute("ALTER TABLE kk2_case ADD COLUMN closed_on date")


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

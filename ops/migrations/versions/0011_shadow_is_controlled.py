"""Let a control keep what differs on a day in shadow mode.

Revision ID: 0011
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the part known."""
    op.execute(
        "ALTER TABLE difference DROP CONSTRAINT ck_difference_part, ADD CONSTRAINT ck_difference_part "
        "CHECK (part in ('vouchers', 'statement', 'cases', 'shadow'))"
    )


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

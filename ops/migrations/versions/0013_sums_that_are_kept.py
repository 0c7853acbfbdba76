"""Sums that are kept: payments, vouchers and parked work by day and state, so that no page counts a million rows.

Revision ID: 0013
"""

from pathlib import Path

from alembic import op

from workers.store.bulk import driver

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the SQL file beside this one."""
    driver(op.get_bind()).execute(Path(__file__).with_suffix(".sql").read_bytes())


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

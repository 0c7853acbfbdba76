"""What is booked is a kept sum too, by company, day and kind, so that no page sums every voucher.

Revision ID: 0027
"""

from pathlib import Path

from alembic import op

from workers.store.bulk import driver

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL file beside this one."""
    driver(op.get_bind()).execute(Path(__file__).with_suffix(".sql").read_bytes())


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

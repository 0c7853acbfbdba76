"""What Visma has: the invoices it gave us, and what happened to them there.

Revision ID: 0003
"""

from pathlib import Path

from alembic import op

from workers.store.bulk import driver

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, indexes and triggers of the SQL file beside this one."""
    driver(op.get_bind()).execute(Path(__file__).with_suffix(".sql").read_bytes())


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

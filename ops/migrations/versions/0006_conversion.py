"""Conversion: cases that were transferred before the bridge, and what became of each row of their file.

Revision ID: 0006
"""

from pathlib import Path

from alembic import op

from workers.store.bulk import driver

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the SQL file beside this one."""
    driver(op.get_bind()).execute(Path(__file__).with_suffix(".sql").read_bytes())


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

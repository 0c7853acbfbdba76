"""The number in the last KID that was given to a case, for each account.

Revision ID: 0008
"""

from pathlib import Path

from alembic import op

from workers.store.bulk import driver

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of the SQL file beside this one."""
    driver(op.get_bind()).execute(Path(__file__).with_suffix(".sql").read_bytes())


def downgrade() -> None:
    """There is no way back: a KID that was given away would be given again."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

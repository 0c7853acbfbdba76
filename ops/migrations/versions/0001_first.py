"""The first shape of the store.

Revision ID: 0001
"""

from pathlib import Path

from alembic import op

from workers.store.bulk import driver

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, index and trigger. The SQL stands in a file of its own, to be read as SQL."""
    driver(op.get_bind()).execute(Path(__file__).with_suffix(".sql").read_bytes())


def downgrade() -> None:
    """There is no way back from the first: the store holds money."""
    raise NotImplementedError("the first migration is not taken back; restore a back-up instead")

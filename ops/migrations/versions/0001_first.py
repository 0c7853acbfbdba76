"""The first shape of the store.

Revision ID: 0001
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, index and trigger. The SQL stands in a file of its own, to be read as SQL."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """There is no way back from the first: the store holds money."""
    raise NotImplementedError("the first migration is not taken back; restore a back-up instead")

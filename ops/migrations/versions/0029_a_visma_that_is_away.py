"""How many calls to each Visma in a row got no answer, and until when it is let alone.

Revision ID: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A row is written when a call gets no answer for the first time."""
    op.create_table(
        "breaker",
        sa.Column("installation", sa.Text(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until", sa.TIMESTAMP(timezone=True), nullable=False),
        comment="Calls to a Visma in a row that got no answer, and until when it is let alone",
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("breaker")

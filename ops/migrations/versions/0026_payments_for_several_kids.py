"""Keep who paid, and of a payment for several KIDs what each of them has, as camt.054 tells it.

Revision ID: 0026
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; a payment of an OCR giro file has neither."""
    op.execute("ALTER TABLE payment ADD COLUMN debtor text, ADD COLUMN kids jsonb")


def downgrade() -> None:
    """Take them away."""
    op.execute("ALTER TABLE payment DROP COLUMN debtor, DROP COLUMN kids")

"""Say when a bank file's personal data and its original went, after the years that the law wants them kept.

Revision ID: 0025
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment; nothing was forgotten before."""
    op.execute("ALTER TABLE bank_file ADD COLUMN forgotten_at timestamptz")


def downgrade() -> None:
    """An original that went does not come back."""
    raise NotImplementedError("a migration is undone by restoring the database")

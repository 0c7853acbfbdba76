"""Keep by which sign-in service a person is known: its ids are unique there alone.

Revision ID: 0023
"""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute(
        """
        ALTER TABLE person ADD COLUMN issuer text NOT NULL DEFAULT '';
        ALTER TABLE person DROP CONSTRAINT uq_person_subject;
        ALTER TABLE person ADD CONSTRAINT uq_person_issuer_subject UNIQUE (issuer, subject);
        COMMENT ON TABLE person IS 'Who may sign in. password: argon2, empty for who signs in elsewhere (subject, at that issuer)'
        """
    )


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

"""Case numbers that are passed over after a restore: the lost hours may have given them.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE case_no_series (company TEXT NOT NULL, client TEXT NOT NULL, pattern TEXT NOT NULL, "
        "last BIGINT NOT NULL, CONSTRAINT pk_case_no_series PRIMARY KEY (company, client, pattern))"
    )
    op.execute(
        "COMMENT ON TABLE case_no_series IS 'A number that new case numbers of a pattern must be above, after a restore'"
    )


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

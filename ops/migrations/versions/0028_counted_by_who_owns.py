"""Let the processes, which own no table, have the tables of cases counted anew after a file of thousands.

Revision ID: 0028
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """ANALYZE is for who owns a table; a function of the owner's does that and nothing else."""
    op.execute(
        "CREATE FUNCTION count_cases() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS "
        "$$ ANALYZE kk2_case; ANALYZE item; ANALYZE case_kid $$"
    )


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP FUNCTION count_cases()")

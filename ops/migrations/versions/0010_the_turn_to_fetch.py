"""Whose turn it is to fetch a company's transactions, and at which page a long fetch rests.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COMMENT = (
    "From where a company''s transactions are asked for next time; whose turn it is, and where it rests"
)


def upgrade() -> None:
    """Add the columns; indexes find what waits of a transaction, a voucher by its number, and what a correction corrects."""
    op.execute(
        "ALTER TABLE ledger_cursor ADD COLUMN turn BIGINT DEFAULT 0 NOT NULL, ADD COLUMN work_id BIGINT, "
        "ADD COLUMN page TEXT DEFAULT '' NOT NULL"
    )
    op.execute(f"COMMENT ON TABLE ledger_cursor IS '{_COMMENT}'")
    op.execute("CREATE INDEX ix_work_transaction_id ON work (transaction_id) WHERE state = 'parked'")
    op.execute(
        "CREATE INDEX ix_ledger_transaction_superseded_by ON ledger_transaction (superseded_by) "
        "WHERE superseded_by IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_voucher_company_voucher_no ON voucher (company, voucher_no) WHERE voucher_no IS NOT NULL"
    )


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

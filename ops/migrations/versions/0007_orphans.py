"""Vouchers in Visma that a restore took from us; until each is accounted for, what could be the same money is not sent.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and let a voucher that was never sent take the reference under which Visma has it already."""
    op.execute(
        "CREATE TABLE orphan (reference TEXT NOT NULL, installation TEXT NOT NULL, company TEXT NOT NULL, "
        "voucher_no TEXT NOT NULL, voucher_on DATE NOT NULL, total BIGINT, lines INTEGER, "
        "found_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, ended TEXT, "
        "CONSTRAINT pk_orphan PRIMARY KEY (reference), "
        "CONSTRAINT ck_orphan_ended CHECK (ended in ('same', 'apart', 'deleted')))"
    )
    op.execute(
        "COMMENT ON TABLE orphan IS "
        "'A voucher of ours in Visma that a restored database does not know; while open, it holds like ones back'"
    )
    op.execute("CREATE INDEX ix_orphan_open ON orphan (company) WHERE ended IS NULL")
    op.execute(
        "CREATE OR REPLACE FUNCTION voucher_head_stands() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF (NEW.reference <> OLD.reference AND NOT (OLD.state = 'approved' AND OLD.attempts = 0)) "
        "OR NEW.total <> OLD.total OR NEW.lines <> OLD.lines OR NEW.made_in <> OLD.made_in "
        "OR NEW.voucher_on <> OLD.voucher_on OR NEW.company <> OLD.company THEN "
        "RAISE EXCEPTION 'voucher %: what was approved is never changed', OLD.reference "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
    )


def downgrade() -> None:
    """There is no way back: the store holds money."""
    raise NotImplementedError("this migration is not taken back; restore a back-up instead")

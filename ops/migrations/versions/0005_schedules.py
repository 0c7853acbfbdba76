"""Schedules as rows: what the clock goes by, pauses and skips; and each slot knows the event that it recorded.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column, and give each older slot its event: both were written at the same moment."""
    op.execute(
        "CREATE TABLE schedule (name TEXT NOT NULL, times TEXT DEFAULT 'never' NOT NULL, "
        "begun_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, paused_until TIMESTAMP WITH TIME ZONE, "
        "paused_by TEXT DEFAULT '' NOT NULL, skip_slot TIMESTAMP WITH TIME ZONE, skipped_by TEXT DEFAULT '' NOT NULL, "
        "CONSTRAINT pk_schedule PRIMARY KEY (name))"
    )
    op.execute("COMMENT ON TABLE schedule IS 'What the clock goes by, and what people said of it'")
    op.execute(
        "ALTER TABLE schedule_slot ADD COLUMN event_id BIGINT "
        "CONSTRAINT fk_schedule_slot_event_id REFERENCES journal (id)"
    )
    op.execute(
        "UPDATE schedule_slot s SET event_id = j.id FROM journal j WHERE j.event = 'RestDue' AND j.at = s.at "
        "AND s.name = 'rest ' || (j.body->>'company')"
    )
    op.execute(
        "COMMENT ON TABLE schedule_slot IS 'Each slot of a schedule once, whoever asks; without an event it was skipped'"
    )


def downgrade() -> None:
    """Take both away again."""
    op.execute("ALTER TABLE schedule_slot DROP COLUMN event_id")
    op.execute("DROP TABLE schedule")

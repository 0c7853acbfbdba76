"""What the product's processes may do to each table: the one place that says which tables are only ever added to.

They read all and add to all. PostgreSQL refuses them the rest, whatever a program of theirs wants: they connect as
another role than the one that owns the tables (`ops.migrations` grants). A house test wants every table named here.
"""

APPEND_ONLY = frozenset(
    {
        "audit", "case_kid", "day_signature", "epoch", "exchange", "journal", "payment_note", "proof",
        "rejected_suggestion", "setup_row", "voucher_line",
    }
)  # fmt: skip
"""Tables of which no row is ever changed or taken away: what was done, said, sent, posted and set up."""

KEPT = frozenset(
    {
        "alarm", "bank_file", "breaker", "call_slot", "case_no_series", "claim", "company_day", "control_run", "conversion",
        "conversion_row", "difference", "heartbeat", "invoice", "item", "job", "job_item", "kid_series", "kk2_case",
        "ledger_cursor", "ledger_transaction", "orphan", "payer_rule", "payment", "person", "proposal_look", "refund",
        "schedule", "schedule_slot", "sent_back", "split", "token", "voucher", "voucher_split", "waiver", "work",
    }
)  # fmt: skip
"""Tables whose rows change their state, or forget a name, and are never taken away."""

PASSING = frozenset({"alarm_message", "aside", "brake", "payment_share", "session", "tally"})
"""Tables whose rows go when they no longer hold."""

RIGHTS = {
    table: frozenset({"SELECT", "INSERT", *more})
    for tables, more in ((APPEND_ONLY, ()), (KEPT, ("UPDATE",)), (PASSING, ("UPDATE", "DELETE")))
    for table in tables
}
"""The rights of the processes by table."""

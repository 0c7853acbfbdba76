"""The tables: how each noun is kept, and which promise each constraint carries."""

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class TransactionId(UserDefinedType[str]):
    """PostgreSQL's xid8: which transaction made a row."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Name the type in DDL."""
        return "xid8"


def key() -> Column[int]:
    """Give a bigint primary key that the database counts; COPY may bring its own."""
    return Column("id", BigInteger, Identity(), primary_key=True)


def instant(name: str) -> Column[object]:
    """Give a column for a moment, with its time zone."""
    return Column(name, TIMESTAMP(timezone=True))


def now(name: str) -> Column[object]:
    """Give a column for the moment when the row's transaction began."""
    return Column(name, TIMESTAMP(timezone=True), nullable=False, server_default=func.now())


def word(name: str) -> Column[str]:
    """Give a text column that is never NULL; the empty text is "none"."""
    return Column(name, Text, nullable=False, server_default="")


# --- what happened, and what is to be done about it ---

journal = Table(
    "journal",
    metadata,
    key(),
    now("at"),
    Column("event", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    word("actor"),
    Index(
        "ix_journal_assigned",
        text("((body->>'payment_id')::bigint)"),
        postgresql_where=text("event = 'PaymentAssigned'"),
    ),
    Index(
        "ix_journal_seen_again",
        text("((body->>'file_id')::int)"),
        postgresql_where=text("event = 'FileSeenAgain'"),
    ),
    comment="Every event, append-only: ids and small values, no personal data",
)

work = Table(
    "work",
    metadata,
    key(),
    Column("event_id", BigInteger, nullable=False),
    Column("stage", Text, nullable=False),
    Column("part", Text, nullable=False, server_default=""),
    Column("body", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", TIMESTAMP(timezone=True), nullable=False),
    instant("rung_at"),
    instant("troubled_since"),
    Column("reason", Text),
    Column("note", Text),
    Column("payment_id", BigInteger),
    Column("invoice_id", BigInteger),
    Column("transaction_id", BigInteger),
    now("made_at"),
    instant("done_at"),
    UniqueConstraint("event_id", "stage", "part"),
    CheckConstraint("state in ('due', 'done', 'parked', 'halved')", name="state"),
    CheckConstraint("(state <> 'parked') or (reason is not null and note is not null)", name="reason"),
    Index("ix_work_due", "due_at", postgresql_where=text("state = 'due'")),
    Index("ix_work_parked", "reason", "payment_id", postgresql_where=text("state = 'parked'")),
    Index("ix_work_transaction_id", "transaction_id", postgresql_where=text("state = 'parked'")),
    Index("ix_work_payment_id", "payment_id", "stage", postgresql_where=text("state = 'parked'")),
    Index("ix_work_file", text("((body->>'file_id')::int)"), postgresql_where=text("state = 'parked'")),
    Index(
        "ix_work_voucher", text("((body->>'voucher_id')::bigint)"), postgresql_where=text("state = 'parked'")
    ),
    Index(
        "ix_work_vouchers",
        text("(body->'voucher_ids')"),
        postgresql_using="gin",
        postgresql_where=text("state = 'parked'"),
    ),
    comment="What is to be done about an event: one row a stage and part, the only truth about open work",
)

claim = Table(
    "claim",
    metadata,
    Column("work_id", BigInteger, nullable=False),
    now("at"),
    Column("result", Text),
    Index("ix_claim_work_id", "work_id"),
    Index("ix_claim_at", "at"),
    comment="Each time a worker took a work row, committed before the work began: a claim without a result is a crash",
)

audit = Table(
    "audit",
    metadata,
    key(),
    now("at"),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("previous", BYTEA, nullable=False),
    Column("hash", BYTEA, nullable=False, unique=True),
    UniqueConstraint("previous"),
    Index("ix_audit_subject", "subject", "id"),
    comment="People's acts, append-only and hash-chained: previous is unique, so the chain cannot fork",
)

# --- setup ---

setup_row = Table(
    "setup_row",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
    now("made_at"),
    word("made_by"),
    UniqueConstraint("kind", "key", "valid_from", "version"),
    CheckConstraint("kind in ('installation', 'company', 'account', 'client', 'sub_ledger')", name="kind"),
)

epoch = Table(
    "epoch",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("database", Text, nullable=False),
    now("begun_at"),
    comment="One row for each life of the database; a restore begins a new one. The number stands in every reference",
)

brake = Table(
    "brake",
    metadata,
    Column("scope", Text, primary_key=True),
    now("since"),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("until"),
    comment="`kk2 stop delivery`: a row for a company, an installation, or for '*'. until: null, until it is started",
)

# --- jobs ---

job = Table(
    "job",
    metadata,
    key(),
    now("made_at"),
    Column("made_by", Text, nullable=False),
    word("reason"),
    Column("filter", JSONB, nullable=False),
    Column("vouchers", Integer, nullable=False),
    Column("total", BigInteger, nullable=False),
    instant("stopped_at"),
    Column("stopped_by", Text),
    comment="Vouchers that a person had sent again together: the number and the sum that he saw",
)

job_item = Table(
    "job_item",
    metadata,
    Column("job_id", BigInteger, primary_key=True),
    Column("voucher_id", BigInteger, primary_key=True),
    instant("taken_at"),
    Column("passed", Boolean, nullable=False, server_default="false"),
    Index("ix_job_item_voucher_id", "voucher_id"),
    Index("ix_job_item_to_come", "job_id", "voucher_id", postgresql_where=text("taken_at is null")),
    comment="A voucher of a job. passed: when its turn came it no longer stood as the person saw it",
)

# --- bank files and payments ---

bank_file = Table(
    "bank_file",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    now("landed_at"),
    word("arrival"),
    Column("format", Text),
    Column("payments", Integer, nullable=False, server_default="0"),
    Column("total", BigInteger, nullable=False, server_default="0"),
    Column("open_slices", Integer, nullable=False, server_default="0"),
    Column("cut", Boolean, nullable=False, server_default=text("false")),
    Column("notes", JSONB, nullable=False, server_default=text("'[]'")),
    Column("assignments", JSONB, nullable=False, server_default=text("'[]'")),
    Column("reason", Text),
    Column("note", Text),
    instant("forgotten_at"),
    CheckConstraint("state in ('landed', 'read', 'held', 'unreadable', 'refused', 'known')", name="state"),
    CheckConstraint("open_slices >= 0", name="open_slices"),
)

payment = Table(
    "payment",
    metadata,
    key(),
    Column("file_id", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("type", Text),
    Column("booked_on", Date, nullable=False),
    Column("value_on", Date),
    Column("interest_on", Date, nullable=False),
    Column("statement_ref", Text),
    Column("form", Text),
    Column("amount", BigInteger, nullable=False),
    Column("kid", Text),
    Column("debit_account", Text),
    Column("reference", Text),
    Column("text", Text),
    Column("is_reversal", Boolean, nullable=False),
    Column("fingerprint", BigInteger, nullable=False),
    Column("company", Text),
    Column("state", Text, nullable=False),
    Column("case_id", BigInteger),
    Column("reverses", BigInteger),
    Column("cover_choice", JSONB),
    Column("rule_id", BigInteger),
    Column("debtor", Text),
    Column("kids", JSONB),
    CheckConstraint("state in ('waiting', 'settled', 'parked', 'held', 'refused', 'known')", name="state"),
    CheckConstraint("(state <> 'settled') or (case_id is not null)", name="case"),
    Index("ix_payment_file_id_position", "file_id", "position"),
    Index("ix_payment_fingerprint", "fingerprint"),
    Index("ix_payment_booked_on", "booked_on", postgresql_using="brin"),
    Index("ix_payment_rule_id", "rule_id", postgresql_where=text("rule_id is not null")),
    Index("ix_payment_kid", "kid"),
    Index("ix_payment_amount", "amount", "id"),
    Index(
        "ix_payment_company",
        "company",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": "32", "autosummarize": "on"},
    ),
    Index("ix_payment_reverses", "reverses", postgresql_where=text("reverses IS NOT NULL")),
    postgresql_with={"fillfactor": "50"},
    comment="A payment as the bank sent it; state and case say where its money is",
)

aside = Table(
    "aside",
    metadata,
    Column("payment_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    CheckConstraint("state in ('refused', 'known')", name="state"),
    comment="Payments that are not to be booked, kept by a trigger so that they are found among a million others",
)

payment_share = Table(
    "payment_share",
    metadata,
    Column("payment_id", BigInteger, primary_key=True),
    Column("case_id", BigInteger, primary_key=True, index=True),
    Column("amount", BigInteger, nullable=False),
    CheckConstraint("amount <> 0", name="amount"),
    comment="A payment that a person shared over cases; without rows all of it is on payment.case_id",
)

payment_note = Table(
    "payment_note",
    metadata,
    key(),
    Column("payment_id", BigInteger, nullable=False, index=True),
    now("at"),
    Column("actor", Text, nullable=False),
    Column("text", Text, nullable=False),
    comment="What people say of a payment, append-only; may hold personal data",
)

refund = Table(
    "refund",
    metadata,
    key(),
    Column("payment_id", BigInteger, nullable=False, index=True),
    Column("amount", BigInteger, nullable=False),
    Column("state", Text, nullable=False, server_default="proposed"),
    Column("proposed_by", Text, nullable=False),
    now("proposed_at"),
    word("ended_by"),
    instant("ended_at"),
    Column("paid_on", Date),
    word("reference"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("state in ('proposed', 'done', 'withdrawn')", name="state"),
    CheckConstraint("(state = 'done') = (paid_on is not null)", name="paid"),
    CheckConstraint("(state = 'proposed') = (ended_at is null)", name="ended"),
    Index("uq_refund_proposed", "payment_id", unique=True, postgresql_where=text("state = 'proposed'")),
    comment="Money that is to go back to its payer: advice to people, it pays and books nothing",
)

# --- cases ---

kk2_case = Table(
    "kk2_case",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("case_flow", Text, nullable=False),
    Column("sub_ledger_account", Text, nullable=False),
    Column("customer_no", Text, nullable=False),
    word("debtor_name"),
    Column("opened_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("merged_into", BigInteger, ForeignKey("kk2_case.id")),
    Column("dirty", Boolean, nullable=False, server_default=text("false")),
    Column("balance", BigInteger, nullable=False),
    Column("stopped", Boolean, nullable=False, server_default=text("false")),
    Column("closed_on", Date),
    UniqueConstraint("company", "client", "case_no"),
    CheckConstraint("state in ('open', 'paid', 'closed_with_rest', 'recalled', 'merged')", name="state"),
    CheckConstraint("(state = 'merged') = (merged_into is not null)", name="merged"),
    Index("ix_kk2_case_case_no", "case_no", postgresql_ops={"case_no": "text_pattern_ops"}),
    Index("ix_kk2_case_customer_no", "customer_no"),
    postgresql_with={"fillfactor": "60"},
    comment="balance: items less waivers less live splits, interest left out of both",
)

Index(
    "ix_kk2_case_debtor",
    func.lower(kk2_case.c.debtor_name).label("name"),
    postgresql_ops={"name": "text_pattern_ops"},
)

case_kid = Table(
    "case_kid",
    metadata,
    Column("account", Text, primary_key=True),
    Column("kid", Text, primary_key=True),
    Column("case_id", BigInteger, ForeignKey("kk2_case.id"), primary_key=True),
    Index("ix_case_kid_kid", "kid"),
    comment="Which case a KID on an account leads to: the case's own, and its invoices'",
)

item = Table(
    "item",
    metadata,
    key(),
    Column("case_id", BigInteger, ForeignKey("kk2_case.id"), nullable=False),
    Column("kk2_id", Text, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    word("invoice_no"),
    instant("withdrawn_at"),
    UniqueConstraint("case_id", "kk2_id"),
    CheckConstraint("kind in (1, 2, 3)", name="kind"),
    CheckConstraint("amount > 0", name="amount"),
    Index(
        "ix_item_invoice_no", "invoice_no", postgresql_where=text("invoice_no <> '' AND withdrawn_at IS NULL")
    ),
)

waiver = Table(
    "waiver",
    metadata,
    key(),
    Column("case_id", BigInteger, ForeignKey("kk2_case.id"), nullable=False),
    Column("item_id", BigInteger, ForeignKey("item.id"), nullable=False),
    Column("kk2_id", Text, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    word("reason"),
    instant("withdrawn_at"),
    UniqueConstraint("case_id", "kk2_id"),
    CheckConstraint("kind in (1, 2, 3, 4)", name="kind"),
    CheckConstraint("amount > 0", name="amount"),
)

split = Table(
    "split",
    metadata,
    key(),
    Column("payment_id", BigInteger, nullable=False),
    Column("case_id", BigInteger),
    Column("item_id", BigInteger),
    Column("kind", SmallInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("client_row", Integer),
    Column("superseded_by", BigInteger),
    Column("corrects", Boolean, nullable=False),
    Column("held", Boolean, nullable=False),
    CheckConstraint("amount <> 0", name="amount"),
    CheckConstraint("kind between 1 and 6", name="kind"),
    CheckConstraint("(case_id is null) = (kind = 6)", name="case"),
    Index("ix_split_case_id", "case_id"),
    Index("ix_split_payment_id", "payment_id"),
    Index("ix_split_suspense", "payment_id", postgresql_where=text("kind = 6 AND superseded_by IS NULL")),
    postgresql_with={"fillfactor": "90"},
    comment="What a payment covers. Never changed but to be superseded while no voucher has it",
)

# --- vouchers ---

voucher = Table(
    "voucher",
    metadata,
    key(),
    Column("reference", Text, nullable=False, unique=True),
    Column("company", Text, nullable=False),
    Column("installation", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("statement_ref", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("of", Integer, nullable=False),
    Column("voucher_on", Date, nullable=False),
    Column("voucher_type", Text, nullable=False),
    Column("registrar", Text, nullable=False),
    Column("division", Text, nullable=False),
    Column("approve", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("payments", Integer, nullable=False),
    Column("company_row", Integer, ForeignKey("setup_row.id"), nullable=False),
    Column("approved_by", Text, nullable=False),
    now("approved_at"),
    Column("made_in", TransactionId, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("absent", Integer, nullable=False, server_default="0"),
    instant("lease_until"),
    Column("voucher_no", Text),
    Column("ledger_state", Text),
    instant("delivered_at"),
    Column("code", Text),
    Column("note", Text),
    CheckConstraint(
        "state in ('approved', 'sending', 'in_doubt', 'refused', 'delivered', 'void', 'by_hand')",
        name="state",
    ),
    CheckConstraint("(state in ('delivered', 'by_hand')) = (voucher_no is not null)", name="voucher_no"),
    Index("ix_voucher_open", "state", postgresql_where=text("state not in ('delivered', 'by_hand', 'void')")),
    Index("ix_voucher_company_booked_on", "company", "booked_on"),
    Index(
        "ix_voucher_company_voucher_no",
        "company",
        "voucher_no",
        postgresql_where=text("voucher_no is not null"),
    ),
    Index("ix_voucher_voucher_no", "voucher_no", postgresql_where=text("voucher_no IS NOT NULL")),
    Index("ix_voucher_total", "total"),
    Index("ix_voucher_voucher_on", "voucher_on"),
    postgresql_with={"fillfactor": "70"},
)

voucher_line = Table(
    "voucher_line",
    metadata,
    Column("voucher_id", BigInteger, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("tax_code", Text, nullable=False),
    Column("dimensions", ARRAY(Text), nullable=False),
    Column("customer_no", Text, nullable=False),
    Column("invoice_no", Text, nullable=False),
    Column("kid", Text, nullable=False),
    comment="Append-only; only the transaction that made a voucher may give it lines",
)

voucher_split = Table(
    "voucher_split",
    metadata,
    Column("voucher_id", BigInteger, nullable=False),
    Column("split_id", BigInteger, nullable=False),
    Column("released", Boolean, nullable=False, server_default=text("false")),
    Index("uq_voucher_split_split_id", "split_id", unique=True, postgresql_where=text("not released")),
    Index("ix_voucher_split_voucher_id", "voucher_id"),
    comment="Which voucher took a split: at most one that has not released it. This is what makes money book once",
)

exchange = Table(
    "exchange",
    metadata,
    key(),
    Column("voucher_id", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    now("at"),
    Column("what", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("status", Integer),
    word("code"),
    word("note"),
    word("request"),
    word("answer"),
    Index("ix_exchange_voucher_id", "voucher_id"),
    comment="Every attempt to send or ask, before and after, append-only; secrets and personal data redacted",
)

company_day = Table(
    "company_day",
    metadata,
    Column("company", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("absolute", BigInteger, nullable=False),
    comment="Sum of absolute amounts approved by policy for a company on a day: the daily limit's row lock",
)

sent_back = Table(
    "sent_back",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    Column("file_id", Integer, nullable=False),
    now("at"),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("taken_up_at"),
    word("taken_up_by"),
    Index(
        "uq_sent_back_open",
        "company",
        "file_id",
        unique=True,
        postgresql_where=text("taken_up_at IS NULL"),
    ),
    comment="Proposals that a person sent back: of one file, or all of the company's (file_id 0). Open until taken up",
)

proposal_look = Table(
    "proposal_look",
    metadata,
    Column("person", Text, primary_key=True),
    Column("company", Text, primary_key=True),
    now("at"),
    Column("groups", JSONB, nullable=False),
    comment="The posting groups of a company's proposal as a person saw them last, to say what is new since then",
)

call_slot = Table(
    "call_slot",
    metadata,
    Column("installation", Text, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("lease_until", TIMESTAMP(timezone=True), nullable=False),
    word("holder"),
    comment="At most max_calls writes to one Visma at a time, by lease and not by lock",
)

breaker = Table(
    "breaker",
    metadata,
    Column("installation", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("open_until", TIMESTAMP(timezone=True), nullable=False),
    comment="Calls to a Visma in a row that got no answer, and until when it is let alone",
)

orphan = Table(
    "orphan",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("installation", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("voucher_no", Text, nullable=False),
    Column("voucher_on", Date, nullable=False),
    Column("total", BigInteger),
    Column("lines", Integer),
    now("found_at"),
    Column("ended", Text),
    CheckConstraint("ended in ('same', 'apart', 'deleted')", name="ended"),
    Index("ix_orphan_open", "company", postgresql_where=text("ended IS NULL")),
    comment="A voucher of ours in Visma that a restored database does not know; while open, it holds like ones back",
)

# --- what Visma has: the invoices it gave us, and what happened to them there ---

invoice = Table(
    "invoice",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    Column("invoice_no", Text, nullable=False),
    Column("customer_no", Text, nullable=False),
    word("client"),
    word("proposal_no"),
    word("name"),
    Column("address", ARRAY(Text), nullable=False, server_default="{}"),
    word("identity_no"),
    word("sub_ledger_type"),
    word("kid"),
    Column("invoiced_on", Date),
    Column("due_on", Date),
    Column("original", BigInteger),
    Column("open_amount", BigInteger),
    Column("reminders", Integer),
    Column("fees", BigInteger),
    now("came_at"),
    Column("state", Text, nullable=False),
    Column("case_id", BigInteger, ForeignKey("kk2_case.id")),
    word("number_state"),
    word("number_code"),
    word("number_note"),
    instant("number_at"),
    UniqueConstraint("company", "invoice_no"),
    CheckConstraint("state in ('ready', 'parked', 'opened', 'converted')", name="state"),
    CheckConstraint("(state in ('opened', 'converted')) = (case_id is not null)", name="case"),
    CheckConstraint("number_state in ('', 'waiting', 'written', 'refused')", name="number_state"),
    CheckConstraint("(number_state = '') = (case_id is null)", name="number"),
    Index("ix_invoice_case_id", "case_id"),
    Index("ix_invoice_invoice_no", "invoice_no"),
    Index("ix_invoice_open", "company", "state", postgresql_where=text("state in ('ready', 'parked')")),
    Index("ix_invoice_number", "company", postgresql_where=text("number_state in ('waiting', 'refused')")),
    comment="Each invoice that Visma handed over, once: no invoice opens two cases. Its case number's way back is here too",
)

kid_series = Table(
    "kid_series",
    metadata,
    Column("account", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    comment="The number in the last KID that a case opened here got, for each account",
)

case_no_series = Table(
    "case_no_series",
    metadata,
    Column("company", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("pattern", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    comment="A number that new case numbers of a pattern must be above, after a restore",
)

ledger_transaction = Table(
    "ledger_transaction",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    Column("transaction_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("voucher_no", Text, nullable=False),
    Column("line", Integer, nullable=False),
    word("voucher_type"),
    word("registrar"),
    word("reference"),
    Column("day", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("invoice_no", Text, nullable=False),
    word("text"),
    now("came_at"),
    Column("state", Text, nullable=False),
    Column("case_id", BigInteger, ForeignKey("kk2_case.id")),
    Column("item_id", BigInteger, ForeignKey("item.id")),
    Column("superseded_by", BigInteger),
    UniqueConstraint("company", "transaction_id", "version"),
    CheckConstraint("state in ('ours', 'applied', 'parked', 'set_aside', 'superseded')", name="state"),
    CheckConstraint("(state <> 'applied') or (case_id is not null and item_id is not null)", name="applied"),
    CheckConstraint("(state = 'superseded') = (superseded_by is not null)", name="superseded"),
    Index("ix_ledger_transaction_case_id", "case_id", postgresql_where=text("state = 'applied'")),
    Index("ix_ledger_transaction_place", "company", "voucher_no", "line"),
    Index("ix_ledger_transaction_invoice_no", "company", "invoice_no"),
    Index(
        "ix_ledger_transaction_superseded_by",
        "superseded_by",
        postgresql_where=text("superseded_by is not null"),
    ),
    comment="What happened to our invoices in Visma, as it told it; a change is a new version. Applied: it moves its item",
)

ledger_cursor = Table(
    "ledger_cursor",
    metadata,
    Column("company", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    now("at"),
    Column("turn", BigInteger, nullable=False, server_default="0"),
    Column("work_id", BigInteger),
    word("page"),
    comment="From where a company's transactions are asked for next time; whose turn it is, and where it rests",
)

# --- the control of KK2 against Visma ---

control_run = Table(
    "control_run",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    Column("begun_at", TIMESTAMP(timezone=True), nullable=False),
    now("ended_at"),
    Column("vouchers", Integer, nullable=False),
    Column("sums", Integer, nullable=False),
    Column("invoices", Integer, nullable=False),
    Column("differences", Integer, nullable=False),
    Column("stopped", ARRAY(BigInteger), nullable=False),
    Column("unknown", ARRAY(Text), nullable=False),
    Column("told", ARRAY(Text), nullable=False, server_default="{}"),
    Column("since", Date),
    Index("ix_control_run_company", "company", "id"),
    comment="Each control of a company: what was held against Visma, which cases were left out, what Visma could not tell",
)

difference = Table(
    "difference",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("voucher_id", BigInteger),
    Column("case_id", BigInteger),
    Column("ours", JSONB, nullable=False),
    Column("theirs", JSONB, nullable=False),
    Column("cause", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    now("first_seen"),
    now("last_seen"),
    Column("last_run", BigInteger, ForeignKey("control_run.id"), nullable=False),
    word("explained_by"),
    word("reason"),
    CheckConstraint("part in ('vouchers', 'statement', 'cases', 'shadow')", name="part"),
    CheckConstraint("state in ('open', 'explained', 'gone')", name="state"),
    CheckConstraint("(state <> 'explained') or (explained_by <> '' and reason <> '')", name="explained"),
    Index(
        "uq_difference_standing",
        "company",
        "part",
        "kind",
        "subject",
        unique=True,
        postgresql_where=text("state <> 'gone'"),
    ),
    comment="What differs between KK2 and Visma: one row from the run that saw it first to the one that saw it no more",
)

day_signature = Table(
    "day_signature",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("act", Text, nullable=False),
    Column("actor", Text, nullable=False),
    now("at"),
    Column("reason", Text, nullable=False),
    Column("explained", JSONB, nullable=False, server_default="{}"),
    Column("numbers", JSONB, nullable=False, server_default="{}"),
    word("digest"),
    CheckConstraint("act in ('signed', 'reopened')", name="act"),
    CheckConstraint("(act = 'signed') = (digest <> '')", name="digest"),
    Index("ix_day_signature_company_day", "company", "day", "id"),
    comment="Each time a person signed a day's numbers, or opened the day again; append-only, the last row says how it stands",
)

# --- cases that were transferred before the bridge ---

conversion = Table(
    "conversion",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    word("client"),
    Column("sha256", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("accepts", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    now("made_at"),
    Column("made_by", Text, nullable=False),
    instant("done_at"),
    UniqueConstraint("company", "client", "sha256"),
    CheckConstraint("state in ('checking', 'numbering', 'fetching', 'comparing', 'done')", name="state"),
    comment="A file of cases transferred before the bridge, known by its sha256: the same file again goes on with it",
)

conversion_row = Table(
    "conversion_row",
    metadata,
    Column("conversion_id", BigInteger, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("line", Integer, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("customer_no", Text, nullable=False),
    Column("invoice_no", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("case_id", BigInteger),
    Column("open_amount", BigInteger),
    Column("looks", SmallInteger, nullable=False, server_default="0"),
    Column("outcome", Text, nullable=False, server_default="unchecked"),
    word("note"),
    CheckConstraint(
        "outcome in ('unchecked', 'waiting', 'done', 'already_done', 'not_found', 'differs', 'refused')",
        name="outcome",
    ),
    CheckConstraint("looks between 0 and 2", name="looks"),
    Index("ix_conversion_row_open", "conversion_id", "looks", postgresql_where=text("looks < 2")),
    comment="A row of the file. looks: 1 once it was compared before its mark, 2 once it was again after the fetch",
)

# --- sums that are kept ---

tally = Table(
    "tally",
    metadata,
    Column("of", Text, nullable=False),
    word("company"),
    word("account"),
    Column("day", Date, nullable=False),
    Column("state", Text, nullable=False),
    word("code"),
    Column("number", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("folded", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("of in ('payment', 'voucher', 'parked', 'booked')", name="of"),
    Index("ix_tally_key", "of", "day", "state", "company", "account", "code"),
    Index("ix_tally_unfolded", "day", postgresql_where=text("NOT folded")),
    comment="Sums that are kept, written by triggers. Of parked rows state is the stage, code the reason, day when they were made; "
    "of booked ones state is the kind",
)

# --- what people taught ---

payer_rule = Table(
    "payer_rule",
    metadata,
    key(),
    Column("company", Text, nullable=False),
    Column("payer", String(32), nullable=False),
    Column("case_id", BigInteger, ForeignKey("kk2_case.id"), nullable=False),
    Column("payment_id", BigInteger, nullable=False),
    now("made_at"),
    Column("made_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("off_at"),
    word("off_by"),
    CheckConstraint("(off_at is null) = (off_by = '')", name="off"),
    Index("uq_payer_rule_on", "payer", unique=True, postgresql_where=text("off_at is null")),
    comment="What a payer's account sends is for a case. payer: a keyed hash; payment_id: one of its payments, to show whose",
)

rejected_suggestion = Table(
    "rejected_suggestion",
    metadata,
    Column("payment_id", BigInteger, primary_key=True),
    Column("case_id", BigInteger, primary_key=True),
    now("at"),
    Column("actor", Text, nullable=False),
    comment="A case that a person looked at for a parked payment and found wrong: it is not suggested again",
)

proof = Table(
    "proof",
    metadata,
    key(),
    Column("taken_at", TIMESTAMP(timezone=True), nullable=False),
    Column("result", Text, nullable=False),
    Column("broken", ARRAY(Text), nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("payments", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    instant("slot"),
    Column("seconds", Double),
    word("note"),
    CheckConstraint("result in ('agrees', 'differs', 'unknown')", name="result"),
    UniqueConstraint("slot"),
    comment="What each money check found: the promises that were broken by name, and all money at that moment. slot: of its schedule; note: why it could not be made",
)

alarm = Table(
    "alarm",
    metadata,
    key(),
    Column("condition", Text, nullable=False),
    word("subject"),
    Column("says", Text, nullable=False),
    now("began_at"),
    now("held_at"),
    instant("ended_at"),
    instant("seen_at"),
    word("seen_by"),
    word("seen_why"),
    Index(
        "uq_alarm_standing", "condition", "subject", unique=True, postgresql_where=text("ended_at is null")
    ),
    comment="Each time a condition stood, once. held_at: when it was last seen to hold; seen_by: who acknowledged it",
)

alarm_message = Table(
    "alarm_message",
    metadata,
    Column("alarm_id", BigInteger, ForeignKey("alarm.id"), primary_key=True),
    Column("ended", Boolean, primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("tries", Integer, nullable=False, server_default="0"),
    now("next_at"),
    instant("told_at"),
    word("fault"),
    Index("ix_alarm_message_untold", "receiver", "next_at", postgresql_where=text("told_at is null")),
    comment="That an alarm began or ended, told to one receiver once; next_at: from when on it may be tried again",
)

# --- people ---

person = Table(
    "person",
    metadata,
    Column("name", Text, primary_key=True),
    word("password"),
    Column("subject", Text),
    Column("roles", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False, server_default="nb"),
    Column("theme", Text, nullable=False, server_default="auto"),
    now("made_at"),
    instant("disabled_at"),
    word("issuer"),
    UniqueConstraint("issuer", "subject"),
    CheckConstraint("language in ('nb', 'en')", name="language"),
    CheckConstraint("theme in ('auto', 'light', 'dark')", name="theme"),
    comment="Who may sign in. password: argon2, empty for who signs in elsewhere (subject, at that issuer)",
)

session = Table(
    "session",
    metadata,
    Column("token", BYTEA, primary_key=True),
    Column("person", Text, ForeignKey("person.name"), nullable=False, index=True),
    now("begun_at"),
    now("seen_at"),
    Column("secret", Text, nullable=False),
    comment="Who is signed in. token: sha256 of what the cookie has; secret: what each form must bring",
)

token = Table(
    "token",
    metadata,
    key(),
    Column("kept", BYTEA, nullable=False, unique=True),
    Column("person", Text, ForeignKey("person.name"), nullable=False),
    word("purpose"),
    now("made_at"),
    Column("ends_at", TIMESTAMP(timezone=True), nullable=False),
    instant("seen_at"),
    instant("ended_at"),
    comment="With which programs act in a user's name. kept: the sha256 of what was shown once",
)

# --- the clock and the pulse ---

schedule = Table(
    "schedule",
    metadata,
    Column("name", Text, primary_key=True),
    Column("times", Text, nullable=False, server_default="never"),
    now("begun_at"),
    instant("paused_until"),
    word("paused_by"),
    instant("skip_slot"),
    word("skipped_by"),
    comment="What the clock goes by, and what people said of it",
)

schedule_slot = Table(
    "schedule_slot",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slot", TIMESTAMP(timezone=True), primary_key=True),
    now("at"),
    Column("event_id", BigInteger, ForeignKey("journal.id")),
    comment="Each slot of a schedule once, whoever asks; without an event it was skipped",
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", TIMESTAMP(timezone=True), nullable=False),
    instant("done_at"),
    word("note"),
)

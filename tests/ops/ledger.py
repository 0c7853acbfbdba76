"""A small ledger written row by row with SQL, so that the controls are tried on what they find and not on what we do."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection, Engine, create_engine, text

from ops.embedded import Postgres
from pipeline import posting
from pipeline.posting import Group, PartFacts, PaymentPosting, SplitPosting, VoucherFacts
from schemas.case import KK2_ORDER, Kind
from schemas.money import Money, kr
from schemas.setup import BankAccount, Client, Company, Installation, OverpaymentPolicy, SubLedger
from schemas.transfer import LedgerVoucher
from schemas.voucher import LedgerState
from tests.builders import ACCOUNTS, a_company
from tests.servers import new_database
from workers.store import setup as setup_store

ACCOUNT = "99991042764"
REFERENCE = "0112345678"
FIRST_DAY = date(2020, 1, 1)
DAY = date(2026, 3, 2)
DUE = date(2026, 2, 2)
CLERK = "kari"

INSTALLATION = Installation(
    code="main",
    number=1,
    endpoint="http://127.0.0.1/",
    username="kk2",
    password="",
    ca_file="",
    client_certificate="",
    connect_timeout=5.0,
    operation_timeout=5.0,
    inquiry_pause=180.0,
    max_calls=1,
    vouchers_per_call=1,
    finds=True,
    lists=True,
    deduplicates=False,
)


def one(connection: Connection, sql: str, **values: object) -> int:
    """Run a statement that gives one number."""
    return int(connection.execute(text(sql), values).scalar_one())


def state_of(connection: Connection, table: str, row_id: int) -> str:
    return str(
        connection.execute(text(f"SELECT state FROM {table} WHERE id = :id"), {"id": row_id}).scalar_one()
    )


@dataclass(slots=True)
class Ledger:
    """Writes rows in one transaction. Ids are the database's own."""

    connection: Connection
    company: Company = field(default_factory=a_company)

    def set_up(self, company: Company | None = None, **client: object) -> None:
        """One installation, company, account, client KOM and sub-ledger."""
        self.company = company or self.company
        rows = (
            INSTALLATION,
            self.company,
            BankAccount(ACCOUNT, self.company.code, (), None),
            Client(
                "KOM", self.company.code, "Kommunen", KK2_ORDER, kr(210), OverpaymentPolicy.SUSPENSE, None
            ),
            SubLedger("KOM", self.company.code, "K", "1510", "KK"),
        )
        for row in rows:
            changed = replace(row, **client) if isinstance(row, Client) and client else row  # type: ignore[arg-type]
            kind, key = setup_store.key_of(changed)
            setup_store.add_row(self.connection, kind, key, FIRST_DAY, changed, CLERK)

    def event(self, event: str, /, **body: object) -> int:
        return one(
            self.connection,
            "INSERT INTO journal (event, body) VALUES (:name, CAST(:body AS jsonb)) RETURNING id",
            name=event,
            body=json.dumps(body),
        )

    def work(
        self,
        stage: str,
        event: str,
        body: Mapping[str, object],
        *,
        state: str = "done",
        reason: str | None = None,
        payment: int | None = None,
    ) -> int:
        return one(
            self.connection,
            "INSERT INTO work (event_id, stage, body, state, due_at, reason, note, payment_id) "
            "VALUES (:event, :stage, CAST(:body AS jsonb), :state, now(), :reason, :note, :payment) RETURNING id",
            event=self.event(event, **body),
            stage=stage,
            body=json.dumps(body),
            state=state,
            reason=reason,
            note=None if reason is None else f"because of {reason}",
            payment=payment,
        )

    def case(
        self,
        *invoices: Money,
        fees: Sequence[Money] = (),
        case_no: str = "0221-00000001",
        client: str = "KOM",
    ) -> int:
        """An open case; its KID is its number's digits."""
        kid = case_no.replace("-", "")
        case = one(
            self.connection,
            "INSERT INTO kk2_case (company, client, case_no, account, kid, case_flow, sub_ledger_account, customer_no, "
            "debtor_name, opened_on, state, balance) VALUES (:company, :client, :case_no, :account, :kid, 'KK', '1510', "
            "'10001', 'Ola Nordmann', :day, 'open', :balance) RETURNING id",
            company=self.company.code,
            client=client,
            case_no=case_no,
            account=ACCOUNT,
            kid=kid,
            day=DUE,
            balance=sum(invoices) + sum(fees),
        )
        self.connection.execute(
            text("INSERT INTO case_kid (account, kid, case_id) VALUES (:account, :kid, :case)"),
            {"account": ACCOUNT, "kid": kid, "case": case},
        )
        for number, (kind, amount) in enumerate([(1, a) for a in invoices] + [(3, a) for a in fees], 1):
            self.connection.execute(
                text(
                    "INSERT INTO item (case_id, kk2_id, kind, amount, due_on, invoice_no) "
                    "VALUES (:case, :name, :kind, :amount, :due, :invoice)"
                ),
                {
                    "case": case,
                    "name": f"I{number}",
                    "kind": kind,
                    "amount": amount,
                    "due": DAY,
                    "invoice": f"F{case}{number}",
                },
            )
        return case

    def item(self, case: int, number: int = 1) -> int:
        return one(
            self.connection,
            "SELECT id FROM item WHERE case_id = :case AND kk2_id = :name",
            case=case,
            name=f"I{number}",
        )

    def file(
        self, *amounts: Money, state: str = "read", kid: str = "022100000001", company: str | None = ""
    ) -> list[int]:
        """A file that is read and settled, its payments parked for nobody yet: state waiting. Gives the payments' ids."""
        file_id = one(
            self.connection,
            "INSERT INTO bank_file (sha256, name, size, state, format, payments, total, cut) VALUES "
            "(md5(random()::text) || md5(random()::text), 'OCR.D020326', 1, :state, 'ocr-giro', :n, :sum, true) RETURNING id",
            state=state,
            n=len(amounts),
            sum=sum(amounts),
        )
        self.work("read", "FileLanded", {"file_id": file_id})
        self.work("settle", "PaymentsReceived", {"file_id": file_id, "first": 0, "until": len(amounts)})
        self.work("propose", "FileSettled", {"file_id": file_id})
        return [
            one(
                self.connection,
                "INSERT INTO payment (file_id, position, line, account, type, booked_on, interest_on, statement_ref, amount, kid, "
                "is_reversal, fingerprint, company, state) VALUES (:file, :position, :line, :account, '10', :day, :day, :ref, "
                ":amount, :kid, false, :n, :company, 'waiting') RETURNING id",
                file=file_id,
                position=position,
                line=position + 3,
                account=ACCOUNT,
                day=DAY,
                ref=REFERENCE,
                amount=amount,
                kid=kid,
                n=position,
                company=self.company.code if company == "" else company,
            )
            for position, amount in enumerate(amounts)
        ]

    def file_of(self, payment: int) -> int:
        return one(self.connection, "SELECT file_id FROM payment WHERE id = :id", id=payment)

    def settle(self, payment: int, case: int, *parts: tuple[Kind, int | None, Money]) -> list[int]:
        """Split a payment on a case; gives the splits' ids."""
        self.connection.execute(
            text("UPDATE payment SET state = 'settled', case_id = :case WHERE id = :id"),
            {"case": case, "id": payment},
        )
        row = one(self.connection, "SELECT max(id) FROM setup_row WHERE kind = 'client'")
        covered = sum(amount for kind, _, amount in parts if kind <= Kind.FEE)
        self.connection.execute(
            text(
                "UPDATE kk2_case SET balance = balance - :sum, "
                "state = CASE WHEN balance - :sum = 0 THEN 'paid' ELSE state END WHERE id = :id"
            ),
            {"sum": covered, "id": case},
        )
        return [
            self.split(payment, kind, amount, case=case, item=item, row=row) for kind, item, amount in parts
        ]

    def split(
        self,
        payment: int,
        kind: Kind,
        amount: Money,
        *,
        case: int | None = None,
        item: int | None = None,
        row: int | None = None,
    ) -> int:
        return one(
            self.connection,
            "INSERT INTO split (payment_id, case_id, item_id, kind, amount, client_row, corrects, held) "
            "VALUES (:payment, :case, :item, :kind, :amount, :row, false, false) RETURNING id",
            payment=payment,
            case=case,
            item=item,
            kind=int(kind),
            amount=amount,
            row=row,
        )

    def park(self, payment: int, reason: str = "unknown_kid", *, state: str = "parked") -> int:
        """Park or hold a payment; gives its work row."""
        self.connection.execute(
            text("UPDATE payment SET state = :state WHERE id = :id"), {"state": state, "id": payment}
        )
        body = {"payment_id": payment, "reason": reason}
        return self.work("settle", "PaymentParked", body, state="parked", reason=reason, payment=payment)

    def voucher(
        self, *payments: int, state: str = "delivered", voucher_no: str | None = None, attempts: int = 1
    ) -> int:
        """A voucher of all live splits of these payments, with the lines that the rule gives."""
        found = self.connection.execute(
            text(
                "SELECT s.id, s.payment_id, s.kind, s.amount, coalesce(c.customer_no, ''), coalesce(i.invoice_no, ''), "
                "coalesce(p.kid, ''), coalesce(c.sub_ledger_account, '') FROM split s JOIN payment p ON p.id = s.payment_id "
                "LEFT JOIN kk2_case c ON c.id = s.case_id LEFT JOIN item i ON i.id = s.item_id "
                "WHERE s.payment_id = ANY(:ids) AND s.superseded_by IS NULL AND NOT EXISTS "
                "(SELECT FROM voucher_split t WHERE t.split_id = s.id AND NOT t.released) ORDER BY s.id"
            ),
            {"ids": list(payments)},
        ).all()
        number = one(self.connection, "SELECT nextval('voucher_number')")
        reference = f"K1-1-{number}"
        postings = [
            PaymentPosting(
                payment,
                tuple(
                    SplitPosting(
                        r[0], Kind(r[2]), r[3], r[4], r[5], r[6], r[7], ACCOUNTS, OverpaymentPolicy.SUSPENSE
                    )
                    for r in found
                    if r[1] == payment
                ),
            )
            for payment in payments
        ]
        group = Group(self.company.code, ACCOUNT, DAY, REFERENCE)
        facts = VoucherFacts(reference, group, 1, 1, DAY, tuple(postings))
        made = posting.approve(PartFacts(self.company, (facts,)))[0]
        booked = state in {"delivered", "by_hand"}
        voucher = one(
            self.connection,
            'INSERT INTO voucher (reference, company, installation, account, booked_on, statement_ref, number, "of", voucher_on, '
            "voucher_type, registrar, division, approve, text, total, moved, lines, payments, company_row, approved_by, state, "
            "voucher_no, attempts) VALUES (:reference, :company, 'main', :account, :day, :ref, 1, 1, :day, :type, :registrar, '1', "
            "true, :text, :total, :moved, :lines, :payments, (SELECT max(id) FROM setup_row WHERE kind = 'company'), 'policy', :state, "
            ":no, :attempts) RETURNING id",
            reference=reference,
            company=made.company,
            account=ACCOUNT,
            day=DAY,
            ref=REFERENCE,
            type=made.voucher_type,
            registrar=made.registrar,
            text=made.text,
            total=made.total,
            moved=sum(row[3] for row in found),
            lines=len(made.lines),
            payments=len(payments),
            state=state,
            no=(voucher_no or str(9000 + number)) if booked else None,
            attempts=attempts,
        )
        for no, line in enumerate(made.lines, 1):
            self.connection.execute(
                text(
                    "INSERT INTO voucher_line (voucher_id, no, account, text, amount, tax_code, dimensions, customer_no, "
                    "invoice_no, kid) VALUES (:voucher, :no, :account, :text, :amount, :tax, '{}', :customer, :invoice, :kid)"
                ),
                {
                    "voucher": voucher,
                    "no": no,
                    "account": line.account,
                    "text": line.text,
                    "amount": line.amount,
                    "tax": line.tax_code,
                    "customer": line.customer_no,
                    "invoice": line.invoice_no,
                    "kid": line.kid,
                },
            )
        for row in found:
            self.connection.execute(
                text("INSERT INTO voucher_split (voucher_id, split_id) VALUES (:voucher, :split)"),
                {"voucher": voucher, "split": row[0]},
            )
        self._voucher_work(voucher, state)
        return voucher

    def _voucher_work(self, voucher: int, state: str) -> None:
        body = {"voucher_ids": [voucher]}
        if state == "refused":
            self.work("deliver", "VouchersApproved", body, state="parked", reason="refused")
        elif state == "in_doubt":
            self.work("deliver", "VouchersApproved", body)
            self.work("inquire", "VoucherInDoubt", {"voucher_id": voucher}, state="due")
        else:
            self.work(
                "deliver",
                "VouchersApproved",
                body,
                state="due" if state in {"approved", "sending"} else "done",
            )


@dataclass(slots=True)
class Standing:
    """A ledger that agrees: one case of 1 000 kr with a fee of 100 kr, and a file of six payments, one of each kind."""

    case: int
    delivered: int
    proposed: int
    in_suspense: int
    parked: int
    held: int
    refused: int
    voucher: int
    file: int


def standing(engine: Engine) -> Standing:
    """Write it, committed."""
    with engine.begin() as connection:
        ledger = Ledger(connection)
        ledger.set_up()
        case = ledger.case(kr(1000), fees=(kr(100),))
        ids = ledger.file(kr(400), kr(650), kr(77), kr(88), kr(99), kr(11))
        delivered, proposed, in_suspense, parked, held, refused = ids
        ledger.settle(delivered, case, (Kind.PRINCIPAL, ledger.item(case), kr(400)))
        ledger.settle(
            proposed,
            case,
            (Kind.PRINCIPAL, ledger.item(case), kr(600)),
            (Kind.FEE, ledger.item(case, 2), kr(50)),
        )
        connection.execute(
            text("UPDATE kk2_case SET state = 'closed_with_rest' WHERE id = :id"), {"id": case}
        )
        ledger.park(in_suspense)
        ledger.split(in_suspense, Kind.SUSPENSE, kr(77))
        ledger.park(parked, "blank_kid")
        ledger.park(held, "held_twin", state="held")
        connection.execute(text("UPDATE payment SET state = 'refused' WHERE id = :id"), {"id": refused})
        voucher = ledger.voucher(delivered, in_suspense)
        file_id = ledger.file_of(delivered)
        return Standing(case, delivered, proposed, in_suspense, parked, held, refused, voucher, file_id)


@dataclass(slots=True)
class Room:
    """One open transaction that looks like an engine: what a test commits is rolled back when the test is over.

    So a module's tests share one migrated database and one ledger, which is a second less for each of them.
    """

    connection: Connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.connection.begin_nested():
            yield self.connection


@contextmanager
def ledger_in(postgres: Postgres, template: str) -> Iterator[tuple[Engine, Standing]]:
    """A database with the standing ledger, for a module's tests."""
    with new_database(postgres, template=template) as url:
        engine = create_engine(url)
        yield engine, standing(engine)
        engine.dispose()


@contextmanager
def room(engine: Engine) -> Iterator[Room]:
    """A room of the module's ledger for one test."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield Room(connection)
        transaction.rollback()


def in_visma(engine: Engine, *, states: Sequence[str] = ("delivered",)) -> list[LedgerVoucher]:
    """Our vouchers in these states, as a Visma has them that got each once."""
    with engine.begin() as connection:
        rows = connection.execute(
            text(
                "SELECT reference, coalesce(voucher_no, '1'), voucher_on, total, lines FROM voucher WHERE state = ANY(:states)"
            ),
            {"states": list(states)},
        ).all()
    return [LedgerVoucher(r[0], r[1], LedgerState.REGISTERED, r[2], r[3], r[4]) for r in rows]

"""A whole site for a test, without Celery: real PostgreSQL, the real simulator over HTTP, the real stages in one process.

Stages run through the same shells as under Celery; the bell only notes what was rung. `drain` works off what is due.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from sqlalchemy import Engine, text

from ops import balance, repairs
from ops.access import ALL_ROLES
from ops.bank_writer import OcrAssignment, OcrPayment, OcrTransmission, write
from ops.simulator import Simulator
from schemas.case import KK2_ORDER
from schemas.events import CaseChanged, CasesOpened, RestDue
from schemas.kid import Kid, KidAgreement, Modulus, mod10
from schemas.money import Money, decimal_text, kr
from schemas.setup import (
    BankAccount,
    Client,
    ClosedPeriodPolicy,
    Company,
    Installation,
    OverpaymentPolicy,
    ParkedPolicy,
    PostingAccounts,
    SubLedger,
)
from schemas.transfer import CaseNumber, TransactionKind
from workers.accounting import connect
from workers.journal import Ring, record
from workers.relay import Ringer
from workers.secrets import resolve
from workers.settings import Settings
from workers.shell import Hands, inside
from workers.shell.approving import approve
from workers.shell.controlling import control
from workers.shell.converting import convert
from workers.shell.delivering import deliver
from workers.shell.fetching import fetch
from workers.shell.importing import import_invoices
from workers.shell.inquiring import inquire
from workers.shell.numbering import number
from workers.shell.proposing import propose
from workers.shell.reading import read_file
from workers.shell.retrying import retry
from workers.shell.settling import resettle, settle
from workers.store import epoch
from workers.store import setup as setup_store
from workers.watch import Landed, Refused, SeenAgain, land

ACCOUNT = "99991042764"
FIRST_DAY = date(2020, 1, 1)
DAY = date(2026, 3, 16)
INSIDE_STAGES = {
    "read": read_file,
    "settle": settle,
    "resettle": resettle,
    "propose": propose,
    "approve": approve,
    "retry": retry,
}
OUTSIDE_STAGES = {
    "deliver": deliver,
    "inquire": inquire,
    "import": import_invoices,
    "number": number,
    "fetch": fetch,
    "control": control,
    "convert": convert,
}


def kid_of(number: int) -> Kid:
    """A KID of eight digits with its MOD10 control."""
    digits = f"{number:07d}"
    return digits + mod10(digits)


@dataclass(slots=True)
class Site:
    """One installation, company 100 with client LIL, one OCR account."""

    engine: Engine
    folder: Path
    simulator: Simulator
    hands: Hands
    rung: list[Ring] = field(default_factory=list)
    transmissions: int = 0

    def case(
        self,
        number: int,
        principal: Money,
        due: date,
        *,
        fee: Money = 0,
        costs: Money = 0,
        state: str = "open",
        more: Sequence[tuple[Money, date]] = (),
        account: str = ACCOUNT,
    ) -> int:
        """Open a case whose own KID is `kid_of(number)` and whose n-th invoice has `kid_of(number + 1000 * n)`."""
        invoices = [(principal, due), *more]
        with self.engine.begin() as connection:
            case_id = connection.execute(
                text(
                    "INSERT INTO kk2_case (company, client, case_no, account, kid, case_flow, sub_ledger_account, "
                    "customer_no, opened_on, state, balance) VALUES ('100', 'KOM', :no, :account, :kid, 'A', '1500', "
                    "CAST(:number AS text), '2021-01-01', :state, :balance) RETURNING id"
                ),
                {
                    "no": f"0221-{number:08d}",
                    "account": account,
                    "kid": kid_of(number),
                    "number": number,
                    "state": state,
                    "balance": sum(amount for amount, _ in invoices) + fee + costs,
                },
            ).scalar_one()
            kids = [kid_of(number), *(kid_of(number + 1000 * n) for n in range(1, len(invoices) + 1))]
            for kid in kids:
                connection.execute(
                    text("INSERT INTO case_kid VALUES (:account, :kid, :case)"),
                    {"account": account, "kid": kid, "case": case_id},
                )
            items = [(1, amount, day, f"F{number}-{n}") for n, (amount, day) in enumerate(invoices, 1)]
            items += [(kind, amount, due, "") for kind, amount in ((2, costs), (3, fee)) if amount]
            for n, (kind, amount, day, invoice) in enumerate(items):
                connection.execute(
                    text(
                        "INSERT INTO item (case_id, kk2_id, kind, amount, due_on, invoice_no) "
                        "VALUES (:case, :kk2, :kind, :amount, :due, :invoice)"
                    ),
                    {
                        "case": case_id,
                        "kk2": str(n),
                        "kind": kind,
                        "amount": amount,
                        "due": day,
                        "invoice": invoice,
                    },
                )
        return int(case_id)

    def with_us(self, number: int, principal: Money, due: date) -> int:
        """A case with one invoice that Visma has too, marked as with us."""
        case_id = self.case(number, principal, due)
        invoice, customer = f"F{number}-1", str(number)
        given = {
            "invoice_no": invoice,
            "customer_no": customer,
            "original": decimal_text(principal),
            "due_on": str(due),
        }
        self.simulator.propose("100", "PWS", invoices=[given])
        with self.engine.connect() as connection:
            installation = setup_store.current(connection).installations["visma"].latest().value
        answers, _ = connect(installation, resolve).write_case_numbers(
            "100", [CaseNumber(invoice, customer, f"0221-{number:08d}", DAY)]
        )
        assert [answer.code for answer in answers] == [""]
        return case_id

    def moves(self, kind: TransactionKind, amount: Money, number: int) -> str:
        """Visma's people book something on the first invoice of `kid_of(number)`'s case; gives the transaction's id."""
        return self.simulator.transact("100", kind, DAY, [(f"F{number}-1", amount)])[0]

    def file(self, *payments: OcrPayment, account: str = ACCOUNT) -> bytes:
        """The bytes of a bank file with these payments."""
        self.transmissions += 1
        assignment = OcrAssignment(account, payments, DAY)
        return write(OcrTransmission(self.transmissions, DAY, (assignment,)))

    def drop(self, content: bytes, name: str = "TBOC0001.DAT") -> Landed | SeenAgain | Refused:
        """Land a file as `kk2 file add` does."""
        path = self.folder / name
        path.write_bytes(content)
        settings = self.hands.settings
        return land(
            path,
            engine=self.engine,
            ringer=self.hands.ringer,
            archive=settings.archive_folder,
            limit=settings.file_limit,
        )

    def drain(self, seed: int | None = None, *, but: Sequence[str] = ()) -> int:
        """Do what is due until nothing is, in order, or shuffled and each message twice; gives how many messages.

        `but`: stages whose work is left.
        """
        chance = random.Random(seed)
        done = 0
        while due := [work for work in self.due() if work[1] not in but]:
            if seed is not None:
                due = [*due, *due]
                chance.shuffle(due)
            for work_id, stage in due:
                self.work(work_id, stage)
                done += 1
            assert done < 5_000, "the work does not end"
        return done

    def pass_leases(self) -> None:
        """Let so much time pass that the leases of calls end."""
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE voucher SET lease_until = now() WHERE lease_until IS NOT NULL"))
            connection.execute(text("UPDATE call_slot SET lease_until = now()"))

    def work(self, work_id: int, stage: str) -> None:
        """Do one message's work."""
        if stage in OUTSIDE_STAGES:
            OUTSIDE_STAGES[stage](work_id, self.hands)
        else:
            inside(work_id, stage, self.hands, INSIDE_STAGES[stage])

    def due(self) -> list[tuple[int, str]]:
        """Work rows that are due now or within a minute: the test's clock does not wait."""
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE breaker SET open_until = now()"))
            connection.execute(
                text(
                    "UPDATE work SET due_at = now() WHERE id IN (SELECT id FROM work WHERE state = 'due' "
                    "AND due_at < now() + interval '1 minute' FOR UPDATE SKIP LOCKED)"
                )
            )
            found = connection.execute(
                text("SELECT id, stage FROM work WHERE state = 'due' AND due_at <= now() ORDER BY id")
            )
            return [(row[0], row[1]) for row in found]

    def come(self, *payments: OcrPayment, but: Sequence[str] = ()) -> None:
        """A bank file with these payments comes, and all that is due is done."""
        self.drop(self.file(*payments))
        self.drain(but=but)

    def parked(self) -> list[str]:
        """Why payments, files, proposals and vouchers wait for a person."""
        return [
            str(row[0]) for row in self.all("SELECT reason FROM work WHERE state = 'parked' ORDER BY reason")
        ]

    def happen(self, *events: object) -> None:
        """Events that come from the clock or a person."""
        with self.engine.begin() as connection:
            record(connection, events, actor="test")

    def open(self, *case_ids: int) -> None:
        """Say that cases were opened, and do all that is due."""
        self.happen(CasesOpened(case_ids))
        self.drain()

    def rest(self) -> None:
        """The clock asks for what no file brought, and all that is due is done."""
        self.rest_in(None)

    def rest_in(self, seed: int | None) -> None:
        """The same, with the messages in the order that the seed gives."""
        self.happen(RestDue("100"))
        self.drain(seed)

    def act(self, repair: Callable[..., repairs.Done], *of: object, **more: object) -> None:
        """A person's repair, and all that is due after it."""
        with self.engine.begin() as connection:
            repair(connection, *of, person=repairs.Person("kari", "it is so", ALL_ROLES), **more)
        self.drain()

    def set_up(self, value: setup_store.Noun, valid_from: date = FIRST_DAY) -> None:
        """Add a row to the setup."""
        with self.engine.begin() as connection:
            kind, key = setup_store.key_of(value)
            setup_store.add_row(connection, kind, key, valid_from, value, "test")

    def set_up_company(self, **changes: object) -> None:
        """The company's setup changes from the first day on."""
        with self.engine.connect() as connection:
            company = setup_store.current(connection).companies["100"].latest().value
        self.set_up(replace(company, **changes))  # type: ignore[arg-type]

    def set_up_client(self, **changes: object) -> None:
        """The client's setup changes from the first day on."""
        self.set_up_client_from(FIRST_DAY, **changes)

    def set_up_client_from(self, day: date, **changes: object) -> None:
        """The client's setup changes from a day on."""
        with self.engine.connect() as connection:
            client = setup_store.current(connection).clients["100", "KOM"].latest().value
        self.set_up(replace(client, **changes), day)  # type: ignore[arg-type]

    def change(self, sql: str, case_id: int, **values: object) -> None:
        """Change what a case owes, as `kk2 case apply` does: the facts, the mark, the event, in one commit."""
        with self.engine.begin() as connection:
            connection.execute(text(sql), {"case": case_id, **values})
            connection.execute(text("UPDATE kk2_case SET dirty = true WHERE id = :id"), {"id": case_id})
            record(connection, [CaseChanged((case_id,))], actor="test")

    def owe_more(self, case_id: int, fee: Money) -> None:
        """A case gets one more fee."""
        sql = (
            "INSERT INTO item (case_id, kk2_id, kind, amount, due_on) SELECT :case, 'more' || count(*), 3, :fee, "
            "'2026-03-01' FROM item WHERE case_id = :case"
        )
        self.change(sql, case_id, fee=fee)

    def prove(self) -> None:
        """Every payment is whole, somewhere, once; and Visma has what we say that it has."""
        with self.engine.connect() as connection:
            installation = setup_store.current(connection).installations["visma"].latest().value
        with self.engine.connect() as connection:
            report = balance.check(connection, connect(installation, resolve))
        broken = [(f.name, f.differences) for f in report.findings if not f.holds]
        assert not broken, broken
        if not installation.by_file:
            assert report.unknown == (), report.unknown
            return
        # a folder can't tell what Visma has, and the check says so; here we may look into Visma
        rows = self.all("SELECT reference, total FROM voucher WHERE state = 'delivered'")
        delivered = {reference: total for reference, total in rows}  # noqa: C416 - rows are of any length
        booked: Counter[object] = Counter()
        for voucher in self.simulator.vouchers("100"):
            booked[voucher.reference] += voucher.total
        assert booked == delivered
        assert {v.in_visma for v in report.vouchers} == {None}
        assert report.unknown[0] == "company 100: this Visma can't list its vouchers"
        assert len(report.unknown) == 1 + bool(delivered)

    def one(self, sql: str, **values: object) -> tuple[object, ...]:
        """Ask for one row."""
        with self.engine.connect() as connection:
            return tuple(connection.execute(text(sql), values).one())

    def all(self, sql: str, **values: object) -> list[tuple[object, ...]]:
        """Ask for all rows."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), values)]


def paid(
    kid: Kid,
    amount: Money,
    *,
    kind: int = 10,
    back: bool = False,
    ref: str = "0106100001",
    day: date = DAY,
    **more: object,
) -> OcrPayment:
    """A payment of a day."""
    return OcrPayment(kind, day, amount, kid, is_negative=back, statement_ref=ref, **more)  # type: ignore[arg-type]


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what another thread or process does."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.01)


def hands_on(engine: Engine, folder: Path, rung: list[Ring]) -> Hands:
    """Hands on a database; the bell only notes what was rung."""
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(
        database_url=url,  # type: ignore[arg-type]
        broker_url="redis://127.0.0.1:1/0",  # type: ignore[arg-type]
        folder=folder / "kk2",
        slice_size=10,
    )
    return Hands(engine, Ringer(rung.append), settings)


@contextmanager
def site(engine: Engine, folder: Path, *, by_file: bool = False, **company: object) -> Iterator[Site]:
    """Set a site up on a migrated database; `company` overrides fields of the company.

    `by_file`: vouchers go as files into a folder, which Visma reads when the test calls `simulator.read_files`.
    """
    files = folder / "bilag"
    with Simulator(folder / "visma", municipality=None, files=files) as simulator:
        rung: list[Ring] = []
        made = Site(engine, folder, simulator, hands_on(engine, folder, rung), rung)
        with engine.begin() as connection:
            for kind_value in setup_of(
                files.as_uri() if by_file else simulator.url, by_file=by_file, **company
            ):
                kind, key = setup_store.key_of(kind_value)
                setup_store.add_row(connection, kind, key, FIRST_DAY, kind_value, "test")
        yield made


def setup_of(endpoint: str, *, by_file: bool = False, **company: object) -> list[setup_store.Noun]:
    """The setup of the site, for a Visma at `endpoint`; `company` overrides fields of the company."""
    accounts = PostingAccounts("1920", "8050", "3920", "3905", "2990", "2950", "0", ())
    tells = not by_file
    fields: dict[str, object] = {
        "code": "100", "installation": "visma", "name": "Lillevik kommune", "voucher_type": "OC", "registrar": "WS-Inf",
        "approve_in_visma": False, "division": "", "accounts": accounts, "parked_policy": ParkedPolicy.SUSPENSE,
        "closed_period_policy": ClosedPeriodPolicy.PARK, "auto_approve": True, "limit_voucher": 0, "limit_day": 0,
        "four_eyes_limit": 0, "payments_per_voucher": 1 if by_file else 5, "posting": True,
    }  # fmt: skip
    return [
        Installation(
            "visma",
            1,
            endpoint,
            "",
            "",
            "",
            "",
            5.0,
            10.0,
            0.2,
            1,
            1,
            True,
            tells,
            False,
            tells,
            tells,
            tells,
        ),
        Company(**{**fields, **company}),  # type: ignore[arg-type]
        BankAccount(ACCOUNT, "100", (KidAgreement(8, Modulus.MOD10),), None),
        Client("KOM", "100", "Lillevik", KK2_ORDER, kr(210), OverpaymentPolicy.SUSPENSE, None),
        SubLedger("KOM", "100", "K", "1500", "A"),
    ]


@contextmanager
def first_life(engine: Engine, owner: Engine, folder: Path, due: date) -> Iterator[Site]:
    """A site whose database knows its archive, with four cases of 1,000 to 4,000 kroner: to be backed up and restored."""
    with site(engine, folder) as made:
        with owner.begin() as connection:
            connection.execute(text(f"UPDATE epoch SET database = {epoch.IDENTITY}"))
        epoch.look(engine, made.hands.settings.archive_folder)
        for number in range(1, 5):
            made.case(number, kr(1000 * number), due)
        yield made

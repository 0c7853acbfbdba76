"""The money check: it agrees on a sound ledger, and each of its promises finds the very fault that it is there for."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date

import pytest
from sqlalchemy import Engine, create_engine, text

from ops import balance
from ops.balance import BalanceReport, Difference, Exit
from ops.balance.asking import ask
from ops.balance.replay import replay
from ops.embedded import Postgres
from schemas.case import Kind
from schemas.money import kr
from schemas.transfer import (
    CaseNumber,
    DeliveryAnswer,
    Exchange,
    InquiryAnswer,
    InstallationFacts,
    InvoiceBalance,
    LedgerVoucher,
    NumberAnswer,
    ReadyPage,
    TransactionPage,
)
from schemas.voucher import LedgerState, Voucher
from tests.ops.ledger import Ledger, Standing, in_visma, standing
from tests.servers import new_database
from workers.accounting import CannotTell, Trouble


class Listing:
    """A Visma of which only the list is asked: it has these vouchers, or fails as it is told."""

    def __init__(self, vouchers: Sequence[LedgerVoucher], fails: Exception | None = None) -> None:
        self.vouchers = vouchers
        self.fails = fails

    def register(self, vouchers: Sequence[Voucher]) -> tuple[tuple[DeliveryAnswer, ...], Exchange]:
        raise AssertionError("the money check must never write")

    def find(self, company: str, reference: str) -> tuple[InquiryAnswer, Exchange]:
        raise AssertionError("the money check asks for the list")

    def list_vouchers(
        self, company: str, voucher_type: str, registrar: str, first: date, last: date
    ) -> Iterator[LedgerVoucher]:
        yield from (v for v in self.vouchers if first <= v.voucher_date <= last)
        if self.fails is not None:
            raise self.fails

    def installation(self) -> InstallationFacts:
        raise AssertionError("the money check asks for the list")

    def ready_invoices(self, company: str, dunning_code: str, page: str = "") -> tuple[ReadyPage, Exchange]:
        raise AssertionError("the money check asks for the list")

    def write_case_numbers(
        self, company: str, rows: Sequence[CaseNumber]
    ) -> tuple[tuple[NumberAnswer, ...], Exchange]:
        raise AssertionError("the money check must never write")

    def transactions(
        self, company: str, since_cursor: str, page: str = ""
    ) -> tuple[TransactionPage, Exchange]:
        raise AssertionError("the money check asks for the list")

    def balances(self, company: str, invoice_nos: Sequence[str]) -> tuple[InvoiceBalance, ...]:
        raise AssertionError("the money check asks for the list")


def check(engine: Engine, visma: Listing | None) -> BalanceReport:
    with engine.connect() as connection:
        return balance.check(connection, visma)


def checked(engine: Engine) -> BalanceReport:
    """The check with a Visma that has exactly what was delivered."""
    return check(engine, Listing(in_visma(engine)))


def broken(report: BalanceReport) -> dict[str, list[str]]:
    """Each promise that does not hold, with the rows that it names."""
    return {f.name: [d.subject for d in f.differences] for f in report.findings if not f.holds}


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound ledger for all the faults: each is planted in a transaction, found in it, and rolled back."""

    engine: Engine
    stands: Standing

    def broken_by(self, *statements: str) -> dict[str, list[Difference]]:
        """Plant a fault that the database's own constraints and triggers would refuse; gives the broken promises."""
        values = asdict(self.stands)
        with self.engine.connect() as connection, connection.begin() as transaction:
            for (table,) in connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ).all():
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            for statement in statements:
                connection.execute(text(statement), {n: v for n, v in values.items() if f":{n}" in statement})
            found = [*(ask(connection, promise) for promise in balance.CHECKS), replay(connection, None)]
            transaction.rollback()
        return {f.name: list(f.differences) for f in found if not f.holds}


@pytest.fixture(scope="module")
def sound(postgres: Postgres, template: str) -> Iterator[Sound]:
    with new_database(postgres, template=template) as url:
        engine = create_engine(url)
        yield Sound(engine, standing(engine))
        engine.dispose()


@pytest.fixture
def stands(engine: Engine) -> Standing:
    return standing(engine)


def test_a_sound_ledger_agrees(engine: Engine, stands: Standing) -> None:
    report = checked(engine)

    assert broken(report) == {}
    assert report.unknown == ()
    assert report.exit_status is Exit.AGREES


def test_an_empty_ledger_agrees(engine: Engine) -> None:
    report = check(engine, Listing([]))

    assert report.exit_status is Exit.AGREES
    assert [s.payments for s in report.sums] == [0]


def test_the_places_of_a_scope_sum_up_to_its_money(engine: Engine, stands: Standing) -> None:
    report = checked(engine)

    whole = kr(400) + kr(650) + kr(77) + kr(88) + kr(99) + kr(11)
    assert [(s.scope, s.payments, s.amount) for s in report.sums] == [
        ("all", 6, whole),
        ("company 100", 6, whole),
        (f"file {stands.file}", 6, whole),
    ]
    for scope in report.sums:
        assert {(p.where, p.state): (p.payments, p.amount) for p in scope.places} == {
            ("voucher", "delivered"): (2, kr(477)),
            ("proposal", ""): (1, kr(650)),
            ("unsplit", "parked"): (1, kr(88)),
            ("unsplit", "held"): (1, kr(99)),
            ("unsplit", "refused"): (1, kr(11)),
        }


FAULTS = {
    "a split lost": (
        "payment",
        "UPDATE split SET superseded_by = id WHERE payment_id = :proposed AND kind = 3",
    ),
    "a split changed": (
        "payment",
        "UPDATE split SET amount = amount + 1 WHERE payment_id = :proposed AND kind = 1",
    ),
    "a parked payment that is split too": (
        "payment",
        "INSERT INTO split (payment_id, case_id, kind, amount, corrects, held) VALUES (:parked, :case, 5, 100, false, false)",
    ),
    "a share of a payment of which no other case has the rest": (
        "share",
        "INSERT INTO payment_share VALUES (:delivered, :case, 100)",
    ),
    "a share of a payment that is parked": (
        "share",
        "INSERT INTO payment_share VALUES (:parked, :case, 8800)",
    ),
    "a payment that its case does not have": (
        "share",
        "UPDATE payment SET case_id = 999 WHERE id = :delivered",
    ),
    "suspense of another amount": ("payment", "UPDATE split SET amount = 7600 WHERE kind = 6"),
    "a parked payment on nobody's list": (
        "parked",
        "UPDATE work SET state = 'done' WHERE payment_id = :parked",
    ),
    "a parked payment twice on the list": (
        "parked",
        "INSERT INTO work (event_id, stage, part, body, state, due_at, reason, note, payment_id) "
        "SELECT event_id, stage, 'b', body, state, due_at, reason, note, payment_id FROM work WHERE payment_id = :parked",
    ),
    "a list that names a payment that is not parked": (
        "parked",
        "UPDATE payment SET state = 'refused' WHERE id = :parked",
    ),
    "a held payment whose row says other": (
        "parked",
        "UPDATE work SET reason = 'unknown_kid' WHERE payment_id = :held",
    ),
    "a payment that waits for nothing": (
        "waiting",
        "UPDATE payment SET state = 'waiting' WHERE id = :refused",
    ),
    "a payment deleted": ("file count", "DELETE FROM payment WHERE id = :refused"),
    "a payment's amount changed": ("file sum", "UPDATE payment SET amount = 1200 WHERE id = :refused"),
    "a file that says another sum": (
        "control total",
        """UPDATE bank_file SET assignments = '[{"account": "x", "payments": 1, "control_total": 100, "total": 100}]' WHERE state = 'read'""",
    ),
    "a gap in the positions": ("positions", "UPDATE payment SET position = 9 WHERE id = :refused"),
    "two payments in one place": ("positions", "UPDATE payment SET position = 0 WHERE id = :parked"),
    "a slice that nobody works on": ("slices", "UPDATE bank_file SET open_slices = 1"),
    "a file that was landed and forgotten": (
        "file work",
        "INSERT INTO bank_file (sha256, name, size, state) VALUES (repeat('a', 64), 'x', 1, 'landed')",
    ),
    "a settled file that was never proposed": (
        "file work",
        "DELETE FROM journal WHERE event = 'FileSettled'",
    ),
    "a payment of another company": ("company", "UPDATE payment SET company = '200' WHERE id = :proposed"),
    "a bank line of another sum": (
        "statement",
        "UPDATE voucher_line SET amount = amount + 100 WHERE account = '1920'",
    ),
    "a case balance changed": ("case", "UPDATE kk2_case SET balance = balance + 1"),
    "a waiver that no resettle saw": (
        "case",
        "INSERT INTO waiver (case_id, item_id, kk2_id, kind, amount, day) "
        "SELECT case_id, id, 'w1', 3, 100, '2026-03-01' FROM item WHERE kind = 3",
    ),
    "a dirty case that nobody settles": ("dirty case", "UPDATE kk2_case SET dirty = true"),
    "an invoice opened in a case that has it not": (
        "invoice",
        "INSERT INTO invoice (company, invoice_no, customer_no, state, case_id, number_state) "
        "SELECT '100', 'none', '1', 'opened', id, 'written' FROM kk2_case LIMIT 1",
    ),
    "an imported invoice in two cases": (
        "invoice",
        "INSERT INTO invoice (company, invoice_no, customer_no, state, case_id, number_state) "
        "SELECT '100', 'F77', '1', 'opened', min(id), 'written' FROM kk2_case WHERE company = '100'",
        "INSERT INTO kk2_case (company, client, case_no, account, kid, case_flow, sub_ledger_account, customer_no, opened_on, "
        "state, balance) SELECT company, client, 'again', account, kid, case_flow, sub_ledger_account, customer_no, opened_on, "
        "'open', 100 FROM kk2_case LIMIT 1",
        "INSERT INTO item (case_id, kk2_id, kind, amount, due_on, invoice_no) "
        "SELECT id, 'twice', 1, 100, '2026-03-01', 'F77' FROM kk2_case WHERE company = '100'",
    ),
    "a parked invoice that nobody sees": (
        "invoice",
        "INSERT INTO invoice (company, invoice_no, customer_no, state) VALUES ('100', 'F78', '1', 'parked')",
    ),
    "a movement on an item that is withdrawn": (
        "transaction",
        "INSERT INTO ledger_transaction (company, transaction_id, version, voucher_no, line, day, amount, kind, invoice_no, "
        "state, case_id, item_id) SELECT '100', 'T1', 1, '1', 1, '2026-03-01', -100, 'payment', 'F1', 'applied', case_id, id "
        "FROM item WHERE kind = 1 LIMIT 1",
        "UPDATE item SET withdrawn_at = now()",
    ),
    "a parked transaction that nobody sees": (
        "transaction",
        "INSERT INTO ledger_transaction (company, transaction_id, version, voucher_no, line, day, amount, kind, invoice_no, "
        "state) VALUES ('100', 'T1', 1, '1', 1, '2026-03-01', -100, 'payment', 'F1', 'parked')",
    ),
    "two versions that stand": (
        "transaction",
        "INSERT INTO ledger_transaction (company, transaction_id, version, voucher_no, line, day, amount, kind, invoice_no, "
        "state) SELECT '100', 'T1', n, '1', 1, '2026-03-01', -100, 'payment', 'F1', 'ours' FROM generate_series(1, 2) n",
    ),
    "a voucher that does not balance": (
        "voucher",
        "UPDATE voucher_line SET amount = amount + 100 WHERE account = '1510'",
    ),
    "a voucher's head with another sum": ("voucher head", "UPDATE voucher SET total = total + 100"),
    "a voucher's head with another number of lines": ("voucher head", "UPDATE voucher SET lines = lines + 1"),
    "a voucher's head with another number of payments": ("voucher head", "UPDATE voucher SET payments = 9"),
    "a voucher's head that moved other money": ("voucher head", "UPDATE voucher SET moved = moved + 1"),
    "money on another account than its kind's": (
        "voucher lines",
        "UPDATE voucher_line SET account = '3940' WHERE account = '1510'",
    ),
    "money of another statement": ("voucher group", "UPDATE voucher SET statement_ref = '0000000001'"),
    "a void voucher that keeps its splits": (
        "voucher splits",
        "UPDATE voucher SET state = 'void', voucher_no = NULL",
    ),
    "a delivered voucher that gave its splits back": (
        "voucher splits",
        "UPDATE voucher_split SET released = true",
    ),
    "a split superseded though a voucher has it": (
        "voucher splits",
        "UPDATE split SET superseded_by = id WHERE payment_id = :delivered",
    ),
    "a split in two vouchers": (
        "voucher splits",
        "DROP INDEX uq_voucher_split_split_id",
        "INSERT INTO voucher_split SELECT voucher_id + 1, split_id FROM voucher_split",
    ),
    "a voucher that nobody sends": (
        "voucher work",
        "UPDATE voucher SET state = 'approved', voucher_no = NULL",
    ),
    "a work row whose event is lost": ("journal", "DELETE FROM journal WHERE event = 'FileLanded'"),
    "an event whose work is lost": ("journal", "DELETE FROM work WHERE stage = 'propose'"),
    "work for a stage that is not on the page": (
        "journal",
        "INSERT INTO work (event_id, stage, body, state, due_at) SELECT min(id), 'forget', '{}', 'due', now() FROM journal",
    ),
    "a case lost": ("links", "DELETE FROM case_kid", "DELETE FROM item", "DELETE FROM kk2_case"),
    "a case split by another rule": (
        "replay",
        "UPDATE split SET amount = amount + 5000 WHERE payment_id = :proposed AND kind = 1",
        "UPDATE split SET amount = amount - 4900 WHERE payment_id = :proposed AND kind = 3",
    ),
    "a case in another state than its facts give": ("replay", "UPDATE kk2_case SET state = 'open'"),
    "a kept sum of payments with other money": (
        "payment sums",
        "UPDATE tally SET amount = amount + 1 WHERE of = 'payment' AND state = 'refused'",
    ),
    "a payment that changed and no sum saw it": (
        "payment sums",
        "UPDATE payment SET state = 'known' WHERE id = :refused",
    ),
    "a kept sum of vouchers that was lost": ("voucher sums", "DELETE FROM tally WHERE of = 'voucher'"),
    "a kept sum of what is booked, one øre off": (
        "booked sums",
        "UPDATE tally SET amount = amount + 1 WHERE of = 'booked'",
    ),
    "a transaction of Visma that no sum saw": (
        "booked sums",
        "INSERT INTO ledger_transaction (company, transaction_id, version, voucher_no, line, day, amount, kind, invoice_no, "
        "state) VALUES ('100', 'T1', 1, '1', 1, '2026-03-01', -100, 'payment', 'F1', 'set_aside')",
    ),
    "a refused payment that no list finds": ("aside", "DELETE FROM aside"),
    "a kept sum of parked work twice": (
        "parked sums",
        "INSERT INTO tally SELECT * FROM tally WHERE of = 'parked'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_promise_finds_the_fault_that_it_is_there_for(sound: Sound, fault: str) -> None:
    promise, *statements = FAULTS[fault]

    assert promise in sound.broken_by(*statements)


def test_no_fault_is_left_behind_by_the_tests_of_faults(sound: Sound) -> None:
    assert sound.broken_by() == {}


def test_every_promise_has_a_fault_that_it_finds() -> None:
    assert {promise for promise, *_ in FAULTS.values()} == {c.name for c in balance.CHECKS} | {"replay"}


LINKS = {
    "payment": ("file_id", "case_id", "reverses"),
    "split": ("payment_id", "case_id", "item_id", "superseded_by", "client_row"),
    "voucher_split": ("split_id", "voucher_id"),
    "voucher_line": ("voucher_id",),
    "work": ("payment_id", "transaction_id"),
}


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, columns in LINKS.items() for c in columns])
def test_a_name_that_leads_nowhere_is_found(sound: Sound, table: str, column: str) -> None:
    found = sound.broken_by(
        f"UPDATE {table} SET {column} = 999999 WHERE ctid = (SELECT min(ctid) FROM {table})"
    )

    assert any(f"{column} 999999" in difference.cause for difference in found["links"])


def test_at_most_twenty_rows_are_named_and_all_are_counted(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        Ledger(connection).file(*[kr(1)] * 30)

    finding = next(f for f in checked(engine).findings if f.name == "waiting")

    assert (finding.broken, len(finding.differences)) == (30, 20)


def test_a_waiting_payment_in_an_open_slice_is_nobodys_fault(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        ledger = Ledger(connection)
        first, *_ = ledger.file(kr(1), kr(2), kr(3))
        file_id = ledger.file_of(first)
        connection.execute(text("UPDATE bank_file SET open_slices = 2 WHERE id = :id"), {"id": file_id})
        ledger.work("settle", "PaymentsReceived", {"file_id": file_id, "first": 0, "until": 2}, state="due")
        ledger.work(
            "settle", "PaymentsReleased", {"file_id": file_id, "payment_ids": [first + 2]}, state="due"
        )

    assert broken(checked(engine)) == {}


def test_a_correction_of_delivered_money_agrees_without_a_bank_line(engine: Engine, stands: Standing) -> None:
    """The parked payment that stands on suspense finds its case: its negative and the case's splits, no bank line."""
    with engine.begin() as connection:
        ledger = Ledger(connection)
        connection.execute(
            text("UPDATE work SET state = 'done' WHERE payment_id = :id"), {"id": stands.in_suspense}
        )
        ledger.settle(
            stands.in_suspense,
            stands.case,
            (Kind.FEE, ledger.item(stands.case, 2), kr(50)),
            (Kind.REST, None, kr(27)),
        )
        ledger.split(stands.in_suspense, Kind.SUSPENSE, -kr(77))
        ledger.voucher(stands.in_suspense)

    report = checked(engine)

    assert broken(report) == {}
    assert ("voucher", "delivered", 2, kr(477)) in [
        (p.where, p.state, p.payments, p.amount) for p in report.sums[0].places
    ]


def test_a_voided_voucher_leaves_its_money_in_the_proposal(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        ledger = Ledger(connection)
        void = ledger.voucher(stands.proposed, state="approved")
        connection.execute(text("UPDATE work SET state = 'done' WHERE stage = 'deliver'"))
        connection.execute(text("UPDATE voucher SET state = 'void' WHERE id = :id"), {"id": void})
        connection.execute(
            text("UPDATE voucher_split SET released = true WHERE voucher_id = :id"), {"id": void}
        )

    assert broken(checked(engine)) == {}


# --- against Visma ---


def test_without_visma_the_answer_is_unknown_and_never_agreement(engine: Engine, stands: Standing) -> None:
    report = check(engine, None)

    assert report.agrees
    assert report.exit_status is Exit.UNKNOWN
    assert "Visma was not asked" in report.unknown[0]
    assert report.vouchers[0].in_visma is None


@pytest.mark.parametrize(
    "fails",
    [CannotTell(), Trouble("TimedOut", "no answer", Exchange("ListVouchers", None, "", ""))],
    ids=["it can't list", "it does not answer"],
)
def test_a_visma_that_cannot_tell_is_unknown(engine: Engine, stands: Standing, fails: Exception) -> None:
    report = check(engine, Listing(in_visma(engine), fails))

    assert report.agrees
    assert report.exit_status is Exit.UNKNOWN


def test_visma_that_does_not_tell_the_total_is_unknown(engine: Engine, stands: Standing) -> None:
    report = check(engine, Listing([replace(v, total=None, lines=None) for v in in_visma(engine)]))

    assert report.exit_status is Exit.UNKNOWN
    assert "does not tell" in report.unknown[0]


def test_a_delivered_voucher_that_visma_lacks_is_named(engine: Engine, stands: Standing) -> None:
    report = check(engine, Listing([]))

    (named,) = next(f for f in report.findings if f.name == "Visma").differences
    assert named.subject.startswith(f"voucher {stands.voucher} ")
    assert (named.expected, named.found) == (kr(477), 0)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"total": kr(478)}, "another sum"),
        ({"lines": 9}, "9 lines"),
        ({"voucher_no": "1234"}, "Visma has no. 1234"),
        ({"state": LedgerState.DELETED}, "deleted in Visma"),
    ],
)
def test_a_voucher_that_is_other_in_visma_is_named(
    engine: Engine, stands: Standing, change: dict[str, object], cause: str
) -> None:
    listed = [replace(v, **change) for v in in_visma(engine)]  # type: ignore[arg-type]

    (named,) = next(f for f in check(engine, Listing(listed)).findings if f.name == "Visma").differences

    assert cause in named.cause


def test_a_double_is_named_with_both_numbers(engine: Engine, stands: Standing) -> None:
    (voucher,) = in_visma(engine)
    report = check(engine, Listing([voucher, replace(voucher, voucher_no="7777")]))

    (named,) = next(f for f in report.findings if f.name == "Visma doubles").differences
    assert voucher.voucher_no in named.cause
    assert "7777" in named.cause
    assert report.exit_status is Exit.DIFFERS


@pytest.mark.parametrize("state", ["approved", "in_doubt", "refused"])
def test_a_voucher_that_is_there_and_not_known_as_delivered_is_named(
    engine: Engine, stands: Standing, state: str
) -> None:
    with engine.begin() as connection:
        Ledger(connection).voucher(stands.proposed, state=state)

    report = check(engine, Listing(in_visma(engine, states=("delivered", state))))

    (named,) = next(f for f in report.findings if f.name == "Visma").differences
    assert named.found == kr(650)
    assert f"in state {state}" in named.cause


def test_a_voucher_that_is_being_sent_is_unknown_yet(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        Ledger(connection).voucher(stands.proposed, state="sending")

    report = check(engine, Listing(in_visma(engine, states=("delivered", "sending"))))

    assert report.exit_status is Exit.UNKNOWN


def test_a_voucher_posted_by_hand_is_for_a_persons_eye(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        Ledger(connection).voucher(stands.proposed, state="by_hand", voucher_no="4711")

    report = checked(engine)

    assert report.exit_status is Exit.UNKNOWN
    assert "4711" in report.unknown[0]


def test_a_voucher_of_ours_that_the_database_does_not_know_is_named(engine: Engine, stands: Standing) -> None:
    (voucher,) = in_visma(engine)
    strange = replace(voucher, reference="K1-1-998", voucher_no="7777")
    others = [replace(strange, reference="K2-1-998"), replace(strange, reference="")]

    report = check(engine, Listing([voucher, strange, *others]))

    (named,) = next(f for f in report.findings if f.name == "Visma strangers").differences
    assert "K1-1-998" in named.subject


def test_visma_is_found_by_its_installation(engine: Engine, stands: Standing) -> None:
    with engine.connect() as connection:
        right = balance.check(connection, {"main": Listing(in_visma(engine))})
        wrong = balance.check(connection, {"other": Listing(in_visma(engine))})

    assert right.exit_status is Exit.AGREES
    assert wrong.exit_status is Exit.UNKNOWN

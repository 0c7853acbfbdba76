"""Random days: a state machine of hypothesis plays them on a whole site in one process; at rest the model must hold."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import create_engine, text

from ops import repairs
from ops.bank_writer import OcrPayment
from ops.embedded import Postgres
from ops.simulator import Fault, FaultKind
from schemas.events import CasesOpened, ControlDue, FetchDue, ImportDue, RestDue
from schemas.money import kr
from schemas.setup import OverpaymentPolicy, ParkedPolicy, SubLedger
from schemas.transfer import TransactionKind
from schemas.voucher import LedgerState
from tests.days import model
from tests.days.people import ACTS, DONE, NOTHING, PAYER, People
from tests.servers import new_database
from tests.site import kid_of, paid, site
from workers import crash
from workers.store import epoch
from workers.watch import Landed, SeenAgain

FIRST = date(2026, 2, 2)
SEEDS = st.integers(0, 2**32 - 1)
FAULTS = (
    FaultKind.LOSE_ANSWER_AFTER_BOOKING, FaultKind.CUT_BEFORE_READING, FaultKind.BUSY, FaultKind.UNKNOWN_ACCOUNT,
    FaultKind.PERIOD_CLOSED, FaultKind.GARBAGE, FaultKind.ACCESS_DENIED, FaultKind.TRUNCATED, FaultKind.HTTP_500,
    FaultKind.HTTP_503_XHTML, FaultKind.SOAP_FAULT, FaultKind.ACCEPTED_202_EMPTY,
)  # fmt: skip
OPERATIONS = (
    "RegisterVouchers",
    "RegisterVouchers",
    "FindVoucher",
    "GetTransactions",
    "GetReadyInvoices",
    "UpdateCaseNumbers",
)
BANK = ("new", "new", "new", "taken_back", "alike", "copy", "damaged")
MESSAGES = ("some", "some", "some", "relay", "all", "killed", "restart")
VISMA = (
    "new_invoice",
    "case_of_kk2",
    "kk2_claims",
    "kk2_waives",
    "kk2_withdraws",
    "kk2_recalls",
    "moves",
    "corrects",
    "posts",
    "reverses",
    "closes_period",
    "fault",
    "fault",
    "down",
    "well_again",
)
CLOCK = ("rest", "fetch", "control", "import_", "leases_end", "days_of_silence")
NOT_WHOLE = (
    "SELECT p.id FROM payment p LEFT JOIN split s ON s.payment_id = p.id AND s.superseded_by IS NULL GROUP BY p.id "
    "HAVING p.state = 'settled' AND coalesce(sum(s.amount), 0) <> p.amount "
    "OR p.state <> 'settled' AND coalesce(sum(s.amount), 0) NOT IN (0, p.amount)"
)
BUGS = "SELECT stage, note FROM work WHERE state = 'parked' AND reason = 'bug' AND note NOT LIKE 'the worker died%'"


class Killed(BaseException):
    """The process ended here, and its open transaction is gone: nothing of ours catches this."""


def killed_at(passes: int, do: Callable[[], None]) -> bool:
    """Do something in a process that dies at its n-th pass of a crash point; says whether it came there."""
    left = [passes]

    def look_in(folder: Path, name: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed(name)

    kept = crash._FOLDER, crash._look_in
    crash._FOLDER, crash._look_in = Path("/"), look_in
    try:
        do()
    except Killed:
        return True
    finally:
        crash._FOLDER, crash._look_in = kept
    return False


class Days(RuleBasedStateMachine):
    """One site and its days. `ran`: how often each thing happened, and how it ended; over all sites."""

    ran: Counter[tuple[str, str]]
    postgres: Postgres
    template: str
    folder: Path
    sites = 0

    def __init__(self) -> None:
        super().__init__()
        self.until_the_end = ExitStack()
        self.failed = True
        self.queue: list[tuple[int, str]] = []
        self.bank = model.Bank()
        self.sent: list[OcrPayment] = []
        self.contents: list[bytes] = []
        self.cases = self.steps = 0
        self.moved: list[str] = []

    @initialize(
        policy=st.booleans(),
        parked=st.sampled_from(ParkedPolicy),
        over=st.sampled_from(OverpaymentPolicy),
        at_once=st.sampled_from((1, 5)),
    )
    def set_up(self, policy: bool, parked: ParkedPolicy, over: OverpaymentPolicy, at_once: int) -> None:
        type(self).sites += 1
        url = self.until_the_end.enter_context(new_database(self.postgres, template=self.template))
        engine = create_engine(url)
        self.until_the_end.callback(engine.dispose)
        folder = self.folder / str(self.sites)
        folder.mkdir()
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE epoch SET database = {epoch.IDENTITY}"))
        made = site(
            engine,
            folder,
            auto_approve=policy,
            parked_policy=parked,
            payments_per_voucher=at_once,
            dunning_code="EWS",
        )
        self.here = self.until_the_end.enter_context(made)
        self.here.set_up_client(case_no_pattern="NY-####", overpayment_policy=over)
        self.here.set_up(SubLedger("KOM", "100", "10", "1510", "EGEN"))
        self.people = People(self.here)
        for _ in range(6):
            self.case_of_kk2(random.Random(self.cases))
        with engine.begin() as connection:
            connection.execute(text("UPDATE kk2_case SET customer_no = '1' WHERE id IN (2, 3)"))
        for number in (51, 52):
            self.here.with_us(number, kr(400 * (number - 50)), FIRST)
        self._day_before(random.Random(at_once))
        self.failed = False

    def _day_before(self, chance: random.Random) -> None:
        """There is something on each list: money on cases, delivered and parked, and what one payer's is always for."""
        strays = [
            paid(kid_of(90), kr(10 + n), ref=model.reference_of(kid_of(90)), debit_account=PAYER)
            for n in range(5)
        ]
        for _ in range(2):
            self._send((*(self._payment(chance) for _ in range(6)), *strays[:3]))
            strays.reverse()
        self.here.drain()
        for _ in range(4):
            self.people.assign_the_payers(chance)
        self.people.approve(chance)
        self.here.drain()

    # --- what may happen ---

    @rule(what=st.sampled_from(BANK), seed=SEEDS)
    def bank_sends(self, what: str, seed: int) -> None:
        self._do("bank", what, BANK, seed)

    @rule(what=st.sampled_from(MESSAGES), seed=SEEDS)
    def messages(self, what: str, seed: int) -> None:
        self._do("messages", what, MESSAGES, seed)

    @rule(what=st.sampled_from(ACTS), seed=SEEDS)
    def a_person(self, what: str, seed: int) -> None:
        self._do("person", what, ACTS, seed)

    @rule(what=st.sampled_from(ACTS), seed=SEEDS)
    def another_person(self, what: str, seed: int) -> None:
        self._do("person", what, ACTS, seed)

    @rule(what=st.sampled_from(VISMA), seed=SEEDS)
    def visma(self, what: str, seed: int) -> None:
        self._do("visma", what, VISMA, seed)

    @rule(what=st.sampled_from(CLOCK), seed=SEEDS)
    def clock(self, what: str, seed: int) -> None:
        self._do("clock", what, CLOCK, seed)

    def _do(self, who: str, what: str, all_of_it: Sequence[str], seed: int) -> None:
        """Do it; where there is nothing to do, another one of its kind."""
        self.failed = True
        self.steps += 1  # hypothesis likes to repeat itself: the same seed is another chance each time
        chance = random.Random(f"{what} {seed} {self.steps}")
        for each in (what, *chance.sample(all_of_it, len(all_of_it))):
            ended = getattr(self.people if who == "person" else self, each)(chance) or DONE
            if ended != NOTHING:
                break
        self.ran[f"{who} {each}", ended] += 1
        self.queue += [(ring.work_id, ring.stage) for ring in self.here.rung]
        self.here.rung.clear()
        self.look()
        self.failed = False

    def look(self) -> None:
        """After each step: what was read is what the bank sent, each payment is whole, Visma has each voucher once."""
        here = self.here
        for sha256, number, total in here.all(
            "SELECT sha256, payments, total FROM bank_file WHERE format IS NOT NULL"
        ):
            payments = self.bank.files[str(sha256)]
            assert (number, total) == (
                len(payments),
                sum(-p.amount if p.type == 18 else p.amount for p in payments),
            )
        assert here.all(NOT_WHOLE) == []
        references = Counter(v.reference for v in here.simulator.vouchers("100") if v.reference)
        assert set(references.values()) <= {1}, references
        assert here.all(BUGS) == []

    # --- the bank ---

    def new(self, chance: random.Random) -> None:
        self._send(tuple(self._payment(chance) for _ in range(chance.randrange(1, 8))))

    def taken_back(self, chance: random.Random) -> str | None:
        if not self.sent:
            return NOTHING
        one = chance.choice(self.sent)
        amount = one.amount if chance.random() < 0.8 else one.amount + 1
        back = paid(one.kid, amount, kind=18, day=one.booked_on + timedelta(1), ref=one.statement_ref)
        more = (self._payment(chance),) if chance.random() < 0.5 else ()
        self._send((back, *more))
        return None

    def alike(self, chance: random.Random) -> str | None:
        """A payment comes that is alike to one of before, and perhaps all of a file."""
        if not self.contents:
            return NOTHING
        whole = chance.choice(list(self.bank.files.values()))
        self._send(whole if chance.random() < 0.5 else (chance.choice(whole), self._payment(chance)))
        return None

    def copy(self, chance: random.Random) -> str | None:
        if not self.contents:
            return NOTHING
        self._drop(chance.choice(self.contents), SeenAgain)
        return None

    def damaged(self, chance: random.Random) -> None:
        """A file that is cut off, or lacks a line."""
        content = self.here.file(*(self._payment(chance) for _ in range(chance.randrange(1, 4))))
        lines = content.split(b"\n")
        at = chance.randrange(1, len(lines) - 2)
        rest = lines[at + 1 :] if chance.random() < 0.5 else []
        self._drop(b"\n".join(lines[:at] + rest), Landed)

    def _payment(self, chance: random.Random) -> OcrPayment:
        day, kind = FIRST + timedelta(chance.randrange(40)), chance.random()
        amount = chance.choice((chance.randrange(1, 60_000), kr(100), kr(300)))
        kid = kid_of(chance.choice((*range(1, self.cases + 1), 51, 52, 90 + chance.randrange(3))))
        payer = PAYER if kind < 0.2 else "00000000000"
        if kind < 0.2:
            kid = kid_of(90 + chance.randrange(3))
        elif kind < 0.25:
            kid = kid[:-1] + str((int(kid[-1]) + 1) % 10)
        return paid(kid, amount, day=day, ref=model.reference_of(kid), debit_account=payer)

    def _send(self, payments: tuple[OcrPayment, ...]) -> None:
        content = self.here.file(*payments)
        self.bank.sends(content, payments)
        self.sent += [payment for payment in payments if payment.type == 10]
        self.contents.append(content)
        self._drop(content, Landed)

    def _drop(self, content: bytes, expected: type) -> None:
        landed = self.here.drop(content, f"F{self.here.transmissions}.DAT")
        assert isinstance(landed, expected), landed

    # --- the broker and the workers ---

    def some(self, chance: random.Random) -> str | None:
        """Some messages come: in any order, some twice, some never."""
        if not self.queue:
            self.relay(chance)
        taken = chance.sample(self.queue, min(len(self.queue), chance.randrange(1, 8)))
        if not taken:
            return NOTHING
        for message in taken:
            self.queue.remove(message)
        for message in taken:
            for _ in range(chance.choice((0, 1, 1, 1, 1, 2))):
                self.here.work(*message)
        return None

    def relay(self, _: random.Random) -> str | None:
        """The relay rings for all that is due, also for what is in the queue."""
        sql = "SELECT id, stage FROM work WHERE state = 'due' AND due_at <= now() ORDER BY id"
        due = [(int(str(work_id)), str(stage)) for work_id, stage in self.here.all(sql)]
        self.queue += due
        return None if due else NOTHING

    def all(self, chance: random.Random) -> str | None:
        self.queue.clear()
        return None if self.here.drain(chance.randrange(1_000)) else NOTHING

    def killed(self, chance: random.Random) -> str | None:
        """A worker dies somewhere in a piece of work."""
        due = self.here.due()
        if not due:
            return NOTHING
        died = killed_at(chance.randrange(1, 7), lambda: self.here.work(*chance.choice(due)))
        self.restart(chance)
        return DONE if died else "lived"

    def restart(self, _: random.Random) -> None:
        """All processes end, the broker forgets everything, and all start again."""
        self.here.engine.dispose()
        self.queue.clear()
        assert epoch.look(self.here.engine, self.here.hands.settings.archive_folder) == 1

    # --- Visma and KK2 ---

    def case_of_kk2(self, chance: random.Random) -> None:
        self.cases += 1
        number = self.cases
        made = self.here.case(
            number, kr(300 * chance.randrange(1, 6)), FIRST, fee=kr(38), costs=kr(90 * chance.randrange(2))
        )
        if number > 6:
            self.here.happen(CasesOpened((made,)))

    def kk2_claims(self, chance: random.Random) -> None:
        self.here.owe_more(self.people.case(chance), kr(50))

    def kk2_waives(self, chance: random.Random) -> None:
        self.here.change(
            "INSERT INTO waiver (case_id, item_id, kk2_id, kind, amount, day) SELECT case_id, id, 'w' || id || '/' || "
            "(SELECT count(*) FROM waiver), kind, 3000, :day FROM item WHERE case_id = :case AND kind < 4 "
            "AND withdrawn_at IS NULL ORDER BY id OFFSET :n LIMIT 1",
            self.people.case(chance),
            n=chance.randrange(3),
            day=FIRST + timedelta(chance.randrange(40)),
        )

    def kk2_withdraws(self, chance: random.Random) -> None:
        self.here.change(
            "UPDATE item SET withdrawn_at = now() WHERE case_id = :case AND kind = 3 AND withdrawn_at IS NULL "
            "AND kk2_id NOT LIKE 'desk:%' AND NOT EXISTS (SELECT FROM waiver w WHERE w.item_id = item.id)",
            self.people.case(chance),
        )

    def kk2_recalls(self, chance: random.Random) -> None:
        self.here.change(
            "UPDATE kk2_case SET state = :state WHERE id = :case AND state <> 'merged'",
            self.people.case(chance),
            state=chance.choice(("recalled", "open")),
        )

    def new_invoice(self, chance: random.Random) -> None:
        number = 61 + len(self.here.simulator.invoices("100"))
        given = {
            "invoice_no": str(number), "customer_no": str(number), "original": f"{chance.randrange(100, 2000)}.00",
            "due_on": "2026-01-31", "kid": kid_of(number), "sub_ledger_type": "10",
        }  # fmt: skip
        self.here.simulator.propose("100", "EWS", invoices=[given])
        self.here.happen(ImportDue("100"))

    def moves(self, chance: random.Random) -> str | None:
        """Visma's people book a payment, a credit note, a correction or a write-off."""
        marked = [i.invoice.invoice_no for i in self.here.simulator.invoices("100") if i.case_no]
        kind = chance.choice([each for each in TransactionKind if each is not TransactionKind.REVERSAL])
        told = self.here.simulator.transact(
            "100",
            kind,
            FIRST + timedelta(chance.randrange(40)),
            [(chance.choice(marked), -chance.randrange(1, 50_000))],
            registrar=chance.choice(("KARI", "KARI", "KARI", "WS-Inf")),
        )
        self.moved += told
        return None

    def corrects(self, chance: random.Random) -> str | None:
        if not self.moved:
            return NOTHING
        told = self.moved.pop(chance.randrange(len(self.moved)))
        amount = chance.choice((0, -chance.randrange(1, 50_000), chance.randrange(1, 20_000)))
        self.moved.append(self.here.simulator.correct("100", told, amount, new_id=chance.random() < 0.4))
        return None

    def _ours(self) -> list[tuple[int, int]]:
        standing = (
            v
            for v in self.here.simulator.vouchers("100")
            if v.reference and v.state is not LedgerState.DELETED
        )
        return [(v.year, v.number) for v in standing]

    def posts(self, chance: random.Random) -> str | None:
        ours = self._ours()
        if not ours:
            return NOTHING
        self.here.simulator.set_state(
            "100", *chance.choice(ours), chance.choice((LedgerState.APPROVED, LedgerState.POSTED))
        )
        return None

    def reverses(self, chance: random.Random) -> str | None:
        ours = self._ours()
        if not ours:
            return NOTHING
        self.here.simulator.reverse("100", *chance.choice(ours), FIRST + timedelta(45))
        return None

    def closes_period(self, chance: random.Random) -> None:
        turn = self.here.simulator.close_period if chance.random() < 0.5 else self.here.simulator.open_period
        turn("100", chance.choice(("2026-02", "2026-03")))

    def fault(self, chance: random.Random) -> None:
        self.here.simulator.fault(
            Fault(chance.choice(FAULTS), chance.choice(OPERATIONS), times=chance.randrange(1, 3))
        )

    def down(self, chance: random.Random) -> None:
        self.here.simulator.fault(Fault(FaultKind.CUT_BEFORE_READING, times=chance.randrange(3, 9)))

    def well_again(self, _: random.Random) -> None:
        self.here.simulator.clear_faults()

    # --- the clock ---

    def rest(self, _: random.Random) -> None:
        self.here.happen(RestDue("100"))

    def fetch(self, _: random.Random) -> None:
        self.here.happen(FetchDue("100"))

    def control(self, _: random.Random) -> None:
        self.here.happen(ControlDue("100"))

    def import_(self, _: random.Random) -> None:
        self.here.happen(ImportDue("100"))

    def leases_end(self, _: random.Random) -> None:
        self.here.pass_leases()
        self._sql("UPDATE work SET due_at = now() WHERE state = 'due'")

    def days_of_silence(self, _: random.Random) -> None:
        """What has been in trouble has been so for days."""
        self._sql(
            "UPDATE work SET troubled_since = now() - interval '4 days' WHERE troubled_since IS NOT NULL"
        )

    def _sql(self, sql: str) -> None:
        with self.here.engine.begin() as connection:
            connection.execute(text(sql))

    # --- the end of all days ---

    def teardown(self) -> None:
        try:
            if not self.failed:
                self.come_to_rest()
                self.here.prove()
                model.prove(self.bank, self.here)
        finally:
            self.until_the_end.close()

    def come_to_rest(self) -> None:
        """The world is well, people do what waits for a decision of theirs, until nothing moves any more."""
        here, chance = self.here, random.Random(0)
        here.simulator.clear_faults()
        for month in ("2026-02", "2026-03", "2026-04"):
            here.simulator.open_period("100", month)
        for _ in range(12):
            self.leases_end(chance)
            here.drain()
            here.rest()
            here.happen(FetchDue("100"))
            here.drain()
            if not self._people_decide(chance):
                break
        else:
            raise AssertionError(f"it does not come to rest: {here.parked()}")
        self.look()
        assert here.all("SELECT stage FROM work WHERE state = 'due'") == []
        assert here.all("SELECT DISTINCT state FROM voucher WHERE state NOT IN ('delivered', 'void')") == []
        assert (
            here.all(
                "SELECT p.id FROM payment p WHERE p.state = 'waiting' AND p.file_id NOT IN (SELECT id FROM bank_file WHERE state = 'held')"
            )
            == []
        )

    def _people_decide(self, chance: random.Random) -> bool:
        """What only a person can end, ended; says whether there was anything."""
        here, people_, acted = self.here, self.people, False
        for act in (people_.start_delivery, people_.take_up):
            while act(chance) == DONE:
                acted = True
        for voucher_id, reference in here.all(
            "SELECT id, reference FROM voucher WHERE state = 'in_doubt' ORDER BY id"
        ):
            acted |= people_.end_doubt(chance, int(str(voucher_id)), str(reference)) == DONE
        for (voucher_id,) in here.all("SELECT id FROM voucher WHERE state = 'refused' ORDER BY id"):
            acted |= people_.act(chance, repairs.retry, voucher_id) == DONE
        for (work_id,) in here.all(
            "SELECT id FROM work WHERE state = 'parked' AND reason IN ('gave_up', 'bug', 'no_setup') ORDER BY id"
        ):
            acted |= people_.act(chance, repairs.try_again, work_id) == DONE
        return acted | (people_.approve(chance) == DONE)

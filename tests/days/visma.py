"""What Visma and KK2 may do in random days: invoices, movements, vouchers that people there touch, faults, changes of cases."""

import random
from datetime import timedelta

from ops.simulator import Fault, FaultKind
from schemas.events import CasesOpened, FetchDue, ImportDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from schemas.voucher import LedgerState
from tests.days.bank import FIRST, Bank
from tests.days.people import DONE, NOTHING, People
from tests.site import INSIDE_STAGES, OUTSIDE_STAGES, Site, kid_of

OURS = "WS-Inf"
STAGES = (*INSIDE_STAGES, *OUTSIDE_STAGES)
REFUSALS = (FaultKind.UNKNOWN_ACCOUNT, FaultKind.PERIOD_CLOSED, FaultKind.ACCESS_DENIED)
SILENCES = (
    FaultKind.LOSE_ANSWER_AFTER_BOOKING, FaultKind.CUT_BEFORE_READING, FaultKind.GARBAGE, FaultKind.TRUNCATED,
    FaultKind.HTTP_500, FaultKind.HTTP_503_XHTML, FaultKind.ACCEPTED_202_EMPTY,
)  # fmt: skip
FAULTS = (*REFUSALS, *SILENCES, FaultKind.BUSY, FaultKind.SOAP_FAULT)
OPERATIONS = (
    "RegisterVouchers",
    "RegisterVouchers",
    "FindVoucher",
    "GetTransactions",
    "GetReadyInvoices",
    "UpdateCaseNumbers",
)
VISMA = (
    "new_invoice",
    "case_of_kk2",
    "kk2_claims",
    "kk2_waives",
    "kk2_withdraws",
    "kk2_recalls",
    "moves",
    "moves_like_us",
    "corrects",
    "posts",
    "reverses",
    "closes_period",
    "refuses",
    "refuses",
    "fails_to_answer",
    "fails_to_answer",
    "fault",
    "fault",
    "down",
    "well_again",
)


class Visma:
    """The far side, its people and KK2. Each method is an act, or finds nothing to do."""

    def __init__(self, here: Site, people: People, bank: Bank) -> None:
        self.here = here
        self.people = people
        self.bank = bank
        self.moved: list[str] = []

    def case_of_kk2(self, chance: random.Random) -> None:
        self.bank.cases += 1
        number = self.bank.cases
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

    def moves(self, chance: random.Random) -> None:
        """Visma's people book a payment, a credit note, a correction or a write-off."""
        self._book(chance, chance.choice(("KARI", "KARI", "KARI", OURS)))

    def moves_like_us(self, chance: random.Random) -> None:
        """They book something that looks like ours, and we hear of it: a person has to judge."""
        self._book(chance, OURS)
        self.here.happen(FetchDue("100"))
        self.here.drain(but=[stage for stage in STAGES if stage != "fetch"])

    def _book(self, chance: random.Random, registrar: str) -> None:
        marked = [i.invoice.invoice_no for i in self.here.simulator.invoices("100") if i.case_no]
        self.moved += self.here.simulator.transact(
            "100",
            chance.choice([each for each in TransactionKind if each is not TransactionKind.REVERSAL]),
            FIRST + timedelta(chance.randrange(40)),
            [(chance.choice(marked), -chance.randrange(1, 50_000))],
            registrar=registrar,
        )

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

    def refuses(self, chance: random.Random) -> None:
        """Vouchers come just as Visma refuses them, and nobody has mended it yet."""
        self._deliver_into(chance.choice(REFUSALS), chance)

    def fails_to_answer(self, chance: random.Random) -> None:
        """Vouchers come just as no answer does, and nobody has asked yet what became of them."""
        self._deliver_into(chance.choice(SILENCES), chance)

    def _deliver_into(self, kind: FaultKind, chance: random.Random) -> None:
        while self.people.start_delivery(chance) == DONE:
            pass
        self.bank.new(chance)
        self.here.drain(but=("deliver", "inquire"))
        self.people.approve(chance)
        self.here.simulator.fault(Fault(kind, "RegisterVouchers", times=chance.randrange(1, 4)))
        self.here.drain(but=("inquire",))

    def fault(self, chance: random.Random) -> None:
        self.here.simulator.fault(
            Fault(chance.choice(FAULTS), chance.choice(OPERATIONS), times=chance.randrange(1, 3))
        )

    def down(self, chance: random.Random) -> None:
        self.here.simulator.fault(Fault(FaultKind.CUT_BEFORE_READING, times=chance.randrange(3, 9)))

    def well_again(self, _: random.Random) -> None:
        self.here.simulator.clear_faults()

"""What tests and demos do with a simulated Visma in their own process: what its people see and do, and its faults."""

from collections.abc import Mapping, Sequence
from datetime import date

from ops.simulator import people
from ops.simulator.answers import Visma
from ops.simulator.collection import Habits
from ops.simulator.faults import Fault, FaultPlan
from ops.simulator.ledger import Booked
from ops.simulator.municipality import period
from ops.simulator.sub_ledger import Item, Proposal
from schemas.money import Money
from schemas.transfer import LedgerTransaction, TransactionKind
from schemas.voucher import LedgerState


class Acting:
    """The controls without HTTP; `ops.simulator.controls` has the same ones for other processes."""

    def __init__(self, visma: Visma, plan: FaultPlan) -> None:
        """Act on this Visma."""
        self._visma = visma
        self._ledger = visma.ledger
        self._plan = plan

    def vouchers(self, company: str = "") -> tuple[Booked, ...]:
        """What stands in the ledger, oldest first; all companies without `company`."""
        return tuple(self._ledger.all(company))

    def calls(self, reference: str) -> int:
        """How often RegisterVouchers named a reference, booked or not."""
        return self._ledger.calls(reference)

    def fault(self, fault: Fault) -> None:
        """Turn a fault on."""
        self._plan.add(fault)

    def faults(self) -> tuple[Fault, ...]:
        """The faults that are on."""
        return self._plan.standing()

    def clear_faults(self) -> None:
        """Turn all faults off."""
        self._plan.clear()

    def open_period(self, company: str, name: str) -> None:
        """Open a period, `2026-11`."""
        self._visma.set_period(company, period(name), is_open=True)

    def close_period(self, company: str, name: str) -> None:
        """Close a period, `2026-11`."""
        self._visma.set_period(company, period(name), is_open=False)

    def by_hand(self, voucher: Mapping[str, object]) -> Booked:
        """Register a voucher as a person in Visma does; the fields of the control `/vouchers/by-hand`."""
        return people.book_by_hand(self._visma, voucher)

    def set_state(self, company: str, year: int, number: int, state: LedgerState) -> None:
        """Approve, post or delete a voucher as a person in Visma does; what a deleted one did to invoices is undone."""
        self._ledger.set_state(company, year, number, state)

    def alter(self, company: str, year: int, number: int, amounts: Mapping[int, Money]) -> None:
        """Give lines of a voucher, by number from 1, other amounts; see `people.alter`."""
        people.alter(self._visma, company, year, number, amounts)

    def reverse(self, company: str, year: int, number: int, day: date) -> Booked:
        """Take a voucher back by one with the other sign; see `people.reverse`."""
        return people.reverse(self._visma, company, year, number, day)

    def propose(
        self,
        company: str,
        dunning_code: str,
        *,
        number: str = "",
        approved: bool = True,
        invoices: Sequence[Mapping[str, object]] = (),
        count: int = 0,
        day: date | None = None,
        seed: int = 0,
    ) -> str:
        """Add a dunning proposal with given invoices (`dunning.given`) and `count` invented ones; its number."""
        return people.propose(
            self._visma, company, dunning_code, number=number, approved=approved, invoices=invoices, count=count,
            day=day, seed=seed,
        )[0]  # fmt: skip

    def approve(self, company: str, number: str, *, approved: bool = True) -> None:
        """Approve a dunning proposal, or take that back."""
        self._visma.collection.items.approve(company, number, approved=approved)

    def unmark(self, company: str, invoice_no: str) -> None:
        """Take mark and case number off an invoice, as a person in Visma may. KeyError where it carries none."""
        self._visma.collection.items.unmark(company, invoice_no)

    def proposals(self, company: str = "") -> tuple[Proposal, ...]:
        """The dunning proposals; all companies without `company`."""
        return tuple(self._visma.collection.items.proposals(company))

    def invoices(self, company: str, proposal: str = "") -> tuple[Item, ...]:
        """A company's invoices as they stand, the oldest first; all proposals without `proposal`."""
        return tuple(reversed(self._visma.collection.items.newest(company, proposal)))

    def transactions(self, company: str, invoice_no: str = "") -> tuple[LedgerTransaction, ...]:
        """What stands on a company's invoices, marked or not, in the order in which it would be told."""
        told = self._visma.collection.transactions.newest(company, invoice_no)
        return tuple(each for _, each in reversed(told))

    def transact(
        self,
        company: str,
        kind: TransactionKind,
        day: date,
        rows: Sequence[tuple[str, Money]],
        *,
        text: str = "",
        registrar: str = "KARI",
        voucher_type: str = "BI",
        reference: str = "",
    ) -> tuple[str, ...]:
        """Register (invoice number, amount as Visma signs it) in one voucher by hand; the transactions' ids."""
        _, told = people.transact(
            self._visma, company, kind, day, rows, text=text, registrar=registrar, voucher_type=voucher_type,
            reference=reference,
        )  # fmt: skip
        return told

    def correct(self, company: str, transaction_id: str, amount: Money, *, new_id: bool = False) -> str:
        """Give a transaction another amount, under its id or as a replacement under a new one; the id."""
        return self._visma.collection.transactions.correct(company, transaction_id, amount, new_id=new_id)

    def set_habits(self, habits: Habits) -> None:
        """What this installation does, from the next call on."""
        self._visma.collection.habits = habits

"""A payment under lock with the cases that it is, was or shall be on: cases by id first, then the payment, then its work."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.repairs.acts import Refusal
from schemas.money import Money, in_kroner
from workers.facts import cases as case_facts
from workers.facts.cases import LockedCase
from workers.facts.payments import main_cases


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment under lock. `work_id`: the parked row that says why it waits for a person, None for none."""

    id: int
    file_id: int
    state: str
    amount: Money
    account: str
    company: str | None
    case_id: int | None
    work_id: int | None
    why: str

    @property
    def name(self) -> str:
        """The payment as people name it."""
        return f"payment {self.id}"


@dataclass(frozen=True, slots=True)
class Locked:
    """`homes`: the cases that have money of the payment, by id. `ends`: by case asked for, the one it leads to."""

    payment: Payment
    homes: dict[int, LockedCase]
    ends: dict[int, LockedCase]


def lock(connection: Connection, payment_id: int) -> Payment:
    """Lock a payment, then its parked row. In this order, for so does the one who parks."""
    row = connection.execute(
        text(
            "SELECT id, file_id, state, amount, account, company, case_id FROM payment WHERE id = :id FOR NO KEY UPDATE"
        ),
        {"id": payment_id},
    ).one_or_none()
    if row is None:
        raise Refusal(f"there is no payment {payment_id}")
    work = connection.execute(
        text("SELECT id, reason FROM work WHERE state = 'parked' AND payment_id = :id FOR UPDATE"),
        {"id": payment_id},
    ).first()
    return Payment(
        row.id,
        row.file_id,
        row.state,
        row.amount,
        row.account,
        row.company,
        row.case_id,
        work[0] if work else None,
        work[1] if work else "",
    )


def lock_with_cases(connection: Connection, payment_id: int, case_ids: Collection[int] = ()) -> Locked:
    """Lock the cases that the payment is on, or was, and those asked for, all in id order, and then the payment."""
    ends = main_cases(connection, list(case_ids))
    for case_id in case_ids:
        if case_id not in ends:
            raise Refusal(f"there is no case {case_id}")
    homes = _homes(connection, payment_id)
    cases = case_facts.lock(connection, {*homes, *ends.values()})
    payment = lock(connection, payment_id)
    now = _homes(connection, payment_id)
    if not now.keys() <= homes.keys():
        raise Refusal(f"{payment.name} was just given another case: look at it again")
    if main_cases(connection, list(case_ids)) != ends:
        raise Refusal("a case was just merged into another: look at it again")
    return Locked(
        payment,
        {case_id: cases[case_id] for case_id, amount in now.items() if amount},
        {case_id: cases[end] for case_id, end in ends.items()},
    )


def need_not_taken_back(connection: Connection, payment: Payment) -> None:
    """Refuse a payment that another takes back: both stand on one case, and cancel there."""
    by = connection.execute(
        text("SELECT min(id) FROM payment WHERE reverses = :id AND state IN ('settled', 'waiting')"),
        {"id": payment.id},
    ).scalar()
    if by is not None:
        raise Refusal(f"{payment.name} is taken back by payment {by}: take that one off its case first")


def need_no_refund(connection: Connection, payment: Payment) -> None:
    """Refuse to give away money that is to go back to its payer, or has gone."""
    row = connection.execute(
        text(
            "SELECT id, amount, state, paid_on FROM refund WHERE payment_id = :id AND state <> 'withdrawn' "
            "ORDER BY state DESC LIMIT 1"
        ),
        {"id": payment.id},
    ).one_or_none()
    if row is None:
        return
    what = f"{in_kroner(row.amount)} kr of {payment.name}"
    if row.state == "proposed":
        raise Refusal(f"{what} is proposed to be paid back: withdraw refund {row.id} first")
    raise Refusal(f"{what} was paid back on {row.paid_on}, refund {row.id}: it can't cover a case too")


def _homes(connection: Connection, payment_id: int) -> dict[int, Money]:
    """How much of the payment is on each case with live splits of it: nothing, where a voucher's money is taken back."""
    found = connection.execute(
        text(
            "SELECT case_id, sum(amount)::bigint FROM split WHERE payment_id = :id AND superseded_by IS NULL "
            "AND case_id IS NOT NULL GROUP BY 1 ORDER BY 1"
        ),
        {"id": payment_id},
    )
    return {row[0]: row[1] for row in found}

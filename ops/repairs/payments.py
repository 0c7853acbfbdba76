"""What a person may do with a payment: give it a case, let it go on, refuse it, or cover in the debtor's own order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, text

from ops.repairs.acts import Done, Person, Refusal, close, leave, need_reason, propose_anew, too_late
from schemas.case import CoverOrder, Kind
from schemas.events import CaseChanged, PaymentAssigned, PaymentsReleased
from schemas.money import Money, in_kroner
from schemas.wording import counted
from workers.journal import Ring
from workers.store.setup import current

_AT_A_TIME = 1_000  # payments of one release: a slice of their file
_WAITING = "UPDATE payment SET state = 'waiting', rule_id = NULL WHERE id = ANY(:ids)"


@dataclass(frozen=True, slots=True)
class _Payment:
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
        return f"payment {self.id}"


def assign(
    connection: Connection, payment_id: int, case_id: int, *, original: int | None, person: Person
) -> Done:
    """Give a parked payment to a case. Money that stands on the suspense account is moved by the next voucher.

    A negative payment must say which payment of the case it takes back, whole: `original`.
    """
    main = _lock_case(connection, case_id)
    payment = _lock(connection, payment_id)
    if payment.state != "parked":
        first = ": release it first" if payment.state == "held" else ""
        raise too_late(
            connection, payment.name, f"is {payment.state}, and only a parked payment can be assigned{first}"
        )
    if payment.company is None:
        raise Refusal(f"no company has the account {payment.account}: set it up, then release {payment.name}")
    if payment.company != main.company:
        raise Refusal(
            f"{payment.name} came in for company {payment.company}, case {main.case_no} is of {main.company}"
        )
    if main.state == "recalled":
        raise Refusal(
            f"case {main.case_no} was recalled by the client: choose another case, or refund the payment"
        )
    if payment.amount > 0:
        if original is not None:
            raise Refusal(
                f"{payment.name} is {in_kroner(payment.amount)} kr in: only money that goes out takes another back"
            )
        if main.state == "paid":
            raise Refusal(
                f"nothing is owed on case {main.case_no}: choose another case, or refund the payment"
            )
    else:
        _check_original(connection, payment, main.id, original)
    connection.execute(
        text(
            "UPDATE payment SET state = 'waiting', case_id = :case, reverses = :original, rule_id = NULL WHERE id = :id"
        ),
        {"case": main.id, "original": original, "id": payment.id},
    )
    connection.execute(text("UPDATE kk2_case SET dirty = true WHERE id = :id"), {"id": main.id})
    close(connection, [payment.work_id] if payment.work_id else [])
    detail = {"case_id": main.id, "original": original, "was": payment.why}
    rings = leave(connection, person, "assign", payment.name, detail, [PaymentAssigned(payment.id, main.id)])
    return Done(rings, f"{payment.name}, {in_kroner(payment.amount)} kr, goes to case {main.case_no}")


def release(connection: Connection, payment_ids: Sequence[int], *, person: Person) -> Done:
    """Let held or parked payments go on: they are matched and settled anew. Payments without a company get it now."""
    if not payment_ids:
        raise Refusal("no payment was named")
    payments = [_lock(connection, payment_id) for payment_id in sorted(set(payment_ids))]
    setup = current(connection)
    for payment in payments:
        if payment.state not in {"held", "parked"}:
            raise too_late(
                connection, payment.name, f"is {payment.state}, and only held or parked ones can be released"
            )
        if _file_state(connection, payment.file_id) == "held":
            raise Refusal(
                f"{payment.name} is in file {payment.file_id}, which is held whole: release the file"
            )
        if payment.company is None and payment.account not in setup.accounts:
            raise Refusal(
                f"no company has the account {payment.account}: set it up, then release {payment.name}"
            )
    ids = [payment.id for payment in payments]
    connection.execute(text(_WAITING), {"ids": ids})
    close(connection, [payment.work_id for payment in payments if payment.work_id])
    happened: list[PaymentsReleased] = []
    for file_id in sorted({payment.file_id for payment in payments}):
        of_file = [payment.id for payment in payments if payment.file_id == file_id]
        slices = [of_file[n : n + _AT_A_TIME] for n in range(0, len(of_file), _AT_A_TIME)]
        # each release is a slice of the file: its last one says again that the file is settled
        connection.execute(
            text("UPDATE bank_file SET open_slices = open_slices + :n WHERE id = :id"),
            {"n": len(slices), "id": file_id},
        )
        happened += [PaymentsReleased(file_id, tuple(each)) for each in slices]
    subject = payments[0].name if len(payments) == 1 else counted(len(payments), "payment")
    rings = _propose_without_held(connection, {payment.file_id for payment in payments}, person)
    rings += leave(connection, person, "release", subject, {"payment_ids": ids}, happened)
    return Done(rings, f"{subject} released: {in_kroner(sum(p.amount for p in payments))} kr goes on")


def refuse(connection: Connection, payment_id: int, *, person: Person) -> Done:
    """Say that a held or parked payment is not to be booked by us: booked elsewhere, refunded, sent twice by the bank."""
    need_reason(person, "to refuse money")
    payment = _lock(connection, payment_id)
    if payment.state not in {"held", "parked"}:
        raise too_late(
            connection, payment.name, f"is {payment.state}, and only held or parked ones can be refused"
        )
    connection.execute(text("UPDATE payment SET state = 'refused' WHERE id = :id"), {"id": payment.id})
    # what a void voucher gave back is withdrawn with it; what Visma has on the suspense account stands there
    connection.execute(
        text(
            "UPDATE split s SET superseded_by = s.id WHERE s.payment_id = :id AND s.superseded_by IS NULL "
            "AND NOT EXISTS (SELECT FROM voucher_split t WHERE t.split_id = s.id AND NOT t.released)"
        ),
        {"id": payment.id},
    )
    close(connection, [payment.work_id] if payment.work_id else [])
    detail = {"was": payment.why, "amount": payment.amount}
    rings = _propose_without_held(connection, {payment.file_id}, person)
    rings += leave(connection, person, "refuse", payment.name, detail, [])
    return Done(rings, f"{payment.name}, {in_kroner(payment.amount)} kr, is refused and will not be booked")


def choose_order(connection: Connection, payment_id: int, order: CoverOrder, *, person: Person) -> Done:
    """Cover one payment in the order that the debtor chose (dekningsrekkefølge); its case is split anew."""
    need_reason(person, "an order other than the client's")
    if sorted(order) != [Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST]:
        raise Refusal("the order must name principal, costs, fee and interest, each once")
    case_id = connection.execute(
        text("SELECT case_id FROM payment WHERE id = :id"), {"id": payment_id}
    ).scalar()
    if case_id is not None:
        _lock_case(connection, case_id)
    payment = _lock(connection, payment_id)
    if payment.amount <= 0:
        raise Refusal(f"{payment.name} takes money back: it follows the payment that it takes back")
    if payment.state in {"refused", "known"}:
        raise too_late(connection, payment.name, f"is {payment.state} and covers nothing")
    if payment.case_id != case_id:
        raise Refusal(f"{payment.name} was just given another case: look at it again")
    connection.execute(
        text("UPDATE payment SET cover_choice = CAST(:order AS jsonb) WHERE id = :id"),
        {"order": json.dumps([int(kind) for kind in order]), "id": payment.id},
    )
    happened = [CaseChanged((payment.case_id,))] if payment.state == "settled" and payment.case_id else []
    if happened:
        connection.execute(text("UPDATE kk2_case SET dirty = true WHERE id = :id"), {"id": payment.case_id})
    words = ", ".join(kind.name.lower() for kind in order)
    rings = leave(connection, person, "choose order", payment.name, {"order": words}, happened)
    return Done(rings, f"{payment.name} covers {words}, in this order")


def _lock(connection: Connection, payment_id: int) -> _Payment:
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
    return _Payment(
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


def _lock_case(connection: Connection, case_id: int) -> Row[tuple[int, str, str, str]]:
    """Lock the case, or the one that it was merged into, before any payment: the order of the settling workers."""
    while True:
        row = connection.execute(
            text(
                "SELECT id, case_no, company, state, merged_into FROM kk2_case WHERE id = :id FOR NO KEY UPDATE"
            ),
            {"id": case_id},
        ).one_or_none()
        if row is None:
            raise Refusal(f"there is no case {case_id}")
        if row.merged_into is None:
            return row
        case_id = row.merged_into


def _check_original(connection: Connection, payment: _Payment, case_id: int, original: int | None) -> None:
    """A reversal takes back one whole payment that is on the case; a part of one is posted by hand."""
    what = f"{payment.name} takes {in_kroner(-payment.amount)} kr back"
    if original is None:
        raise Refusal(f"{what}: say which payment of the case")
    found = connection.execute(
        text(
            "SELECT amount, state, case_id, (SELECT min(r.id) FROM payment r WHERE r.reverses = p.id AND r.state = 'settled') "
            "AS taken_back_by FROM payment p WHERE id = :id"
        ),
        {"id": original},
    ).one_or_none()
    if found is None or found.case_id != case_id or found.state != "settled":
        raise Refusal(f"{what}, and payment {original} is not settled on the case")
    if found.taken_back_by is not None:
        raise Refusal(f"payment {original} is taken back already, by payment {found.taken_back_by}")
    if found.amount != -payment.amount:
        raise Refusal(
            f"{what}, payment {original} is of {in_kroner(found.amount)} kr: refuse it and post the part by hand"
        )


def _file_state(connection: Connection, file_id: int) -> str | None:
    found: str | None = connection.execute(
        text("SELECT state FROM bank_file WHERE id = :id"), {"id": file_id}
    ).scalar()
    return found


def _propose_without_held(connection: Connection, file_ids: set[int], person: Person) -> tuple[Ring, ...]:
    """Propose files anew that waited for the last of their held payments."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT (w.body->>'file_id')::int FROM work w WHERE w.state = 'parked' AND w.stage = 'propose' "
            "AND w.reason = 'held_in_file' AND (w.body->>'file_id')::int = ANY(:ids) AND NOT EXISTS (SELECT FROM payment p "
            "WHERE p.file_id = (w.body->>'file_id')::int AND p.state = 'held' "
            "AND p.company IS NOT DISTINCT FROM w.body->>'company')"
        ),
        {"ids": sorted(file_ids)},
    )
    return tuple(ring for row in rows.all() for ring in propose_anew(connection, row[0], person))

"""What a restored database is told of Visma's vouchers: ours that are delivered, and orphans that it never heard of."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.repairs.acts import Person, Refusal, leave, need_reason
from ops.repairs.vouchers import confirm
from ops.repairs.vouchers.standing import Standing, lock, takeable
from pipeline import posting
from pipeline.posting import InquiryFacts
from schemas.events import InquiryAsked
from schemas.money import Money, in_kroner
from schemas.transfer import InquiryAnswer, LedgerVoucher
from schemas.voucher import LedgerState, VoucherState
from workers.facts import deliveries
from workers.journal import Ring
from workers.saves import conclusions
from workers.saves.jobs import approve_again

_ENDED = {VoucherState.DELIVERED, VoucherState.BY_HAND}
_LOST = "sent in a life of the database that a restore took away"
_OPEN = (
    "SELECT reference, installation, company, voucher_no, voucher_on, total, lines FROM orphan WHERE ended IS NULL "
    "ORDER BY voucher_on, reference"
)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A voucher of ours in Visma that this database does not know. `total` in øre; None where Visma can't tell."""

    reference: str
    installation: str
    company: str
    voucher_no: str
    voucher_on: date
    total: Money | None
    lines: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was found and done. `clash`: a person must look at it in Visma."""

    reference: str
    voucher_no: str
    says: str
    clash: bool = False


def open_orphans(connection: Connection) -> list[Orphan]:
    """Give the orphans that have not ended, oldest first."""
    return [Orphan(*row) for row in connection.execute(text(_OPEN))]


def tell(
    connection: Connection,
    installation: str,
    company: str,
    listed: Mapping[str, Sequence[LedgerVoucher]],
    person: Person,
) -> Iterator[tuple[Step, tuple[Ring, ...]]]:
    """Tell the database of vouchers that Visma has under references of ours; nothing new says nothing."""
    references = sorted(listed)
    known = {
        row.reference: row
        for row in connection.execute(
            text("SELECT id, reference, state FROM voucher WHERE reference = ANY(:all) ORDER BY id"),
            {"all": references},
        )
    }
    for row in (each for each in known.values() if each.state not in _ENDED):
        step = _known(connection, lock(connection, row.id), listed[row.reference], person)
        if step is not None:
            yield step
    for reference in references:
        if reference not in known:
            yield from _unknown(connection, installation, company, reference, listed[reference], person)


def _known(
    connection: Connection, ours: Standing, theirs: Sequence[LedgerVoucher], person: Person
) -> tuple[Step, tuple[Ring, ...]] | None:
    """Conclude a voucher that Visma has and we have as not delivered; what differs is asked for and parks."""
    if ours.state in _ENDED:
        return None  # since it was looked at
    if ours.state is VoucherState.VOID:
        alive = [each for each in theirs if each.state is not LedgerState.DELETED]
        says = "is void here, but Visma has it: look there"
        return (Step(ours.reference, alive[0].voucher_no, says, clash=True), ()) if alive else None
    lines = connection.execute(text("SELECT lines FROM voucher WHERE id = :id"), {"id": ours.id}).scalar_one()
    answer = InquiryAnswer(ours.reference, True, tuple(theirs))
    conclusion = posting.inquired(InquiryFacts(ours.total, lines, ours.reference, answer, 0))
    clean = conclusion.state is VoucherState.DELIVERED
    if ours.state is VoucherState.IN_DOUBT and not clean:
        return Step(ours.reference, theirs[0].voucher_no, _note(conclusion), clash=True), ()
    _doubt(connection, ours)
    if clean:
        rings = confirm(connection, ours.id, conclusion.voucher_no, person=person).rings
        return Step(ours.reference, conclusion.voucher_no, f"was {ours.state} here, is delivered"), rings
    rings = leave(
        connection, person, "recover", ours.name, {"was": ours.state.value}, [InquiryAsked(ours.id)]
    )
    return Step(ours.reference, theirs[0].voucher_no, _note(conclusion), clash=True), rings


def _note(conclusion: posting.Conclusion) -> str:
    return conclusion.park.note if conclusion.park else "is in doubt"


def _doubt(connection: Connection, ours: Standing) -> None:
    """Write the attempt that the lost life made: a voucher in Visma was sent, whatever this database remembers."""
    if ours.state is VoucherState.REFUSED:
        approve_again(connection, [ours.id])
    if ours.state in {VoucherState.REFUSED, VoucherState.APPROVED}:
        deliveries.begin(connection, [ours.id], 0.0)
    if ours.state is not VoucherState.IN_DOUBT:
        conclusions.in_doubt(connection, [ours.id], _LOST)


def _unknown(
    connection: Connection,
    installation: str,
    company: str,
    reference: str,
    theirs: Sequence[LedgerVoucher],
    person: Person,
) -> Iterator[tuple[Step, tuple[Ring, ...]]]:
    """Keep a voucher that this database never heard of, or end it where Visma says that it is deleted."""
    alive = [each for each in theirs if each.state is not LedgerState.DELETED]
    if not alive:
        ended = connection.execute(
            text("UPDATE orphan SET ended = 'deleted' WHERE reference = :ref AND ended IS NULL"),
            {"ref": reference},
        ).rowcount
        if ended:
            rings = leave(connection, person, "recover", f"orphan {reference}", {"ended": "deleted"}, [])
            yield Step(reference, theirs[0].voucher_no, "is deleted in Visma and holds nothing back"), rings
        return
    found = alive[0]
    made = connection.execute(
        text(
            "INSERT INTO orphan (reference, installation, company, voucher_no, voucher_on, total, lines) "
            "VALUES (:ref, :installation, :company, :no, :day, :total, :lines) ON CONFLICT DO NOTHING"
        ),
        {
            "ref": reference,
            "installation": installation,
            "company": company,
            "no": found.voucher_no,
            "day": found.voucher_date,
            "total": found.total,
            "lines": found.lines,
        },
    ).rowcount
    if made:
        rings = leave(
            connection, person, "recover", f"orphan {reference}", {"voucher_no": found.voucher_no}, []
        )
        doubled = len(alive) > 1
        says = "is not known here: drop its bank file again" + (", and Visma has it twice" if doubled else "")
        yield Step(reference, found.voucher_no, says, clash=doubled), rings


def adopt_alike(connection: Connection, person: Person) -> Iterator[tuple[Step, tuple[Ring, ...]]]:
    """Let vouchers that wait take the references of orphans that are alike in all that Visma tells, one for one."""
    pairs = connection.execute(
        text(
            "SELECT v.id, o.reference FROM orphan o JOIN voucher v ON v.installation = o.installation "
            "AND v.company = o.company AND v.voucher_on = o.voucher_on AND v.total = o.total AND v.lines = o.lines "
            "WHERE o.ended IS NULL AND v.state = 'approved' AND v.attempts = 0 ORDER BY v.id"
        )
    ).all()
    of_voucher, of_orphan = Counter(row.id for row in pairs), Counter(row.reference for row in pairs)
    for row in pairs:
        if of_voucher[row.id] == 1 and of_orphan[row.reference] == 1:
            yield same(connection, row.id, row.reference, person=person)


def same(
    connection: Connection, voucher_id: int, reference: str, *, person: Person
) -> tuple[Step, tuple[Ring, ...]]:
    """Say that a voucher that was never sent is the one that Visma has: it takes that reference and is delivered."""
    orphan = _orphan(connection, reference)
    ours = takeable(connection, voucher_id, VoucherState.VOID, "the same as one in Visma")
    if ours.state is not VoucherState.APPROVED or ours.attempts:
        raise Refusal(f"{ours.name} was sent already, and keeps its own reference")
    if ours.company != orphan.company:
        raise Refusal(f"{ours.name} is of company {ours.company}, {reference} of company {orphan.company}")
    if orphan.total is not None and ours.total != orphan.total:
        theirs = f"{in_kroner(orphan.total)} kr"
        raise Refusal(
            f"{ours.name} is of {in_kroner(ours.total)} kr, {reference} of {theirs}: they are not the same"
        )
    connection.execute(
        text("UPDATE voucher SET reference = :ref WHERE id = :id"), {"ref": reference, "id": voucher_id}
    )
    _doubt(connection, ours)
    rings = confirm(connection, voucher_id, orphan.voucher_no, person=person).rings
    _end(connection, reference, "same")
    detail = {"was": ours.reference, "voucher_id": voucher_id}
    rings += leave(connection, person, "recover", f"orphan {reference}", detail, [])
    return Step(reference, orphan.voucher_no, f"is voucher {voucher_id}, which is delivered"), rings


def apart(connection: Connection, reference: str, *, person: Person) -> tuple[Step, tuple[Ring, ...]]:
    """Say that no voucher of this database will be the one in Visma: it holds nothing back any more."""
    need_reason(person, "to let go of a voucher in Visma")
    orphan = _orphan(connection, reference)
    _end(connection, reference, "apart")
    rings = leave(connection, person, "recover", f"orphan {reference}", {"ended": "apart"}, [])
    says = "holds nothing back any more; the balance goes on naming it; to count its money here: kk2 transaction apply"
    return Step(reference, orphan.voucher_no, says), rings


def _orphan(connection: Connection, reference: str) -> Orphan:
    row = connection.execute(
        text(_OPEN.replace("WHERE", "WHERE reference = :ref AND") + " FOR UPDATE"), {"ref": reference}
    ).one_or_none()
    if row is None:
        raise Refusal(
            f"no voucher {reference} waits to be accounted for: kk2 visma recover --dry-run lists them"
        )
    return Orphan(*row)


def _end(connection: Connection, reference: str, how: str) -> None:
    connection.execute(
        text("UPDATE orphan SET ended = :how WHERE reference = :ref"), {"how": how, "ref": reference}
    )

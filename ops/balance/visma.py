"""Our vouchers against Visma's own list of them: by our reference, once each, with the same total and lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from ops.balance.asking import ORE, ROWS
from ops.balance.report import NAMED, Difference, Finding
from pipeline.reconciliation import OurVoucher, VoucherFacts
from pipeline.reconciliation import compare as differences
from schemas import control
from schemas.control import DifferenceKind
from schemas.transfer import LedgerVoucher
from schemas.voucher import IN_SHADOW, VoucherState
from schemas.wording import counted
from workers.accounting import Accounting, CannotTell, Trouble
from workers.facts import shelves
from workers.facts.shelves import Shelf

_BOOKED = (VoucherState.DELIVERED, VoucherState.BY_HAND)
_NO_DAY, _NO_TIME = (
    date.min,
    0,
)  # whether a voucher is posted in time is the control's question, not this one's


@dataclass(slots=True)
class _Said:
    """What the comparison found so far."""

    vouchers: list[Difference] = field(default_factory=list)
    doubles: list[Difference] = field(default_factory=list)
    strangers: list[Difference] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    in_visma: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def count(self, facts: VoucherFacts) -> None:
        """Count what Visma has of a voucher, under our state of it."""
        assert facts.ours is not None
        key = facts.ours.company, facts.ours.state.value
        for found in facts.alive:
            number, sum_ = self.in_visma.get(key, (0, 0))
            self.in_visma[key] = number + 1, sum_ + (found.total or 0)


@dataclass(frozen=True, slots=True)
class Compared:
    """The findings, and by (company, our state) how many vouchers Visma has and their sum (None: it was not asked)."""

    findings: tuple[Finding, ...]
    in_visma: dict[tuple[str, str], tuple[int, int]] | None


def compare(connection: Connection, visma: Accounting | Mapping[str, Accounting] | None) -> Compared:
    """Ask each installation for its list, and hold every voucher of ours against it.

    Begins and ends transactions of its own, so that none is open while Visma answers; `connection` must have none.
    A voucher whose state changed while Visma was asked is counted and not judged: the next check judges it.
    """
    with connection.begin():
        all_shelves = shelves.shelves(connection)
        before = {
            voucher.id: voucher.state for shelf in all_shelves for voucher in shelves.ours(connection, shelf)
        }
    said = _Said()
    asked = False
    for shelf in all_shelves:
        accounting = visma.get(shelf.installation) if isinstance(visma, Mapping) else visma
        listed = _listed(shelf, accounting, said)
        with connection.begin():
            ours = shelves.ours(connection, shelf)
            strange = shelves.strangers(connection, shelf, listed or {}, ours, _NO_DAY)
        if listed is None:
            _untold(ours, shelf, said)
            continue
        asked = True
        for facts in shelves.paired(ours, listed, _NO_DAY, _NO_TIME):
            said.count(facts)
            if facts.ours and before.get(facts.ours.id) == facts.ours.state:
                _judge(facts, said)
        for facts in strange:
            _judge(facts, said)
    return Compared(_findings(said), said.in_visma if asked else None)


def _listed(
    shelf: Shelf, accounting: Accounting | None, said: _Said
) -> dict[str, list[LedgerVoucher]] | None:
    """By reference, what Visma has; None where it could not tell."""
    if accounting is None:
        said.unknown.append(f"company {shelf.company}: Visma was not asked")
        return None
    try:
        return shelves.by_reference(
            accounting.list_vouchers(
                shelf.company, shelf.voucher_type, shelf.registrar, shelf.first, shelf.last
            )
        )
    except CannotTell:
        said.unknown.append(f"company {shelf.company}: this Visma can't list its vouchers")
    except Trouble as trouble:
        said.unknown.append(f"company {shelf.company}: Visma did not answer: {trouble.note} ({trouble.code})")
    return None


def _untold(ours: list[OurVoucher], shelf: Shelf, said: _Said) -> None:
    booked = [voucher for voucher in ours if voucher.state in _BOOKED and voucher.voucher_no != IN_SHADOW]
    if booked:
        said.unknown.append(
            f"company {shelf.company}: {counted(len(booked), 'voucher')} that should be in Visma could not be looked for"
        )


def _judge(facts: VoucherFacts, said: _Said) -> None:
    """Take of the control's differences those that are about money."""
    compared = differences(facts)
    said.unknown += compared.unknown
    for each in compared.differences:
        match each.kind:
            case DifferenceKind.NOT_POSTED | DifferenceKind.OTHER_DATE:
                pass
            case DifferenceKind.DOUBLE:
                said.doubles.append(
                    Difference(each.subject, 1, len(facts.alive), f"{each.cause}: {each.act}")
                )
            case DifferenceKind.STRANGER:
                said.strangers.append(Difference(each.subject, 0, _ore(each.theirs), each.cause))
            case DifferenceKind.IN_DOUBT:
                _doubt(facts, each, said)
            case DifferenceKind.OTHER_NUMBER:
                total = facts.ours.total if facts.ours else 0
                said.vouchers.append(Difference(each.subject, total, total, each.cause))
            case _:
                said.vouchers.append(Difference(each.subject, _ore(each.ours), _ore(each.theirs), each.cause))


def _doubt(facts: VoucherFacts, found: control.Difference, said: _Said) -> None:
    """A voucher in doubt is no fault while Visma lacks it too; one that is being sent just now is nobody's."""
    if found.theirs is None:
        return
    if facts.ours and facts.ours.state is VoucherState.SENDING:
        said.unknown.append(f"{found.subject}: {found.cause}")
    else:
        said.vouchers.append(Difference(found.subject, 0, _ore(found.theirs), f"{found.cause}: {found.act}"))


def _ore(amount: object) -> int:
    return amount if isinstance(amount, int) else 0


def _findings(said: _Said) -> tuple[Finding, ...]:
    def finding(name: str, promise: str, unit: str, found: list[Difference], unknown: list[str]) -> Finding:
        return Finding(name, promise, unit, len(found), tuple(found[:NAMED]), tuple(unknown))

    return (
        finding(
            "Visma",
            "What is delivered here, and nothing else, stands in Visma with its number, sum and lines",
            ORE,
            said.vouchers,
            said.unknown,
        ),
        finding("Visma doubles", "Visma has each of our references once", ROWS, said.doubles, []),
        finding(
            "Visma strangers", "The database knows each voucher that Visma has of us", ORE, said.strangers, []
        ),
    )

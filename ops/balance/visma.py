"""Our vouchers against Visma's own list of them: by our reference, once each, with the same total and lines."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from ops.balance import shelves
from ops.balance.asking import ORE, ROWS
from ops.balance.report import NAMED, Difference, Finding
from ops.balance.shelves import OurVoucher, Shelf
from schemas.money import Money
from schemas.transfer import LedgerVoucher
from schemas.voucher import IN_SHADOW, LedgerState
from schemas.wording import counted
from workers.accounting import Accounting, CannotTell, Trouble

_OURS = re.compile(r"K(\d+)-\d+-\d+")


def is_ours(reference: str, numbers: Collection[str]) -> bool:
    """Whether a reference is of the form that ours have, under one of the installation's numbers."""
    ours = _OURS.fullmatch(reference)
    return ours is not None and ours[1] in numbers


@dataclass(slots=True)
class _Said:
    """What the comparison found so far."""

    vouchers: list[Difference] = field(default_factory=list)
    doubles: list[Difference] = field(default_factory=list)
    strangers: list[Difference] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    in_visma: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def count(self, voucher: OurVoucher, total: Money | None) -> None:
        """Count a voucher that Visma has, under our state of it."""
        number, sum_ = self.in_visma.get((voucher.company, voucher.state), (0, 0))
        self.in_visma[voucher.company, voucher.state] = number + 1, sum_ + (total or 0)


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
        all_shelves, numbers = shelves.shelves(connection), shelves.numbers(connection)
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
        if listed is None:
            _untold(ours, shelf, said)
            continue
        asked = True
        for voucher in ours:
            theirs = listed.pop(voucher.reference, [])
            if before.get(voucher.id) == voucher.state:
                _one(voucher, theirs, said)
            else:
                _count(voucher, theirs, said)
        _others(connection, listed, numbers.get(shelf.installation, set()), said)
    return Compared(_findings(said), said.in_visma if asked else None)


def _listed(
    shelf: Shelf, accounting: Accounting | None, said: _Said
) -> dict[str, list[LedgerVoucher]] | None:
    """By reference, what Visma has; None where it could not tell. What has no reference is kept under its number."""
    if accounting is None:
        said.unknown.append(f"company {shelf.company}: Visma was not asked")
        return None
    listed: dict[str, list[LedgerVoucher]] = defaultdict(list)
    try:
        for found in accounting.list_vouchers(
            shelf.company, shelf.voucher_type, shelf.registrar, shelf.first, shelf.last
        ):
            listed[found.reference or f"no. {found.voucher_no}"].append(found)
    except CannotTell:
        said.unknown.append(f"company {shelf.company}: this Visma can't list its vouchers")
        return None
    except Trouble as trouble:
        said.unknown.append(f"company {shelf.company}: Visma did not answer: {trouble.note} ({trouble.code})")
        return None
    return listed


def _untold(ours: list[OurVoucher], shelf: Shelf, said: _Said) -> None:
    booked = [
        voucher
        for voucher in ours
        if voucher.state in {"delivered", "by_hand"} and voucher.voucher_no != IN_SHADOW
    ]
    if booked:
        said.unknown.append(
            f"company {shelf.company}: {counted(len(booked), 'voucher')} that should be in Visma could not be looked for"
        )


def _one(voucher: OurVoucher, theirs: list[LedgerVoucher], said: _Said) -> None:
    """Hold one voucher of ours against what Visma has under its reference."""
    alive = _count(voucher, theirs, said)
    name = f"voucher {voucher.id} ({voucher.reference})"
    if len(alive) > 1:
        numbers = ", ".join(found.voucher_no for found in alive)
        said.doubles.append(
            Difference(name, 1, len(alive), f"booked as {numbers}: delete all but one in Visma")
        )
    if voucher.voucher_no == IN_SHADOW and not alive:
        return  # it is in no voucher that could be found: its days were compared before shadow mode was ended
    if voucher.state == "by_hand" and not alive:
        said.unknown.append(
            f"{name}: posted by hand as no. {voucher.voucher_no}: only a look in Visma can tell"
        )
    elif voucher.state in {"delivered", "by_hand"}:
        _booked(voucher, alive, deleted=len(alive) < len(theirs), name=name, said=said)
    elif alive and voucher.state == "sending":
        said.unknown.append(f"{name}: being sent just now; Visma has it as no. {alive[0].voucher_no}")
    elif alive:
        what = f"in state {voucher.state} here, but Visma has it as no. {alive[0].voucher_no}"
        act = (
            "confirm it"
            if voucher.state == "in_doubt"
            else "look before anything else: its money may be booked twice"
        )
        said.vouchers.append(Difference(name, 0, alive[0].total or 0, f"{what}: {act}"))


def _count(voucher: OurVoucher, theirs: list[LedgerVoucher], said: _Said) -> list[LedgerVoucher]:
    """Count those that are not deleted; gives them."""
    alive = [found for found in theirs if found.state is not LedgerState.DELETED]
    for found in alive:
        said.count(voucher, found.total)
    return alive


def _booked(
    voucher: OurVoucher, alive: list[LedgerVoucher], *, deleted: bool, name: str, said: _Said
) -> None:
    """A voucher that must be in Visma, as ours."""
    if not alive:
        why = (
            "deleted in Visma after it was delivered"
            if deleted
            else "Visma does not have it under our reference"
        )
        said.vouchers.append(
            Difference(name, voucher.total, 0, f"delivered as no. {voucher.voucher_no}: {why}")
        )
        return
    found = next((f for f in alive if f.voucher_no == voucher.voucher_no), alive[0])
    if found.voucher_no != voucher.voucher_no and voucher.state == "delivered":
        cause = f"we have no. {voucher.voucher_no}, Visma has no. {found.voucher_no}"
        said.vouchers.append(Difference(name, voucher.total, found.total or 0, cause))
    if found.total is None or found.lines is None:
        said.unknown.append(f"{name}: Visma does not tell its total and lines")
        return
    if found.total != voucher.total:
        said.vouchers.append(Difference(name, voucher.total, found.total, "altered in Visma: another sum"))
    elif found.lines != voucher.lines:
        cause = f"altered in Visma: {counted(found.lines, 'line')}, ours has {voucher.lines}"
        said.vouchers.append(Difference(name, voucher.total, found.total, cause))


def _others(
    connection: Connection, listed: dict[str, list[LedgerVoucher]], numbers: set[str], said: _Said
) -> None:
    """What is left of the list under a reference of ours: a voucher that the database knows nothing of."""
    for reference, theirs in listed.items():
        if not is_ours(reference, numbers):
            continue
        with connection.begin():
            known = connection.execute(
                text("SELECT id FROM voucher WHERE reference = :reference"), {"reference": reference}
            ).scalar()
        where = (
            f"ours is voucher {known}, of another company, type or registrar"
            if known
            else "the database does not know it: was it restored from a back-up? kk2 visma recover"
        )
        for found in theirs:
            if found.state is not LedgerState.DELETED:
                name = f"Visma's voucher {found.voucher_no} ({reference})"
                said.strangers.append(Difference(name, 0, found.total or 0, where))


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

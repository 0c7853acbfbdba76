"""What a control looks at: our vouchers, the sums of the bank statement and the invoices of cases, beside Visma's.

Ours is read before and after Visma is asked. What changed in between is not judged: the next control does it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from pipeline import shadowing
from pipeline.reconciliation import Comparison, VoucherFacts, compare
from pipeline.shadowing import Likeness, ShadowDay
from schemas.control import ControlPart, Difference, DifferenceKind
from schemas.money import Money
from schemas.voucher import LedgerState, VoucherState
from workers.accounting import MOST_ROWS, Accounting, CannotTell, connect
from workers.facts import claims, shadows, shelves, statements
from workers.facts.shelves import Shelf
from workers.saves import controls
from workers.saves.controls import ControlRun, Found
from workers.secrets import resolve
from workers.shell import Hands
from workers.store import setup as setup_store
from workers.store.engine import transaction

_FOR_EVER = 1_000_000  # bank days
_GONE = {DifferenceKind.MISSING, DifferenceKind.DELETED}
_OTHERWISE = {DifferenceKind.ALTERED, DifferenceKind.DOUBLE}


@dataclass(slots=True)
class Look:
    """What a control of a company has seen so far. `differing`: as `statements.sums` wants it."""

    company: str
    begun_at: datetime
    today: date
    since: date
    stopped: list[int]
    found: list[Found] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    told: set[ControlPart] = field(default_factory=lambda: set(ControlPart))
    unjudged: set[str] = field(default_factory=set)
    vouchers: int = 0
    sums: int = 0
    invoices: int = 0
    states: dict[int, LedgerState] = field(default_factory=dict)
    differing: dict[int, tuple[int, Money]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    def take(self, said: Comparison, *, voucher_id: int | None = None, case_id: int | None = None) -> None:
        """Take in what differs on one thing."""
        self.found += [Found(each, voucher_id, case_id) for each in said.differences]
        self.unknown += said.unknown

    def cannot(self, part: ControlPart, what: str) -> None:
        """Note that Visma can't tell a part: what was found of it before stands."""
        self.told.discard(part)
        self.unknown.append(f"company {self.company}: {what}")

    def run(self) -> ControlRun:
        """What the run was about."""
        return ControlRun(
            self.company,
            self.begun_at,
            self.vouchers,
            self.sums,
            self.invoices,
            self.stopped,
            self.unknown,
            self.since,
        )


def look(hands: Hands, company: str, keep: Callable[[], None]) -> Look:
    """Look at all parts of a company. Raises `Trouble` where Visma does not answer.

    `keep` is called between calls.
    """
    with hands.engine.connect() as connection:
        today = hands.today()
        begun_at, since = claims.scope(connection, company, today, hands.settings.control_window)
        seen = Look(company, begun_at, today, since, claims.stopped(connection, company))
    _vouchers(hands, seen, keep)
    with transaction(hands.engine, "control.follow") as connection:
        controls.follow(connection, seen.states)
    _sums(hands, seen)
    _invoices(hands, seen, keep)
    _shadow(hands, seen)
    return seen


def _vouchers(hands: Hands, seen: Look, keep: Callable[[], None]) -> None:
    with hands.engine.connect() as connection:
        all_shelves = shelves.shelves(connection, company=seen.company, since=seen.since)
        before = {each.id: each.state for shelf in all_shelves for each in shelves.ours(connection, shelf)}
    for shelf in all_shelves:
        keep()
        for facts in _held(hands, shelf, seen):
            ours = facts.ours
            seen.vouchers += ours is not None
            if ours is not None and before.get(ours.id) is not ours.state:
                seen.unjudged.add(ours.subject)
                continue
            said = compare(facts)
            seen.take(said, voucher_id=ours.id if ours else None)
            _follow(facts, {each.kind for each in said.differences}, seen)


def _held(hands: Hands, shelf: Shelf, seen: Look) -> Iterator[VoucherFacts]:
    """The vouchers of a shelf on both sides, and those that only Visma has."""
    try:
        listed = shelves.by_reference(
            _visma(hands, shelf.installation).list_vouchers(
                shelf.company, shelf.voucher_type, shelf.registrar, shelf.first, shelf.last
            )
        )
    except CannotTell:
        seen.cannot(ControlPart.VOUCHERS, f"Visma {shelf.installation} can't list its vouchers")
        return
    with hands.engine.connect() as connection:
        ours = shelves.ours(connection, shelf)
        strangers = shelves.strangers(connection, shelf, listed, ours, seen.today)
    yield from shelves.paired(ours, listed, seen.today, hands.settings.control_patience)
    yield from strangers


def _follow(facts: VoucherFacts, kinds: set[DifferenceKind], seen: Look) -> None:
    """Note where the voucher stands in Visma, and what that means for the statement and its invoices."""
    ours = facts.ours
    if ours is None or ours.state not in {VoucherState.DELIVERED, VoucherState.BY_HAND}:
        return
    if facts.theirs:
        seen.states[ours.id] = facts.alive[0].state if facts.alive else LedgerState.DELETED
    if kinds & _GONE:
        seen.gone.add(ours.id)
    if kinds & (_GONE | _OTHERWISE):
        more = sum((each.total or ours.total) - ours.total for each in facts.alive)
        seen.differing[ours.id] = len(facts.alive), more


def _sums(hands: Hands, seen: Look) -> None:
    told = ControlPart.VOUCHERS in seen.told
    if not told:
        seen.unknown.append(
            f"company {seen.company}: whether Visma has what is on the bank account is unknown"
        )
    with hands.engine.connect() as connection:
        # in shadow mode no voucher is ever delivered: what waits there is compared by the day
        posting = shadows.company(connection, seen.company).posting
        found = statements.sums(
            connection,
            seen.company,
            seen.since,
            seen.differing if told else None,
            seen.today,
            hands.settings.control_patience if posting else _FOR_EVER,
        )
    for facts in found:
        seen.take(compare(facts))
    seen.sums = len(found)


def _invoices(hands: Hands, seen: Look, keep: Callable[[], None]) -> None:
    """Ask for balances a thousand at a time."""
    with hands.engine.connect() as connection:
        which = claims.to_compare(connection, seen.company, seen.since)
        installation = setup_store.current(connection).companies[seen.company].latest().value.installation
    if not which:
        return
    accounting = _visma(hands, installation)
    try:
        for first in range(0, len(which), MOST_ROWS):
            keep()
            _batch(hands, accounting, which[first : first + MOST_ROWS], seen)
    except CannotTell:
        seen.cannot(ControlPart.CASES, f"Visma {installation} can't tell how invoices stand")


def _batch(hands: Hands, accounting: Accounting, which: list[tuple[int, str]], seen: Look) -> None:
    with hands.engine.connect() as connection:
        before = claims.facts(connection, seen.company, which, seen.gone, seen.differing)
    numbers = sorted({invoice_no for _, invoice_no in which})
    theirs = {each.invoice_no: each for each in accounting.balances(seen.company, numbers)}
    with hands.engine.connect() as connection:
        after = claims.facts(connection, seen.company, which, seen.gone, seen.differing)
    for key, facts in before.items():
        if after.get(key) == facts:
            seen.take(compare(replace(facts, theirs=theirs.get(facts.invoice_no))), case_id=facts.case_id)
        else:
            seen.unjudged.add(facts.subject)
    seen.invoices += len(before)


def _shadow(hands: Hands, seen: Look) -> None:
    """In shadow mode, lay what we would have posted beside what people posted by hand."""
    with hands.engine.connect() as connection:
        company = shadows.company(connection, seen.company)
        first = shadows.first_day(connection, seen.company, seen.today)
    if company.posting:
        return
    visma = _visma(hands, company.installation)
    try:
        theirs = shadows.listed(visma, company, company.voucher_type, first, seen.today)
    except CannotTell as why:
        seen.cannot(ControlPart.SHADOW, str(why))
        return
    with hands.engine.connect() as connection:
        found = shadows.days(connection, company, theirs, first, seen.today)
    for each in map(shadowing.compare, found):
        if each.likeness is Likeness.UNKNOWN:
            seen.unknown.append(f"company {seen.company}, shadow of {each.day}: {each.says}")
            seen.unjudged.add(_subject(each))
        elif each.likeness is Likeness.DIFFERS:
            seen.take(Comparison((_otherwise(each),), ()))


def _otherwise(compared: ShadowDay) -> Difference:
    return Difference(
        ControlPart.SHADOW,
        DifferenceKind.OTHERWISE_POSTED,
        _subject(compared),
        compared.ours,
        compared.theirs,
        compared.says,
        f"kk2 shadow compare --day {compared.day} names the rows; kk2 payment parked what waits here",
    )


def _subject(compared: ShadowDay) -> str:
    return f"day {compared.day}"


def _visma(hands: Hands, installation: str) -> Accounting:
    with hands.engine.connect() as connection:
        return connect(setup_store.current(connection).installations[installation].latest().value, resolve)

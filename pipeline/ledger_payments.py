"""What a transaction that Visma tells means for us: ours come back, a movement on an invoice, or a person's to judge."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from pipeline.stage import Park, Reason
from schemas.money import Money, in_kroner
from schemas.transfer import LedgerTransaction, TransactionKind


class Standing(NamedTuple):
    """A version of a transaction that we have. `live`: nothing has taken its place."""

    id: int
    version: int
    amount: Money
    day: date
    invoice_no: str
    line: int
    live: bool


class Sent(NamedTuple):
    """A line of a voucher of ours that is being sent or in doubt: nobody knows whether Visma has it."""

    voucher_id: int
    voucher_type: str
    registrar: str
    day: date
    amount: Money
    invoice_no: str


class Claim(NamedTuple):
    """The invoice's principal in a case of the company. `has_setup`: the case's client is set up on the transaction's day.

    `since`: of a case transferred before the bridge, from which day on its transactions count: the amount that was
    transferred has the earlier ones in it already. None: all count.
    """

    case_id: int
    item_id: int
    has_setup: bool
    since: date | None


_POSTED_WITHIN = 7  # days between the booked date and the one that people give their voucher


@dataclass(frozen=True, slots=True)
class TransactionFacts:
    """What must be known of one told transaction.

    `latest`: the newest version under its id. `in_place`: a live one with another id on the same line of the same
    voucher. `is_ours`: Visma names our reference, or a voucher number that we stored. `sent`: lines of vouchers without
    an end that may be this one. `in_shadow`: the company is in shadow mode. `shadowed`: amount (as Visma signs it) and
    booked date of payments that our vouchers of shadow mode have on the invoice's case. `mirrors`: it has the amount of a line of a delivered voucher of ours, with the other sign.
    """

    told: LedgerTransaction
    latest: Standing | None
    in_place: Standing | None
    is_ours: bool
    voucher_types: frozenset[str]
    registrars: frozenset[str]
    sent: tuple[Sent, ...]
    mirrors: bool
    claim: Claim | None
    in_shadow: bool
    shadowed: tuple[tuple[Money, date], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A transaction that says something new, as this version. Neither `claim` nor `park`: it is ours, and moves nothing.

    `claim`: it moves this principal. `supersedes`: ids of the rows whose place it takes. `asks`: vouchers in doubt for
    which it is evidence. `is_early`: not ours, and moves nothing: the amount that was transferred has it already.
    """

    version: int
    supersedes: tuple[int, ...]
    claim: Claim | None
    park: Park | None
    asks: tuple[int, ...]
    is_early: bool


def apply(facts: TransactionFacts) -> Told | None:
    """Say what a told transaction changes; None if it says what we know.

    A new amount under a known id, and a new id on a known line of a voucher, are corrections: the new version takes the
    place of the old one. An id that was replaced by another is gone from Visma: it comes again as an echo of an old page.
    """
    latest, in_place = facts.latest, facts.in_place
    if latest is not None and (not latest.live or _says_the_same(facts.told, latest)):
        return None
    replaced = [each.id for each in (latest, in_place) if each is not None and each.live]
    version = 1 if latest is None else latest.version + 1
    asks: tuple[int, ...] = ()
    claim: Claim | None = None
    park: Park | None = None
    if not facts.is_ours and not _in_shadow_too(facts):
        evidence = tuple(sorted({line.voucher_id for line in facts.sent if _may_be(facts.told, line)}))
        if evidence:
            park, asks = _in_doubt(facts.told, evidence), evidence
        else:
            park = _stopped(facts)
            claim = facts.claim if park is None else None
    is_early = claim is not None and claim.since is not None and facts.told.day < claim.since
    return Told(version, tuple(replaced), None if is_early else claim, park, asks, is_early)


def _says_the_same(told: LedgerTransaction, known: Standing) -> bool:
    return (told.amount, told.day, told.invoice_no, told.line) == (
        known.amount,
        known.day,
        known.invoice_no,
        known.line,
    )


def _may_be(told: LedgerTransaction, sent: Sent) -> bool:
    """Whether the line is this one; a sign that the installation does not tell speaks for it as little as against it."""
    return (
        (told.invoice_no, told.amount, told.day) == (sent.invoice_no, sent.amount, sent.day)
        and told.voucher_type in ("", sent.voucher_type)
        and told.registrar in ("", sent.registrar)
    )


def _in_shadow_too(facts: TransactionFacts) -> bool:
    """Whether people posted by hand what we have from the bank: in shadow mode each payment is known on both ways."""
    told = facts.told
    return told.kind is TransactionKind.PAYMENT and any(
        amount == told.amount and abs((told.day - day).days) <= _POSTED_WITHIN
        for amount, day in facts.shadowed
    )


def _in_doubt(told: LedgerTransaction, vouchers: tuple[int, ...]) -> Park:
    names = ", ".join(map(str, vouchers))
    return Park(
        Reason.VOUCHER_UNDER_WAY,
        f"{_what(told)} is a line of our voucher {names}, which has no end yet: it is asked for",
    )


def _stopped(facts: TransactionFacts) -> Park | None:
    """Why a transaction that is not ours may not move its invoice by itself; None if it may.

    A person in Visma may take a voucher of ours back with our type and registrar on the mirror. Visma's ledger is a fact,
    so its invoices are owed again; lines that name no invoice (interest, costs, bank) are for the control to find.
    """
    told = facts.told
    is_taken_back = told.kind is TransactionKind.REVERSAL and facts.mirrors
    alike = [
        f"{name} {value}"
        for name, value, ours in (
            ("voucher type", told.voucher_type, facts.voucher_types),
            ("registrar", told.registrar, facts.registrars),
        )
        if value and value in ours
    ]
    if alike and not is_taken_back:
        return Park(
            Reason.HALF_OURS,
            f"{_what(told)} has our {' and our '.join(alike)}, but is in no voucher of ours",
        )
    if facts.in_shadow and told.kind is TransactionKind.PAYMENT:
        return Park(
            Reason.HALF_OURS,
            f"{_what(told)} may be one that the bank's files bring too: in shadow mode people post them by hand",
        )
    if facts.claim is None:
        return Park(
            Reason.UNKNOWN_INVOICE, f"{_what(told)} is on invoice {told.invoice_no}, which no case has"
        )
    if not facts.claim.has_setup:
        return Park(
            Reason.NO_SETUP, f"{_what(told)}: its client has no row of the setup that is valid that day"
        )
    return None


def _what(told: LedgerTransaction) -> str:
    return f"{told.kind.replace('_', ' ')} of {in_kroner(told.amount)} kr in Visma's voucher {told.voucher_no} on {told.day}"

"""What of a proposal may be approved by policy, and in which parts. A voucher is never cut here."""

from dataclasses import dataclass
from datetime import date

from pipeline.stage import Park, Reason
from schemas.money import Money, in_kroner
from schemas.setup import Company
from schemas.wording import counted

PART_LIMIT = 5_000
"""The most payments of one part: what one transaction freezes."""

UNUSUAL = 5
"""A file over so many times the usual one waits for a person."""

FEW = 500
"""A file of fewer payments is never unusual: beside earlier files of one or two, any ordinary one would be."""


@dataclass(frozen=True, slots=True)
class Group:
    """A posting group: the payments that the bank statement shows as one sum (samlepost), with its reference."""

    company: str
    account: str
    booked_on: date
    statement_ref: str


@dataclass(frozen=True, slots=True)
class VoucherSum:
    """One voucher to be: number `number` of the `of` that its group is cut into. `absolute`: amounts without signs."""

    group: Group
    number: int
    of: int
    payments: int
    absolute: Money


@dataclass(frozen=True, slots=True)
class CutFacts:
    """A company's proposal in sums. `vouchers` in their order.

    `day_sum`: absolute sum that the company has approved that day before. `file_payments`, `file_matched`,
    `file_held`: numbers of the file's payments for the company. `usual_payments`: the median of its earlier
    files, 0 if there is none. `by_person`: a person approves, who passes every limit. `sent_back_by`: who sent the
    proposal back, empty for nobody.
    """

    company: Company
    vouchers: tuple[VoucherSum, ...]
    day_sum: Money
    file_payments: int
    file_matched: int
    file_held: int
    usual_payments: int
    by_person: bool
    sent_back_by: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """The parts, each as the indexes of its vouchers: each commits by itself."""

    parts: tuple[tuple[int, ...], ...]


def cut(facts: CutFacts) -> Cut | Park:
    """Pack whole vouchers into parts, unless something stops the automatic path."""
    stop = None if facts.by_person else _stop(facts)
    return stop if stop is not None else Cut(_packed(facts.vouchers))


def _packed(vouchers: tuple[VoucherSum, ...]) -> tuple[tuple[int, ...], ...]:
    parts: list[list[int]] = []
    room = 0
    for index, voucher in enumerate(vouchers):
        if not parts or voucher.payments > room:
            parts.append([])
            room = PART_LIMIT
        parts[-1].append(index)
        room -= voucher.payments
    return tuple(tuple(part) for part in parts)


def _stop(facts: CutFacts) -> Park | None:
    """The first thing that wants a person, most telling first."""
    company = facts.company
    if facts.sent_back_by:
        return Park(
            Reason.SENT_BACK,
            f"sent back by {facts.sent_back_by}: nothing of it is posted until it is taken up",
        )
    if not company.auto_approve:
        return Park(Reason.NO_AUTO_APPROVE, f"{company.name} wants each proposal approved by a person")
    return _odd_file(facts) or _above_limit(facts)


def _odd_file(facts: CutFacts) -> Park | None:
    if facts.file_held:
        of = counted(facts.file_payments, "payment")
        held = f"held as perhaps already received: {facts.file_held} of the file's {of}"
        return Park(Reason.HELD_IN_FILE, f"{held}; release or refuse what is held first")
    if facts.file_payments and not facts.file_matched:
        none = f"no case was found for any of the file's {counted(facts.file_payments, 'payment')}"
        return Park(Reason.NOTHING_MATCHED, f"{none}: is it the right file, and are the cases in?")
    if facts.usual_payments and facts.file_payments >= max(FEW, UNUSUAL * facts.usual_payments + 1):
        size = f"the file has {counted(facts.file_payments, 'payment')}, a usual one {facts.usual_payments}"
        return Park(Reason.FILE_UNUSUAL, f"{size}: a person approves one over {UNUSUAL} times the usual")
    return None


def _above_limit(facts: CutFacts) -> Park | None:
    company = facts.company
    for voucher in facts.vouchers:
        if company.limit_voucher and voucher.absolute > company.limit_voucher:
            group = voucher.group
            what = f"a voucher of {in_kroner(voucher.absolute)} kr (statement reference {group.statement_ref}"
            limit = f"is above the limit of {in_kroner(company.limit_voucher)} kr a voucher"
            return Park(Reason.ABOVE_VOUCHER_LIMIT, f"{what}, {group.booked_on}) {limit}: a person approves")
    day_sum = facts.day_sum + sum(voucher.absolute for voucher in facts.vouchers)
    if company.limit_day and day_sum > company.limit_day:
        what = f"with this proposal {in_kroner(day_sum)} kr would be approved for {company.name} in one day"
        limit = f"above the limit of {in_kroner(company.limit_day)} kr"
        return Park(Reason.ABOVE_DAY_LIMIT, f"{what}, {limit}: a person approves")
    return None

"""Shadow mode's daily comparison: what we would have posted beside what people posted in Visma by hand."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.money import Money, in_kroner
from schemas.transfer import LedgerVoucher
from schemas.voucher import LedgerState
from schemas.wording import counted


class Likeness(StrEnum):
    """What the comparison of a day says."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNKNOWN = "unknown"  # Visma does not tell the sum of a voucher


@dataclass(frozen=True, slots=True)
class Group:
    """A posting group as we would have posted it; `total` is the sum of the debits of its vouchers."""

    account: str
    statement_ref: str
    total: Money
    vouchers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ShadowFacts:
    """A company's day: our groups, and all vouchers of Visma with that date and type, whoever registered them."""

    day: date
    ours: tuple[Group, ...]
    theirs: tuple[LedgerVoucher, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """A row of the comparison: a group of ours, vouchers of Visma's by number, or both where the sums are equal."""

    ours: Group | None
    theirs: tuple[str, ...]
    total: Money | None


@dataclass(frozen=True, slots=True)
class ShadowDay:
    """A company's day compared. `ours` and `theirs` are sums of debits in øre; `rows` stand in our order, theirs last."""

    day: date
    likeness: Likeness
    ours: Money
    theirs: Money | None
    rows: tuple[Beside, ...]
    says: str


def compare(facts: ShadowFacts) -> ShadowDay:
    """Lay the groups of a day beside the vouchers of equal sum, one for one, and say what is left.

    What is left with equal sums on both sides was cut in other parts, and agrees.
    """
    alive = [each for each in facts.theirs if each.state is not LedgerState.DELETED]
    free: dict[Money | None, list[LedgerVoucher]] = defaultdict(list)
    for each in sorted(alive, key=lambda each: each.voucher_no):
        free[each.total].append(each)
    rows: list[Beside] = []
    alone: list[Group] = []
    for group in facts.ours:
        if free[group.total]:
            rows.append(Beside(group, (free[group.total].pop(0).voucher_no,), group.total))
        else:
            rows.append(Beside(group, (), None))
            alone.append(group)
    left = [each for same in free.values() for each in same]
    rows += [Beside(None, (each.voucher_no,), each.total) for each in left]
    ours = sum(group.total for group in facts.ours)
    known = [each.total for each in alive if each.total is not None]
    theirs = sum(known) if len(known) == len(alive) else None
    likeness, says = _judge(alone, left, ours, theirs)
    return ShadowDay(facts.day, likeness, ours, theirs, tuple(rows), says)


def _judge(
    alone: Sequence[Group], left: Sequence[LedgerVoucher], ours: Money, theirs: Money | None
) -> tuple[Likeness, str]:
    if theirs is None:
        return Likeness.UNKNOWN, "Visma does not tell the sum of each voucher: look there"
    if not alone and not left:
        return Likeness.AGREES, "each group has a voucher of its sum"
    if ours == theirs:
        return Likeness.AGREES, "cut in other parts, the day's sums are equal"
    here, there = counted(len(alone), "group"), counted(len(left), "voucher")
    more = f"{in_kroner(abs(ours - theirs))} kr more {'here' if ours > theirs else 'in Visma'}"
    return Likeness.DIFFERS, f"{here} of ours and {there} of Visma's have no counterpart, {more}"

"""A voucher: once in Visma under our reference, with our number, sum, lines and date, and posted in time."""

from pipeline.bankdays import bank_days_between
from pipeline.reconciliation.facts import Comparison, OurVoucher, VoucherFacts
from schemas.control import ControlPart, Difference, DifferenceKind
from schemas.money import Money, in_kroner
from schemas.transfer import LedgerVoucher
from schemas.voucher import IN_SHADOW, LedgerState, VoucherState
from schemas.wording import counted

_BOOKED = (VoucherState.DELIVERED, VoucherState.BY_HAND)


def of(facts: VoucherFacts) -> Comparison:
    """Hold all that Visma has under a reference against our voucher of it."""
    if facts.ours is None:
        return Comparison(tuple(_stranger(facts, found) for found in facts.alive), ())
    return _known(facts, facts.ours, facts.alive)


def _known(facts: VoucherFacts, ours: OurVoucher, alive: tuple[LedgerVoucher, ...]) -> Comparison:
    if ours.voucher_no == IN_SHADOW and not alive:
        # in no voucher that could be found: its days were compared before shadow mode was ended
        return Comparison((), ())
    found = [_double(ours, alive)] if len(alive) > 1 else []
    unknown: tuple[str, ...] = ()
    if ours.state is VoucherState.BY_HAND and not facts.theirs:
        unknown = (f"{ours.subject}: posted by hand as no. {ours.voucher_no}: only a look in Visma can tell",)
    elif ours.state in _BOOKED and not alive:
        found.append(_gone(ours, facts.theirs))
    elif ours.state in _BOOKED:
        theirs = alive[0]
        told = theirs.total is not None and theirs.lines is not None
        unknown = () if told else (f"{ours.subject}: Visma does not tell its total and lines",)
        found += [*_changed(ours, theirs), *_late(facts, ours, theirs)]
    elif ours.state in {VoucherState.SENDING, VoucherState.IN_DOUBT}:
        found.append(_doubt(ours, alive))
    elif alive:
        what = f"in state {ours.state} here, but Visma has it as no. {_numbers(alive)}"
        act = "look in Visma before anything else: its money may be booked twice; delete it there if it is"
        found.append(_differs(ours, DifferenceKind.BOOKED_THERE, 0, _sum(alive), what, act))
    return Comparison(tuple(found), unknown)


def _gone(ours: OurVoucher, deleted: tuple[LedgerVoucher, ...]) -> Difference:
    was = f"delivered as no. {ours.voucher_no}"
    if deleted:
        cause = f"{was}, and deleted in Visma"
        act = f"ask who deleted it; register it there again by hand with our reference and lines: kk2 voucher show {ours.id}"
        return _differs(ours, DifferenceKind.DELETED, ours.total, None, cause, act)
    cause = f"{was}, and Visma does not have it under our reference"
    act = "look in Visma for the number: a type, registrar or reference was changed, or it was restored from a back-up"
    return _differs(ours, DifferenceKind.MISSING, ours.total, None, cause, act)


def _changed(ours: OurVoucher, theirs: LedgerVoucher) -> list[Difference]:
    """Where their voucher is not as ours; another number counts only where Visma itself gave us the first."""
    found = []
    if theirs.voucher_no != ours.voucher_no and ours.state is VoucherState.DELIVERED:
        cause = (
            f"delivered as no. {ours.voucher_no}, and Visma has no. {theirs.voucher_no} under our reference"
        )
        act = "ask in Visma whether it was numbered anew; if not, one of the two is not ours"
        found.append(
            _differs(ours, DifferenceKind.OTHER_NUMBER, ours.voucher_no, theirs.voucher_no, cause, act)
        )
    act = "ask who altered it; set it back there, or correct the cases here and explain the difference"
    if theirs.total is not None and theirs.total != ours.total:
        cause = (
            f"altered in Visma: another sum, {in_kroner(theirs.total)} kr, ours is {in_kroner(ours.total)} kr"
        )
        found.append(_differs(ours, DifferenceKind.ALTERED, ours.total, theirs.total, cause, act))
    elif theirs.lines is not None and theirs.lines != ours.lines:
        cause = f"altered in Visma: {counted(theirs.lines, 'line')}, ours has {ours.lines}"
        found.append(_differs(ours, DifferenceKind.ALTERED, ours.total, theirs.total, cause, act))
    if theirs.voucher_date != ours.voucher_on:
        days = ours.voucher_on.isoformat(), theirs.voucher_date.isoformat()
        cause = f"dated {days[1]} in Visma, ours is dated {days[0]}"
        found.append(_differs(ours, DifferenceKind.OTHER_DATE, *days, cause, act))
    return found


def _late(facts: VoucherFacts, ours: OurVoucher, theirs: LedgerVoucher) -> list[Difference]:
    """A voucher that nobody posts is money that the accounts do not show."""
    if theirs.state is LedgerState.POSTED or ours.delivered_on is None:
        return []
    waited = bank_days_between(ours.delivered_on, facts.today)
    if waited <= facts.patience:
        return []
    cause = f"no. {theirs.voucher_no} is {theirs.state} in Visma, {counted(waited, 'bank day')} after it was delivered"
    act = "ask the accountant to post it in Visma's voucher registration"
    return [_differs(ours, DifferenceKind.NOT_POSTED, ours.total, theirs.state, cause, act)]


def _doubt(ours: OurVoucher, alive: tuple[LedgerVoucher, ...]) -> Difference:
    if alive:
        cause = f"Visma has it as no. {_numbers(alive)}"
        act = f"nothing, if it is asked for by itself soon; else kk2 voucher confirm {ours.id} {alive[0].voucher_no}"
    else:
        cause = "the call has no answer, and Visma does not list it"
        act = "nothing, if it is asked for by itself soon; else look in Visma, then confirm it or declare it absent"
    return _differs(
        ours,
        DifferenceKind.IN_DOUBT,
        ours.total,
        _sum(alive) if alive else None,
        f"in state {ours.state} here: {cause}",
        act,
    )


def _double(ours: OurVoucher, alive: tuple[LedgerVoucher, ...]) -> Difference:
    kept = ours.voucher_no if ours.voucher_no in {each.voucher_no for each in alive} else "one"
    cause = f"booked as {_numbers(alive)}: a call that came through after its pause, or a person who sent it again"
    act = f"delete all but {kept} in Visma"
    return _differs(ours, DifferenceKind.DOUBLE, ours.total, _sum(alive), cause, act)


def _stranger(facts: VoucherFacts, theirs: LedgerVoucher) -> Difference:
    if facts.elsewhere is None:
        cause = "our own reference, and the database does not know it: was it restored from a back-up? kk2 visma recover"
        act = "after a restore: kk2 visma recover; else ask in Visma who registered it"
    else:
        cause = f"ours is voucher {facts.elsewhere}, of another company, type or registrar"
        act = "ask in Visma who moved it, or registered it a second time"
    subject = f"Visma's voucher {theirs.voucher_no} ({facts.reference})"
    return Difference(ControlPart.VOUCHERS, DifferenceKind.STRANGER, subject, None, theirs.total, cause, act)


def _differs(
    ours: OurVoucher,
    kind: DifferenceKind,
    here: Money | str | None,
    there: Money | str | None,
    cause: str,
    act: str,
) -> Difference:
    return Difference(ControlPart.VOUCHERS, kind, ours.subject, here, there, cause, act)


def _numbers(vouchers: tuple[LedgerVoucher, ...]) -> str:
    return ", ".join(each.voucher_no for each in vouchers)


def _sum(vouchers: tuple[LedgerVoucher, ...]) -> Money:
    """Their sum; one of which Visma does not tell it counts as nothing."""
    return sum(each.total or 0 for each in vouchers)

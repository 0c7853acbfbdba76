"""A day of a company: the bank's money is on cases, suspense or parked, is in vouchers, and stands so in Visma."""

from collections import defaultdict

from pipeline.reconciliation.day_facts import Between, DayBalance, DayDifference, DayFacts, DayRow, DayVoucher
from pipeline.reconciliation.facts import Place
from schemas.control import DifferenceKind
from schemas.money import Money
from schemas.voucher import IN_SHADOW, VoucherState
from schemas.wording import counted

_BOOKED = (VoucherState.DELIVERED, VoucherState.BY_HAND)
_PLACES = {
    VoucherState.APPROVED: Place.APPROVED,
    VoucherState.SENDING: Place.SENDING,
    VoucherState.IN_DOUBT: Place.IN_DOUBT,
    VoucherState.REFUSED: Place.VOUCHER_REFUSED,
}


def of(facts: DayFacts) -> DayBalance:
    """Hold the three sums of a day against each other; what nobody knows stays unknown."""
    bank = sum(amount for _, amount in facts.statements)
    cases = facts.on_cases + facts.suspense + sum(amount for _, amount in facts.unsplit)
    booked = [each for each in facts.vouchers if each.state in _BOOKED]
    vouchers = sum(each.bank for each in booked)
    told = [each.in_visma for each in booked if each.in_visma is not None]
    visma = sum(told) if len(told) == len(booked) else None
    return DayBalance(
        bank,
        cases,
        vouchers,
        visma,
        (
            DayDifference(Between.CASES, bank - cases, tuple(_broken(facts, bank - cases))),
            DayDifference(Between.VOUCHERS, cases - vouchers, tuple(_elsewhere(facts, cases - vouchers))),
            DayDifference(
                Between.VISMA, None if visma is None else vouchers - visma, tuple(_in_visma(booked))
            ),
        ),
    )


def _broken(facts: DayFacts, amount: Money) -> list[DayRow]:
    if not amount and not facts.broken:
        return []
    named = ", ".join(f"payment {each}" for each in facts.broken) or "payments"
    cause = "the splits of a payment are not its amount: our own books do not add up"
    return [_row("broken", named, amount, cause, "run kk2 balance")]


def _elsewhere(facts: DayFacts, amount: Money) -> list[DayRow]:
    """Where the money is that no voucher in Visma has."""
    places: dict[Place, Money] = defaultdict(int)
    for place, part in facts.unsplit:
        places[place] += part
    places[Place.PROPOSAL] += facts.proposal
    for voucher in facts.vouchers:
        if voucher.state in _PLACES:
            places[_PLACES[voucher.state]] += voucher.bank
    rows = [
        _row(place.name.lower(), place.value, part, "not in Visma yet", place.act)
        for place, part in places.items()
        if part
    ]
    left = amount - sum(places.values())
    if left:
        cause = "the bank lines of vouchers are not what their payments came to: our own books do not add up"
        rows.append(_row("bank_lines", "vouchers", left, cause, "run kk2 balance"))
    return rows


def _in_visma(booked: list[DayVoucher]) -> list[DayRow]:
    """What Visma has otherwise than we, and what it has not told."""
    rows = [
        DayRow(
            seen.kind.value,
            f"voucher {voucher.id}",
            voucher.bank - voucher.in_visma if voucher.in_visma is not None else None,
            seen.cause,
            seen.act,
            seen.explained,
            voucher.id,
            seen.id,
        )
        for voucher in booked
        for seen in voucher.differences
        if seen.kind
        is not DifferenceKind.NOT_POSTED  # it stands there with its sum, and is the accountant's to post
    ]
    named = {row.voucher_id for row in rows}
    silent = [each for each in booked if each.in_visma is None and each.id not in named]
    shadow = [each for each in silent if each.voucher_no == IN_SHADOW]
    if shadow:
        cause = "people posted its money in vouchers of their own while the company was in shadow mode"
        rows.append(_row("in_shadow", _named(shadow), None, cause, "kk2 shadow compare"))
    untold = [each for each in silent if each.voucher_no != IN_SHADOW]
    if untold:
        cause = "no control has told of it since it was delivered, or Visma can't tell"
        act = "hold it against Visma now: kk2 visma control; where it can't tell, look there"
        rows.append(_row("untold", _named(untold), None, cause, act))
    return rows


def _named(vouchers: list[DayVoucher]) -> str:
    first = ", ".join(f"{each.id}" for each in vouchers[:5])
    return (
        f"voucher {first}"
        if len(vouchers) == 1
        else f"{counted(len(vouchers), 'voucher')} ({first}{', …' * (len(vouchers) > 5)})"
    )


def _row(kind: str, subject: str, amount: Money | None, cause: str, act: str) -> DayRow:
    return DayRow(kind, subject, amount, cause, act, "", None, None)

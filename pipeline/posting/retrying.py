"""Vouchers of a job whose turn has come: which of them are sent again, in which calls, and which stand otherwise by now."""

from collections import defaultdict
from dataclasses import dataclass

from schemas.voucher import VoucherState


@dataclass(frozen=True, slots=True)
class RetryFacts:
    """A voucher of a job. `gave_up`: the work row for which nobody answered, None for none; `at_once`: vouchers a call."""

    voucher_id: int
    company: str
    state: VoucherState
    gave_up: int | None
    at_once: int


@dataclass(frozen=True, slots=True)
class Retries:
    """What is done: `calls` to send, of whole vouchers each; `rows` of work to try again; `passed` are left as they stand."""

    calls: tuple[tuple[int, ...], ...]
    rows: tuple[int, ...]
    passed: tuple[int, ...]


def retries(vouchers: tuple[RetryFacts, ...]) -> Retries:
    """Send the refused ones again, a call a company; try again what gave up; what somebody else has moved on is passed over."""
    refused: dict[tuple[str, int], list[int]] = defaultdict(list)
    rows: list[int] = []
    passed: list[int] = []
    for each in vouchers:
        if each.state is VoucherState.REFUSED:
            refused[each.company, each.at_once].append(each.voucher_id)
        elif each.gave_up is not None:
            rows.append(each.gave_up)
        else:
            passed.append(each.voucher_id)
    calls = tuple(
        tuple(ids[first : first + at_once])
        for (_, at_once), ids in refused.items()
        for first in range(0, len(ids), at_once)
    )
    return Retries(calls, tuple(dict.fromkeys(rows)), tuple(passed))

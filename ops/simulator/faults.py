"""The faults of the simulated Visma: which kinds there are, and which one the next call meets."""

import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class FaultKind(StrEnum):
    """What can go wrong with a call."""

    SLOW = "slow"  # waits, then does its work
    COMMIT_THEN_SLOW = "commit_then_slow"  # does its work, then waits before it answers
    LOSE_ANSWER_AFTER_BOOKING = "lose_answer_after_booking"  # does its work, then cuts the connection
    CUT_BEFORE_READING = "cut_before_reading"  # cuts the connection at once
    HANG = "hang"  # reads, and never answers
    HTTP_500 = "http_500"  # a bare 500
    HTTP_503_XHTML = "http_503_xhtml"  # the error page of a proxy, well-formed XML
    SOAP_FAULT = "soap_fault"  # a fault of the server, without a business code
    BUSY = "busy"  # BusyFault
    ACCESS_DENIED = "access_denied"  # AccessDeniedFault
    PERIOD_CLOSED = "period_closed"  # PeriodClosedFault for vouchers of `period`, "" for any
    UNKNOWN_ACCOUNT = "unknown_account"  # a row error for vouchers with a line on `account`, "" for any
    GARBAGE = "garbage"  # 200 with bytes that are no XML
    HUGE = "huge"  # an answer without an end
    TRUNCATED = "truncated"  # half of the answer
    DRIP = "drip"  # the answer, one byte every `seconds`
    ACCEPTED_202_EMPTY = "accepted_202_empty"  # 202 and nothing


BOOKS = frozenset(
    {
        FaultKind.SLOW, FaultKind.COMMIT_THEN_SLOW, FaultKind.LOSE_ANSWER_AFTER_BOOKING, FaultKind.TRUNCATED,
        FaultKind.DRIP, FaultKind.HUGE, FaultKind.ACCEPTED_202_EMPTY,
    }
)  # fmt: skip
"""The kinds that do their work unless told not to; the others do it only if told."""

ANY = "*"
FOR_EVER = -1


class BadFaultError(ValueError):
    """A fault was asked for that does not exist; the sentence says what may be asked for."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is on. `times`: for how many more calls, -1 for ever; `probability` of meeting a call, 0 to 1."""

    kind: FaultKind
    operation: str = ANY
    times: int = FOR_EVER
    probability: float = 1.0
    seconds: float = 1.0
    period: str = ""
    account: str = ""
    books: bool | None = None

    @property
    def does_its_work(self) -> bool:
        """Whether the call is carried out before, or although, it goes wrong."""
        return self.kind in BOOKS if self.books is None else self.books


class FaultPlan:
    """The faults that are on; the first that fits a call meets it. The same seed and calls give the same faults."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        """Begin with `faults`."""
        self._lock = threading.Lock()
        self._faults = list(faults)
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def add(self, fault: Fault) -> None:
        """Turn one more fault on."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Turn all faults off."""
        with self._lock:
            self._faults.clear()

    def standing(self) -> tuple[Fault, ...]:
        """The faults that are on."""
        with self._lock:
            return tuple(self._faults)

    def draw(self, operation: str) -> Fault | None:
        """The fault that this call meets; one of its times is used up."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.operation in (ANY, operation) and self._random.random() < fault.probability:
                    self._use(place, fault)
                    return fault
        return None

    def _use(self, place: int, fault: Fault) -> None:
        if fault.times == 1:
            del self._faults[place]
        elif fault.times > 1:
            self._faults[place] = replace(fault, times=fault.times - 1)


def parse(text: str) -> Fault:
    """A fault of the command line: `slow:operation=RegisterVouchers:seconds=2:times=3`. Raises `BadFaultError`."""
    kind, *pairs = text.split(":")
    fields = dict(pair.partition("=")[::2] for pair in pairs)
    return from_fields({"kind": kind, **fields})


def from_fields(fields: Mapping[str, object]) -> Fault:
    """A fault from names and values, as the control endpoint gets them. Raises `BadFaultError`."""
    known = {"kind", "operation", "times", "probability", "seconds", "period", "account", "books"}
    if unknown := set(fields) - known:
        raise BadFaultError(f"a fault has no {sorted(unknown)}; it has {sorted(known)}")
    try:
        kind = FaultKind(str(fields.get("kind", "")))
        books = fields.get("books")
        return Fault(
            kind=kind,
            operation=str(fields.get("operation", ANY)),
            times=int(str(fields.get("times", FOR_EVER))),
            probability=float(str(fields.get("probability", 1.0))),
            seconds=float(str(fields.get("seconds", 1.0))),
            period=str(fields.get("period", "")),
            account=str(fields.get("account", "")),
            books=None if books is None else str(books).lower() == "true",
        )
    except ValueError as fault:
        raise BadFaultError(f"{fault}; the kinds are {', '.join(FaultKind)}") from fault

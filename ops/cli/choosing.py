"""Filters that know their words: one that nobody knows is refused, for its list would be empty and look like good news."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from pipeline.stage import Reason
from schemas.case import CaseState
from schemas.control import ControlPart
from schemas.transfer import NumberState
from schemas.voucher import Discarded, LedgerState, VoucherState

FILE_STATES = ("landed", "read", "held", "unreadable", "refused", "known")
PAYMENT_STATES = ("waiting", "settled", "parked", "held", "refused", "known")
INVOICE_STATES = ("ready", "parked")
TRANSACTION_STATES = ("ours", "applied", "parked", "set_aside", "superseded")
REFUND_STATES = ("proposed", "done", "withdrawn")
OPEN_WORK = ("due", "parked")
DIFFERENCE_STATES = ("open", "explained", "gone")
USER_STATES = ("open", "disabled")
RULE_STATES = ("proposed", "on", "off")


def one_of(words: Iterable[str]) -> Callable[[str], str]:
    """Give what reads one of the words from the command line, and says all of them to who writes another."""
    known = tuple(words)

    def read(word: str) -> str:
        if word not in known:
            raise typer.BadParameter(f"expected one of {', '.join(known)}; found {word!r}")
        return word

    return read


def _stage(word: str) -> str:
    from pipeline.flow import FLOW  # all rules with it, which a help page need not wait for

    return one_of(stage.name for stage in FLOW)(word)


def _cause(word: str) -> str:
    from ops.queries.causes import (
        CAUSES,
    )  # the database's library with it, which a help page need not wait for

    return one_of(CAUSES)(word)


def _state(words: Iterable[str]) -> Any:
    *most, last = words
    return typer.Option(
        "--state", parser=one_of(words), metavar="STATE", help=f"{', '.join(most)} or {last}."
    )


StateOfFile = Annotated[str | None, _state(FILE_STATES)]
StateOfPayment = Annotated[str | None, _state(PAYMENT_STATES)]
StateOfCase = Annotated[str | None, _state(CaseState)]
StateOfVoucher = Annotated[str | None, _state(VoucherState)]
StateInVisma = Annotated[
    str | None,
    typer.Option(
        "--in-visma", parser=one_of(LedgerState), metavar="STATE", help=f"In Visma: {', '.join(LedgerState)}."
    ),
]
StateOfInvoice = Annotated[str | None, _state(INVOICE_STATES)]
StateOfNumber = Annotated[str | None, _state(NumberState)]
StateOfTransaction = Annotated[str | None, _state(TRANSACTION_STATES)]
StateOfDifference = Annotated[str | None, _state(DIFFERENCE_STATES)]
CauseOfFailure = Annotated[
    str | None,
    typer.Option(
        "--cause",
        parser=_cause,
        metavar="CAUSE",
        help="Not delivered for this cause, as `kk2 voucher failed` names it.",
    ),
]
BecauseOf = Annotated[
    Discarded | None,
    typer.Option(
        "--because",
        parser=lambda word: Discarded(one_of(Discarded)(word)),
        metavar="WHY",
        help=f"{', '.join(Discarded)}.",
    ),
]
StateOfUser = Annotated[str | None, _state(USER_STATES)]
StateOfRule = Annotated[str | None, _state(RULE_STATES)]
PartOfControl = Annotated[
    str | None,
    typer.Option("--part", parser=one_of(ControlPart), metavar="PART", help=f"{', '.join(ControlPart)}."),
]
StateOfWork = Annotated[str | None, _state(OPEN_WORK)]
StageOfWork = Annotated[
    str | None,
    typer.Option("--stage", parser=_stage, metavar="STAGE", help="Of this stage, as settle or deliver."),
]
WaitsFor = Annotated[
    str | None,
    typer.Option("--reason", parser=one_of(Reason), metavar="REASON", help="Waiting for this reason."),
]

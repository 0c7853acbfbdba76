"""The door to an accounting system: register vouchers, ask for them, list them; adapters stand behind it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Protocol

from schemas.setup import Installation
from schemas.transfer import DeliveryAnswer, Exchange, InquiryAnswer, InstallationFacts, LedgerVoucher
from schemas.voucher import Voucher

__all__ = ["Accounting", "CannotTell", "Trouble", "connect"]


class Trouble(Exception):  # noqa: N818 - the project's word for "the world does not answer"
    """A question got no answer that can be read. Nothing was changed by asking: ask again later.

    `code` is the cause (`TimedOut`, `Http503`, `AccessDenied`, ...), `exchange` the redacted call for the attempt log.

    Trouble
      (none below it: what a caller must tell apart is in `code`)
    CannotTell   not a Trouble: asking again is of no use
    """

    def __init__(self, code: str, note: str, exchange: Exchange) -> None:
        """Keep the cause, the sentence for people and the call."""
        super().__init__(f"{exchange.operation}: {note} ({code})")
        self.code = code
        self.note = note
        self.exchange = exchange


class CannotTell(Exception):  # noqa: N818 - said of an installation, as "unknown" is said on a screen
    """This installation lacks the operation: the answer is "unknown", for ever."""


class Accounting(Protocol):
    """One installation of an accounting system. Safe to make anew for each call; not to be shared by threads."""

    def register(self, vouchers: Sequence[Voucher]) -> tuple[tuple[DeliveryAnswer, ...], Exchange]:
        """Send the vouchers in one call; one answer per voucher, in their order.

        Never raises for what can happen on the wire. REFUSED and UNSENT are certain: not booked. BOOKED has a number.
        UNKNOWN is all else: the voucher may be booked.
        """

    def find(self, company: str, reference: str) -> tuple[InquiryAnswer, Exchange]:
        """Ask for a reference of ours. Raises `Trouble` if the question got no answer.

        Where the installation can't be asked, `asked` is False and nothing was sent.
        """

    def list_vouchers(
        self, company: str, voucher_type: str, registrar: str, first: date, last: date
    ) -> Iterator[LedgerVoucher]:
        """All vouchers of a registrar and type with a voucher date from `first` to `last`, both included, page by page.

        Raises `Trouble` in the middle if a page does not come, `CannotTell` at the first step where it can't be asked.
        """

    def installation(self) -> InstallationFacts:
        """What the installation says of itself. Raises `Trouble`."""


def connect(installation: Installation, secret: Callable[[str], str]) -> Accounting:
    """The adapter for an installation; nothing is sent yet. `secret` resolves `env:NAME` and `file:PATH`.

    Raises what `secret` raises, OSError for a certificate file that can't be read, ValueError for an endpoint that is
    not an http(s) address: all of them faults of the setup, found before anything is sent.
    """
    from workers.accounting.wsinkasso import (
        WSinkasso,
    )  # zeep takes half a second: only who calls Visma pays it

    return WSinkasso(installation, secret)

"""The door to an accounting system: vouchers out, invoices and what happened to them in; adapters stand behind it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final, Protocol

from schemas.setup import Installation
from schemas.transfer import (
    CaseNumber,
    DeliveryAnswer,
    Exchange,
    InquiryAnswer,
    InstallationFacts,
    InvoiceBalance,
    LedgerVoucher,
    NumberAnswer,
    ReadyPage,
    TransactionPage,
)
from schemas.voucher import Voucher
from workers.accounting.tables import Mapping

__all__ = ["MOST_ROWS", "Accounting", "CannotTell", "Trouble", "connect"]

MOST_ROWS: Final = 1_000
"""What one call may ask about, and what one page may hold."""


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

    def ready_invoices(self, company: str, dunning_code: str, page: str = "") -> tuple[ReadyPage, Exchange]:
        """A page of the invoices in approved dunning proposals with that code; `page` is "" or the last `next_page`.

        Changes nothing: an invoice comes again until its case number is written, at some installations even after.
        An id that stands twice on a page is given twice. Raises `Trouble`, `CannotTell`.
        """

    def write_case_numbers(
        self, company: str, rows: Sequence[CaseNumber]
    ) -> tuple[tuple[NumberAnswer, ...], Exchange]:
        """Mark invoices as with us and write their case numbers, 1 to 1,000 in a call; one answer a row, in their order.

        Idempotent: a call that broke (`Trouble`) may have written, and is simply made again. A row that the contract
        forbids is REFUSED here and not sent. Raises `Trouble`, `CannotTell`; ValueError for more than 1,000 rows.
        """

    def transactions(
        self, company: str, since_cursor: str, page: str = ""
    ) -> tuple[TransactionPage, Exchange]:
        """A page of what happened to transferred invoices since a cursor, "" for all; what our vouchers did comes too.

        The cursor to keep comes with the last page; what it was asked from may come again, so ids are compared.
        Changes nothing. Raises `Trouble`, `CannotTell`.
        """

    def balances(self, company: str, invoice_nos: Sequence[str]) -> tuple[InvoiceBalance, ...]:
        """How 1 to 1,000 invoices stand; those that Visma does not know are missing. Changes nothing.

        Raises `Trouble`, `CannotTell`; ValueError for more than 1,000 numbers.
        """


def connect(
    installation: Installation, secret: Callable[[str], str], table: Mapping | None = None
) -> Accounting:
    """The adapter for an installation; nothing is sent yet. `secret` resolves `env:NAME` and `file:PATH`.

    An endpoint `file:///FOLDER` is a folder of voucher files, any other WSinkasso.

    `table`: the names of its contract, None for those of `workers.accounting.mapping`. Raises what `secret` raises,
    OSError for a certificate file that can't be read, ValueError for an endpoint that is not an http(s) address: all of
    them faults of the setup, found before anything is sent.
    """
    if installation.by_file:
        from workers.accounting.voucher_file import VoucherFile

        return VoucherFile(installation)
    # zeep takes half a second: only who calls Visma pays it
    from workers.accounting.mapping import WSINKASSO
    from workers.accounting.wsinkasso import WSinkasso

    return WSinkasso(installation, secret, table or WSINKASSO)

"""The adapter for sites without WSinkasso: a voucher is a file that somebody reads in Visma ("Import av regnskapsbilag").

One file a voucher, named by our reference, so that a second sending is the same file and never a second one. It is
written in our own folder, brought to the disk and renamed into Visma's. Visma renames a file that it has read to
`READ_...`: that, and nothing else, is a delivery. Until then the voucher is in doubt, and is never sent again.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from typing import Final, NoReturn

from schemas.setup import Installation
from schemas.transfer import (
    UNREAD,
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
    Verdict,
)
from schemas.voucher import Voucher
from workers.accounting import CannotTell, Trouble, vuxml
from workers.accounting.folder import Folder, NoFolderError
from workers.accounting.parsing import OffContractError
from workers.accounting.redaction import masked, masked_numbers

READ: Final = "READ_"
"""What Visma puts before the name of a file that it has read."""

REFUSED: Final = "AVVIST_"
"""What a person puts before the name of a file that Visma would not import; a `.txt` beside it may say why."""

LONGEST_REASON = 500
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,29}")


class VoucherFile:
    """One installation; see `workers.accounting.Accounting` for what each method promises."""

    def __init__(self, installation: Installation) -> None:
        """Nothing is opened yet."""
        self._setup = installation
        self._path = installation.endpoint.removeprefix("file://")
        self._proof = vuxml.schema()

    def register(self, vouchers: Sequence[Voucher]) -> tuple[tuple[DeliveryAnswer, ...], Exchange]:
        """Put each voucher down as a file, if neither it nor its read one stands; one answer per voucher, in their order."""
        contents = [self._written(voucher) for voucher in vouchers]
        try:
            with Folder(self._path) as folder:
                answers = [
                    put_down(folder, voucher.reference, content) if isinstance(content, bytes) else content
                    for voucher, content in zip(vouchers, contents, strict=True)
                ]
                with suppress(OSError):  # what is put down is in doubt already
                    folder.sync()
        except NoFolderError as gone:
            answers = [
                _said(voucher.reference, Verdict.UNSENT, "Unreachable", _why(gone))
                if isinstance(content, bytes)
                else content
                for voucher, content in zip(vouchers, contents, strict=True)
            ]
        private = frozenset(line.kid for voucher in vouchers for line in voucher.lines if line.kid)
        sent = b"".join(content for content in contents if isinstance(content, bytes))
        names = "\n".join(f"{each.reference}: {each.code or each.voucher_no}" for each in answers)
        return tuple(answers), Exchange("RegisterVouchers", None, masked(sent, (), private), names)

    def find(self, company: str, reference: str) -> tuple[InquiryAnswer, Exchange]:
        """Look where the file of a reference stands. Raises `Trouble` where the folder does not show it."""
        exchange = Exchange("FindVoucher", None, "", "")
        with self._open(exchange) as folder:
            if not _REFERENCE.fullmatch(reference):
                raise Trouble("Invalid", f"{reference} is no reference of ours", exchange)
            return _looked_for(folder, reference), exchange

    def installation(self) -> InstallationFacts:
        """A folder can't say what Visma is; `Trouble` where it is not even there."""
        with self._open(Exchange("GetInstallation", None, "", "")):
            self._cannot("its folder is there and ours in it, and can't say more")

    def list_vouchers(
        self, company: str, voucher_type: str, registrar: str, first: date, last: date
    ) -> Iterator[LedgerVoucher]:
        """What Visma has, no folder can tell: read files may be cleaned away, and others' vouchers never lay there."""
        self._cannot("it can't list vouchers")

    def ready_invoices(self, company: str, dunning_code: str, page: str = "") -> tuple[ReadyPage, Exchange]:
        """Files go one way."""
        self._cannot("it brings no invoices")

    def write_case_numbers(
        self, company: str, rows: Sequence[CaseNumber]
    ) -> tuple[tuple[NumberAnswer, ...], Exchange]:
        """Only vouchers go by file."""
        self._cannot("it takes no case numbers")

    def transactions(
        self, company: str, since_cursor: str, page: str = ""
    ) -> tuple[TransactionPage, Exchange]:
        """Files go one way."""
        self._cannot("it tells no transactions")

    def balances(self, company: str, invoice_nos: Sequence[str]) -> tuple[InvoiceBalance, ...]:
        """Files go one way."""
        self._cannot("it does not tell how invoices stand")

    def _written(self, voucher: Voucher) -> bytes | DeliveryAnswer:
        """The file's bytes, or why there can be none."""
        try:
            if not _REFERENCE.fullmatch(voucher.reference):
                raise vuxml.UnfitVoucherError(f"externalReference {voucher.reference} can't name a file")
            return vuxml.written(voucher, self._proof)
        except vuxml.UnfitVoucherError as unfit:
            note = masked_numbers(str(unfit), frozenset(line.kid for line in voucher.lines if line.kid))
            return _said(voucher.reference, Verdict.REFUSED, "Invalid", note)

    @contextmanager
    def _open(self, exchange: Exchange) -> Iterator[Folder]:
        try:
            with Folder(self._path) as folder:
                yield folder
        except OSError as error:
            raise Trouble("Unreachable", _why(error), exchange) from error

    def _cannot(self, what: str) -> NoReturn:
        raise CannotTell(f"installation {self._setup.code} is a folder of files: {what}")


def put_down(folder: Folder, reference: str, content: bytes) -> DeliveryAnswer:
    """Put one voucher down. What happens before the rename leaves it unsent; from the rename on it is in doubt."""
    name, unfinished = f"{reference}.xml", ""
    try:
        standing = _standing(folder, reference, content)
        if standing is None:
            dead = folder.unfinished(reference)
            unfinished = folder.write(reference, content)
            for each in dead:  # the call that wrote it may only be slow: now it can't put it down any more
                folder.take_away(each)
            for theirs in (f"{REFUSED}{name}", f"{REFUSED}{reference}.txt"):
                folder.keep(theirs)
            standing = _standing(folder, reference, content)
    except OSError as error:
        folder.take_away(unfinished)
        return _said(reference, Verdict.UNSENT, "Unreachable", _why(error))
    if standing is not None:
        folder.take_away(unfinished)
        return standing
    try:
        folder.put_down(unfinished, name)
    except OSError as error:
        # over a network the rename may have been done; only what can be taken away was surely not put down
        unsent = folder.take_away(unfinished)
        return _said(reference, Verdict.UNSENT if unsent else Verdict.UNKNOWN, "Unreachable", _why(error))
    return _said(
        reference, Verdict.UNKNOWN, UNREAD, f"{name} lies in the folder, nobody in Visma has read it yet"
    )


def _standing(folder: Folder, reference: str, content: bytes) -> DeliveryAnswer | None:
    """The answer where a file of this reference stands already, unread or read. In the order in which it moves."""
    name = f"{reference}.xml"
    lies, was_read = folder.content(name), folder.content(f"{READ}{name}")
    if was_read is not None:
        try:
            found = vuxml.read(was_read, f"{READ}{name}")
        except OffContractError as odd:
            return _said(reference, Verdict.UNKNOWN, "Garbage", f"{READ}{name} stands there: {odd}")
        return DeliveryAnswer(reference, Verdict.BOOKED, found.voucher_no, found.total, found.lines, "", "")
    if lies is None:
        return None
    if lies == content:
        return _said(reference, Verdict.UNKNOWN, UNREAD, f"{name} lies in the folder already, unread")
    return _said(
        reference, Verdict.UNKNOWN, "DuplicateReference", f"another {name} lies in the folder, unread"
    )


def _looked_for(folder: Folder, reference: str) -> InquiryAnswer:
    """Where a voucher's file stands. A file moves on while we look: so we look in the order in which it moves."""
    name = f"{reference}.xml"
    unfinished = folder.unfinished(reference)
    lies, was_read = folder.content(name), folder.content(f"{READ}{name}")
    if was_read is not None:
        try:
            found = vuxml.read(was_read, f"{READ}{name}")
        except OffContractError as odd:
            return _untold(reference, f"{READ}{name} stands there, but is {odd}")
        # if it still stands, a second one lies there that nobody must read
        twice = lies is not None and folder.content(name) is not None
        doubles = (replace(found, voucher_no=name),) if twice else ()
        return InquiryAnswer(reference, asked=True, found=(found, *doubles))
    if lies is not None:
        return InquiryAnswer(reference, asked=True, found=(), unread=True)
    if folder.content(f"{REFUSED}{name}") is not None:
        told = folder.content(f"{REFUSED}{reference}.txt") or b"Visma's list of the import says why"
        why = masked_numbers(told.decode("utf-8", "backslashreplace")[:LONGEST_REASON].strip(), frozenset())
        return InquiryAnswer(reference, asked=True, found=(), refused=True, note=f"{why} ({REFUSED}{name})")
    if unfinished:  # written and never put down: that much is certain
        return InquiryAnswer(reference, asked=True, found=())
    return _untold(
        reference, f"no {name} stands in the folder, read or unread: never put down, or cleaned away"
    )


def _untold(reference: str, why: str) -> InquiryAnswer:
    return InquiryAnswer(reference, asked=False, found=(), note=why)


def _said(reference: str, verdict: Verdict, code: str, note: str) -> DeliveryAnswer:
    return DeliveryAnswer(reference, verdict, "", None, None, code, note)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__

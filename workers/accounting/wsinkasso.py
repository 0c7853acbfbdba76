"""The adapter for WSinkasso: the port on one side, SOAP over HTTPS on the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

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
    NumberVerdict,
    ReadyPage,
    TransactionPage,
    Verdict,
)
from schemas.voucher import Voucher
from workers.accounting import MOST_ROWS, CannotTell, Trouble, invoices, message, numbering, verdicts
from workers.accounting.calls import NOTHING, Calls
from workers.accounting.contract import contract_of, text_at
from workers.accounting.installation import facts_of
from workers.accounting.listing import ledger_vouchers
from workers.accounting.redaction import masked_numbers
from workers.accounting.tables import Mapping
from workers.accounting.wire import BrokenCallError


class WSinkasso:
    """One installation; see `workers.accounting.Accounting` for what each method promises."""

    def __init__(self, installation: Installation, secret: Callable[[str], str], table: Mapping) -> None:
        """Read secrets and certificates; raises what `workers.accounting.connect` says."""
        self._setup = installation
        self._table = table
        self._contract = contract_of(table)
        self._calls = Calls(installation, secret, self._contract)

    def register(self, vouchers: Sequence[Voucher]) -> tuple[tuple[DeliveryAnswer, ...], Exchange]:
        """Send the vouchers in one call; one answer per voucher, in their order."""
        made = message.of_vouchers(vouchers, self._contract)
        private = frozenset(line.kid for voucher in vouchers for line in voucher.lines if line.kid)
        answers = {
            place: DeliveryAnswer(
                vouchers[place].reference, Verdict.REFUSED, "", None, None, "Invalid", reason
            )
            for place, reason in made.unfit.items()
        }
        sent = [place for place in range(len(vouchers)) if place not in answers]
        exchange = Exchange(self._table.register.name, None, "", "")
        if sent:
            references = [vouchers[place].reference for place in sent]
            raw, exchange = self._calls.post(self._table.register.name, made.body, private)
            said = (
                tuple(verdicts.of_broken_call(reference, raw) for reference in references)
                if isinstance(raw, BrokenCallError)
                else verdicts.of_answer(references, raw, self._contract)
            )
            answers.update(zip(sent, said, strict=True))
        return tuple(_discreet(answers[place], private) for place in range(len(vouchers))), exchange

    def find(self, company: str, reference: str) -> tuple[InquiryAnswer, Exchange]:
        """Ask for a reference of ours."""
        names = self._table.find
        if not self._setup.finds:
            return InquiryAnswer(reference, asked=False, found=()), Exchange(names.name, None, "", "")
        found, exchange = self._calls.ask(
            names.name,
            names.answer,
            [(names.company, company), (names.reference, reference)],
            lambda said: tuple(ledger_vouchers(said, names.rows, self._contract)),
        )
        # What the far side finds by a looser search (a prefix, another case) is not ours.
        ours = tuple(each for each in found if each.reference == reference)
        return InquiryAnswer(reference, asked=True, found=ours), exchange

    def list_vouchers(
        self, company: str, voucher_type: str, registrar: str, first: date, last: date
    ) -> Iterator[LedgerVoucher]:
        """All vouchers of a registrar and type in a span of days, page by page."""
        names = self._table.listing
        self._must_offer(names.name, offered=self._setup.lists)
        question = [
            (names.company, company),
            (names.voucher_type, voucher_type),
            (names.registrar, registrar),
            (names.first, self._table.day_text(first)),
            (names.last, self._table.day_text(last)),
        ]
        next_page = self._contract.part(names.next_page)
        page, seen = "", set[str]()
        while True:
            (found, following), exchange = self._calls.ask(
                names.name,
                names.answer,
                [*question, (names.page, page or None)],
                lambda said: (
                    tuple(ledger_vouchers(said, names.rows, self._contract)),
                    text_at(said, next_page),
                ),
            )
            yield from found
            if not following:
                return
            if following in seen:
                raise Trouble("EndlessPages", f"the page {following} came twice", exchange)
            seen.add(following)
            page = following

    def installation(self) -> InstallationFacts:
        """What the installation says of itself."""
        names = self._table.installation
        return self._calls.ask(names.name, names.answer, [], lambda said: facts_of(said, self._contract))[0]

    def ready_invoices(self, company: str, dunning_code: str, page: str = "") -> tuple[ReadyPage, Exchange]:
        """A page of the invoices in approved dunning proposals."""
        names = self._table.ready
        self._must_offer(names.name, offered=self._setup.imports)
        found, exchange = self._calls.ask(
            names.name,
            names.answer,
            [(names.company, company), (names.dunning_code, dunning_code), (names.page, page or None)],
            lambda said: invoices.ready_page(said, self._contract),
        )
        _must_go_on(page, found.next_page, exchange)
        return found, exchange

    def write_case_numbers(
        self, company: str, rows: Sequence[CaseNumber]
    ) -> tuple[tuple[NumberAnswer, ...], Exchange]:
        """Mark invoices as with us and write their case numbers."""
        names = self._table.numbers
        self._must_offer(names.name, offered=self._setup.imports)
        _must_fit(rows)
        made = message.of_case_numbers(company, rows, self._contract)
        answers = {
            place: NumberAnswer(rows[place].invoice_no, NumberVerdict.REFUSED, "Invalid", reason)
            for place, reason in made.unfit.items()
        }
        sent = [place for place in range(len(rows)) if place not in answers]
        exchange = Exchange(names.name, None, "", "")
        if sent:
            asked = [rows[place] for place in sent]
            said, exchange = self._calls.call(
                names.name,
                names.answer,
                made.body,
                lambda said: numbering.of_rows(asked, said, self._contract),
            )
            answers.update(zip(sent, said, strict=True))
        return tuple(
            replace(answers[place], note=masked_numbers(answers[place].note, NOTHING))
            for place in range(len(rows))
        ), exchange

    def transactions(
        self, company: str, since_cursor: str, page: str = ""
    ) -> tuple[TransactionPage, Exchange]:
        """A page of what happened to transferred invoices."""
        names = self._table.transactions
        self._must_offer(names.name, offered=self._setup.transacts)
        found, exchange = self._calls.ask(
            names.name,
            names.answer,
            [(names.company, company), (names.since, since_cursor or None), (names.page, page or None)],
            lambda said: invoices.transaction_page(said, self._contract),
        )
        _must_go_on(page, found.next_page, exchange)
        return found, exchange

    def balances(self, company: str, invoice_nos: Sequence[str]) -> tuple[InvoiceBalance, ...]:
        """How invoices stand."""
        names = self._table.balances
        self._must_offer(names.name, offered=self._setup.balances)
        _must_fit(invoice_nos)
        return self._calls.ask(
            names.name,
            names.answer,
            [(names.company, company), (names.asked, list(invoice_nos))],
            lambda said: invoices.balances(said, self._contract),
        )[0]

    def _must_offer(self, operation: str, *, offered: bool) -> None:
        if not offered:
            raise CannotTell(f"installation {self._setup.code} does not offer {operation}")


def _must_fit(rows: Sequence[object]) -> None:
    if not 0 < len(rows) <= MOST_ROWS:
        raise ValueError(f"a call is about 1 to {MOST_ROWS} rows, not {len(rows)}")


def _must_go_on(page: str, following: str, exchange: Exchange) -> None:
    if page and following == page:
        raise Trouble("EndlessPages", f"the page {page} is followed by itself", exchange)


def _discreet(answer: DeliveryAnswer, private: frozenset[str]) -> DeliveryAnswer:
    """Visma's words may quote a KID or a person's number; the note is kept and shown."""
    return replace(answer, note=masked_numbers(answer.note, private)) if answer.note else answer

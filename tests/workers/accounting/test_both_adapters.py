"""What the port promises, tried on both of its adapters: WSinkasso over HTTP, and voucher files in a folder."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from ops.simulator import Booked, Simulator
from pipeline.posting import AnswerFacts, Conclusion, InquiryFacts, concluded, inquired
from pipeline.stage import Reason
from schemas.money import Money, from_decimal_text, kr
from schemas.setup import ClosedPeriodPolicy, Installation
from schemas.transfer import CaseNumber, InquiryAnswer, Verdict
from schemas.voucher import Voucher, VoucherLine, VoucherState
from tests.workers.far_side import NOVEMBER, a_line, a_voucher, an_installation, secret
from workers.accounting import Accounting, CannotTell, Trouble, connect


@dataclass(frozen=True, slots=True)
class Far:
    """A Visma, how it is reached, and an address where nothing is."""

    visma: Simulator
    installation: Installation
    nowhere: str

    def accounting(self) -> Accounting:
        return connect(self.installation, secret)

    def cut_off(self) -> Accounting:
        return connect(replace(self.installation, endpoint=self.nowhere), secret)

    def find(self, reference: str) -> InquiryAnswer:
        """Somebody in Visma reads what lies there, and then we ask."""
        self.visma.read_files()
        return self.accounting().find("100", reference)[0]

    def end(self, voucher: Voucher) -> Conclusion:
        """Send a voucher and ask for it, as the stages do."""
        (answer,), _ = self.accounting().register([voucher])
        facts = AnswerFacts(voucher.total, len(voucher.lines), answer, ClosedPeriodPolicy.PARK)
        conclusion = concluded(facts)
        if conclusion.state is not VoucherState.IN_DOUBT or conclusion.park:
            return conclusion
        return inquired(
            InquiryFacts(
                voucher.total, len(voucher.lines), voucher.reference, self.find(voucher.reference), 0
            )
        )

    def booked(self, reference: str) -> list[Booked]:
        return [each for each in self.visma.vouchers() if each.reference == reference]

    def by_account(self, reference: str) -> Counter[tuple[str, str, str]]:
        """What Visma has on each account, customer and invoice under a reference."""
        sums: Counter[tuple[str, str, str]] = Counter()
        for each in self.booked(reference):
            _, body = self.visma._ledger.voucher(each.company, each.year, each.number)
            for line in etree.fromstring(body).iterfind("{*}line"):
                place = tuple(
                    line.findtext(f"{{*}}{name}", "") for name in ("account", "customerNo", "invoiceNo")
                )
                sums[place] += from_decimal_text(line.findtext("{*}amount", ""))  # type: ignore[index]
        return sums


@pytest.fixture(params=["soap", "file"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Far]:
    """A Visma that knows a reference again: a folder of files always does."""
    files = tmp_path / "bilag"
    with Simulator(tmp_path / "visma", deduplicates=True, files=files) as visma:
        if request.param == "soap":
            yield Far(visma, an_installation(visma.url), "http://127.0.0.1:9/")
        else:
            endpoint = files.as_uri()
            yield Far(visma, an_installation(endpoint, lists=False), f"{endpoint}/not/mounted")


def lines(*rows: tuple[str, Money, str, str]) -> tuple[VoucherLine, ...]:
    """Lines of account, amount, customer and invoice."""
    return tuple(
        replace_line(a_line(account, amount), customer, invoice)
        for account, amount, customer, invoice in rows
    )


def replace_line(line: VoucherLine, customer: str, invoice: str) -> VoucherLine:
    return line._replace(customer_no=customer, invoice_no=invoice)


SEVERAL_INVOICES = replace(
    a_voucher("K1-1-7"),
    lines=lines(
        ("1920", kr(1000), "", ""),
        ("1500", kr(-500), "40017", "F-1"),
        ("1500", kr(-300), "40017", "F-2"),
        ("3920", kr(-150), "", ""),
        ("8050", kr(-50), "", ""),
    ),
)
A_REVERSAL = replace(
    a_voucher("K1-1-8"), lines=lines(("1920", kr(-100), "", ""), ("1500", kr(100), "40017", "F-1"))
)
NO_CUSTOMER = replace(a_voucher("K1-1-9"), lines=lines(("1920", kr(70), "", ""), ("2990", kr(-70), "", "")))
QUESTIONS: list[Callable[[Accounting], object]] = [
    lambda ours: list(ours.list_vouchers("100", "OC", "WS-Inf", NOVEMBER, NOVEMBER)),
    lambda ours: ours.ready_invoices("100", "PWS"),
    lambda ours: ours.write_case_numbers("100", [CaseNumber("F-1", "40017", "0221-1", date(2026, 11, 3))]),
    lambda ours: ours.transactions("100", ""),
    lambda ours: ours.balances("100", ["F-1"]),
    lambda ours: ours.installation(),
]


class TestAccounting:
    """`workers.accounting.Accounting`, whatever stands behind it."""

    def test_a_voucher_that_is_sent_is_delivered_once(self, far: Far) -> None:
        conclusion = far.end(a_voucher())

        assert (conclusion.state, conclusion.park) == (VoucherState.DELIVERED, None)
        assert conclusion.voucher_no
        (booked,) = far.booked("K1-1-1")
        assert (booked.total, booked.lines, booked.voucher_date) == (kr(1234, 50), 2, NOVEMBER)
        assert (booked.company, booked.voucher_type, booked.registrar) == ("100", "OC", "WS-Inf")
        assert booked.calls == 1

    @pytest.mark.parametrize("voucher", [a_voucher(), SEVERAL_INVOICES, A_REVERSAL, NO_CUSTOMER])
    def test_each_ore_stands_on_the_account_customer_and_invoice_that_it_was_sent_to(
        self, far: Far, voucher: Voucher
    ) -> None:
        conclusion = far.end(voucher)

        assert (conclusion.state, conclusion.park) == (VoucherState.DELIVERED, None)
        wanted: Counter[tuple[str, str, str]] = Counter()
        for line in voucher.lines:
            wanted[line.account, line.customer_no, line.invoice_no] += line.amount
        assert far.by_account(voucher.reference) == wanted

    def test_what_is_found_has_our_reference_total_lines_and_day(self, far: Far) -> None:
        far.accounting().register([SEVERAL_INVOICES])

        answer = far.find("K1-1-7")

        (found,) = answer.found
        assert (answer.asked, answer.unread, answer.refused) == (True, False, False)
        assert (found.reference, found.total, found.lines) == ("K1-1-7", kr(1000), 5)
        assert found.voucher_date == NOVEMBER

    def test_a_voucher_that_was_never_sent_is_not_found(self, far: Far) -> None:
        far.accounting().register([a_voucher("K1-1-10")])

        answer = far.find("K1-1-1")

        assert (answer.found, answer.unread, answer.refused) == ((), False, False)

    def test_the_same_reference_again_books_once(self, far: Far) -> None:
        first = far.end(a_voucher())
        again = [far.end(a_voucher()) for _ in range(3)]

        assert {each.state for each in (first, *again)} == {VoucherState.DELIVERED}
        assert {each.voucher_no for each in again} == {first.voucher_no}
        assert len(far.booked("K1-1-1")) == 1

    def test_sent_again_before_anybody_looked_it_books_once(self, far: Far) -> None:
        for _ in range(3):
            far.accounting().register([a_voucher()])

        assert far.end(a_voucher()).state is VoucherState.DELIVERED
        assert len(far.booked("K1-1-1")) == 1

    def test_two_calls_at_once_with_one_reference_book_once(self, far: Far) -> None:
        with ThreadPoolExecutor(8) as threads:
            for sent in [threads.submit(lambda: far.accounting().register([a_voucher()])) for _ in range(8)]:
                sent.result()

        assert far.end(a_voucher()).state is VoucherState.DELIVERED
        assert len(far.booked("K1-1-1")) == 1

    def test_another_voucher_under_the_same_reference_is_a_clash(self, far: Far) -> None:
        far.end(a_voucher())

        conclusion = far.end(a_voucher(amount=kr(7)))

        assert conclusion.state is VoucherState.IN_DOUBT
        assert conclusion.park is not None
        assert conclusion.park.reason is Reason.REFERENCE_CLASH
        assert [each.total for each in far.booked("K1-1-1")] == [kr(1234, 50)]

    def test_vouchers_of_one_call_are_answered_in_their_order_each_by_itself(self, far: Far) -> None:
        sent = [a_voucher("K1-1-1"), a_voucher("K1-1-2", text="x" * 256), a_voucher("K1-1-3", company="200")]

        answers, exchange = far.accounting().register(sent)
        far.visma.read_files()

        assert [each.reference for each in answers] == ["K1-1-1", "K1-1-2", "K1-1-3"]
        assert [each.verdict is Verdict.REFUSED for each in answers] == [False, True, False]
        assert exchange.operation == "RegisterVouchers"
        assert {each.reference for each in far.visma.vouchers()} == {"K1-1-1", "K1-1-3"}

    @pytest.mark.parametrize(
        "voucher",
        [
            a_voucher(text="bell \x07"),
            a_voucher(text="x" * 256),
            a_voucher(reference="K" * 31),
            a_voucher(account="1" * 13),
            a_voucher(amount=kr(10**13)),
        ],
    )
    def test_a_voucher_that_the_contract_forbids_is_refused_here_and_never_sent(
        self, far: Far, voucher: Voucher
    ) -> None:
        (answer,), _ = far.accounting().register([voucher])
        far.visma.read_files()

        assert (answer.verdict, answer.code) == (Verdict.REFUSED, "Invalid")
        assert far.visma.vouchers() == ()
        assert far.visma.calls(voucher.reference) == 0

    def test_what_visma_refuses_is_refused_with_its_words_and_not_booked(self, far: Far) -> None:
        conclusion = far.end(a_voucher(account="9999"))

        assert conclusion.state is VoucherState.REFUSED
        assert conclusion.park is not None
        assert conclusion.park.reason is Reason.REFUSED
        assert "account 9999 does not exist" in conclusion.park.note
        assert far.visma.vouchers() == ()

    def test_what_was_refused_is_delivered_once_the_cause_is_gone(self, far: Far) -> None:
        far.visma.close_period("100", "2026-11")
        refused = [far.end(a_voucher()).state for _ in range(2)]
        far.visma.open_period("100", "2026-11")

        conclusion = far.end(a_voucher())

        assert refused == [VoucherState.REFUSED] * 2
        assert conclusion.state is VoucherState.DELIVERED
        assert len(far.booked("K1-1-1")) == 1

    def test_where_nobody_answers_nothing_is_sent_and_it_can_be_sent_later(self, far: Far) -> None:
        (answer,), _ = far.cut_off().register([a_voucher()])
        with pytest.raises(Trouble) as trouble:
            far.cut_off().find("100", "K1-1-1")
        far.visma.read_files()

        assert (answer.verdict, answer.code) == (Verdict.UNSENT, "Unreachable")
        assert trouble.value.code == "Unreachable"
        assert far.visma.vouchers() == ()
        assert far.end(a_voucher()).state is VoucherState.DELIVERED
        assert len(far.booked("K1-1-1")) == 1

    @pytest.mark.parametrize("ask", QUESTIONS)
    def test_a_question_is_answered_or_can_not_be_told(
        self, far: Far, ask: Callable[[Accounting], object]
    ) -> None:
        if far.installation.by_file:
            with pytest.raises(CannotTell, match="a folder of files"):
                ask(far.accounting())
        else:
            assert ask(far.accounting()) is not None

    def test_what_is_kept_of_a_call_holds_no_kid(self, far: Far) -> None:
        (answer,), exchange = far.accounting().register([a_voucher()])
        (again,), second = far.accounting().register([a_voucher()])

        kept = f"{answer} {exchange} {again} {second}"
        assert "33000083672049" not in kept
        assert "1234.50" in exchange.request

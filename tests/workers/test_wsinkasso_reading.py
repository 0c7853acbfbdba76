"""What is read out of answers that are odd but readable, and that nothing an answer holds can raise."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import kr
from schemas.transfer import Verdict
from schemas.voucher import LedgerState
from tests.workers.far_side import (
    BOOKED_ROW,
    NOVEMBER,
    VALIDATION,
    a_voucher,
    an_installation,
    answer_to,
    far_side,
    fault,
    http,
    registered,
    saying,
    secret,
    soap,
)
from workers.accounting import Trouble, connect
from workers.accounting.contract import contract_of
from workers.accounting.mapping import WSINKASSO
from workers.accounting.verdicts import of_answer
from workers.accounting.wire import RawAnswer


def damaged(changes: list[tuple[int, bytes]]) -> bytes:
    """A good answer in which some places hold other bytes."""
    content = registered(BOOKED_ROW)
    for place, other in changes:
        content = content[:place] + other + content[place + 1 :]
    return content


@pytest.mark.parametrize(
    ("row", "total", "lines"),
    [
        (BOOKED_ROW + "<w:postedBy>KARI</w:postedBy>", kr(1234, 50), 2),
        ("<w:server>7</w:server>" + BOOKED_ROW, kr(1234, 50), 2),
        (BOOKED_ROW.replace("1234.50", "mange"), None, 2),
    ],
)
def test_a_new_element_on_the_far_side_does_not_hide_our_reference_and_number(
    row: str, total: int | None, lines: int | None
) -> None:
    answer = answer_to(saying(http("200 OK", registered(row))))

    assert (answer.verdict, answer.voucher_no, answer.code) == (Verdict.BOOKED, "9001", "OffContract")
    assert (answer.total, answer.lines) == (total, lines)
    assert "not as the contract says" in answer.note


@pytest.mark.parametrize(
    "row",
    [
        BOOKED_ROW.replace("9001", "90<w:b/>01"),
        BOOKED_ROW.replace("9001", "<w:b>9001</w:b>"),
        BOOKED_ROW.replace("K1-1-1<", "K1-1-1<w:b/>7<"),
        BOOKED_ROW + "<w:externalReference>K1-1-2</w:externalReference>",
        "<w:externalReference>K1-1-2</w:externalReference>" + BOOKED_ROW,
        BOOKED_ROW + '<error xmlns=""><code>UnknownAccount</code></error>',
        BOOKED_ROW + "<w:more><w:error/></w:more>",
    ],
)
def test_a_row_whose_number_or_reference_is_broken_or_said_twice_leaves_the_voucher_in_doubt(
    row: str,
) -> None:
    answer = answer_to(saying(http("200 OK", registered(row))))

    assert (answer.verdict, answer.voucher_no, answer.code) == (Verdict.UNKNOWN, "", "OffContract")


@pytest.mark.parametrize("total", ["1234.5", "+1234.500", " 1234.50 ", "01234.50"])
def test_an_amount_is_read_however_the_xsd_lets_it_be_written(total: str) -> None:
    answer = answer_to(saying(http("200 OK", registered(BOOKED_ROW.replace("1234.50", total)))))

    assert (answer.verdict, answer.code, answer.total) == (Verdict.BOOKED, "", kr(1234, 50))


@pytest.mark.parametrize(
    "lines",
    ["9" * 5_000, "-1", "2.0", "to", "<w:two/>"],
    ids=["huge", "negative", "decimal", "word", "element"],
)
def test_a_number_of_lines_that_is_none_is_read_as_not_told_and_never_raises(lines: str) -> None:
    row = BOOKED_ROW.replace("<w:lines>2<", f"<w:lines>{lines}<")

    answer = answer_to(saying(http("200 OK", registered(row))))

    assert (answer.verdict, answer.code, answer.lines) == (Verdict.BOOKED, "OffContract", None)


@given(
    st.binary(max_size=300)
    | st.builds(damaged, st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=3))))
)
def test_no_bytes_make_the_reading_raise_and_none_book_without_a_number(content: bytes) -> None:
    (answer,) = of_answer(["K1-1-1"], RawAnswer(200, {}, content), contract_of(WSINKASSO))

    assert answer.reference == "K1-1-1"
    assert bool(answer.voucher_no) == (answer.verdict is Verdict.BOOKED)


def test_a_comment_does_not_cut_a_number_short_and_a_processing_instruction_is_refused() -> None:
    commented = answer_to(saying(http("200 OK", registered(BOOKED_ROW.replace("9001", "90<!-- -->01")))))
    instructed = answer_to(saying(http("200 OK", registered(BOOKED_ROW.replace("9001", "90<?x?>01")))))

    assert (commented.verdict, commented.voucher_no) == (Verdict.BOOKED, "9001")
    assert (instructed.verdict, instructed.code) == (Verdict.UNKNOWN, "Garbage")


def test_a_missing_total_is_read_as_not_told() -> None:
    row = BOOKED_ROW.replace("<w:total>1234.50</w:total><w:lines>2</w:lines>", "")

    answer = answer_to(saying(http("200 OK", registered(row))))

    assert (answer.verdict, answer.voucher_no, answer.total, answer.lines) == (
        Verdict.BOOKED,
        "9001",
        None,
        None,
    )


def test_a_kid_that_visma_quotes_is_masked_in_what_is_kept_and_shown() -> None:
    refused = fault(VALIDATION.format("UnknownAccount").replace("why", "KID 4711 of 33000083672049 on F-17"))
    head = a_voucher()
    voucher = replace(head, lines=(head.lines[0], head.lines[1]._replace(kid="4711")))
    with far_side(saying(http("500 Oops", refused))) as side:
        (answer,), exchange = connect(an_installation(side.url), secret).register([voucher])

    assert answer.note == "KID ***711 of ***049 on F-17"
    assert "4711" not in exchange.request + exchange.answer


LISTED = (
    "<w:voucher><w:externalReference>K1-1-1</w:externalReference><w:voucherNo>9001</w:voucherNo>"
    "<w:state>posted</w:state><w:voucherDate>2026-11-03</w:voucherDate><w:total>1234.50</w:total></w:voucher>"
)


def test_a_found_voucher_is_read_with_what_the_far_side_tells_of_it() -> None:
    row = LISTED.replace("2026-11-03", "2026-11-03+01:00")
    other = LISTED.replace("K1-1-1<", "K1-1-10<")
    said = soap(f"<w:FindVoucherResponse>{row}{other}</w:FindVoucherResponse>")
    with far_side(saying(http("200 OK", said))) as side:
        answer, _ = connect(an_installation(side.url), secret).find("100", "K1-1-1")

    (found,) = answer.found
    assert (found.voucher_no, found.state, found.voucher_date) == ("9001", LedgerState.POSTED, NOVEMBER)
    assert (found.total, found.lines) == (kr(1234, 50), None)


@pytest.mark.parametrize(
    "said",
    [
        LISTED.replace("posted", "lost"),
        LISTED.replace("2026-11-03", "12026-11-03"),
        LISTED.replace("2026-11-03", "3.11.2026"),
        LISTED.replace("1234.50", "1234,50"),
        LISTED.replace("<w:voucherNo>9001</w:voucherNo>", ""),
    ],
)
def test_a_list_that_is_not_as_the_contract_says_is_trouble_and_not_half_an_answer(said: str) -> None:
    with (
        far_side(
            saying(http("200 OK", soap(f"<w:FindVoucherResponse>{said}</w:FindVoucherResponse>")))
        ) as side,
        pytest.raises(Trouble) as trouble,
    ):
        connect(an_installation(side.url), secret).find("100", "K1-1-1")

    assert trouble.value.code == "OffContract"
    assert trouble.value.exchange.status == 200


def test_a_list_whose_pages_never_end_is_trouble() -> None:
    said = soap(
        f"<w:ListVouchersResponse>{LISTED}<w:nextPageToken>p</w:nextPageToken></w:ListVouchersResponse>"
    )
    with far_side(saying(http("200 OK", said))) as side:
        listed = connect(an_installation(side.url), secret).list_vouchers(
            "100", "OC", "WS-Inf", NOVEMBER, NOVEMBER
        )
        with pytest.raises(Trouble, match="came twice"):
            list(listed)

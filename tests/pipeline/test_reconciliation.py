"""The control: what differs on the two sides of a voucher, a sum of the statement and an invoice, and why."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reconciliation import InvoiceFacts, OurVoucher, Place, StatementFacts, VoucherFacts, compare
from schemas.control import DifferenceKind as Kind
from schemas.money import kr
from schemas.transfer import InvoiceBalance, LedgerVoucher
from schemas.voucher import LedgerState, VoucherState

MONDAY = date(2026, 3, 16)
OURS = OurVoucher(7, "K1-1-7", "100", VoucherState.DELIVERED, "2026-12", MONDAY, kr(900), 3, MONDAY)
THEIRS = LedgerVoucher("K1-1-7", "2026-12", LedgerState.REGISTERED, MONDAY, kr(900), 3)
WEDNESDAY_BEFORE_EASTER, TUESDAY_AFTER_EASTER = date(2026, 4, 1), date(2026, 4, 7)


def vouchers(
    ours: OurVoucher | None, *theirs: LedgerVoucher, today: date = MONDAY
) -> tuple[list[Kind], tuple[str, ...]]:
    said = compare(VoucherFacts("K1-1-7", ours, None, theirs, today, patience=3))
    return [each.kind for each in said.differences], said.unknown


def test_a_voucher_that_stands_once_as_we_sent_it_is_no_difference() -> None:
    assert vouchers(OURS, THEIRS) == ([], ())
    assert vouchers(OURS, replace(THEIRS, state=LedgerState.POSTED), today=date(2027, 1, 1)) == ([], ())


@pytest.mark.parametrize(
    ("state", "theirs", "kinds"),
    [
        (VoucherState.DELIVERED, [], [Kind.MISSING]),
        (VoucherState.DELIVERED, [replace(THEIRS, state=LedgerState.DELETED)], [Kind.DELETED]),
        (VoucherState.DELIVERED, [replace(THEIRS, total=kr(899))], [Kind.ALTERED]),
        (VoucherState.DELIVERED, [replace(THEIRS, lines=4)], [Kind.ALTERED]),
        (VoucherState.DELIVERED, [replace(THEIRS, voucher_date=date(2026, 3, 17))], [Kind.OTHER_DATE]),
        (VoucherState.DELIVERED, [replace(THEIRS, voucher_no="2026-99")], [Kind.OTHER_NUMBER]),
        (VoucherState.DELIVERED, [THEIRS, replace(THEIRS, voucher_no="2026-13")], [Kind.DOUBLE]),
        (VoucherState.BY_HAND, [replace(THEIRS, voucher_no="2026-99")], []),
        (VoucherState.IN_DOUBT, [], [Kind.IN_DOUBT]),
        (VoucherState.IN_DOUBT, [THEIRS], [Kind.IN_DOUBT]),
        (VoucherState.SENDING, [THEIRS], [Kind.IN_DOUBT]),
        (VoucherState.APPROVED, [], []),
        (VoucherState.APPROVED, [THEIRS], [Kind.BOOKED_THERE]),
        (VoucherState.REFUSED, [THEIRS], [Kind.BOOKED_THERE]),
        (VoucherState.VOID, [THEIRS], [Kind.BOOKED_THERE]),
        (VoucherState.VOID, [replace(THEIRS, state=LedgerState.DELETED)], []),
    ],
)
def test_each_way_in_which_a_voucher_differs(
    state: VoucherState, theirs: list[LedgerVoucher], kinds: list[Kind]
) -> None:
    assert vouchers(replace(OURS, state=state), *theirs) == (kinds, ())


def test_a_double_that_a_person_has_deleted_is_none() -> None:
    assert vouchers(OURS, THEIRS, replace(THEIRS, voucher_no="2026-13", state=LedgerState.DELETED)) == (
        [],
        (),
    )


def test_a_double_says_which_to_keep() -> None:
    (said,) = compare(
        VoucherFacts("K1-1-7", OURS, None, (replace(THEIRS, voucher_no="2026-11"), THEIRS), MONDAY, 3)
    ).differences

    assert said.act == "delete all but 2026-12 in Visma"
    assert (said.ours, said.theirs) == (kr(900), kr(1800))


def test_three_bank_days_do_not_count_easter() -> None:
    delivered = replace(OURS, delivered_on=WEDNESDAY_BEFORE_EASTER)

    assert vouchers(delivered, THEIRS, today=date(2026, 4, 9)) == ([], ())  # Tuesday, Wednesday, Thursday
    assert vouchers(delivered, THEIRS, today=date(2026, 4, 10)) == ([Kind.NOT_POSTED], ())


def test_our_reference_that_we_do_not_know_is_a_stranger_unless_it_is_deleted() -> None:
    assert vouchers(None, THEIRS) == ([Kind.STRANGER], ())
    moved = compare(VoucherFacts("K1-1-7", None, 7, (THEIRS,), MONDAY, 3)).differences
    assert moved[0].cause == "ours is voucher 7, of another company, type or registrar"
    assert vouchers(None, replace(THEIRS, state=LedgerState.DELETED)) == ([], ())


def test_what_visma_does_not_tell_is_unknown() -> None:
    kinds, unknown = vouchers(OURS, replace(THEIRS, total=None))
    assert (kinds, len(unknown)) == ([], 1)
    kinds, unknown = vouchers(replace(OURS, state=VoucherState.BY_HAND))
    assert (kinds, len(unknown)) == ([], 1)


def statement(**changes: object) -> StatementFacts:
    facts = StatementFacts(
        "account 99991042764, 2026-03-16, 0106100001", MONDAY, kr(900), kr(900), 0, (), kr(900), (), MONDAY, 3
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def kinds_of(facts: StatementFacts | InvoiceFacts) -> list[Kind]:
    return [each.kind for each in compare(facts).differences]


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        (statement(), []),
        (statement(suspense=kr(300)), []),
        (statement(booked=kr(500), in_visma=kr(500), elsewhere=((Place.PARKED, kr(400)),)), []),
        (
            statement(booked=kr(500), in_visma=kr(500), elsewhere=((Place.PARKED, kr(399)),)),
            [Kind.UNBALANCED],
        ),
        (statement(in_visma=0, lacking=("voucher 7",)), [Kind.NOT_IN_VISMA]),
        (statement(in_visma=kr(1800), lacking=("voucher 7",)), [Kind.NOT_IN_VISMA]),
        (statement(in_visma=None), []),
    ],
)
def test_each_way_in_which_a_sum_of_the_statement_differs(facts: StatementFacts, kinds: list[Kind]) -> None:
    assert kinds_of(facts) == kinds


def test_money_that_waits_is_a_difference_after_three_bank_days_and_says_where_it_is() -> None:
    facts = statement(
        booked=kr(500), in_visma=kr(500), suspense=kr(100),
        elsewhere=((Place.PARKED, kr(300)), (Place.IN_DOUBT, kr(100)), (Place.HELD, 0)),
        booked_on=WEDNESDAY_BEFORE_EASTER, today=date(2026, 4, 10),
    )  # fmt: skip

    (said,) = compare(facts).differences

    assert said.kind is Kind.WAITS
    assert said.cause == (
        "500,00 kr in delivered vouchers, 100,00 kr of it on suspense, 300,00 kr parked, "
        "100,00 kr in vouchers in doubt, 4 bank days after the bank booked it"
    )
    assert "--state parked" in said.act
    assert "--state in_doubt" in said.act
    assert kinds_of(replace(facts, today=TUESDAY_AFTER_EASTER)) == []


amounts = st.integers(-(10**9), 10**9)


@given(st.lists(st.tuples(st.sampled_from(Place), amounts)), amounts)
def test_a_sum_agrees_exactly_when_its_places_sum_up_to_it(places: list[tuple[Place, int]], off: int) -> None:
    whole = kr(900) + sum(amount for _, amount in places)

    agrees = kinds_of(statement(payments=whole + off, elsewhere=tuple(places))) == []

    assert agrees == (off == 0)


THERE = InvoiceBalance("70001", kr(1000), collection_mark=True, case_no="0221-7")


def invoice(open_there: int | None = kr(1000), **changes: object) -> InvoiceFacts:
    facts = InvoiceFacts(
        1, "70001", "0221-7", kr(1000), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (), (), "written", "",
        None if open_there is None else replace(THERE, open_amount=open_there),
    )  # fmt: skip
    return replace(facts, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        (invoice(), []),
        (invoice(None), [Kind.UNKNOWN_INVOICE]),
        (invoice(kr(600), paid=kr(400)), []),
        (invoice(kr(600), moved=-kr(400)), []),
        (invoice(kr(600)), [Kind.CORRECTION_NOT_FETCHED]),
        (invoice(kr(1200)), [Kind.CORRECTION_NOT_FETCHED]),
        (invoice(kr(1000), paid=kr(400), under_way=kr(400)), [Kind.PAYMENT_UNDER_WAY]),
        (invoice(kr(1000), paid=kr(400), unposted=kr(400)), [Kind.NOT_COUNTED]),
        (invoice(kr(600), paid=kr(400), unposted=kr(400)), []),
        (invoice(kr(1000), paid=kr(400), in_doubt=kr(400)), [Kind.VOUCHER_IN_DOUBT]),
        (invoice(kr(600), paid=kr(400), in_doubt=kr(400)), []),
        (invoice(kr(1000), paid=kr(400), gone=kr(400)), [Kind.VOUCHER_DIFFERS]),
        (invoice(kr(650), paid=kr(400), suspects=("voucher 7",)), [Kind.VOUCHER_DIFFERS]),
        (invoice(kr(700), parked=-kr(300)), [Kind.CORRECTION_PARKED]),
        (invoice(kr(700), aside=-kr(300)), [Kind.CORRECTION_PARKED]),
        (invoice(kr(900), aside=-kr(300)), [Kind.CORRECTION_NOT_FETCHED]),
        (invoice(kr(600), aside=-kr(300), parked=-kr(100)), [Kind.CORRECTION_PARKED]),
        (invoice(kr(1000), waived=kr(200)), [Kind.WAIVED_HERE]),
        (invoice(kr(800), waived=kr(200), written_off=kr(200), moved=-kr(200)), []),
        (invoice(0, paid=kr(1000), waived=kr(200)), []),
        (invoice(kr(1100), written_off=-kr(100), moved=kr(100)), []),
        (
            invoice(kr(900), paid=kr(400), under_way=kr(400)),
            [Kind.PAYMENT_UNDER_WAY, Kind.CORRECTION_NOT_FETCHED],
        ),
        (invoice(theirs=replace(THERE, collection_mark=False, case_no="")), [Kind.MARK_MISSING]),
        (invoice(theirs=replace(THERE, case_no="")), [Kind.MARK_MISSING]),
        (invoice(theirs=replace(THERE, case_no="0221-8")), [Kind.OTHER_CASE_NUMBER]),
    ],
)
def test_each_way_in_which_an_invoice_differs(facts: InvoiceFacts, kinds: list[Kind]) -> None:
    assert kinds_of(facts) == kinds


@pytest.mark.parametrize(
    ("state", "act"),
    [
        ("waiting", "kk2 case numbers"),
        ("refused", "kk2 case retry-numbers"),
        ("written", "ask who did"),
        ("", "kk2 visma convert"),
    ],
)
def test_a_missing_mark_says_why_and_what_to_do(state: str, act: str) -> None:
    (said,) = compare(
        invoice(
            number_state=state,
            number_note="said so",
            theirs=replace(THERE, collection_mark=False, case_no=""),
        )
    ).differences

    assert act in said.act
    assert "said so" in said.cause


def test_a_payment_under_way_names_its_rows() -> None:
    (said,) = compare(
        invoice(kr(1000), paid=kr(400), under_way=kr(400), rows=("payment 3", "voucher 7"))
    ).differences

    assert (said.ours, said.theirs) == (kr(600), kr(1000))
    assert said.cause == "400,00 kr: payments that Visma does not have yet: payment 3, voucher 7"


owed = st.integers(0, 10**9)


@given(owed, owed, owed, owed, st.integers(-(10**9), 0), st.booleans(), st.booleans())
def test_what_is_known_explains_the_difference_and_nothing_is_left_for_the_fetch(
    delivered: int, under_way: int, in_doubt: int, unposted: int, parked: int, doubted: bool, counted: bool
) -> None:
    paid = delivered + under_way + in_doubt + unposted
    there = paid + kr(1000) - delivered + parked
    there -= in_doubt if not doubted else 0
    there -= unposted if counted else 0
    facts = invoice(
        there, amount=paid + kr(1000), paid=paid, under_way=under_way, in_doubt=in_doubt, unposted=unposted, parked=parked
    )  # fmt: skip

    assert Kind.CORRECTION_NOT_FETCHED not in kinds_of(facts)


@given(owed, owed, st.integers(1, 10**9))
def test_an_ore_that_nothing_explains_is_never_silent(paid: int, moved: int, off: int) -> None:
    facts = invoice(kr(1000) + off, amount=kr(1000) + paid - moved, paid=paid, moved=moved)

    assert kinds_of(facts) == [Kind.CORRECTION_NOT_FETCHED]

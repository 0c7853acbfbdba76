"""Cases that close, merge, are recalled, waived or corrected, and payments that come before, between and after."""

from datetime import date

from sqlalchemy import text

from ops import repairs
from schemas.case import Kind
from schemas.kid import Kid
from schemas.money import kr
from tests.site import DAY, Site, kid_of, paid

DUE = date(2026, 1, 31)
CASE = "SELECT state, balance FROM kk2_case WHERE id = :id"
BY_KIND = "SELECT kind, sum(amount) FROM split WHERE superseded_by IS NULL GROUP BY kind ORDER BY kind"
ON_BANK = "SELECT sum(l.amount) FROM voucher_line l WHERE l.account = '1920'"


def invoice_kid(number: int, n: int) -> Kid:
    return kid_of(number + 1000 * n)


def test_the_case_s_own_kid_and_its_invoice_s_meet_on_one_case_from_two_slices(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE, fee=kr(38))
    others = [paid(kid_of(500 + n), kr(10)) for n in range(25)]

    here.drop(here.file(paid(kid_of(1), kr(500)), *others, paid(invoice_kid(1, 1), kr(300))))
    here.drain(seed=3)

    assert here.one("SELECT count(*) FROM journal WHERE event = 'PaymentsReceived'") == (3,)
    assert here.one(CASE, id=case_id) == ("open", kr(238))
    assert here.one(
        "SELECT sum(amount) FROM split WHERE case_id = :id AND superseded_by IS NULL", id=case_id
    ) == (kr(800),)
    here.prove()


def test_less_than_the_threshold_closes_the_case_and_a_later_payment_settles_on_it(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(900)))
    assert here.one(CASE, id=case_id) == ("closed_with_rest", kr(100))

    here.come(paid(kid_of(1), kr(80), ref="0106100002"))

    assert here.one(CASE, id=case_id) == ("closed_with_rest", kr(20))
    here.prove()


def test_the_threshold_itself_does_not_close(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY)  # due on the day of the payment: no interest

    here.come(paid(kid_of(1), kr(790)))

    assert here.one(CASE, id=case_id) == ("open", kr(210))


def test_on_a_case_where_nothing_is_owed_a_payment_waits_for_a_person(here: Site) -> None:
    here.case(1, kr(1000), DAY)
    here.come(paid(kid_of(1), kr(1000)))

    here.come(paid(kid_of(1), kr(1000), ref="0106100002", reference="000000002"), paid(kid_of(1), kr(5)))

    assert here.parked()[:2] == ["case_paid", "case_paid"]
    here.prove()


def test_more_than_is_owed_is_a_line_of_its_own(here: Site) -> None:
    here.case(1, kr(1000), DAY)

    here.come(paid(kid_of(1), kr(1200)))

    assert here.all(BY_KIND) == [(Kind.PRINCIPAL, kr(1000)), (Kind.REST, kr(200))]
    assert here.one("SELECT amount FROM voucher_line WHERE account = '2950'") == (-kr(200),)
    here.prove()


def test_a_recalled_case_takes_no_payment_and_keeps_what_was_booked(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(400)))
    here.change("UPDATE kk2_case SET state = 'recalled' WHERE id = :case", case_id)

    here.come(paid(kid_of(1), kr(300), ref="0106100002"))

    assert here.parked()[0] == "case_recalled"
    assert here.one("SELECT sum(amount) FROM split WHERE case_id = :id", id=case_id) == (kr(400),)
    here.prove()


def test_a_merged_case_s_kid_pays_the_main_case_and_its_own_payments_stay(here: Site) -> None:
    first, main = here.case(1, kr(1000), DUE), here.case(2, kr(3000), DUE)
    here.come(paid(kid_of(1), kr(400)), but=("propose",))
    here.change(f"UPDATE kk2_case SET state = 'merged', merged_into = {main} WHERE id = :case", first)
    here.drain()

    here.come(paid(kid_of(1), kr(500), ref="0106100002"))

    assert here.all("SELECT case_id, amount FROM split ORDER BY id") == [(first, kr(400)), (main, kr(500))]
    assert here.one("SELECT bool_or(dirty) FROM kk2_case") == (False,)
    assert here.all("SELECT DISTINCT state FROM voucher") == [("delivered",)]
    assert here.one(ON_BANK) == (kr(900),)
    here.prove()


def test_a_payment_of_before_the_merge_is_taken_back_where_it_is(here: Site) -> None:
    first, main = here.case(1, kr(1000), DUE), here.case(2, kr(3000), DUE)
    here.come(paid(kid_of(1), kr(400)))
    here.change(f"UPDATE kk2_case SET state = 'merged', merged_into = {main} WHERE id = :case", first)
    here.drain()

    here.come(paid(kid_of(1), kr(400), kind=18, ref="0106100009"))

    assert here.parked() == []
    assert here.all("SELECT case_id, amount FROM split ORDER BY id") == [(first, kr(400)), (first, -kr(400))]
    assert here.one(ON_BANK) == (0,)
    assert here.one(CASE, id=main) == ("open", kr(3000))
    here.prove()


def test_a_payment_between_that_comes_late_corrects_the_interest_of_one_that_was_booked(here: Site) -> None:
    here.case(1, kr(10_000), DUE)
    here.come(paid(kid_of(1), kr(12_000)))  # all of it, with interest, and too much
    (interest,) = here.one("SELECT sum(amount) FROM split WHERE kind = 4")

    here.come(paid(kid_of(1), kr(4_000), day=date(2026, 2, 14), ref="0214100001"))
    here.rest()

    (now,) = here.one("SELECT sum(amount) FROM split WHERE kind = 4 AND superseded_by IS NULL")
    assert int(str(now)) < int(str(interest))
    assert here.one("SELECT bool_and(corrects) FROM split WHERE id > 3 AND payment_id = 1") == (True,)
    vouchers = here.all("SELECT id, booked_on FROM voucher ORDER BY id")
    correction = vouchers[-1][0]
    accounts = [
        row[0] for row in here.all("SELECT account FROM voucher_line WHERE voucher_id = :id", id=correction)
    ]
    assert len(vouchers) == 3
    assert "1920" not in accounts
    assert here.one("SELECT sum(amount) FROM voucher_line WHERE voucher_id = :id", id=correction) == (0,)
    assert here.one(ON_BANK) == (kr(16_000),)
    here.prove()


def waive(here: Site, case_id: int, amount: int, day: date) -> None:
    here.change(
        "INSERT INTO waiver (case_id, item_id, kk2_id, kind, amount, day) "
        "SELECT case_id, id, 'w1', kind, :amount, :day FROM item WHERE case_id = :case AND kind = 3",
        case_id,
        amount=amount,
        day=day,
    )
    here.drain()


def test_a_waiver_after_the_posting_gives_back_what_was_taken_for_it(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY, fee=kr(300))
    here.come(paid(kid_of(1), kr(1300)))
    assert here.one(CASE, id=case_id) == ("paid", 0)

    waive(here, case_id, kr(300), date(2026, 3, 1))
    here.rest()

    assert here.all(BY_KIND) == [(Kind.PRINCIPAL, kr(1000)), (Kind.FEE, 0), (Kind.REST, kr(300))]
    assert here.one(CASE, id=case_id) == ("paid", 0)
    (last,) = here.one("SELECT max(id) FROM voucher")
    assert sorted(here.all("SELECT account, amount FROM voucher_line WHERE voucher_id = :id", id=last)) == [
        ("2950", -kr(300)),
        ("3905", kr(300)),
    ]
    here.prove()


def test_a_waiver_of_what_is_paid_lets_go_of_nothing(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY, fee=kr(300))
    here.come(paid(kid_of(1), kr(1300)))

    waive(here, case_id, kr(300), date(2026, 3, 20))

    assert here.one(CASE, id=case_id) == ("paid", 0)
    here.prove()


def test_one_more_fee_on_a_paid_case_opens_it(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY)
    here.come(paid(kid_of(1), kr(1000)))

    here.owe_more(case_id, kr(375))
    here.drain()

    assert here.one(CASE, id=case_id) == ("open", kr(375))
    here.prove()


def test_a_payment_of_nothing_covers_nothing_and_stops_nobody(here: Site) -> None:
    here.case(1, kr(1000), DUE)

    here.come(paid(kid_of(1), 0), paid(kid_of(77), 0), paid(kid_of(1), kr(100), reference="000000002"))

    assert here.one("SELECT count(*), sum(amount) FROM split") == (1, kr(100))
    assert here.all("SELECT total, payments FROM voucher") == [(kr(100), 1)]
    here.prove()


def test_nothing_is_approved_while_a_case_of_it_is_being_settled_again(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY, fee=kr(300))
    here.come(paid(kid_of(1), kr(1300)), but=("approve",))
    here.owe_more(case_id, kr(50))
    (approval,) = [work for work in here.due() if work[1] == "approve"]

    here.work(*approval)

    assert here.all("SELECT * FROM voucher") == []
    here.drain()
    assert here.all("SELECT state, total FROM voucher") == [("delivered", kr(1300))]
    here.prove()


def test_a_case_that_cannot_be_settled_again_holds_up_no_other_for_long(here: Site) -> None:
    here.case(1, kr(1000), DAY)
    stuck = here.case(2, kr(1000), DAY, fee=kr(300))
    here.come(paid(kid_of(1), kr(100)), paid(kid_of(2), kr(200)), but=("approve",))
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE payment SET cover_choice = '[99]' WHERE amount = :amount"), {"amount": kr(200)}
        )
        connection.execute(
            text("UPDATE work SET made_at = now() - interval '11 minutes' WHERE stage = 'approve'")
        )
    here.owe_more(stuck, kr(50))
    here.drain(but=("approve",))
    assert here.parked() == ["bug"]

    here.drain()

    assert here.all("SELECT total, state FROM voucher") == [(kr(100), "delivered")]
    here.prove()
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE payment SET cover_choice = NULL"))
    here.act(repairs.try_again, here.one("SELECT id FROM work WHERE state = 'parked'")[0])
    here.rest()
    assert here.all("SELECT total, state FROM voucher ORDER BY id") == [
        (kr(100), "delivered"),
        (kr(200), "delivered"),
    ]
    here.prove()

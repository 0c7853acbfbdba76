"""A bank takes a payment back, by a reversal or a credit note, wherever the payment has come to meanwhile."""

import threading
from datetime import date

from sqlalchemy import text

from ops import repairs
from ops.bank_writer import OcrPayment
from ops.simulator import Fault, FaultKind
from schemas.events import FileSettled
from schemas.money import kr
from tests.site import Site, kid_of, paid, until

DUE = date(2026, 1, 31)
OWED = "SELECT balance FROM kk2_case"
BANK, IN_SUSPENSE = (
    "SELECT coalesce(sum(l.amount), 0) FROM voucher_line l JOIN voucher v ON v.id = l.voucher_id "
    f"WHERE v.state <> 'void' AND l.account = '{account}'"
    for account in ("1920", "2990")
)


def whole(number: int = 1) -> OcrPayment:
    return paid(kid_of(number), kr(1000), reference="000000001")


def back(number: int = 1) -> OcrPayment:
    return paid(kid_of(number), kr(1000), kind=18, reference="000000001", ref="0106100009")


def test_in_the_same_file_both_stand_and_nothing_is_covered(here: Site) -> None:
    here.case(1, kr(1000), DUE)

    here.come(whole(), back())

    assert here.one(OWED) == (kr(1000),)
    assert here.one(BANK) == (0,)
    assert here.parked() == []
    here.prove()


def test_by_a_credit_note_as_by_a_reversal(here: Site) -> None:
    here.case(1, kr(1000), DUE)

    here.come(whole(), paid(kid_of(1), kr(1000), back=True, ref="0106100009"))

    assert here.one(OWED) == (kr(1000),)
    here.prove()


def test_before_any_voucher_has_it_both_cancel_in_the_proposal(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(whole(), but=("propose",))

    here.come(back(), but=("propose",))
    here.drain()

    assert here.one(OWED) == (kr(1000),)
    assert here.one(BANK) == (0,)
    here.prove()


def test_approved_and_not_sent_it_waits_and_goes_on_by_itself(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(whole(), but=("deliver",))

    here.come(back(), but=("deliver",))
    assert here.parked() == ["nothing_matched", "original_under_way"]
    here.drain()
    here.rest()

    assert here.parked() == []
    assert here.one(OWED) == (kr(1000),)
    assert (here.one(BANK), here.one(IN_SUSPENSE)) == ((0,), (0,))
    here.prove()


def test_in_shadow_mode_approved_is_where_it_ends_and_it_is_mirrored(here: Site) -> None:
    here.set_up_company(posting=False)
    here.case(1, kr(1000), DUE)
    here.come(whole())

    here.come(back())
    here.rest()

    assert here.parked() == []
    assert here.all("SELECT state, statement_ref, total FROM voucher ORDER BY id") == [
        ("approved", "0106100001", kr(1000)),
        ("approved", "0106100009", kr(1000)),
    ]
    assert here.one(OWED) == (kr(1000),)
    assert (here.one(BANK), here.one(IN_SUSPENSE)) == ((0,), (0,))
    assert here.simulator.vouchers() == ()
    here.prove()


def test_while_it_is_being_sent_it_waits_and_goes_on_by_itself(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(whole(), but=("deliver",))
    here.simulator.fault(Fault(FaultKind.SLOW, "RegisterVouchers", times=1, seconds=1.5))
    sending = threading.Thread(target=here.drain)
    sending.start()
    until(lambda: here.one("SELECT state FROM voucher") == ("sending",))

    here.come(back(), but=("deliver",))
    sending.join()
    assert here.one("SELECT count(*) FROM journal WHERE event = 'PaymentParked'") == (1,)
    here.drain()
    here.rest()

    assert here.parked() == []
    assert here.one(OWED) == (kr(1000),)
    assert (here.one(BANK), here.one(IN_SUSPENSE)) == ((0,), (0,))
    here.prove()


def test_in_doubt_it_waits_until_the_doubt_has_ended(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))
    here.come(whole(), but=("inquire",))

    here.come(back(), but=("inquire",))
    assert here.parked() == ["nothing_matched", "original_under_way"]
    here.drain()
    here.rest()

    assert here.parked() == []
    assert here.one(OWED) == (kr(1000),)
    here.prove()


def test_refused_it_waits_and_goes_on_when_the_voucher_is_taken_back(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.come(whole())
    here.come(back())
    assert here.parked() == ["nothing_matched", "original_under_way", "refused"]

    here.act(repairs.void, here.one("SELECT id FROM voucher WHERE state = 'refused'")[0])
    here.rest()

    assert here.parked() == []
    assert here.one(OWED) == (kr(1000),)
    assert (here.one(BANK), here.one(IN_SUSPENSE)) == ((0,), (0,))
    here.prove()


def test_delivered_it_is_mirrored_and_a_second_reversal_finds_nothing(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(whole())
    here.come(back())

    here.come(paid(kid_of(1), kr(1000), kind=18, reference="000000002", ref="0106100019"))

    assert here.parked() == ["nothing_matched", "original_not_found"]
    assert here.one(OWED) == (kr(1000),)
    here.prove()


def test_parked_both_wait_and_net_to_nothing_on_suspense(here: Site) -> None:
    here.come(whole(77), back(77))

    assert here.parked() == ["nothing_matched", "original_parked", "unknown_kid"]
    assert (here.one(BANK), here.one(IN_SUSPENSE)) == ((0,), (0,))
    here.prove()


def test_parked_with_its_reversal_both_settle_when_the_case_comes(here: Site) -> None:
    here.come(whole(), back())
    case_id = here.case(1, kr(1000), DUE)

    here.open(case_id)
    here.rest()

    assert here.parked() == []
    assert here.one(OWED) == (kr(1000),)
    assert (here.one(BANK), here.one(IN_SUSPENSE)) == ((0,), (0,))
    here.prove()


def test_a_payment_whose_slice_is_still_to_come_is_waited_for(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.drop(here.file(whole()))
    here.drain(but=("settle",))
    (first,) = here.due()
    here.drop(here.file(back()))
    here.drain(but=("settle",))

    here.work(*here.due()[1])
    assert here.parked() == ["original_under_way"]
    here.work(*first)
    here.drain()
    here.rest()

    assert here.parked() == []
    assert here.one(OWED) == (kr(1000),)
    assert (here.one(BANK), here.one(IN_SUSPENSE)) == ((0,), (0,))
    here.prove()


def test_of_two_alike_a_person_says_which(here: Site) -> None:
    here.case(1, kr(3000), DUE)

    here.come(whole(), paid(kid_of(1), kr(1000), reference="000000002"), back())
    assert here.parked() == ["two_originals"]
    (reversal,) = here.one("SELECT id FROM payment WHERE state = 'parked'")
    (second,) = here.one("SELECT max(id) FROM payment WHERE state = 'settled'")
    here.act(repairs.assign, reversal, here.one("SELECT id FROM kk2_case")[0], original=second)
    here.rest()

    assert here.one(OWED) == (kr(2000),)
    assert here.one("SELECT reverses FROM payment WHERE id = :id", id=reversal) == (second,)
    assert here.one(IN_SUSPENSE) == (0,)
    here.prove()


def test_a_case_that_the_payment_closed_opens_again(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(whole())
    assert here.one("SELECT state FROM kk2_case") == ("closed_with_rest",)

    here.come(back())

    assert here.one("SELECT state, balance FROM kk2_case") == ("open", kr(1000))
    here.prove()


def test_a_slice_that_is_given_up_does_not_hold_its_file(here: Site) -> None:
    """What the shell parks closes its slice; a person's retry opens it again, and the file is settled once more."""
    here.case(1, kr(1000), DUE)
    here.drop(here.file(whole()))
    here.drain(but=("settle",))
    with here.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO claim (work_id) SELECT id FROM work CROSS JOIN generate_series(1, 10) WHERE stage = 'settle'"
            )
        )
    here.drain()
    assert here.parked() == ["bug"]
    assert here.one("SELECT open_slices FROM bank_file") == (0,)
    here.prove()

    here.act(repairs.try_again, here.one("SELECT id FROM work WHERE state = 'parked'")[0])

    assert here.one("SELECT state FROM payment") == ("settled",)
    assert here.one("SELECT state FROM voucher") == ("delivered",)
    assert here.one("SELECT count(*) FROM journal WHERE event = :event", event=FileSettled.__name__) == (2,)
    here.prove()


def test_released_without_its_original_a_reversal_says_anew_why_it_waits(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    here.come(whole(), back(), but=("propose",))
    here.change("UPDATE kk2_case SET state = 'recalled' WHERE id = :case", case_id)
    here.drain(but=("propose",))
    assert here.parked() == ["case_recalled", "case_recalled"]
    here.change("UPDATE kk2_case SET state = 'open' WHERE id = :case", case_id)

    here.act(repairs.release, [here.one("SELECT id FROM payment WHERE amount < 0")[0]])

    assert "original_parked" in here.parked()
    assert "bug" not in here.parked()
    here.act(repairs.release, [here.one("SELECT id FROM payment WHERE amount > 0")[0]])
    here.rest()
    assert here.parked() == []
    assert here.one(OWED) == (kr(1000),)
    assert (here.one(BANK), here.one(IN_SUSPENSE)) == ((0,), (0,))
    here.prove()

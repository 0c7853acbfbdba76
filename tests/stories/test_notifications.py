"""The bank's notifications (camt.054) come in place of OCR files, or beside them: the same money, once."""

from collections import Counter
from datetime import date

from ops import repairs
from ops.notification_writer import CamtEntry, CamtMessage, CamtNotification, CamtTransaction, write_message
from ops.why import Origin
from ops.why.record import record
from schemas.money import Money, kr
from tests.site import ACCOUNT, DAY, Site, kid_of, paid

DUE = date(2026, 1, 31)
PAYMENTS = "SELECT state FROM payment WHERE file_id = (SELECT max(file_id) FROM payment) ORDER BY position"


def a_message(*entries: CamtEntry, number: int = 1) -> bytes:
    return write_message(
        CamtMessage((CamtNotification(ACCOUNT, entries, id=f"N{number}"),), DAY, id=f"M{number}")
    )


def lump(*transactions: CamtTransaction, reference: str = "260316-2-1", back: bool = False) -> CamtEntry:
    return CamtEntry(DAY, transactions, value_on=DAY, reference=reference, is_debit=back, is_reversal=back)


def to(number: int, amount: Money, reference: str = "") -> CamtTransaction:
    return CamtTransaction(amount, kid_of(number), debtor="Kunde AS", reference=reference)


def come(here: Site, *entries: CamtEntry, number: int = 1) -> None:
    here.drop(a_message(*entries, number=number), f"camt{number}.xml")
    here.drain()


def several(here: Site, number: int) -> None:
    for n in range(1, number + 1):
        here.case(n, kr(1000), DUE)


def states(here: Site) -> Counter[object]:
    return Counter(row[0] for row in here.all(PAYMENTS))


def test_a_notification_ends_in_visma_as_one_voucher_a_lump_sum(here: Site) -> None:
    several(here, 2)
    free = CamtTransaction(kr(75), text="Faktura 17", debtor="Snekker Hansen")

    come(here, lump(to(1, kr(100)), to(2, kr(200)), free), lump(to(1, kr(50)), reference="260316-2-2"))

    assert here.all("SELECT statement_ref, total, state FROM voucher ORDER BY 1") == [
        ("260316-2-1", kr(375), "delivered"),
        ("260316-2-2", kr(50), "delivered"),
    ]
    assert sorted(voucher.total for voucher in here.simulator.vouchers("100")) == [kr(50), kr(375)]
    assert here.all("SELECT account, amount FROM voucher_line ORDER BY voucher_id, amount") == [
        ("1500", kr(-200)),
        ("1500", kr(-100)),
        ("2990", kr(-75)),
        ("1920", kr(375)),
        ("1500", kr(-50)),
        ("1920", kr(50)),
    ]
    assert here.parked() == ["blank_kid"]
    (sha256,) = here.one("SELECT sha256 FROM bank_file")
    assert record(here.hands.settings, Origin(1, "camt1.xml", str(sha256), 8)) == ()  # it has no columns
    assert here.one("SELECT format, payments, total FROM bank_file") == ("camt.054", 4, kr(425))
    here.prove()


def test_what_the_bank_takes_back_is_mirrored_and_a_fee_waits_for_a_person(here: Site) -> None:
    several(here, 1)
    come(here, lump(to(1, kr(1000))))

    fee = CamtEntry(DAY, amount=kr(45), text="Gebyr", is_debit=True, reference="260316-2-3")
    come(here, lump(to(1, kr(1000)), reference="260316-2-2", back=True), fee, number=2)

    assert here.one("SELECT state, balance FROM kk2_case") == ("open", kr(1000))
    bank = "SELECT amount FROM voucher_line WHERE account = '1920' ORDER BY amount"
    assert here.all(bank) == [(kr(-1000),), (kr(-45),), (kr(1000),)]
    assert here.parked() == ["blank_kid"]
    here.prove()


def test_a_payment_for_several_kids_is_shared_as_the_bank_says(here: Site) -> None:
    several(here, 3)
    told = CamtTransaction(kr(300), kids=((kid_of(1), kr(100)), (kid_of(2), kr(200))))
    untold = CamtTransaction(kr(300), kids=((kid_of(1), None), (kid_of(2), None)))
    to_nobody = CamtTransaction(kr(90), kids=((kid_of(3), kr(40)), (kid_of(9), kr(50))))
    same = CamtTransaction(kr(30), kids=((kid_of(3), kr(10)), (kid_of(1003), kr(20))))

    come(here, lump(told, untold, to_nobody, same))

    assert here.parked() == ["several_kids", "unknown_kid"]
    assert here.all("SELECT balance FROM kk2_case ORDER BY id") == [(kr(900),), (kr(800),), (kr(970),)]
    here.prove()

    ninth = here.case(9, kr(1000), DUE)
    here.open(ninth)

    assert here.parked() == ["several_kids"]
    assert here.all("SELECT balance FROM kk2_case ORDER BY id") == [
        (kr(900),),
        (kr(800),),
        (kr(930),),
        (kr(950),),
    ]
    here.rest()
    here.prove()


def test_a_payment_for_several_kids_waits_whole_if_one_case_is_paid(here: Site) -> None:
    several(here, 2)
    come(here, lump(to(1, kr(1100)), reference="260316-2-9"))

    come(here, lump(CamtTransaction(kr(300), kids=((kid_of(1), kr(100)), (kid_of(2), kr(200))))), number=2)

    assert here.parked() == ["case_paid", "nothing_matched"]
    assert here.all("SELECT balance FROM kk2_case ORDER BY id") == [(0,), (kr(1000),)]
    here.prove()


def test_a_notification_that_the_bank_sends_again_is_held(here: Site) -> None:
    several(here, 1)
    come(here, lump(to(1, kr(100), "900000001")))

    come(here, lump(to(1, kr(100), "900000001")), number=2)

    assert here.parked() == ["file_held", "held_twin"]
    assert here.one("SELECT balance FROM kk2_case") == (kr(900),)
    here.prove()


def test_money_that_an_ocr_file_told_is_held_and_what_only_the_notification_has_goes_on(here: Site) -> None:
    several(here, 3)
    here.come(
        paid(kid_of(1), kr(100)), paid(kid_of(1), kr(100)), paid(kid_of(2), kr(200)), paid(kid_of(3), kr(40))
    )
    twice = lump(*[to(1, kr(100), f"90000000{n}") for n in range(3)], to(2, kr(200)), reference="260316-2-5")
    both = lump(
        CamtTransaction(kr(60), kids=((kid_of(3), kr(40)), (kid_of(2), kr(20)))), reference="260316-2-6"
    )

    come(here, twice, both)

    assert states(here) == {"held": 4, "settled": 1}
    assert here.all("SELECT balance FROM kk2_case ORDER BY id") == [(kr(700),), (kr(800),), (kr(960),)]
    assert here.parked() == ["held_in_file", *["held_twin"] * 4]
    here.prove()

    for (payment,) in here.all("SELECT id FROM payment WHERE state = 'held'"):
        here.act(repairs.refuse, payment)

    assert here.parked() == []
    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(540),)
    here.prove()


def test_an_ocr_file_with_nothing_but_what_the_notification_told_is_held_whole(here: Site) -> None:
    several(here, 2)
    come(here, lump(to(1, kr(100), "900000001"), to(2, kr(200), "900000002")))

    here.come(paid(kid_of(1), kr(100)), paid(kid_of(2), kr(200)))

    assert here.parked() == ["file_held", "held_twin", "held_twin"]
    assert here.one("SELECT count(*) FROM voucher") == (1,)
    assert "in another format" in str(here.one("SELECT note FROM work WHERE reason = 'file_held'")[0])
    here.prove()

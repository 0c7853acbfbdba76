"""What the pages say was booked comes from sums that are kept: after each act they are what summing every split gives."""

from datetime import date

from sqlalchemy import text

from ops import repairs
from ops.desk.listing import Asked, page
from ops.desk.proposals import BOOKED_PAYMENTS
from ops.queries.booked import booked
from schemas.money import Money, kr
from tests.site import Site, kid_of, paid

DUE = date(2026, 3, 31)
DIRECT = (
    "SELECT day, company, kind, count(*), sum(amount)::bigint FROM ("
    "SELECT v.voucher_on AS day, v.company, 'from_bank' AS kind, sum(s.amount) AS amount FROM voucher v "
    "JOIN voucher_split t ON t.voucher_id = v.id AND NOT t.released JOIN split s ON s.id = t.split_id "
    "WHERE v.state IN ('delivered', 'by_hand') GROUP BY v.id, s.payment_id UNION ALL "
    "SELECT day, company, kind, -amount FROM ledger_transaction WHERE state NOT IN ('ours', 'superseded')) b "
    "GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3"
)


def shown(here: Site) -> tuple[int, Money]:
    """The number and money of bank payments that the pages tell, each of them the same, by splits and by kept sums."""
    with here.engine.connect() as connection:
        days, months = (
            booked(connection, company=None, first=None, last=None, by_day=by_day, most=99)
            for by_day in (True, False)
        )
        listed = page(connection, BOOKED_PAYMENTS, Asked())
        assert BOOKED_PAYMENTS.sums is not None
        assert BOOKED_PAYMENTS.sums(connection, Asked()) == (listed.count, listed.totals)
    assert [(b.day, b.company, b.kind, b.number, b.amount) for b in days] == here.all(DIRECT)
    for of in (days, months):
        bank = [b for b in of if b.kind == "from_bank"]
        assert (sum(b.number for b in bank), sum(b.amount for b in bank)) == (
            listed.count,
            listed.totals["amount"],
        )
    here.prove()
    assert listed.count is not None
    return listed.count, listed.totals["amount"]


def test_the_pages_tell_what_was_booked_after_undo_reversal_void_restore_and_retry(here: Site) -> None:
    for number in (1, 2, 3):
        here.case(number, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(400)), paid(kid_of(2), kr(300)))
    assert shown(here) == (2, kr(700))

    here.act(repairs.undo, 1)
    here.rest()
    assert shown(here) == (3, kr(700)), "its correction moves it to suspense: a row more, no money"
    here.come(paid(kid_of(2), kr(300), ref="0106100002", back=True))
    assert shown(here) == (4, kr(400))

    here.simulator.close_period("100", "2026-03")
    here.come(paid(kid_of(3), kr(50), ref="0106100003"))
    (refused,) = here.one("SELECT id FROM voucher WHERE state = 'refused'")
    here.act(repairs.void, refused)
    here.act(repairs.restore, refused)
    assert shown(here) == (4, kr(400)), "what was not booked is in no sum"
    here.simulator.open_period("100", "2026-03")
    here.act(repairs.retry, refused)
    assert shown(here) == (5, kr(450))

    here.simulator.close_period("100", "2026-03")
    here.come(paid(kid_of(3), kr(60), ref="0106100004"))
    here.act(repairs.void, here.one("SELECT id FROM voucher WHERE state = 'refused'")[0])
    here.simulator.open_period("100", "2026-03")
    here.rest()
    assert shown(here) == (6, kr(510)), "a void voucher's money is booked by the one that follows it"


def test_a_booked_payment_is_found_by_its_number_its_case_and_its_voucher(here: Site) -> None:
    for number in (1, 2):
        here.case(number, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(400)), paid(kid_of(2), kr(300)))
    here.come(paid(kid_of(2), kr(200), ref="0106100002"))
    (number_in_visma, case_no) = here.one(
        "SELECT v.voucher_no, c.case_no FROM voucher v, kk2_case c WHERE v.id = 1 AND c.id = 2"
    )

    def found(words: object) -> list[int]:
        with here.engine.connect() as connection:
            return sorted(
                row["payment_id"] for row in page(connection, BOOKED_PAYMENTS, Asked(str(words))).rows
            )

    assert found(1) == [1], "and not what is in the same voucher"
    assert found(case_no) == [2, 3]
    assert found(number_in_visma) == [1, 2]
    assert found("none") == []


def test_what_visma_booked_is_summed_until_it_is_found_to_be_ours(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(400)))
    with here.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ledger_transaction (company, transaction_id, version, voucher_no, line, day, amount, kind, "
                "invoice_no, state) SELECT '100', 'T' || n, 1, '9', n, DATE '2026-03-16', -1000 * n, "
                "CASE WHEN n > 2 THEN 'credit_note' ELSE 'payment' END, 'F', 'set_aside' FROM generate_series(1, 3) n"
            )
        )
    assert shown(here) == (1, kr(400))
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_transaction SET state = 'ours' WHERE line = 1"))
    assert shown(here) == (1, kr(400))

    assert [row[2:] for row in here.all(DIRECT) if row[2] != "from_bank"] == [
        ("credit_note", 1, kr(30)),
        ("payment", 1, kr(20)),
    ]

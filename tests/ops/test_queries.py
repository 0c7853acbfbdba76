"""What people look at says what the ledger holds, and prints as plain values."""

import json
from dataclasses import asdict
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from ops.queries import cases, files, payments, vouchers, work
from pipeline.flow import FLOW
from schemas.case import Kind
from schemas.money import kr
from tests.ops.ledger import ACCOUNT, DAY, Ledger, Room, Standing
from workers import audit

ANY_PAYMENT = {
    "state": None, "company": None, "file_id": None, "kid": None, "case_id": None, "amount": None, "first": None, "last": None,
}  # fmt: skip
ANY_VOUCHER = {"state": None, "company": None, "code": None, "first": None, "last": None}
ANY_CASE = {"company": None, "client": None, "state": None, "kid": None, "customer_no": None}


# --- files ---


def test_a_file_tells_what_became_of_its_payments(here: Room, stands: Standing) -> None:
    (row,) = files.listed(here.connection, state="read")
    detail = files.shown(here.connection, stands.file)

    assert detail is not None
    assert detail.file == row
    assert {(s.state, s.payments, s.amount) for s in detail.states} == {
        ("settled", 2, kr(1050)),
        ("parked", 2, kr(165)),
        ("held", 1, kr(99)),
        ("refused", 1, kr(11)),
    }
    assert detail.vouchers == (stands.voucher,)


def test_a_file_says_why_it_waits_and_under_which_names_it_came_again(here: Room, stands: Standing) -> None:
    ledger = Ledger(here.connection)
    ledger.event("FileSeenAgain", file_id=stands.file, name="kopi.txt")
    ledger.work("propose", "FileSettled", {"file_id": stands.file}, state="parked", reason="file_unusual")

    detail = files.shown(here.connection, stands.file)

    assert detail is not None
    assert detail.seen_again == ("kopi.txt",)
    assert detail.file.waits == "because of file_unusual"


def test_what_is_not_there_is_none(here: Room) -> None:
    assert files.shown(here.connection, 99) is None
    assert payments.shown(here.connection, 99) is None
    assert cases.shown(here.connection, 99, DAY) is None
    assert vouchers.shown(here.connection, 99) is None


# --- payments ---


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"state": "settled"}, {"delivered", "proposed"}),
        ({"amount": kr(88)}, {"parked"}),
        ({"first": DAY + timedelta(days=1)}, set()),
        ({"company": "100", "last": DAY, "state": "held"}, {"held"}),
    ],
)
def test_payments_are_found_by_what_a_person_knows(
    here: Room, stands: Standing, filters: dict[str, object], found: set[str]
) -> None:
    rows = payments.listed(here.connection, **{**ANY_PAYMENT, **filters})  # type: ignore[arg-type]

    assert {row.id for row in rows} == {getattr(stands, name) for name in found}


def test_a_list_ends_where_it_was_told_to(here: Room, stands: Standing) -> None:
    rows = payments.listed(here.connection, **ANY_PAYMENT, most=2)

    assert [row.id for row in rows] == [stands.refused, stands.held]


def test_a_payment_tells_its_splits_and_who_did_what(here: Room, stands: Standing) -> None:
    audit.note(here.connection, "kari", "assign", f"payment {stands.delivered}", "hun ringte", {})

    detail = payments.shown(here.connection, stands.delivered)

    assert detail is not None
    (split,) = detail.splits
    assert (split.kind, split.amount, split.voucher_id, split.voucher_state) == (
        "principal", kr(400), stands.voucher, "delivered",
    )  # fmt: skip
    assert [(act.actor, act.reason) for act in detail.acts] == [("kari", "hun ringte")]


def test_parked_money_says_why_and_what_of_it_is_on_suspense(here: Room, stands: Standing) -> None:
    found = payments.parked(here.connection, company=None, reason=None)

    assert {(p.payment.id, p.payment.reason, p.in_suspense) for p in found} == {
        (stands.in_suspense, "unknown_kid", kr(77)),
        (stands.parked, "blank_kid", 0),
        (stands.held, "held_twin", 0),
    }
    assert [p.payment.id for p in payments.parked(here.connection, company="100", reason="blank_kid")] == [
        stands.parked
    ]


def test_parked_money_is_shown_with_the_cases_that_it_may_be_for(here: Room, stands: Standing) -> None:
    ledger = Ledger(here.connection)
    by_amount = ledger.case(kr(88), case_no="0221-00000002")
    payer = ledger.case(kr(5), case_no="0221-00000003")
    here.connection.execute(
        text("UPDATE payment SET debit_account = '60011274732' WHERE id = ANY(:ids)"),
        {"ids": [stands.parked, stands.proposed]},
    )
    here.connection.execute(
        text("UPDATE payment SET case_id = :c WHERE id = :p"), {"c": payer, "p": stands.proposed}
    )

    (found,) = payments.parked(here.connection, company=None, reason="blank_kid")

    assert [s.case_id for s in found.suggestions] == [payer, by_amount]
    assert "owes exactly 88,00 kr" in found.suggestions[1].reasons[0]


def test_a_swapped_digit_leads_to_the_case(here: Room, stands: Standing) -> None:
    case = Ledger(here.connection).case(kr(5000), case_no="0221-00000004")
    here.connection.execute(
        text("INSERT INTO case_kid (account, kid, case_id) VALUES (:account, '1234567897', :case)"),
        {"account": ACCOUNT, "case": case},
    )
    here.connection.execute(
        text("UPDATE payment SET kid = '1234576897' WHERE id = :id"), {"id": stands.parked}
    )

    (found,) = payments.parked(here.connection, company=None, reason="blank_kid")

    assert [(s.case_id, "1234567897" in s.reasons[0]) for s in found.suggestions] == [(case, True)]


# --- cases ---


def test_a_case_tells_what_is_owed_part_by_part_on_a_day(here: Room, stands: Standing) -> None:
    detail = cases.shown(here.connection, stands.case, DAY)

    assert detail is not None
    balance = detail.balance
    assert (balance.principal, balance.fee, balance.interest, balance.total) == (0, kr(50), 0, kr(50))
    assert [(p.payment_id, p.principal, p.fee) for p in detail.payments] == [
        (stands.delivered, kr(400), 0),
        (stands.proposed, kr(600), kr(50)),
    ]


def test_before_its_payments_a_case_owed_everything(here: Room, stands: Standing) -> None:
    detail = cases.shown(here.connection, stands.case, DAY - timedelta(days=1))

    assert detail is not None
    assert (detail.balance.principal, detail.balance.fee) == (kr(1000), kr(100))


def test_interest_runs_day_by_day_on_what_is_open(here: Room, stands: Standing) -> None:
    case = Ledger(here.connection).case(kr(10_000), case_no="0221-00000005")

    detail = cases.shown(here.connection, case, DAY + timedelta(days=73))

    assert detail is not None
    # 10 000 kr x 73 / 365 days x 12.00 %, for all of 2026-03-03 to 2026-05-14 lies in the first half of 2026
    assert detail.balance.interest == kr(240)
    assert detail.balance.total == kr(10_240)


def test_a_waiver_counts_from_its_day(here: Room, stands: Standing) -> None:
    here.connection.execute(
        text(
            "INSERT INTO waiver (case_id, item_id, kk2_id, kind, amount, day) SELECT case_id, id, 'w', 3, 2000, '2026-03-10' "
            "FROM item WHERE kind = 3 AND case_id = :id"
        ),
        {"id": stands.case},
    )

    before, after = (cases.shown(here.connection, stands.case, date(2026, 3, day)) for day in (9, 10))

    assert before is not None
    assert after is not None
    assert (before.balance.fee, after.balance.fee) == (kr(50), kr(30))


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({"kid": "022100000001"}, 1),
        ({"kid": "1"}, 0),
        ({"client": "KOM"}, 1),
        ({"state": "open"}, 0),
        ({"customer_no": "10001"}, 1),
    ],
)
def test_cases_are_found_by_what_a_person_knows(
    here: Room, stands: Standing, filters: dict[str, str], number: int
) -> None:
    rows = cases.listed(here.connection, **{**ANY_CASE, **filters})  # type: ignore[arg-type]

    assert len(rows) == number


# --- vouchers ---


def test_a_voucher_tells_its_lines_its_attempts_and_its_payments(here: Room, stands: Standing) -> None:
    here.connection.execute(
        text("INSERT INTO exchange (voucher_id, attempt, what, verdict) VALUES (:id, 1, 'send', 'booked')"),
        {"id": stands.voucher},
    )

    detail = vouchers.shown(here.connection, stands.voucher)

    assert detail is not None
    assert sum(line.amount for line in detail.posting_lines) == 0
    assert [a.verdict for a in detail.attempts] == ["booked"]
    assert detail.payment_ids == (stands.delivered, stands.in_suspense)
    assert detail.voucher.waits is None


def test_failed_deliveries_are_grouped_by_cause(here: Room, stands: Standing) -> None:
    voucher = Ledger(here.connection).voucher(stands.proposed, state="refused")
    here.connection.execute(
        text("UPDATE voucher SET code = 'PeriodClosed', note = 'lukket' WHERE id = :id"), {"id": voucher}
    )

    (failed,) = vouchers.failures(here.connection)
    (row,) = vouchers.listed(here.connection, **{**ANY_VOUCHER, "code": "PeriodClosed"})  # type: ignore[arg-type]

    assert (failed.code, failed.vouchers, failed.total, failed.example) == (
        "PeriodClosed",
        1,
        kr(650),
        voucher,
    )
    assert row.waits == "because of refused"


# --- work ---


def test_every_queue_of_the_page_is_told_of_also_the_empty_ones(here: Room, stands: Standing) -> None:
    Ledger(here.connection).work("read", "FileLanded", {"file_id": stands.file}, state="due")

    found = {q.queue: (q.due, q.oldest is not None) for q in work.queues(here.connection)}

    assert found == {
        "files": (1, True),
        "payments": (0, False),
        "vouchers": (0, False),
        "delivery": (0, False),
    }


def test_the_flow_has_its_counts(here: Room, stands: Standing) -> None:
    counts = {s.stage: (s.due, s.parked) for s in work.flow(here.connection)}

    assert counts["settle"] == (0, 3)
    assert list(counts) == [stage.name for stage in FLOW]


def test_the_front_page_sums_up_what_waits_for_people(here: Room, stands: Standing) -> None:
    assert {(s.reason, s.rows, s.amount) for s in work.parked_sums(here.connection)} == {
        ("unknown_kid", 1, kr(77)),
        ("blank_kid", 1, kr(88)),
        ("held_twin", 1, kr(99)),
    }


def test_open_work_says_what_it_is_about(here: Room, stands: Standing) -> None:
    ledger = Ledger(here.connection)
    ledger.work("propose", "FileSettled", {"file_id": 7, "company": "100"}, state="parked", reason="no_setup")
    ledger.work("deliver", "VouchersApproved", {"voucher_ids": [stands.voucher]}, state="due")

    ledger.work("inquire", "VoucherInDoubt", {"voucher_ids": [9]}, state="parked", reason="in_doubt")

    (doubted,) = work.listed(here.connection, stage="inquire", state="parked", reason=None)
    assert doubted.about == "voucher 9"
    (proposing,) = work.listed(here.connection, stage="propose", state=None, reason=None)
    (sending,) = work.listed(here.connection, stage=None, state="due", reason=None)

    assert proposing.about == "file 7, company 100"
    assert sending.about == f"voucher {stands.voucher}"
    (parked,) = work.listed(here.connection, stage=None, state="parked", reason="blank_kid")
    assert parked.about == f"payment {stands.parked}"


def test_a_piece_of_work_shows_its_event_and_every_attempt(here: Room, stands: Standing) -> None:
    (row,) = work.listed(here.connection, stage=None, state="parked", reason="blank_kid")
    here.connection.execute(text("INSERT INTO claim (work_id, result) VALUES (:id, 'bug')"), {"id": row.id})

    found = work.shown(here.connection, row.id)

    assert found is not None
    assert (found.event, [claim.result for claim in found.claims]) == ("PaymentParked", ["bug"])
    assert found.work.about == f"payment {stands.parked}"
    assert work.shown(here.connection, 0) is None


def test_vouchers_that_wait_are_counted_with_their_kroner(here: Room, stands: Standing) -> None:
    ledger = Ledger(here.connection)
    ledger.work(
        "deliver", "VouchersApproved", {"voucher_ids": [stands.voucher]}, state="parked", reason="refused"
    )

    (refused,) = (s for s in work.parked_sums(here.connection) if s.reason == "refused")

    total = here.connection.execute(text("SELECT total FROM voucher WHERE id = :id"), {"id": stands.voucher})
    assert (refused.rows, refused.amount) == (1, total.scalar_one())


def test_all_of_it_prints_as_plain_values(here: Room, stands: Standing) -> None:
    looked_at = [
        files.shown(here.connection, stands.file),
        payments.shown(here.connection, stands.parked),
        cases.shown(here.connection, stands.case, DAY),
        vouchers.shown(here.connection, stands.voucher),
        *work.listed(here.connection, stage=None, state=None, reason=None),
        *payments.parked(here.connection, company=None, reason=None),
    ]

    for value in looked_at:
        assert value is not None
        assert json.loads(json.dumps(asdict(value), default=str))


def test_a_debtors_own_order_is_a_fact_of_the_case(here: Room, stands: Standing) -> None:
    here.connection.execute(
        text("UPDATE payment SET cover_choice = '[3, 2, 1, 4]' WHERE id = :id"), {"id": stands.proposed}
    )

    found = cases.standing(here.connection, stands.case)

    assert found is not None
    orders = {p.id: p.order for p in found.facts.payments}
    assert orders[stands.proposed] == (Kind.FEE, Kind.COSTS, Kind.PRINCIPAL, Kind.INTEREST)
    assert orders[stands.delivered][0] is Kind.PRINCIPAL

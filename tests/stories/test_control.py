"""The control of KK2 against Visma, on a whole site: what people and faults do there, and what is said of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import repairs
from ops.access import ALL_ROLES
from ops.queries import vouchers
from ops.repairs import transactions
from ops.simulator import Fault, FaultKind
from schemas.events import ControlDue, FetchDue
from schemas.money import kr
from schemas.setup import ParkedPolicy
from schemas.transfer import TransactionKind
from schemas.voucher import LedgerState
from tests.site import DAY, Site, kid_of, paid, site, until
from tests.stories.controlled import DUE, booked, installation, mark

OPEN = "SELECT part, kind FROM difference WHERE state = 'open' ORDER BY part, kind"


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with case 1, whose invoice F1-1 of 1,000 kr stands marked in Visma."""
    with site(engine, tmp_path) as made:
        made.with_us(1, kr(1000), DUE)
        yield made


def controlled(here: Site) -> list[tuple[object, ...]]:
    """Control company 100; gives part and kind of each open difference."""
    here.happen(ControlDue("100"))
    here.drain()
    return here.all(OPEN)


def days_pass(here: Site, days: int) -> None:
    """What was delivered and booked was so many days earlier."""
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE voucher SET delivered_at = delivered_at - make_interval(days => :days)"),
            {"days": days},
        )


def test_what_is_alike_on_both_sides_is_no_difference(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))

    assert controlled(town) == []
    assert town.one("SELECT vouchers, sums, invoices, differences, unknown FROM control_run") == (
        1,
        1,
        1,
        0,
        [],
    )
    assert town.one("SELECT body->>'differences' FROM journal WHERE event = 'Compared'") == ("0",)


# --- vouchers ---


def test_where_a_voucher_stands_in_visma_is_followed(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))
    for state in (LedgerState.APPROVED, LedgerState.POSTED):
        town.simulator.set_state("100", *booked(town), state)

        assert controlled(town) == []
        with town.engine.connect() as connection:
            found = vouchers.shown(connection, 1)
        assert found is not None
        assert found.voucher.ledger_state == state


def test_a_voucher_that_nobody_posts_is_named_after_three_bank_days_until_it_is_posted(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))
    days_pass(town, 10)

    assert controlled(town) == [("vouchers", "not_posted")]

    town.simulator.set_state("100", *booked(town), LedgerState.POSTED)
    assert controlled(town) == []
    assert town.one("SELECT state FROM difference") == ("gone",)


def test_a_voucher_that_is_deleted_is_named_with_its_sum_on_the_statement_and_its_invoice(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))
    town.simulator.set_state("100", *booked(town), LedgerState.DELETED)

    assert controlled(town) == [
        ("cases", "voucher_differs"),
        ("statement", "not_in_visma"),
        ("vouchers", "deleted"),
    ]
    assert town.one("SELECT ours, theirs FROM difference WHERE part = 'cases'") == (kr(600), kr(1000))
    assert town.one("SELECT ours, theirs FROM difference WHERE part = 'statement'") == (kr(400), 0)
    assert town.one("SELECT ledger_state FROM voucher") == ("deleted",)


def test_a_voucher_that_is_altered_is_named_with_its_sum_on_the_statement_and_its_invoice(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))
    town.simulator.alter("100", *booked(town), {1: kr(390), 2: -kr(390)})

    assert controlled(town) == [
        ("cases", "voucher_differs"),
        ("statement", "not_in_visma"),
        ("vouchers", "altered"),
    ]
    assert town.one("SELECT ours, theirs FROM difference WHERE part = 'cases'") == (kr(600), kr(610))
    assert town.one("SELECT ours, theirs FROM difference WHERE part = 'statement'") == (kr(400), kr(390))


def test_a_call_that_comes_through_after_its_pause_doubles_and_the_next_control_says_so(town: Site) -> None:
    town.set_up(replace(installation(town), operation_timeout=0.5, inquiry_pause=0.05))
    town.simulator.fault(Fault(FaultKind.SLOW, "RegisterVouchers", seconds=3.0, times=1))
    town.come(paid(kid_of(1), kr(400)))
    until(lambda: len(town.simulator.vouchers()) == 2)

    assert controlled(town) == [
        ("cases", "voucher_differs"),
        ("statement", "not_in_visma"),
        ("vouchers", "double"),
    ]
    assert town.one("SELECT ours, theirs FROM difference WHERE part = 'statement'") == (kr(400), kr(800))
    (act,) = town.one("SELECT act FROM difference WHERE part = 'vouchers'")
    (number,) = town.one("SELECT voucher_no FROM voucher")
    assert act == f"delete all but {number} in Visma"

    late = next(v for v in town.simulator.vouchers() if str(v.number) != number)
    town.simulator.set_state("100", late.year, late.number, LedgerState.DELETED)
    assert controlled(town) == []


def test_a_voucher_in_doubt_is_named_and_so_is_its_money_where_visma_lacks_it(town: Site) -> None:
    town.simulator.fault(Fault(FaultKind.CUT_BEFORE_READING, "RegisterVouchers"))
    town.come(paid(kid_of(1), kr(400)), but=("inquire",))
    town.happen(ControlDue("100"))
    town.drain(but=("inquire",))

    assert town.all(OPEN) == [
        ("cases", "voucher_in_doubt"),
        ("statement", "waits"),
        ("vouchers", "in_doubt"),
    ]


def test_a_voucher_under_our_reference_that_nobody_here_knows_is_named(town: Site) -> None:
    lines = [{"account": "1920", "amount": "90.00"}, {"account": "1500", "amount": "-90.00"}]
    for reference in ("K1-1-999", "K2-1-999", ""):
        town.simulator.by_hand(
            {"company": "100", "voucher_date": DAY.isoformat(), "voucher_type": "OC", "registrar": "WS-Inf",
             "reference": reference, "lines": lines}
        )  # fmt: skip
    town.come(paid(kid_of(1), kr(400)))

    assert controlled(town) == [("vouchers", "stranger")]
    assert "K1-1-999" in str(town.one("SELECT subject FROM difference")[0])


# --- sums of the bank statement ---


def test_money_on_suspense_is_in_visma_and_no_difference(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)), paid(kid_of(77), kr(300)))

    assert controlled(town) == []


def test_parked_money_that_no_voucher_has_is_named_with_the_sum_of_the_statement(
    engine: Engine, tmp_path: Path
) -> None:
    with site(engine, tmp_path, parked_policy=ParkedPolicy.WAIT) as here:
        here.with_us(1, kr(1000), DUE)
        here.come(paid(kid_of(1), kr(400)), paid(kid_of(77), kr(300)))

        assert controlled(here) == [("statement", "waits")]
        subject, ours, theirs, cause = here.one("SELECT subject, ours, theirs, cause FROM difference")
        assert (subject, ours, theirs) == (
            "statement 0106100001, account 99991042764, 2026-03-16",
            kr(700),
            kr(400),
        )
        assert "300,00 kr parked" in str(cause)


# --- invoices of cases ---


def test_what_was_paid_by_hand_in_visma_and_not_fetched_is_named(town: Site) -> None:
    town.moves(TransactionKind.PAYMENT, -kr(250), 1)

    assert controlled(town) == [("cases", "correction_not_fetched")]
    ours, theirs, act = town.one("SELECT ours, theirs, act FROM difference")
    assert (ours, theirs) == (kr(1000), kr(750))
    assert "kk2 transaction fetch" in str(act)

    fetched(town)
    assert controlled(town) == []


def fetched(here: Site) -> None:
    """What happened in Visma is fetched."""
    here.happen(FetchDue("100"))
    here.drain()


def test_a_correction_in_visma_is_named_until_it_is_fetched(town: Site) -> None:
    transaction = town.moves(TransactionKind.PAYMENT, -kr(250), 1)
    fetched(town)
    town.simulator.correct("100", transaction, -kr(200))

    assert controlled(town) == [("cases", "correction_not_fetched")]
    assert town.one("SELECT ours, theirs FROM difference") == (kr(750), kr(800))
    fetched(town)
    assert controlled(town) == []


def test_a_voucher_of_ours_that_people_reversed_is_named_until_it_is_fetched(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)))
    town.simulator.reverse("100", *booked(town), DAY)

    assert controlled(town) == [("cases", "not_counted")]
    assert town.one("SELECT ours, theirs FROM difference") == (kr(600), kr(1000))
    fetched(town)
    assert controlled(town) == []


def test_what_was_fetched_and_waits_for_a_person_is_named_as_such(town: Site) -> None:
    town.simulator.transact("100", TransactionKind.PAYMENT, DAY, [("F1-1", -kr(250))], registrar="WS-Inf")
    fetched(town)

    assert controlled(town) == [("cases", "correction_parked")]


def test_a_waiver_that_is_written_off_in_visma_too_is_no_difference(town: Site) -> None:
    waive(town)
    town.moves(TransactionKind.WRITE_OFF, -kr(200), 1)
    fetched(town)

    assert controlled(town) == []


def test_money_under_way_explains_the_difference_and_is_named(town: Site) -> None:
    with town.engine.begin() as connection:
        repairs.stop_delivery(
            connection, "100", person=repairs.Person("kari", "Visma is upgraded", ALL_ROLES)
        )
    town.come(paid(kid_of(1), kr(400)), but=("deliver",))
    town.happen(ControlDue("100"))
    town.drain(but=("deliver",))

    assert town.all(OPEN) == [("cases", "payment_under_way"), ("statement", "waits")]
    (cause,) = town.one("SELECT cause FROM difference WHERE part = 'cases'")
    assert cause == "400,00 kr: payments that Visma does not have yet: voucher 1"


def waive(town: Site) -> None:
    """200 kr of the case's invoice are let go in KK2."""
    town.change(
        "INSERT INTO waiver (case_id, item_id, kk2_id, kind, amount, day) "
        "SELECT :case, id, 'W1', 1, 20000, '2026-03-01' FROM item WHERE case_id = :case",
        int(str(town.one("SELECT id FROM kk2_case")[0])),
    )
    town.drain()


def test_a_waiver_is_to_be_written_off_in_visma(town: Site) -> None:
    waive(town)

    assert controlled(town) == [("cases", "waived_here")]
    assert town.one("SELECT ours, theirs, act FROM difference") == (
        kr(800),
        kr(1000),
        "write it off in Visma",
    )


def test_a_mark_that_a_person_took_off_is_missing(town: Site) -> None:
    town.simulator.unmark("100", "F1-1")

    assert controlled(town) == [("cases", "mark_missing")]


def test_an_invoice_with_another_case_number_is_named_with_both(town: Site) -> None:
    town.simulator.unmark("100", "F1-1")
    mark(town, 1, "0221-99")

    assert controlled(town) == [("cases", "other_case_number")]
    assert town.one("SELECT ours, theirs FROM difference") == ("0221-00000001", "0221-99")


def test_an_invoice_that_visma_does_not_know_is_named(town: Site) -> None:
    town.case(2, kr(500), DUE)

    assert controlled(town) == [("cases", "unknown_invoice")]


def test_a_stopped_case_is_left_out_and_listed(town: Site) -> None:
    town.simulator.unmark("100", "F1-1")
    assert controlled(town) == [("cases", "mark_missing")]
    (case_id,) = town.one("SELECT id FROM kk2_case")

    town.act(repairs.stop_case, case_id)

    assert controlled(town) == []
    assert town.one("SELECT stopped, invoices FROM control_run ORDER BY id DESC LIMIT 1") == ([case_id], 0)
    assert town.one("SELECT state FROM difference") == ("gone",)
    town.act(repairs.resume_case, case_id)
    assert controlled(town) == [("cases", "mark_missing")]


# --- from run to run ---


def test_the_same_difference_is_one_row_that_ages(town: Site) -> None:
    town.simulator.unmark("100", "F1-1")
    controlled(town)
    controlled(town)

    assert town.one("SELECT count(*), bool_and(first_seen < last_seen) FROM difference") == (1, True)
    assert town.one("SELECT max(last_run) = (SELECT max(id) FROM control_run) FROM difference") == (True,)


def test_a_paid_case_is_looked_at_while_something_of_it_differs(town: Site) -> None:
    town.come(paid(kid_of(1), kr(1000)))
    town.simulator.set_state("100", *booked(town), LedgerState.DELETED)

    controlled(town)

    assert controlled(town) == [
        ("cases", "voucher_differs"),
        ("statement", "not_in_visma"),
        ("vouchers", "deleted"),
    ]


def test_what_visma_cannot_tell_is_unknown_and_what_was_found_before_stands(town: Site) -> None:
    town.simulator.unmark("100", "F1-1")
    controlled(town)
    town.set_up(replace(installation(town), balances=False, lists=False))

    assert controlled(town) == [("cases", "mark_missing")]
    (unknown,) = town.one("SELECT unknown FROM control_run ORDER BY id DESC LIMIT 1")
    assert unknown == [
        "company 100: Visma visma can't list its vouchers",
        "company 100: whether Visma has what is on the bank account is unknown",
        "company 100: Visma visma can't tell how invoices stand",
    ]


@pytest.mark.parametrize("operation", ["ListVouchers", "GetBalances"])
def test_a_visma_that_does_not_answer_is_asked_again_and_nothing_is_half_said(
    town: Site, operation: str
) -> None:
    town.simulator.fault(Fault(FaultKind.HTTP_500, operation, times=1))

    assert controlled(town) == []
    assert town.all("SELECT result FROM claim WHERE result = 'trouble'") == [("trouble",)]
    assert town.one("SELECT count(*) FROM control_run") == (1,)


def test_what_changes_while_visma_answers_is_judged_by_the_next_control(town: Site) -> None:
    town.simulator.fault(Fault(FaultKind.SLOW, "GetBalances", seconds=2.0, times=1))
    with control_under_way(town), town.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO waiver (case_id, item_id, kk2_id, kind, amount, day) "
                "SELECT case_id, id, 'W1', 1, 20000, '2026-03-01' FROM item"
            )
        )

    assert town.one("SELECT invoices, differences FROM control_run") == (1, 0)
    assert controlled(town) == [("cases", "waived_here")]


def test_a_voucher_that_is_delivered_while_visma_lists_is_not_called_missing(town: Site) -> None:
    town.come(paid(kid_of(1), kr(400)), but=("deliver",))
    town.simulator.fault(Fault(FaultKind.COMMIT_THEN_SLOW, "ListVouchers", seconds=2.0, times=1))
    with control_under_way(town):
        for work_id, stage in town.due():
            if stage == "deliver":
                town.work(work_id, stage)
        assert town.one("SELECT state FROM voucher") == ("delivered",)

    assert town.one("SELECT vouchers, differences FROM control_run") == (1, 0)
    assert controlled(town) == []


@contextmanager
def control_under_way(here: Site) -> Iterator[None]:
    """A control waits for Visma's slow answer while the block is done."""
    here.happen(ControlDue("100"))
    (work_id,) = [work_id for work_id, stage in here.due() if stage == "control"]
    worker = threading.Thread(target=here.work, args=(work_id, "control"))
    worker.start()
    until(lambda: here.simulator.faults() == ())
    here.work(work_id, "control")  # the message comes a second time: the row is leased
    assert here.one("SELECT count(*) FROM claim WHERE work_id = :id", id=work_id) == (1,)
    yield
    worker.join()


def test_what_visma_deleted_is_set_aside_and_no_difference_any_more(town: Site) -> None:
    town.moves(TransactionKind.PAYMENT, -kr(250), 1)
    fetched(town)
    town.simulator.set_state("100", *booked(town), LedgerState.DELETED)
    assert controlled(town) == [("cases", "correction_not_fetched")]
    (act,) = town.one("SELECT act FROM difference")
    assert "kk2 transaction list --invoice F1-1" in str(act)

    town.act(transactions.set_aside, int(str(town.one("SELECT id FROM ledger_transaction")[0])))

    assert controlled(town) == []
    town.moves(TransactionKind.PAYMENT, -kr(100), 1)
    assert controlled(town) == [("cases", "correction_not_fetched")]
    assert str(town.one("SELECT cause FROM difference WHERE state = 'open'")[0]).startswith(
        "-100,00 kr: nothing"
    )

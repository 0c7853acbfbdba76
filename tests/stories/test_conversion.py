"""Cases transferred before the bridge: compared row by row, marked in Visma, their payments fetched once, and all of it again."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ops import converting, repairs
from ops.access import ALL_ROLES
from ops.conversion_file import read, sha256_of
from ops.queries import conversions
from ops.repairs import ConversionFile
from ops.simulator import Fault, FaultKind, Habits
from schemas.events import ControlDue
from schemas.money import Money, decimal_text, kr
from schemas.transfer import TransactionKind
from tests.site import DAY, Site, kid_of, paid
from workers.store import setup as setup_store

DUE = DAY.replace(month=1)
OWED = kr(1000)
HEAD = "Saksnummer;Kundenummer;Fakturanummer;KID;Beløp"


def row(number: int, amount: Money = OWED, **other: object) -> str:
    """The file's row of case `number`: as the site opens it, but for what is given."""
    cells = {
        "case": f"0221-{number:08d}",
        "customer": number,
        "invoice": f"F{number}-1",
        "kid": kid_of(number),
        **other,
    }
    return ";".join([*map(str, cells.values()), decimal_text(amount)])


def in_visma(here: Site, numbers: Iterable[int], amount: Money = OWED, customer: str = "") -> None:
    """Visma has the first invoice of these cases, in no proposal that anybody approved."""
    here.simulator.propose(
        "100", "EWS", approved=False,
        invoices=[
            {"invoice_no": f"F{n}-1", "customer_no": customer or str(n), "original": decimal_text(amount),
             "due_on": DUE.isoformat()}
            for n in numbers
        ],
    )  # fmt: skip


def file_of(here: Site, rows: Sequence[str]) -> Path:
    path = here.folder / "tidligere.csv"
    path.write_text("\n".join([HEAD, *rows]), "utf-8")
    return path


def begin(here: Site, rows: Sequence[str], *, accepts: bool = False) -> str:
    path = file_of(here, rows)
    with here.engine.begin() as connection:
        file = ConversionFile("100", "", sha256_of(path), path.name, read(path))
        return repairs.convert(
            connection, file, accepts=accepts, person=repairs.Person("kari", "", ALL_ROLES)
        ).sentence


def convert(here: Site, rows: Sequence[str], *, accepts: bool = False) -> None:
    begin(here, rows, accepts=accepts)
    here.drain()


def report(here: Site, conversion_id: int = 1) -> list[tuple[str, str]]:
    with here.engine.connect() as connection:
        return [(r.outcome, r.note) for r in conversions.rows(connection, conversion_id, None)]


def outcomes(here: Site) -> list[str]:
    return [outcome for outcome, _ in report(here)]


def marks(here: Site) -> dict[str, str]:
    return {item.invoice.invoice_no: item.case_no for item in here.simulator.invoices("100")}


def state(here: Site) -> str:
    return str(here.one("SELECT state FROM conversion")[0])


def odd(here: Site) -> list[str]:
    """A file with one row of each kind."""
    for number in range(1, 9):
        here.case(number, kr(1000), DUE)
    in_visma(here, (1, 3, 4, 5, 6, 8))
    in_visma(here, (7,), customer="99")
    here.simulator.transact("100", TransactionKind.CORRECTION, DAY, [("F6-1", kr(5))])
    convert(here, [row(3), row(5)])
    assert outcomes(here) == ["done", "done"]
    return [
        row(1), row(2), row(3), row(4, kr(900)), row(5, customer=6), row(6), row(7), row(99), row(8, kid=kid_of(7))
    ]  # fmt: skip


ODD = [
    "done",
    "not_found",
    "already_done",
    "differs",
    "refused",
    "differs",
    "refused",
    "not_found",
    "refused",
]


def test_a_row_of_each_kind_is_reported_as_what_it_is(here: Site) -> None:
    rows = odd(here)

    convert(here, rows)

    found = report(here, 2)
    assert [outcome for outcome, _ in found] == ODD
    assert "WrongCustomer" in found[6][1]
    assert marks(here) == {
        "F1-1": "0221-00000001", "F3-1": "0221-00000003", "F4-1": "", "F5-1": "0221-00000005", "F6-1": "", "F7-1": "",
        "F8-1": "",
    }  # fmt: skip
    assert here.all("SELECT state FROM conversion") == [("done",), ("done",)]
    assert here.one("SELECT count(*) FROM kk2_case") == (8,)
    here.prove()


def test_a_dry_run_tells_the_same_and_changes_nothing(here: Site) -> None:
    rows = odd(here)
    count = "SELECT (SELECT count(*) FROM journal), (SELECT count(*) FROM conversion_row), (SELECT count(*) FROM invoice)"
    before, marked = here.one(count), marks(here)

    found = converting.compare(here.engine, "100", "", read(file_of(here, rows)), accepts=False)

    expected = [
        *ODD[:6],
        "waiting",
        *ODD[7:],
    ]  # only Visma knows whose invoice it is, and says it when it is marked
    expected[0] = "waiting"
    assert [each.outcome for each in found] == expected
    assert here.one(count) == before
    assert marks(here) == marked


def test_the_same_file_again_looks_only_at_what_was_not_well(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    in_visma(here, (1,))
    rows = [row(1), row(2)]
    convert(here, rows)
    assert outcomes(here) == ["done", "not_found"]

    here.case(2, kr(1000), DUE)
    in_visma(here, (2,))
    assert begin(here, rows) == (
        "conversion 1, the same file: 1 row to be looked at again, the others are done or on their way"
    )
    here.drain()

    assert outcomes(here) == ["done", "done"]
    assert begin(here, rows) == "conversion 1, the same file: each row is done already, or on its way"
    assert not here.due()
    assert here.one("SELECT count(*) FROM conversion") == (1,)


def test_differences_that_a_person_accepts_are_marked_and_still_told(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    in_visma(here, (1,), kr(1100))
    convert(here, [row(1)])
    assert report(here) == [("differs", "Visma has 1 100,00 kr open, we 1 000,00 kr")]
    assert marks(here) == {"F1-1": ""}

    convert(here, [row(1)], accepts=True)

    assert report(here) == [("done", "Visma has 1 100,00 kr open, we 1 000,00 kr")]
    assert marks(here) == {"F1-1": "0221-00000001"}


def test_what_was_paid_in_visma_comes_once_after_the_mark_and_explains_the_difference(here: Site) -> None:
    case = here.case(1, kr(1000), DUE)
    in_visma(here, (1,))
    here.simulator.transact("100", TransactionKind.PAYMENT, DAY, [("F1-1", kr(-200))])

    convert(here, [row(1)])
    convert(here, [row(1)])

    assert report(here) == [("done", "")]
    assert here.all("SELECT amount, case_id FROM ledger_transaction WHERE state = 'applied'") == [
        (kr(-200), case)
    ]
    assert here.one("SELECT balance FROM kk2_case") == (kr(800),)
    assert here.one("SELECT count(*) FROM journal WHERE event = 'FetchDue'") == (1,)
    here.prove()


def test_what_was_paid_before_the_transfer_is_in_the_amount_already_and_counts_once(here: Site) -> None:
    """Visma tells an invoice's whole history once it is marked; the case came to KK2 with what was left of it."""
    here.case(1, kr(800), DUE)  # opened on 2021-01-01
    in_visma(here, (1,), kr(1000))
    early, late = DAY.replace(year=2020), DAY.replace(year=2021, month=1, day=1)
    here.simulator.transact("100", TransactionKind.PAYMENT, early, [("F1-1", kr(-200))])
    here.simulator.transact("100", TransactionKind.PAYMENT, late, [("F1-1", kr(-50))])

    convert(here, [row(1, kr(800))])

    assert report(here) == [("done", "")]
    told = here.all("SELECT amount, state, case_id IS NULL FROM ledger_transaction ORDER BY day")
    assert told == [(kr(-200), "set_aside", True), (kr(-50), "applied", False)]
    assert here.one("SELECT balance FROM kk2_case") == (kr(750),)
    here.happen(ControlDue("100"))
    here.drain()
    assert here.one("SELECT invoices, differences FROM control_run") == (1, 0)
    here.prove()


def test_what_the_payments_do_not_explain_is_a_difference_though_it_is_marked(here: Site) -> None:
    here.simulator.set_habits(Habits(tells_history=False))
    here.case(1, kr(1000), DUE)
    in_visma(here, (1,))
    here.simulator.transact("100", TransactionKind.PAYMENT, DAY, [("F1-1", kr(-200))])

    convert(here, [row(1)])

    said = "Visma has 800,00 kr open, we 1 000,00 kr: it is marked, and its payments do not explain it"
    assert report(here) == [("differs", said)]
    assert marks(here) == {"F1-1": "0221-00000001"}


def test_what_came_by_the_bank_and_was_delivered_is_no_difference(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    in_visma(here, (1,))
    here.come(paid(kid_of(1), kr(300)))

    convert(here, [row(1)])

    assert report(here) == [("done", "")]
    here.prove()


def test_a_thousand_and_one_rows_go_in_two_slices_with_messages_twice_and_in_any_order(here: Site) -> None:
    numbers = range(1, 1_002)
    with here.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO kk2_case (company, client, case_no, account, kid, case_flow, sub_ledger_account, customer_no, "
            "opened_on, state, balance) SELECT '100', 'KOM', '0221-' || lpad(n::text, 8, '0'), 'A', n::text, 'A', '1500', "
            "n::text, '2021-01-01', 'open', 100000 FROM generate_series(1, 1001) n"
        )
        connection.exec_driver_sql(
            "INSERT INTO item (case_id, kk2_id, kind, amount, due_on, invoice_no) "
            "SELECT id, '1', 1, 100000, '2026-01-16', 'F' || kid || '-1' FROM kk2_case"
        )
    in_visma(here, numbers)
    begin(here, [row(n, kid="") for n in numbers])
    here.drain(seed=5)

    assert set(outcomes(here)) == {"done"}
    assert all(marks(here).values())
    asked = here.one("SELECT count(*) FROM journal WHERE event = 'ConversionRequested'")
    assert asked == (4,)  # each slice before its mark and after the fetch
    assert here.simulator.transactions("100") == ()


@pytest.mark.parametrize("operation", ["GetBalances", "UpdateCaseNumbers", "GetTransactions"])
def test_an_answer_that_is_lost_is_asked_for_again_and_nothing_is_marked_twice(
    here: Site, operation: str
) -> None:
    here.case(1, kr(1000), DUE)
    in_visma(here, (1,))
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, operation, times=2))

    convert(here, [row(1)])

    assert report(here) == [("done", "")]
    assert state(here) == "done"


def test_in_shadow_mode_all_is_compared_and_nothing_is_marked_until_it_ends(here: Site) -> None:
    here.set_up_company(posting=False)
    here.case(1, kr(1000), DUE)
    in_visma(here, (1,))

    convert(here, [row(1), row(2)])

    assert outcomes(here) == ["waiting", "not_found"]
    assert marks(here) == {"F1-1": ""}
    assert state(here) == "numbering"
    here.set_up_company(posting=True)
    with here.engine.begin() as connection:  # the time until it looks again
        connection.exec_driver_sql("UPDATE work SET due_at = now() WHERE state = 'due'")
    here.drain()
    assert outcomes(here) == ["done", "not_found"]
    assert marks(here) == {"F1-1": "0221-00000001"}


def test_a_slice_over_which_workers_die_is_halved_and_all_of_it_is_done(here: Site) -> None:
    for number in (1, 2, 3):
        here.case(number, kr(1000), DUE)
    in_visma(here, (1, 2, 3))
    begin(here, [row(1), row(2), row(3)])
    with here.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO claim (work_id) SELECT id FROM work CROSS JOIN generate_series(1, 2)"
        )

    here.drain()

    assert here.all("SELECT part FROM work WHERE stage = 'convert' AND part <> '' ORDER BY 1") == [
        ("a",),
        ("b",),
    ]
    assert outcomes(here) == ["done"] * 3
    assert state(here) == "done"


def test_a_visma_that_tells_no_balances_says_no_when_it_is_written_to(here: Site) -> None:
    with here.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    here.set_up(replace(installation, balances=False))
    for number in (1, 2):
        here.case(number, kr(1000), DUE)
    in_visma(here, (1,))

    convert(here, [row(1), row(2)])

    assert outcomes(here) == ["done", "not_found"]


def test_an_invoice_that_was_offered_for_a_new_case_is_offered_no_longer(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    in_visma(here, (1,))
    with here.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO invoice (company, invoice_no, customer_no, state) VALUES ('100', 'F1-1', '1', 'ready')"
        )

    convert(here, [row(1)])

    assert here.all("SELECT state, number_state, case_id IS NOT NULL FROM invoice") == [
        ("converted", "written", True)
    ]


def test_a_file_with_a_fault_leaves_nothing(here: Site) -> None:
    with pytest.raises(ValueError, match="4: amount"):
        begin(here, [row(1), row(2), row(3).replace("1000.00", "mye")])

    assert here.one("SELECT count(*) FROM conversion") == (0,)

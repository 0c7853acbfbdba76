"""The control at the command line: run in the foreground, its exit status, and a difference that a person explains."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.simulator import Fault, FaultKind
from schemas.money import kr
from schemas.transfer import TransactionKind
from schemas.voucher import LedgerState
from tests.site import DAY, Site, kid_of, paid, site
from tests.stories.controlled import DUE, booked, installation

Kk2 = Callable[..., tuple[int, str, str]]


def rows(printed: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in printed.splitlines()]


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose case 1 stands marked in Visma."""
    with site(engine, tmp_path) as made:
        made.with_us(1, kr(1000), DUE)
        yield made


def test_what_agrees_is_status_0(here: Site, kk2: Kk2) -> None:
    here.come(paid(kid_of(1), kr(400)))

    status, said, _ = kk2("visma", "control")

    assert status == 0
    assert said == (
        "company 100: 1 voucher, 1 sum of the bank statement, 1 invoice held against Visma; 0 differences\n"
    )
    assert here.one("SELECT actor FROM journal WHERE event = 'ControlDue'") == ("kari",)


def test_a_difference_is_status_1_and_listed_with_its_cause_and_act(here: Site, kk2: Kk2) -> None:
    here.come(paid(kid_of(1), kr(400)))
    here.simulator.set_state("100", *booked(here), LedgerState.DELETED)

    status, said, _ = kk2("visma", "control", "--company", "100")

    assert status == 1
    assert "; 3 differences" in said
    assert "and deleted in Visma" in said
    status, said, _ = kk2("visma", "control", "--part", "cases", "--json")
    (told,) = rows(said)
    assert status == 1
    assert [d["kind"] for d in told["differences"]] == ["voucher_differs"]  # type: ignore[attr-defined]
    assert told["run"]["vouchers"] == 1  # type: ignore[index]


def test_a_difference_that_is_explained_counts_no_more_until_it_changes(here: Site, kk2: Kk2) -> None:
    here.simulator.transact("100", TransactionKind.PAYMENT, DAY, [("F1-1", -kr(250))])
    assert kk2("visma", "control")[0] == 1
    (found,) = rows(kk2("visma", "differences", "--state", "open", "--json")[1])
    assert kk2("visma", "explain", str(found["id"]))[0] == 1  # without a reason
    assert kk2("visma", "explain", "99", "--reason", "so")[0] == 1

    status, said, _ = kk2("visma", "explain", str(found["id"]), "--reason", "it is fetched tomorrow")

    assert (status, "is explained" in said) == (0, True)
    assert kk2("visma", "control")[0] == 0
    listed = kk2("visma", "differences")[1]
    assert "(kari: it is fetched tomorrow)" in listed
    assert kk2("visma", "explain", str(found["id"]), "--reason", "again")[0] == 1
    here.simulator.transact("100", TransactionKind.PAYMENT, DAY, [("F1-1", -kr(50))])
    assert kk2("visma", "control")[0] == 1


def test_what_visma_cannot_tell_is_status_3_and_never_0(here: Site, kk2: Kk2) -> None:
    here.set_up(replace(installation(here), balances=False))

    status, said, _ = kk2("visma", "control")

    assert status == 3
    assert "unknown company 100: Visma visma can't tell how invoices stand" in said


def test_a_visma_that_does_not_answer_is_status_3_and_the_workers_go_on(here: Site, kk2: Kk2) -> None:
    here.simulator.fault(Fault(FaultKind.HTTP_500, "GetBalances", times=1))

    status, said, _ = kk2("visma", "control")

    assert status == 3
    assert "Visma did not answer; the workers try again" in said
    here.drain()
    assert here.one("SELECT differences FROM control_run") == (0,)


def test_a_stopped_case_is_left_out_and_said(here: Site, kk2: Kk2) -> None:
    here.simulator.unmark("100", "F1-1")
    assert kk2("case", "stop", "0221-00000001")[0] == 1  # without a reason
    assert kk2("case", "stop", "0221-00000001", "--reason", "disputed in Visma")[0] == 0

    status, said, _ = kk2("visma", "control")

    assert "open, stopped against Visma" in kk2("case", "show", "0221-00000001")[1]
    assert status == 0
    assert "left out: case 0221-00000001 is stopped against Visma" in said
    assert kk2("case", "resume", "0221-00000001")[0] == 0
    assert kk2("visma", "control")[0] == 1


def test_the_doctor_says_what_differs_and_when_nobody_has_looked(here: Site, kk2: Kk2) -> None:
    def sign() -> tuple[object, object]:
        found = rows(kk2("doctor", "--json")[1])
        return next((row["state"], row["says"]) for row in found if row["name"] == "control 100")

    assert sign()[0] == "unknown"
    kk2("visma", "control")
    assert sign() == ("well", "0 open differences, looked at 0 hours ago: kk2 visma differences")
    here.simulator.unmark("100", "F1-1")
    kk2("visma", "control")
    assert sign()[0] == "bad"
    kk2("visma", "explain", "1", "--reason", "the client took it back")
    assert sign()[0] == "well"
    here.set_up(replace(installation(here), lists=False))
    kk2("visma", "control")
    assert sign()[0] == "unknown"
    with here.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE control_run SET ended_at = ended_at - interval '3 days'")
    assert sign()[0] == "bad"

"""Many vouchers retried, a job watched and stopped, and delivery stopped until a time: from the command line."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from schemas.money import kr
from tests.ops.acting import Kk2
from tests.site import Site, kid_of, paid, site


@pytest.fixture
def refused(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with two vouchers that were refused, because their period is closed."""
    with site(engine, tmp_path) as made:
        made.case(1, kr(9000), date(2026, 1, 31))
        made.simulator.close_period("100", "2026-03")
        made.come(*(paid(kid_of(1), kr(100 + n), ref=f"010610000{n}") for n in range(2)))
        yield made


def test_a_job_is_made_listed_shown_and_stopped(refused: Site, kk2: Kk2) -> None:
    assert kk2("voucher", "retry", "--all", "--code", "PeriodClosed", "--yes")[:2] == (
        0,
        "2 failed vouchers found, 201,00 kr\njob 1 sends 2 vouchers, 201,00 kr, again: kk2 job show 1\n",
    )
    assert "2 to come" in kk2("job", "list")[1]
    assert kk2("voucher", "retry", "--all", "--yes")[0] == 1  # the job has them

    assert kk2("job", "stop", "1")[:2] == (0, "job 1 is stopped; not sent again: 2 vouchers\n")

    status, _, said = kk2("job", "stop", "1")
    assert (status, "is stopped already; last: stop job by kari" in said) == (1, True)
    shown = [json.loads(line) for line in kk2("job", "show", "1", "--json")[1].splitlines()]
    assert [line["result"] for line in shown[1:]] == ["left", "left"]
    assert shown[0]["results"] == {"left": 2}
    refused.drain()
    assert refused.all("SELECT DISTINCT state FROM voucher") == [("refused",)]
    assert kk2("job", "show", "9")[0] == 1


def test_what_failed_is_told_by_cause_with_what_to_do_and_who_has_stopped_delivery(
    refused: Site, kk2: Kk2
) -> None:
    stop = ("stop", "delivery", "--installation", "visma", "--reason", "upgrade")
    assert kk2(*stop, "--until", "2099-03-05 08:00")[0] == 0
    assert kk2(*stop, "--until", "2099-03-04 08:00")[0] == 1
    assert kk2("stop", "delivery", "100", "--installation", "visma", "--reason", "so")[0] == 2

    said = kk2("voucher", "failed")[1]

    assert "installation visma is stopped by kari until 2099-03-05 08:00:00: upgrade" in said
    assert "Open the period in Visma and retry" in said
    assert kk2("voucher", "list", "--cause", "refused")[1].count("\n") == 3
    assert kk2("voucher", "list", "--cause", "lost")[0] == 2
    assert kk2("voucher", "list", "--amount", "101.00", "--search", "k1-1-2")[1].count("\n") == 2
    assert "(none)" in kk2("voucher", "list", "--in-visma", "posted")[1]
    assert kk2("start", "delivery", "--installation", "visma")[0] == 0
    assert "stopped" not in kk2("voucher", "failed")[1]


def test_a_voucher_is_discarded_for_a_reason_of_the_list(refused: Site, kk2: Kk2) -> None:
    why = ("--reason", "so it is")

    assert kk2("voucher", "discard", "1", *why)[0] == 2
    assert kk2("voucher", "discard", "1", "--because", "gone", *why)[0] == 2
    assert kk2("voucher", "discard", "1", "--because", "booked_by_hand", *why)[0] == 1
    assert kk2("voucher", "discard", "1", "--because", "wrong_month", "--posted-by-hand", "7", *why)[0] == 2
    status, said, _ = kk2("voucher", "discard", "1", "--because", "wrong_month", *why)
    assert (status, "look at kk2 proposal show 100" in said) == (0, True)
    assert kk2("voucher", "discard", "2", "--posted-by-hand", "4711", *why)[0] == 0
    assert refused.all("SELECT state FROM voucher ORDER BY id") == [("void",), ("by_hand",)]

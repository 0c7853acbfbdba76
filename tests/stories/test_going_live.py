"""Going live: days in shadow beside what people post by hand, then the end of shadow, then our own first voucher."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import cli, repairs
from ops.access import ALL_ROLES
from ops.repairs.acts import Refusal
from ops.simulator import Fault, FaultKind
from schemas.events import ControlDue, FetchDue
from schemas.money import Money, decimal_text, kr
from schemas.transfer import TransactionKind
from tests.site import DAY, Site, kid_of, paid, site
from workers.facts import shadows
from workers.settings import settings

NEXT = DAY + timedelta(days=1)


@pytest.fixture
def here(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A company in shadow, with four cases; the command line works on its database."""
    with site(engine, tmp_path, posting=False) as made:
        monkeypatch.setenv("KK2_DATABASE_URL", engine.url.render_as_string(hide_password=False))
        monkeypatch.setenv("KK2_BROKER_URL", "redis://127.0.0.1:1/0")
        monkeypatch.setenv("KK2_FOLDER", str(tmp_path))
        settings.cache_clear()
        for number in range(1, 5):
            made.case(number, kr(1000 * number), date(2026, 3, 1))
        yield made


def by_hand(here: Site, total: Money, day: date = DAY, **more: object) -> None:
    lines = [
        {"account": "1920", "amount": decimal_text(total)},
        {"account": "1500", "amount": decimal_text(-total)},
    ]
    here.simulator.by_hand(
        {"company": "100", "voucher_date": day.isoformat(), "voucher_type": "OC", "lines": lines, **more}
    )


def compared(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, list[dict[str, object]]]:
    capsys.readouterr()
    status = cli.main(["shadow", "compare", "--json", *more])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_days_in_shadow_are_compared_and_then_the_first_voucher_is_ours(
    here: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    here.come(paid(kid_of(1), kr(1000)), paid(kid_of(2), kr(2000), ref="0106100002"))
    here.come(paid(kid_of(3), kr(3000), ref="0106100003", day=NEXT))
    assert here.simulator.vouchers() == ()
    by_hand(here, kr(2000))
    by_hand(here, kr(1000))
    by_hand(here, kr(2500), NEXT)
    by_hand(here, kr(999), NEXT, voucher_type="BI")  # of another type: not compared

    status, found = compared(capsys, "--since", DAY.isoformat())

    days = found[0]["days"]
    assert isinstance(days, list)
    assert (status, [day["likeness"] for day in days]) == (1, ["agrees", "differs"])
    assert [(day["ours"], day["theirs"]) for day in days] == [
        (kr(3000), kr(3000)),
        (kr(3000), kr(2500)),
    ]
    assert compared(capsys, "--day", DAY.isoformat())[0] == 0
    assert cli.main(["shadow", "compare", "--day", NEXT.isoformat()]) == 1
    assert "500,00 kr more here" in capsys.readouterr().out

    with here.engine.connect() as connection, pytest.raises(Refusal, match="is in shadow mode"):
        repairs.vouchers.end_shadow(connection, "100", person=repairs.Person("kari", "live", ALL_ROLES))
    here.set_up_company(posting=True)
    assert cli.main(["voucher", "retry", "1", "--as", "kari"]) == 1
    assert "stands from shadow mode" in capsys.readouterr().err
    assert cli.main(["shadow", "end", "100", "--reason", "live", "--as", "kari"]) == 0
    here.drain()
    here.come(paid(kid_of(4), kr(4000), ref="0106100004", day=NEXT))

    assert here.all("SELECT state, voucher_no FROM voucher ORDER BY id") == [
        ("by_hand", "shadow"),
        ("by_hand", "shadow"),
        ("by_hand", "shadow"),
        ("delivered", "100005"),
    ]
    here.prove()
    capsys.readouterr()
    assert cli.main(["shadow", "end", "100", "--reason", "live"]) == 1
    # the days of the shadow can be compared afterwards too, and what is delivered is no shadow
    assert compared(capsys, "--company", "100", "--day", DAY.isoformat())[0] == 0


def test_where_visma_does_not_answer_the_comparison_is_unknown(
    here: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    here.come(paid(kid_of(1), kr(1000)))
    here.simulator.fault(Fault(FaultKind.HTTP_500, "ListVouchers"))

    status, found = compared(capsys, "--day", DAY.isoformat())

    assert (status, found[0]["days"]) == (3, [])
    assert "Visma did not answer" in str(found[0]["unknown"])


def test_what_people_post_by_hand_in_shadow_mode_is_not_paid_twice_on_the_case(
    here: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    paid_case, other = (
        here.with_us(11, kr(1000), date(2026, 3, 1)),
        here.with_us(12, kr(2000), date(2026, 3, 1)),
    )
    here.moves(TransactionKind.PAYMENT, -kr(1000), 11)  # told before the bank's file is read
    here.moves(TransactionKind.PAYMENT, -kr(700), 12)
    here.moves(TransactionKind.CREDIT_NOTE, -kr(300), 12)
    fetch(here)
    assert here.parked() == ["half_ours", "half_ours"]

    here.come(paid(kid_of(11), kr(1000)))
    fetch(here)

    assert here.one("SELECT balance, state FROM kk2_case WHERE id = :id", id=paid_case) == (
        0,
        "closed_with_rest",
    )
    assert here.one("SELECT balance FROM kk2_case WHERE id = :id", id=other) == (kr(1700),)
    assert here.parked() == ["half_ours"]
    here.set_up_company(posting=True)
    assert cli.main(["shadow", "end", "100", "--reason", "live", "--as", "kari"]) == 0
    here.drain()
    fetch(here)
    assert here.one("SELECT balance FROM kk2_case WHERE id = :id", id=other) == (kr(1000),)
    here.prove()


def fetch(here: Site) -> None:
    here.happen(FetchDue("100"))
    here.drain()


def test_what_was_undone_in_shadow_mode_can_be_refused_and_its_vouchers_stay(here: Site) -> None:
    here.come(paid(kid_of(1), kr(1000)))
    here.act(repairs.undo, 1)
    with pytest.raises(Refusal, match="approve the next proposal first"):
        here.act(repairs.refuse, 1)
    here.rest()

    here.act(repairs.refuse, 1)

    assert here.all("SELECT DISTINCT state FROM voucher") == [("approved",)]
    assert here.one("SELECT sum(l.amount) FROM voucher_line l WHERE l.customer_no <> ''") == (0,)
    with pytest.raises(Refusal, match="which a person refused"):
        here.act(repairs.vouchers.void, 1)
    here.prove()


def test_the_daily_control_keeps_a_day_of_shadow_that_people_posted_otherwise(here: Site) -> None:
    today = here.one("SELECT (now() AT TIME ZONE 'Europe/Oslo')::date")[0]
    assert isinstance(today, date)
    here.come(paid(kid_of(1), kr(1000), day=today))
    by_hand(here, kr(900), today)

    assert controlled(here) == [("otherwise_posted", f"day {today}", 100_000, 90_000)]

    by_hand(here, kr(100), today)
    assert controlled(here) == []


def test_a_day_of_shadow_that_differs_is_not_forgotten_when_it_is_a_fortnight_old(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = here.one("SELECT (now() AT TIME ZONE 'Europe/Oslo')::date")[0]
    assert isinstance(today, date)
    old = today - timedelta(days=10)
    here.come(paid(kid_of(1), kr(1000), day=old))
    differs = [("otherwise_posted", f"day {old}", 100_000, 0)]
    assert controlled(here) == differs

    monkeypatch.setattr(shadows, "COMPARED", timedelta(days=3))
    assert controlled(here) == differs

    by_hand(here, kr(1000), old)
    assert controlled(here) == []


def test_in_shadow_mode_money_in_vouchers_that_are_not_sent_is_no_difference_of_the_statement(
    here: Site,
) -> None:
    here.come(paid(kid_of(1), kr(1000)))  # months ago
    controlled(here)

    assert here.all("SELECT kind FROM difference WHERE part = 'statement'") == []


def controlled(here: Site) -> list[tuple[object, ...]]:
    here.happen(ControlDue("100"))
    here.drain()
    return here.all(
        "SELECT kind, subject, ours, theirs FROM difference WHERE part = 'shadow' AND state <> 'gone' ORDER BY id"
    )

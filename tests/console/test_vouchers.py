"""Vouchers, failed deliveries, jobs and stops over HTTP: what is shown is what is done, by whom it may be done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from ops.access import Role
from ops.desk import listing
from ops.desk.vouchers import VOUCHERS
from schemas.money import kr
from tests.console.serve import live
from tests.console.visiting import Visitor, visitor
from tests.site import DAY, Site, kid_of, paid, site

CLOSED = "/failed/refused?code=PeriodClosed"
RETRY_ALL = "/failed/refused/retry-all"


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with three vouchers that were refused because their period was closed. It is open now."""
    with site(engine, tmp_path) as made:
        made.case(1, kr(9000), DAY)
        made.simulator.close_period("100", "2026-03")
        made.come(*(paid(kid_of(1), kr(100 + n), ref=f"010610000{n}") for n in range(3)))
        made.simulator.open_period("100", "2026-03")
        yield made


def states(town: Site) -> list[str]:
    return [str(row[0]) for row in town.all("SELECT state FROM voucher ORDER BY id")]


def test_an_administrator_opens_the_period_and_sends_all_again(town: Site) -> None:
    admin = visitor(town.engine, "ada", Role.ADMIN)
    failed = admin.get("/failed")
    assert "PeriodClosed" in failed.text
    assert "303,00" in failed.text
    assert "/vouchers?cause=refused&state=refused&code=PeriodClosed" in failed.links()
    assert CLOSED in failed.links()
    assert "/vouchers/1" in admin.get("/vouchers?cause=refused&code=PeriodClosed").links()
    assert "kk2 voucher retry --all --code PeriodClosed" in admin.get(CLOSED).text

    job = admin.send(CLOSED, RETRY_ALL, reason="the period is open")

    assert job.address.endswith("/jobs/1")
    assert job.tree.xpath("//*[@data-refresh='/jobs/1/progress']")
    assert [ring.stage for ring in admin.rung] == ["retry"]
    town.drain()
    done = admin.get("/jobs/1")
    assert "/job-items?job=1&result=delivered" in done.links()
    assert not done.tree.xpath("//*[@data-refresh='/jobs/1/progress']")
    assert admin.get("/job-items?job=1&result=delivered").links().count("/jobs/1") == 3
    assert states(town) == ["delivered"] * 3
    assert "PeriodClosed" not in admin.get("/failed").text
    town.prove()


def test_what_changed_since_it_was_shown_is_said_and_nothing_is_sent(town: Site) -> None:
    admin = visitor(town.engine, "ada", Role.ADMIN)
    form = admin.get(CLOSED).form(RETRY_ALL)
    town.act(repairs.retry, 1)

    answer = admin.client.post(RETRY_ALL, data=form)

    assert answer.status_code == 409
    assert "203,00" in answer.text
    assert town.one("SELECT count(*) FROM job") == (0,)


def test_a_job_is_stopped_by_its_page(town: Site) -> None:
    admin = visitor(town.engine, "ada", Role.ADMIN)
    admin.send(CLOSED, RETRY_ALL)

    page = admin.send("/jobs/1", "/jobs/1/stop", reason="closed again")

    assert page.address.endswith("/jobs/1")
    assert "/job-items?job=1&result=left" in page.links()
    town.drain()
    assert states(town) == ["refused"] * 3


def test_one_voucher_is_retried_and_a_second_person_is_told_who_was_first(town: Site) -> None:
    ada, per = visitor(town.engine, "ada", Role.ADMIN), visitor(town.engine, "per", Role.ADMIN)
    again, back = "/vouchers/1/correct", "/vouchers/1"
    form = per.get(again).form(again)

    ada.send(back, again, reason="wrong month")
    answer = per.client.post(again, data=form | {"reason": "me too"})

    assert answer.status_code == 409
    assert "ada" in answer.text
    assert f'href="{back}"' in answer.text
    assert "/proposals/100" in ada.get(back).links()


def test_a_discarded_voucher_has_a_reason_of_the_list(town: Site) -> None:
    admin = visitor(town.engine, "ada", Role.ADMIN)

    assert admin.send("/vouchers/1", "/vouchers/1/discard", because="gone", reason="so").status == 422
    assert (
        admin.send("/vouchers/1", "/vouchers/1/discard", because="booked_by_hand", reason="so").status == 409
    )
    admin.send("/vouchers/1", "/vouchers/1/discard", because="duplicate", reason="so")
    admin.send("/vouchers/2", "/vouchers/2/discard", because="booked_by_hand", number="4711", reason="so")

    assert states(town) == ["void", "by_hand", "refused"]
    assert town.one("SELECT detail->>'because' FROM audit WHERE subject = 'voucher 1'") == ("duplicate",)


def test_a_voucher_shows_what_was_said_to_visma_and_what_it_answered(town: Site) -> None:
    page = visitor(town.engine, "ole", Role.VIEWER).get("/vouchers/1")

    assert page.tree.xpath("count(//details[@class='attempt'])") == 2
    assert "RegisterVouchers" in page.text
    assert "0106100000" in page.text
    assert not page.tree.xpath("//form[starts-with(@action, '/vouchers/1/')]")


def test_delivery_is_stopped_until_a_time_and_everybody_sees_by_whom(town: Site) -> None:
    admin = visitor(town.engine, "ada", Role.ADMIN)
    stop = "/delivery/all/stop"

    after = admin.send(stop, stop, reason="Visma is upgraded", until="2099-03-05T08:00")

    assert after.address.endswith("/failed")
    assert "ada" in after.text
    assert "05.03.2099 08:00" in visitor(town.engine, "ole", Role.VIEWER).get("/failed").text
    shorter = admin.client.post(
        stop, data=admin.get(stop).form(stop) | {"reason": "no", "until": "2098-01-01T00:00"}
    )
    assert shorter.status_code == 409
    assert "ada" in shorter.text
    admin.send("/failed", "/delivery/all/start")
    assert town.one("SELECT count(*) FROM brake") == (0,)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLERK, Role.OPERATOR, Role.AUDITOR])
def test_only_an_administrator_retries(town: Site, role: Role) -> None:
    other = visitor(town.engine, "per", role)
    secret = other.get("/failed").form("/sign-out")["secret"]

    assert CLOSED not in other.get("/failed").links()
    sent = {"secret": secret, "vouchers": "3", "total": "303.00"}
    assert other.client.post(RETRY_ALL, data=sent).status_code == 403
    assert other.client.post("/vouchers/1/retry", data={"secret": secret}).status_code == 403
    assert states(town) == ["refused"] * 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/vouchers/999", 404), ("/jobs/999", 404), ("/failed/lost", 400), ("/failed/refused?first=x", 400),
        ("/vouchers?cause=lost", 400), ("/jobs/999/progress", 404), ("/failed/gave_up?code=X", 400),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said(kari: Visitor, path: str, status: int) -> None:
    assert kari.get(path).status == status


def test_a_quiet_desk_says_so(kari: Visitor) -> None:
    assert kari.get("/failed").status == 200
    assert kari.get("/failed").tree.xpath("//p[@class='empty']")
    assert kari.get("/failed/refused").tree.xpath("//p[@class='empty']")
    assert kari.get("/jobs").tree.xpath("//p[@class='empty']")


def test_every_cause_of_a_town_is_shown_with_its_vouchers(engine: Engine, tmp_path: Path) -> None:
    with site(engine, tmp_path) as town:
        live(town)
        kari = visitor(town.engine)
        links = kari.get("/failed").links()

        shown = [link for link in links if link.startswith("/vouchers?")]
        assert len(shown) == 3
        assert all("/vouchers/" in " ".join(kari.get(link).links()) for link in shown)
        assert len([link for link in links if link.startswith("/failed/refused")]) == 2


def test_the_totals_of_very_many_vouchers_come_from_the_sums_that_are_kept(
    town: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "COUNTED", 2)

    with town.engine.connect() as connection:
        found = listing.page(
            connection, VOUCHERS, listing.read(VOUCHERS, {"state": "refused", "code": "PeriodClosed"})
        )
        unknown = listing.page(connection, VOUCHERS, listing.read(VOUCHERS, {"cause": "refused"}))

    assert (found.count, found.totals) == (3, {"total": kr(303)})
    assert (unknown.count, unknown.totals) == (None, {})


def test_no_number_is_too_large_to_be_missing(kari: Visitor) -> None:
    assert kari.get("/vouchers/99999999999999999999").status == 404
    assert kari.get("/jobs/99999999999999999999").status == 404

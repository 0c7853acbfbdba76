"""Reconciliation in the console: a month at a glance, a day that is signed, changed, opened again and printed, a difference."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.access import Role
from ops.repairs import assign
from schemas.events import ControlDue
from schemas.money import kr
from schemas.setup import ParkedPolicy
from schemas.voucher import LedgerState
from tests.console.visiting import visitor
from tests.site import Site, kid_of, paid, site
from tests.stories.controlled import DUE, booked

DAY = "/reconciliation/100.2026-03-16"


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with a day of which 250 kr are parked."""
    with site(engine, tmp_path) as made:
        made.set_up_company(parked_policy=ParkedPolicy.WAIT)
        made.with_us(1, kr(1000), DUE)
        made.come(paid(kid_of(1), kr(400)), paid(kid_of(9), kr(250)))
        made.happen(ControlDue("100"))
        made.drain()
        yield made


def test_a_day_is_explained_signed_changed_opened_again_and_signed_anew(town: Site) -> None:
    kari = visitor(town.engine, "kari", Role.CLERK)
    month = kari.get("/reconciliation")
    assert "har avvik" in month.text
    assert DAY in month.links()
    page = kari.get(DAY)
    assert "Saker mot bilag" in page.text
    assert page.tree.xpath("//form//input[@required]/@name") == ["vouchers"]

    signed = kari.send(DAY, f"{DAY}/sign", vouchers="venter på svar")
    assert signed.status == 200
    assert "Kvittert av kari" in signed.text
    assert "venter på svar" in signed.text

    town.act(assign, 2, town.case(2, kr(500), DUE), original=None)
    town.rest()
    changed = kari.get(DAY)
    assert "endret etter kvittering" in changed.text
    assert "endret etter kvittering" in kari.get("/reconciliation?company=100&month=2026-03").text

    kari.send(DAY, f"{DAY}/reopen", reason="innbetalingen er plassert")
    town.happen(ControlDue("100"))
    town.drain()
    kari.send(DAY, f"{DAY}/sign")
    assert kari.get(DAY).text.count("Kvittert av kari") == 2
    assert "Åpnet igjen av kari" in kari.get(DAY).text
    town.prove()


def test_a_day_that_changed_while_one_looked_is_not_signed(town: Site) -> None:
    kari = visitor(town.engine, "kari", Role.CLERK)
    filled = kari.get(DAY).form(f"{DAY}/sign") | {"vouchers": "venter"}
    town.come(paid(kid_of(1), kr(10)))

    refused = kari.client.post(f"{DAY}/sign", data=filled)
    assert refused.status_code == 409
    assert town.all("SELECT 1 FROM day_signature") == []


def test_a_difference_needs_its_reason(town: Site) -> None:
    kari = visitor(town.engine, "kari", Role.CLERK)
    filled = kari.get(DAY).form(f"{DAY}/sign")

    assert kari.client.post(f"{DAY}/sign", data=filled).status_code == 409
    assert town.all("SELECT 1 FROM day_signature") == []


def test_who_only_reads_sees_no_form_and_can_not_sign(town: Site) -> None:
    ole = visitor(town.engine, "ole", Role.VIEWER, Role.AUDITOR)
    page = ole.get(DAY)
    assert page.tree.xpath("//main//form") == []
    secret = str(page.tree.xpath("//form[@action='/sign-out']//input[@name='secret']/@value")[0])

    refused = ole.client.post(f"{DAY}/sign", data={"secret": secret, "vouchers": "so"})
    assert refused.status_code == 403
    assert ole.client.post(f"{DAY}/sign", data={"vouchers": "so"}).status_code == 403
    assert town.all("SELECT 1 FROM day_signature") == []


def test_a_day_is_printed_for_whoever_reads(town: Site) -> None:
    answer = visitor(town.engine, "ole", Role.VIEWER).client.get(f"{DAY}.pdf")

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


@pytest.mark.parametrize("path", ["/reconciliation/100.2026-03-18", "/reconciliation/so", "/reconciliation/x.pdf", "/reconciliation?company=9", "/differences/99"])  # fmt: skip
def test_what_is_not_there_is_said(town: Site, path: str) -> None:
    assert visitor(town.engine).get(path).status == 404


def test_a_difference_of_the_control_is_listed_and_explained(town: Site) -> None:
    town.simulator.set_state("100", *booked(town), LedgerState.DELETED)
    town.happen(ControlDue("100"))
    town.drain()
    kari = visitor(town.engine, "kari", Role.CLERK)
    listed = kari.get("/differences?state=open&kind=deleted")
    (to,) = [each for each in listed.links() if each.startswith("/differences/")]
    assert to in kari.get(DAY).links()

    explained = kari.send(to, f"{to}/explain", reason="ført på nytt for hånd")
    assert "ført på nytt for hånd" in explained.text
    assert "ført på nytt for hånd" in kari.get(DAY).text
    assert kari.get("/differences?state=open&kind=deleted").tree.xpath("//main//tbody/tr") == []

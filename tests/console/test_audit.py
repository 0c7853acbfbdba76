"""The audit's pages: read by who must account for it, and proven."""

from sqlalchemy import Engine, text

from ops.access import Role
from tests.console.visiting import Visitor, visitor
from tests.ops.ledger import Standing


def test_an_auditor_finds_who_did_what_and_why(kari: Visitor, stands: Standing, engine: Engine) -> None:
    path = f"/payments/{stands.parked}"
    kari.send(path, f"{path}/refuse", reason="booked elsewhere")

    page = visitor(engine, "rita", Role.AUDITOR).get(f"/audit?q=payment+{stands.parked}&act=refuse")

    assert "kari" in page.text
    assert "booked elsewhere" in page.text


def test_a_clerk_does_not_read_it_as_a_page_a_file_or_by_its_proof(engine: Engine, stands: Standing) -> None:
    clerk = visitor(engine, "anne", Role.CLERK)

    assert [
        clerk.get(path).status for path in ("/audit", "/audit.csv", "/audit.xlsx", "/audit/verified")
    ] == [403] * 4


def test_an_act_that_was_changed_is_said(kari: Visitor, stands: Standing, owner: Engine) -> None:
    assert "/audit/verified" in kari.get("/audit").links()
    assert kari.get("/audit/verified").status == 200
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit SET reason = 'another' WHERE id = 1"))
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))

    page = kari.get("/audit/verified")

    assert page.status == 500
    assert page.tree.xpath("//*[@role='alert']")

"""The payments' pages: found, read, and acted on by who may."""

from sqlalchemy import Engine, text

from ops.access import Role
from tests.console.visiting import Visitor, query_of, visitor
from tests.ops.ledger import Standing


def test_the_list_is_filtered_by_its_address_and_sums_what_it_shows(kari: Visitor, stands: Standing) -> None:
    page = kari.get("/payments?state=parked")

    assert f"/payments/{stands.parked}" in page.links()
    assert "165,00" in page.text  # 77.00 in suspense and 88.00
    assert "kk2 list payments state=parked" in page.text


def test_a_filter_that_nobody_knows_is_said_and_not_passed_over(kari: Visitor) -> None:
    page = kari.get("/payments?state=lost")

    assert page.status == 400
    assert "ventet en av waiting, settled, parked, held, refused, known; fant 'lost'" in page.text


def test_a_clerk_refuses_a_parked_payment_and_is_told_so_where_it_stands(
    kari: Visitor, stands: Standing, engine: Engine
) -> None:
    path = f"/payments/{stands.parked}"

    after = kari.send(path, f"{path}/refuse", reason="booked elsewhere")

    assert after.address.endswith(path)
    assert "refused" in after.source or "Avvist" in after.source
    with engine.connect() as connection:
        last = connection.execute(text("SELECT actor, act, reason FROM audit ORDER BY id DESC LIMIT 1")).one()
    assert tuple(last) == ("kari", "refuse", "booked elsewhere")
    again = kari.client.post(
        f"{path}/refuse", data=kari.get(f"{path}/refuse").form(f"{path}/refuse") | {"reason": "so"}
    )
    assert again.status_code == 409


def test_a_form_without_a_reason_comes_back_with_what_was_expected(kari: Visitor, stands: Standing) -> None:
    path = f"/payments/{stands.parked}"

    page = kari.send(path, f"{path}/refuse")

    assert page.status == 422
    assert page.tree.xpath("//*[@aria-invalid='true']/@name") == ["reason"]


def test_a_form_from_another_place_is_refused(kari: Visitor, stands: Standing) -> None:
    path = f"/payments/{stands.parked}/refuse"

    assert kari.client.post(path, data={"reason": "so", "secret": "guessed"}).status_code == 403
    assert kari.client.post(path, data={"reason": "so"}).status_code == 403


def test_a_viewer_sees_no_act_and_cannot_do_one(stands: Standing, engine: Engine) -> None:
    viewer = visitor(engine, "ole", Role.VIEWER)
    path = f"/payments/{stands.parked}"
    secret = viewer.get(path).form("/sign-out")["secret"]

    assert not viewer.get(path).tree.xpath(f"//form[starts-with(@action, '{path}/')]")
    assert viewer.client.post(f"{path}/refuse", data={"reason": "so", "secret": secret}).status_code == 403


def test_nobody_looks_without_signing_in_and_comes_back_to_where_they_were_going(kari: Visitor) -> None:
    kari.client.cookies.clear()

    page = kari.get("/payments?state=parked")

    assert page.address.split("?")[0].endswith("/sign-in")
    assert query_of(page.address) == {"back": "/payments?state=parked"}

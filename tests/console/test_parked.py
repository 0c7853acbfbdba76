"""The worklist of parked payments, a payment's why, and the rules of payers: seen and acted on over HTTP."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import repairs
from ops.access import Role
from schemas.money import kr
from tests.console.visiting import Visitor, visitor
from tests.site import Site, kid_of, paid, site
from workers.settings import settings

DUE = date(2026, 1, 31)
PAYER = "88881011128"


@pytest.fixture
def town(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Two cases, a payment that covers a part of one, and three that no case is found for."""
    with site(engine, tmp_path) as made:
        known = made.hands.settings
        monkeypatch.setenv("KK2_DATABASE_URL", known.database_url.get_secret_value())
        monkeypatch.setenv("KK2_BROKER_URL", known.broker_url.get_secret_value())
        monkeypatch.setenv("KK2_FOLDER", str(known.folder))
        settings.cache_clear()
        made.case(1, kr(3000), DUE, fee=kr(38))
        made.case(2, kr(300), DUE)
        made.come(
            paid(kid_of(1), kr(500), debit_account=PAYER),
            paid(kid_of(71), kr(300), debit_account=PAYER),
            paid(kid_of(72), kr(200), debit_account=PAYER),
            paid(kid_of(73), kr(100), debit_account=PAYER),
        )
        yield made
        settings.cache_clear()


@pytest.fixture
def clerk(town: Site) -> Visitor:
    return visitor(town.engine, "kari", Role.CLERK)


def test_what_waits_is_shown_with_suggestions_their_confidence_in_words_and_sums(clerk: Visitor) -> None:
    page = clerk.get("/parked")

    assert page.tree.xpath("//article/@id") == ["p-2", "p-3", "p-4"]
    assert "600,00" in page.text
    (meter,) = page.tree.xpath("//article[@id='p-2']//li[.//a='0221-00000002']//meter/@value")
    assert f"{meter} av 100" in page.text
    assert "kk2 payment parked" in page.text
    assert clerk.get("/parked?reason=blank_kid").tree.xpath("//article") == []
    assert clerk.get("/parked?reason=lost").status == 400


def test_a_suggestion_is_accepted_in_its_own_form_and_the_next_payment_is_in_focus(
    clerk: Visitor, town: Site
) -> None:
    form = clerk.get("/parked").tree.xpath("//article[@id='p-2']//form[@data-accept='1']")[0]

    sent = clerk.client.post(form.action, data=dict(form.fields), follow_redirects=False)
    town.drain()

    assert (sent.status_code, sent.headers["location"]) == (303, "/parked#p-3")
    after = clerk.get("/parked")
    assert after.tree.xpath("//article/@id") == ["p-3", "p-4"]
    assert "betaling 2" in after.source
    assert town.one(
        "SELECT reason LIKE 'accepted a suggestion (% of 100)' FROM audit WHERE act = 'assign'"
    ) == (True,)
    town.prove()


def test_a_rejected_suggestion_is_gone_and_its_payment_stays_in_focus(clerk: Visitor) -> None:
    before = clerk.get("/parked/2").tree.xpath("//ol//a/text()")

    after = clerk.send("/parked/2", "/payments/2/reject-suggestion")

    assert after.status == 200
    assert clerk.get("/parked/2").tree.xpath("//ol//a/text()") == before[1:]


@pytest.mark.parametrize("q", ["0221-00000002", kid_of(2), "2", "F2-1"])
def test_a_case_is_looked_for_and_given_the_payment(clerk: Visitor, town: Site, q: str) -> None:
    if q == "2":  # shorter than a search may be
        assert "0221-00000002" not in clerk.get(f"/parked/4?q={q}").tree.xpath("//table//a/text()")
        return
    page = clerk.get(f"/parked/4?q={q}")
    (form,) = page.tree.xpath("//table//form[@action='/payments/4/assign']")
    clerk.client.post(form.action, data=dict(form.fields))
    town.drain()

    assert town.one("SELECT c.case_no FROM payment p JOIN kk2_case c ON c.id = p.case_id WHERE p.id = 4") == (
        "0221-00000002",
    )
    assert clerk.get("/parked/4").status == 404
    assert "Ingen sak" in clerk.get("/parked/3?q=nobody").text


def test_a_viewer_sees_what_waits_and_can_do_nothing_about_it(town: Site) -> None:
    viewer = visitor(town.engine, "ole", Role.VIEWER)

    for path in ("/parked", "/parked/2?q=0221", "/payments/1", "/payments/2", "/rules"):
        page = viewer.get(path)
        assert page.status == 200
        assert not page.tree.xpath("//main//form[@method='post']")
    secret = viewer.get("/parked").form("/sign-out")["secret"]
    for act, fields in (("assign", {"case": "id:1"}), ("reject-suggestion", {"case": "id:1"})):
        assert viewer.client.post(f"/payments/2/{act}", data={"secret": secret, **fields}).status_code == 403


def test_the_why_of_a_payment_goes_from_the_banks_record_to_the_number_in_visma(
    clerk: Visitor, town: Site
) -> None:
    (number,) = town.one("SELECT voucher_no FROM voucher ORDER BY id LIMIT 1")

    page = clerk.get("/payments/1")

    assert page.tree.xpath("//pre[@class='record']")[0].text.startswith("NY09")
    assert PAYER in "".join(page.tree.xpath("//main//table//td/text()"))
    for words in (
        "Dekningsrekkefølge",
        "Forsinkelsesrente på faktura F1-1",
        "365",
        str(number),
        "kk2 payment why 1",
    ):
        assert words in page.text
    assert "/vouchers/1" in page.links()
    assert clerk.get("/payments/99").status == 404


def test_the_record_is_said_to_be_away_where_the_archive_is_not_reached(
    clerk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KK2_FOLDER")
    settings.cache_clear()

    assert "Arkivet nås ikke" in clerk.get("/payments/1").text


def test_the_debtors_order_is_chosen_with_a_reason_and_shown_with_the_name(
    clerk: Visitor, town: Site
) -> None:
    order = {"first": "fee", "second": "principal", "third": "costs", "fourth": "interest"}
    twice = clerk.send("/payments/1", "/payments/1/order", **order | {"fourth": "fee"}, reason="so")
    assert twice.status == 409

    clerk.send("/payments/1", "/payments/1/order", **order, reason="the debtor asked")
    town.drain()

    page = clerk.get("/payments/1")
    assert "kari" in page.text
    assert "the debtor asked" in page.text
    town.prove()


def test_a_rule_is_proposed_tried_switched_on_and_off_and_only_by_who_may(clerk: Visitor, town: Site) -> None:
    for payment_id in (2, 3, 4):
        town.act(repairs.assign, payment_id, 1, original=None)
    (payer,) = town.one("SELECT debit_account FROM payment WHERE id = 4")
    town.come(paid(kid_of(960), kr(45), debit_account=str(payer)))
    assert "/payers/4" in clerk.get("/rules").links()
    trial = clerk.get("/payers/4?days=3650")
    assert trial.text.count("stemmer") >= 3
    admin = visitor(town.engine, "anna", Role.ADMIN)
    assert not admin.get("/payers/4").tree.xpath("//form[@action='/payers/4/switch-on']")

    assert clerk.send("/payers/4", "/payers/4/switch-on").status == 422
    on = clerk.send("/payers/4", "/payers/4/switch-on", reason="the bank gives no KID")
    assert on.address.endswith("/rules/1"), on.text
    assert "regel 1 er på" in on.source
    assert "1 parkert betaling fra denne betaleren, 45,00 kr" in on.text
    assert clerk.send("/rules/1", "/rules/1/release", payments="2").status == 409
    clerk.send("/rules/1", "/rules/1/release")
    town.drain()
    assert town.one("SELECT state, case_id, rule_id FROM payment ORDER BY id DESC LIMIT 1") == (
        "settled",
        1,
        1,
    )
    assert not clerk.get("/rules/1").tree.xpath("//form[@action='/rules/1/release']")
    town.prove()
    assert clerk.get("/payers/4").status == 404
    assert admin.send("/rules/1", "/rules/1/switch-off", reason="enough").status == 200
    assert clerk.get("/rules/1").status == 200
    assert not clerk.get("/rules/1").tree.xpath("//form[@action='/rules/1/switch-off']")
    assert clerk.get("/rules/9").status == 404


def test_a_payment_is_moved_shared_noted_on_and_taken_off_from_its_page(clerk: Visitor, town: Site) -> None:
    clerk.send("/payments/1", "/payments/1/comment", words="the debtor <called>")
    assert "the debtor <called>" in clerk.get("/payments/1").text

    clerk.send("/payments/1", "/payments/1/assign", case="0221-00000002", reason="wrong KID")
    town.drain()
    assert "0221-00000002" in clerk.get("/payments/1").text

    wrong = clerk.send(
        "/payments/1", "/payments/1/split", case="id:1", kroner="400", second_case="id:2", second_kroner="1"
    )
    assert wrong.status == 409
    half = clerk.send(
        "/payments/1", "/payments/1/split", case="id:1", kroner="400", second_case="id:2", second_kroner="100",
        third_kroner="5",
    )  # fmt: skip
    assert half.status == 409
    shared = clerk.send(
        "/payments/1", "/payments/1/split", case="id:1", kroner="400", second_case="id:2", second_kroner="100"
    )
    assert shared.status == 200
    town.drain()
    town.prove()

    assert clerk.send("/payments/1", "/payments/1/undo").status == 422
    clerk.send("/payments/1", "/payments/1/undo", reason="for somebody else")
    town.drain()
    assert "p-1" in clerk.get("/parked?reason=taken_off").tree.xpath("//article/@id")
    town.prove()


def test_an_overpayment_is_proposed_paid_back_and_listed_with_its_reference(
    clerk: Visitor, town: Site
) -> None:
    assert "Ingen har betalt mer" in clerk.get("/overpayments").text
    town.come(paid(kid_of(2), kr(450), debit_account=PAYER))

    page = clerk.get("/overpayments")
    assert "/payments/5/refund" in page.links()
    clerk.send("/payments/5", "/payments/5/refund", reason="paid twice", amount="100")
    town.drain()
    listed = clerk.get("/overpayments")
    assert "100,00 kr" in listed.text
    assert PAYER in listed.text
    assert (
        clerk.client.get("/refunds/1", follow_redirects=False).headers["location"] == "/overpayments#refund-1"
    )
    assert clerk.send("/overpayments", "/refunds/1/paid", paid_on="2026-03-20", reference="").status == 422
    clerk.send("/overpayments", "/refunds/1/paid", paid_on="2026-03-20", reference="20260320-17")

    after = clerk.get("/overpayments?company=100")
    assert "20260320-17" in after.text
    assert "kk2 payment ageing" in after.text
    viewer = visitor(town.engine, "ole", Role.VIEWER)
    assert not viewer.get("/overpayments").tree.xpath("//main//form[@method='post']")
    town.prove()

"""A clerk's path through files and proposals over HTTP, without any script."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, text

from ops import repairs
from ops.access import Role
from schemas.case import Kind
from schemas.money import kr
from tests.console.visiting import Visitor, visitor
from tests.site import ACCOUNT, Site, kid_of, paid, site

DUE = date(2026, 3, 16)
FIRST, SECOND = "0106100001", "0106100002"


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose proposals want a person, with two sums on the bank statement."""
    with site(engine, tmp_path) as made:
        made.set_up_company(auto_approve=False)
        made.case(1, kr(1000), DUE)
        made.case(2, kr(1000), DUE)
        made.come(paid(kid_of(1), kr(300), ref=FIRST), paid(kid_of(2), kr(200), ref=SECOND))
        yield made


@pytest.fixture
def clerk(here: Site) -> Visitor:
    """A clerk at its console."""
    return visitor(here.engine, "ole", Role.CLERK)


def test_the_list_leads_to_the_proposal_and_its_lines_balance(clerk: Visitor) -> None:
    assert "/proposals/100" in clerk.get("/proposals").links()
    page = clerk.get("/proposals/100")

    sums = [" ".join(cell.itertext()) for cell in page.tree.xpath("//main//tfoot/tr/td[@class='as-money']")]
    assert sums[0].startswith("500,00")
    assert sums[1] == sums[2], "a voucher's debit is its credit"
    assert sums[3] == sums[4]


def test_a_client_is_a_filter_of_the_proposal_and_its_part_is_not_approved_alone(
    here: Site, clerk: Visitor
) -> None:
    here.set_up_client(code="VAN")
    here.case(3, kr(1000), DUE)
    here.case(4, kr(1000), DUE)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE kk2_case SET client = 'VAN' WHERE case_no >= '0221-00000003'"))
    here.come(paid(kid_of(3), kr(150), ref=FIRST), paid(kid_of(77), kr(60), ref=FIRST))
    here.act(repairs.choose_order, 1, (Kind.FEE, Kind.PRINCIPAL, Kind.COSTS, Kind.INTEREST))
    here.act(repairs.share_out, 2, ((2, kr(120)), (4, kr(80))))
    here.drain()

    assert "/proposals/100?client=VAN" in clerk.get("/proposals?client=VAN").links()
    page = clerk.get("/proposals/100?client=VAN")
    money = [" ".join(c.itertext()) for c in page.tree.xpath("//main//tfoot/tr/td[@class='as-money']")]
    assert money == ["230,00", "150,00", "150,00", "80,00", "80,00"], "its part of each voucher balances"
    assert not page.tree.xpath("//form[contains(@action, 'approve') or contains(@action, 'send-back')]")
    of_both = [
        clerk.get(f"/proposals/100?client={client}").tree.xpath(
            "string((//main//tfoot)[1]/tr/td[@class='as-money'])"
        )
        for client in ("KOM", "VAN")
    ]
    assert of_both == ["420,00", "230,00"], "and 60 kr are nobody's yet"
    assert "710,00" in clerk.get("/proposals/100?client=NNN").text, "what nobody knows is no filter"
    here.prove()


def test_a_clerk_posts_one_sum_and_then_the_rest(here: Site, clerk: Visitor) -> None:
    chosen = f"/proposals/100?group={quote(f'{ACCOUNT}/2026-03-16/{FIRST}', safe='')}"
    assert (
        clerk.get(chosen).form("/proposals/100/approve")["digest"]
        != clerk.get("/proposals/100").form("/proposals/100/approve")["digest"]
    )

    assert clerk.send(chosen, "/proposals/100/approve").status == 200
    here.drain()
    assert here.all("SELECT statement_ref, total, state FROM voucher") == [(FIRST, kr(300), "delivered")]
    here.prove()

    clerk.send("/proposals/100", "/proposals/100/approve")
    here.drain()
    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(500),)
    assert "Ingenting å bokføre." in clerk.get("/proposals/100").text
    assert "500,00" in clerk.get("/booked").text
    assert "500,00" in clerk.get("/booked-days?company=100&from=2026-03-01&to=2026-03-31").text
    here.prove()


def test_a_booked_payment_goes_back_to_the_proposal_from_its_day(here: Site, clerk: Visitor) -> None:
    clerk.send("/proposals/100", "/proposals/100/approve")
    here.drain()
    days = "/booked-days?company=100&from=2026-03-01&to=2026-03-31"
    of_day = "/booked-payments?company=100&from=2026-03-16&to=2026-03-16"
    assert of_day in clerk.get(days).links()
    assert {"/payments/1/undo", "/payments/2/undo"} <= set(clerk.get(of_day).links())
    viewer = visitor(here.engine, "per", Role.VIEWER)
    assert "undo" not in "".join(viewer.get(of_day).links())
    assert "tilbake til forslaget" not in clerk.get(of_day.replace("payments?", "payments.csv?")).source

    assert "Bokført" in clerk.get(of_day).tree.xpath("string(//a[@aria-current='page'])")
    assert "betaling 1" in clerk.get("/payments/1/undo").tree.xpath("string(//h1)")
    assert clerk.send("/payments/1/undo", "/payments/1/undo").status == 422
    done = clerk.send("/payments/1/undo", "/payments/1/undo", reason="gjaldt en annen skyldner")

    assert "neste bokføringsforslag for selskap 100 tar tilbake det som er bokført" in done.text
    assert "/payments/1/undo" not in clerk.get(of_day).links()
    assert not clerk.get("/payments/1").tree.xpath("//form[@action='/payments/1/undo']")
    here.drain()
    clerk.send("/proposals/100", "/proposals/100/approve")
    here.drain()
    assert here.one("SELECT sum(amount)::bigint FROM voucher_line WHERE customer_no = '1'") == (0,)
    here.prove()


def test_what_was_paid_in_visma_is_summed_with_what_the_bank_brought(here: Site, clerk: Visitor) -> None:
    clerk.send("/proposals/100", "/proposals/100/approve")
    here.drain()
    with here.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ledger_transaction (company, transaction_id, version, voucher_no, line, day, amount, kind, "
                "invoice_no, state) VALUES ('100', 'T1', 1, '9', 1, '2026-03-16', -40000, 'payment', 'F', 'set_aside')"
            )
        )

    assert clerk.get("/booked").tree.xpath("//tfoot")[0].text_content().split()[-1] == "900,00"


def test_what_changed_since_it_was_shown_is_said_and_nothing_is_posted(here: Site, clerk: Visitor) -> None:
    shown = clerk.get("/proposals/100").form("/proposals/100/approve")
    here.come(paid(kid_of(1), kr(50), ref="0106100003"))

    answer = clerk.send("/proposals/100", "/proposals/100/approve", digest=shown["digest"])

    assert answer.status == 409
    assert "50,00" in answer.text
    assert here.all("SELECT id FROM voucher") == []


def test_a_proposal_is_sent_back_and_taken_up(here: Site, clerk: Visitor) -> None:
    clerk.send("/proposals/100", "/proposals/100/send-back", reason="to er byttet om")
    assert "to er byttet om" in clerk.get("/proposals").text
    assert clerk.send("/proposals/100", "/proposals/100/approve").status == 409

    clerk.send("/proposals/100", "/proposals/100/take-up")
    clerk.send("/proposals/100", "/proposals/100/approve")
    here.drain()

    assert here.one("SELECT sum(total) FROM voucher WHERE state = 'delivered'") == (kr(500),)
    here.prove()


def test_what_is_new_is_said_to_each_person_alone(here: Site, clerk: Visitor) -> None:
    assert "du har ikke sett det ennå" in clerk.get("/proposals").text
    clerk.send("/proposals/100", "/proposals/100/seen")
    here.come(paid(kid_of(1), kr(50), ref="0106100003"))

    assert "1 betaling, 50,00" in clerk.get("/proposals").text.replace("\u00a0", " ")
    assert "du har ikke sett det ennå" in visitor(here.engine, "eva", Role.CLERK).get("/proposals").text


def test_the_page_says_who_corrected_last_and_the_machines_version(here: Site) -> None:
    here.set_up_company(auto_approve=False, four_eyes_limit=kr(100))
    here.owe_more(1, kr(40))
    here.act(repairs.choose_order, 1, (Kind.FEE, Kind.PRINCIPAL, Kind.COSTS, Kind.INTEREST))

    page = visitor(here.engine, "kari", Role.CLERK).get("/proposals/100")
    assert "en annen må godkjenne" in page.text
    assert "260,00" in page.text
    assert "/payments/1" in page.links()
    assert (
        visitor(here.engine, "eva", Role.CLERK).send("/proposals/100", "/proposals/100/approve").status == 200
    )


def test_a_viewer_reads_and_does_nothing(here: Site) -> None:
    viewer = visitor(here.engine, "per", Role.VIEWER)
    assert not viewer.get("/proposals/100").tree.xpath("//form[contains(@action, 'approve')]")
    assert viewer.get("/proposals/999").status == 404
    assert viewer.get("/proposals/100?group=x").status == 422


def test_a_file_shows_its_sums_and_a_held_one_is_released_by_an_operator(here: Site) -> None:
    operator = visitor(here.engine, "ina", Role.OPERATOR)
    assert "/files/1" in operator.get("/files").links()
    page = operator.get("/files/1")
    assert page.text.count("500,00") >= 2
    assert operator.get("/files/99999999999").status == 404
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE bank_file SET name = '<script>x</script>.DAT' WHERE id = 1"))
    assert not operator.get("/files/1").tree.xpath("//main//script")

    here.come(paid(kid_of(1), kr(300), ref=FIRST), paid(kid_of(2), kr(200), ref=SECOND))
    assert here.one("SELECT state FROM bank_file WHERE id = 2") == ("held",)
    operator.send("/files/2", "/files/2/release", reason="banken delte filen")
    here.drain()
    assert here.one("SELECT state FROM bank_file WHERE id = 2") == ("read",)
    assert operator.get("/files/2").status == 200
    here.prove()

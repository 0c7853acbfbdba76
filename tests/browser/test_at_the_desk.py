"""People at the desk, in a real browser: an administrator's retry, a clerk without scripts, without a mouse, and two at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from ops import repairs
from schemas.money import kr
from tests.browser.conftest import Console
from tests.site import kid_of, paid


@contextmanager
def somebody(browser: Browser, console: Console, name: str, *, scripts: bool = True) -> Iterator[Page]:
    """A person with a browser of their own, signed in."""
    with browser.new_context(java_script_enabled=scripts, locale="nb-NO") as context:
        page = context.new_page()
        console.sign_in(page, name)
        yield page


@pytest.fixture
def started(console: Console) -> Iterator[None]:
    """Delivery goes on; afterwards it is stopped again, as the town has it."""
    console.here.act(repairs.start_delivery, "installation visma")
    console.here.drain()
    yield
    console.here.pass_leases()


def test_an_administrator_sends_a_refused_voucher_again_and_sees_its_number(
    browser: Browser, console: Console, started: None
) -> None:
    with somebody(browser, console, "arne") as page:
        page.goto(f"{console.url}/failed")
        card = page.locator("section", has_text="UnknownAccount")
        card.get_by_role("link", name="bilag").click()
        address = page.url
        expect(page.locator("h1")).to_contain_text("avvist")
        page.locator("summary", has_text="Send på nytt").click()
        page.get_by_role("button", name="Send på nytt").click()
        expect(page.get_by_role("status")).to_contain_text("sendes på nytt")

        console.here.drain()
        page.goto(address)
        expect(page.locator("h1")).to_contain_text("levert")
    console.here.prove()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_clerk_gives_a_parked_payment_to_a_case(browser: Browser, console: Console, scripts: bool) -> None:
    with somebody(browser, console, "anne", scripts=scripts) as page:
        page.goto(f"{console.url}/payments?state=parked")
        page.locator("tbody tr").first.get_by_role("link").first.click()
        page.locator("summary", has_text="Før på en sak").click()
        page.locator("#assign-case").fill("0221-00000038")
        page.get_by_role("button", name="Før på en sak").click()

        expect(page.get_by_role("status")).to_contain_text("føres på sak 0221-00000038")
        console.here.drain()
        page.reload()
        expect(page.locator("h1")).to_contain_text("fordelt")
    console.here.prove()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_operator_brings_a_file_looks_at_it_takes_it_in_and_finds_its_payments(
    browser: Browser, console: Console, scripts: bool
) -> None:
    ref = f"01070000{int(scripts):02d}"
    content = console.here.file(
        paid(kid_of(38), kr(77), ref=ref),
        paid(kid_of(901), kr(78), ref=ref),
        paid(kid_of(37), kr(79), ref=ref),
    )
    with somebody(browser, console, "olga", scripts=scripts) as page:
        page.goto(f"{console.url}/files")
        page.get_by_role("link", name="Legg til en fil").click()
        page.set_input_files("#file", {"name": "TBOC0099.DAT", "mimeType": "text/plain", "buffer": content})
        page.get_by_role("button", name="Se hva som ville skje med den").click()
        expect(page.locator("h1")).to_have_text("Prøv TBOC0099.DAT")
        expect(page.locator("main")).to_contain_text("Filens egne summer stemmer med betalingene.")
        if scripts:
            assert Axe().run(page).response["violations"] == []

        page.locator("#reason").fill("banken sendte den på e-post")
        page.get_by_role("button", name="Ta inn filen").click()
        expect(page.get_by_role("status")).to_contain_text("er tatt inn og blir lest")
        console.here.drain()
        page.reload()
        page.get_by_role("link", name="3", exact=True).click()
        expect(page.locator("tbody tr")).to_have_count(3)
        expect(page.locator("tfoot")).to_contain_text("234,00")
    console.here.prove()


def test_a_clerk_needs_no_mouse(browser: Browser, console: Console) -> None:
    parked = console.here.one("SELECT min(id) FROM payment WHERE state = 'parked'")[0]
    with somebody(browser, console, "anne") as page:
        page.goto(f"{console.url}/payments/{parked}")
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Gå til innholdet")
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.locator(":focus").inner_text() == "Ikke bokfør":
                break
        page.keyboard.press("Enter")
        for _ in range(10):
            page.keyboard.press("Tab")
            if page.locator(":focus").get_attribute("name") == "reason":
                break
        page.keyboard.type("ført i et annet system")
        page.keyboard.press("Enter")

        expect(page.get_by_role("status")).to_contain_text("er avvist og blir ikke bokført")
    console.here.prove()


def test_the_second_of_two_people_is_told_who_was_first(browser: Browser, console: Console) -> None:
    parked = console.here.one("SELECT min(id) FROM payment WHERE state = 'parked'")[0]
    with somebody(browser, console, "anne") as first, somebody(browser, console, "kari") as second:
        for page in (first, second):
            page.goto(f"{console.url}/payments/{parked}")
            page.locator("summary", has_text="Ikke bokfør").click()
            page.locator("#refuse-reason").fill("sendt to ganger")
        first.get_by_role("button", name="Ikke bokfør").click()
        expect(first.get_by_role("status")).to_be_visible()
        second.get_by_role("button", name="Ikke bokfør").click()

        said = second.get_by_role("alert")
        expect(said).to_contain_text("er avvist, og bare de som er parkert")
        expect(said).to_contain_text("sist: avvise av anne")
        expect(second.get_by_role("link", name="Tilbake")).to_have_attribute("href", f"/payments/{parked}")
    console.here.prove()


@pytest.mark.parametrize("path", ["/payments/1", "/cases/1"])
def test_on_paper_a_page_is_black_on_white_without_the_menu_and_its_tables_say_their_heads_on_each_page(
    browser: Browser, console: Console, path: str
) -> None:
    with somebody(browser, console, "anne") as page:
        page.goto(console.url + path)
        page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        page.emulate_media(media="print", color_scheme="dark")

        for there in (".side", ".top", ".strip", ".command"):
            expect(page.locator(there).first).to_be_hidden()
        of = "(e, name) => getComputedStyle(e)[name]"
        assert page.locator("main td").first.evaluate(of, "color") == "rgb(0, 0, 0)"
        assert page.locator("body").evaluate(of, "backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("main thead").first.evaluate(of, "display") == "table-header-group"
        assert page.locator("main tfoot").first.evaluate(of, "display") == "table-row-group"
        assert page.locator("main tr").first.evaluate(of, "breakInside") == "avoid"
        assert page.locator("main .table-responsive").first.evaluate(of, "overflowX") == "visible"

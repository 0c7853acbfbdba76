"""Every page in a real browser: no fault that axe finds, nothing cut off on a narrow screen, in both themes and languages."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from ops.desk.register import ACTS
from tests.browser.conftest import Console
from tests.browser.pages import addresses

_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

_UNREACHED = """() => [...document.querySelectorAll("body *")].filter(each =>
    each.scrollWidth > each.clientWidth + 1 && ["auto", "scroll"].includes(getComputedStyle(each).overflowX)
    && each.tabIndex < 0 && ![...each.querySelectorAll("*")].some(inside => inside.tabIndex >= 0)
).map(each => each.outerHTML.slice(0, 160))"""
"""What scrolls sideways and cannot be reached without a mouse: as axe sees it, and in a hundredth of its time."""


@pytest.fixture
def page(browser: Browser, console: Console) -> Iterator[Page]:
    """A page of somebody with all roles."""
    with browser.new_context() as context:
        made = context.new_page()
        console.sign_in(made)
        yield made


@pytest.mark.timeout(600)  # every page twice: on a machine with much else to do, minutes
def test_no_page_has_a_fault_wide_in_light_and_narrow_in_dark(page: Page, console: Console) -> None:
    found: list[str] = []
    page.on(
        "console", lambda said: found.append(f"{page.url}: {said.text}") if said.type == "error" else None
    )
    page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
    for theme, width in (("light", 1280), ("dark", 320)):
        _prefer(page, console, theme=theme)
        page.set_viewport_size({"width": width, "height": 700})
        for address in addresses(console):
            answer = page.goto(console.url + address)
            assert answer is not None
            assert answer.status == 200, f"{address}: {answer.status}"
            found += [f"{theme}, {width} px: {fault}" for fault in (*_faults(page), *_out_of_reach(page))]

    assert not found, "\n".join(found)


def test_no_page_is_wider_than_the_screen_at_200_percent(browser: Browser, console: Console) -> None:
    with browser.new_context(viewport={"width": 640, "height": 700}, device_scale_factor=2) as context:
        narrow = context.new_page()
        console.sign_in(narrow)
        found: list[str] = []
        for address in addresses(console):
            narrow.goto(console.url + address)
            found += _out_of_reach(narrow)

    assert not found, "\n".join(found)


def test_every_page_is_there_in_english_with_its_own_title(page: Page, console: Console) -> None:
    _prefer(page, console, language="en")
    titles: dict[str, str] = {}
    for address in addresses(console):
        page.goto(console.url + address)
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.locator("h1").count() == 1, address
        titles[address] = page.title()

    assert all(
        title.endswith("KK2–Visma") and len(title) > len(" · KK2–Visma") for title in titles.values()
    ), titles


def test_the_pages_are_all_here(console: Console) -> None:
    assert len(addresses(console)) > len({on for on, _ in ACTS})


def _faults(page: Page) -> list[str]:
    """What axe has against the page that is open."""
    return [
        f"{page.url}: {fault['id']} ({fault['help']}): {'; '.join(node['html'][:160] for node in fault['nodes'][:3])}"
        for fault in Axe().run(page).response["violations"]
    ]


def _out_of_reach(page: Page) -> list[str]:
    """What of the page that is open is beside the screen, or scrolls and is not reached without a mouse."""
    more = page.evaluate(_WIDE)
    return [
        *([f"{page.url}: {more} px too wide"] if more > 0 else []),
        *(f"{page.url}: not reached: {each}" for each in page.evaluate(_UNREACHED)),
    ]


def _prefer(page: Page, console: Console, **fields: str) -> None:
    page.goto(f"{console.url}/payments")
    page.locator("details.me summary").click()
    for name, value in fields.items():
        page.select_option(f"#me-{name}", value)
    page.locator("form[action='/preferences'] button").click()

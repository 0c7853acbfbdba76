"""The handbook's walk at the desk, walked: with the commands and the names of links and buttons that its page gives, and no others.

With KK2_PICTURES set to a folder the walk leaves its pictures there, which is how the handbook's are made (`make pictures`).
"""

import os
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.site import until

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "ops/handbook/desk.md").read_text("utf-8")
NAMES = set(re.findall(r"\*\*(.+?)\*\*", PAGE))
COMMANDS = re.findall(r"```sh\n(.+?)\n```", PAGE, re.DOTALL)
_SAME = {"SEED": "1", "KK2_SHOWN_AT": "2026-07-10T08:15+02:00"}
"""The same town and the same clock each time: pictures differ only where the pages do."""
_SECONDS = 150.0
_MOMENT = 30_000


class Walk:
    """Somebody who has read the page: clicks on what it names, and looks."""

    def __init__(self, page: Page, url: str, password: str) -> None:
        self.page, self.url, self.password = page, url, password
        page.set_default_timeout(_MOMENT)

    def sign_in(self, name: str) -> None:
        assert f"`{name}`" in PAGE
        if self.page.url != "about:blank":
            self.page.locator("details.me summary").click()
            self.click("Logg ut")
        self.page.goto(self.url)
        self.page.fill("#name", name)
        self.page.fill("#password", self.password)
        self.click("Logg inn")
        expect(self.page.locator("h1")).to_have_text("I dag")

    def click(self, name: str, within: str = "body") -> None:
        """Click on a link or a button of this name, which the page must have named."""
        assert name in NAMES, f"the handbook's page names no {name}"
        place = self.page.locator(within)
        what = place.get_by_role("link", name=name, exact=True).or_(place.get_by_role("button", name=name))
        what.or_(place.locator("summary", has_text=name)).first.click()

    def picture(self, name: str) -> None:
        assert f"pictures/{name}.png" in PAGE or name in (ROOT / "README.md").read_text("utf-8")
        if folder := os.environ.get("KK2_PICTURES"):
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"))


@contextmanager
def _demo() -> Iterator[tuple[str, str]]:
    """The demo as the page starts it; gives the console's address and the password that it prints."""
    command = next(each for each in COMMANDS if "demo" in each)
    said: list[str] = []
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("KK2_", "PYTEST"))}
    demo = subprocess.Popen(
        shlex.split(command), cwd=ROOT, env=environment | _SAME, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert demo.stdout is not None
    reader = threading.Thread(target=lambda: said.extend(iter(demo.stdout.readline, "")))  # type: ignore[union-attr]
    reader.start()
    try:
        until(lambda: demo.poll() is not None or any(line.startswith("logs") for line in said), _SECONDS)
        whole = "".join(said)
        console = re.search(r"^console +(\S+)$", whole, re.MULTILINE)
        password = re.search(r"password (\S+)$", whole, re.MULTILINE)
        assert console, whole
        assert password, whole
        yield console.group(1), password.group(1)
    finally:
        os.killpg(demo.pid, signal.SIGTERM)  # also where an interrupt is ignored, as in the background
        try:
            demo.wait(120)
        except subprocess.TimeoutExpired:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()
        reader.join(10)
        demo.stdout.close()


@pytest.mark.timeout(420)
def test_the_walk_of_the_handbook(browser: Browser) -> None:
    with _demo() as (url, password), browser.new_context(locale="nb-NO") as context:
        walk = Walk(context.new_page(), url, password)
        _the_clerk_repairs_what_is_parked(walk)
        _the_administrator_retries_what_visma_refused(walk)
        _the_clerk_signs_the_day(walk)
        _why_was_it_split_so(walk)


def _the_clerk_repairs_what_is_parked(walk: Walk) -> None:
    page = walk.page
    walk.sign_in("kari")
    walk.picture("desk-today")
    walk.click("Filer")
    assert "`TBOC-PRACTICE.DAT`" in PAGE
    row = page.locator("tr", has_text="TBOC-PRACTICE.DAT")
    file = row.get_by_role("link").first.inner_text().strip()
    parked = f"{walk.url}payments?state=parked&file={file}"
    page.goto(parked)
    ids = [link.inner_text().strip() for link in page.locator("tbody tr td:first-child a").all()]
    assert len(ids) == 3
    walk.click("Parkert")
    for number, each in enumerate(ids):
        page.goto(f"{walk.url}parked/{each}")
        if number == 0:
            walk.picture("desk-parked")
        walk.click("Godta", within="main ol.suggestions li:first-child")
        expect(page.get_by_role("status")).to_contain_text("føres på sak")
    page.goto(parked)
    expect(page.locator("main .empty")).to_be_visible()
    walk.click("Bokføringsforslag")
    page.get_by_role("link", name="100").first.click()
    expect(page.locator("h1")).to_contain_text("selskap 100")
    _until(page, lambda: "fordeles på nytt" not in page.locator("main").inner_text())
    walk.picture("desk-proposal")
    walk.click("Godkjenn og bokfør", within="main form.act")
    expect(page.get_by_role("status")).to_contain_text("godkjent")


def _the_administrator_retries_what_visma_refused(walk: Walk) -> None:
    page = walk.page
    walk.sign_in("arne")
    walk.click("Mislykkede leveranser")
    walk.picture("desk-failed")
    page.get_by_role("link", name=re.compile("^bilag")).first.click()
    address = page.url
    walk.click("Send på nytt", within="main details")
    walk.click("Send på nytt", within="main details[open] form")
    expect(page.get_by_role("status")).to_contain_text("sendes på nytt")
    page.goto(address)
    _until(page, lambda: "levert" in page.locator("h1").inner_text())
    walk.picture("desk-voucher")
    walk.click("Visma")
    page.get_by_role("link", name=re.compile("Kontrollere KK2 mot Visma")).first.click()
    walk.click("Kjør nå", within="main details")
    walk.click("Kjør nå", within="main details[open] form")


def _the_clerk_signs_the_day(walk: Walk) -> None:
    page = walk.page
    walk.sign_in("kari")
    walk.click("Avstemming")
    day = page.locator("tbody tr").last
    _until(page, lambda: "stemmer" in day.inner_text())
    day.get_by_role("link").first.click()
    walk.click("Kvitter dagen", within="main form.act")
    expect(page.locator("h1")).to_contain_text("kvittert")
    walk.picture("desk-day")


def _why_was_it_split_so(walk: Walk) -> None:
    page = walk.page
    walk.click("Betalinger")
    page.goto(f"{walk.url}payments?state=settled&q=")
    page.locator("tbody tr td:first-child a").first.click()
    expect(page.locator("main")).to_contain_text("Slik ble den fordelt")
    expect(page.locator("main")).to_contain_text("Nr. i Visma")
    walk.picture("desk-why")


def _until(page: Page, is_so: Callable[[], bool]) -> None:
    """Look again until it is so: the workers are at it."""
    for _ in range(60):
        if is_so():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"not in time on {page.url}: {page.locator('main').inner_text()[:600]}")

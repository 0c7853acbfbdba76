"""A real browser for the tests: Debian's Chromium, driven by Playwright, at a console that listens on a free port."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import create_engine

from ops.access import Role
from ops.console import Desk, create
from ops.embedded import Postgres, free_port
from ops.repairs import people
from tests.console.serve import live
from tests.console.visiting import PASSWORD, SETTER_UP
from tests.servers import new_database
from tests.site import Site, site, until

PEOPLE = {
    "vidar": Role.VIEWER,
    "anne": Role.CLERK,
    "olga": Role.OPERATOR,
    "arne": Role.ADMIN,
    "rita": Role.AUDITOR,
}
"""A user of each role."""
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium. Without one the tests are left out, and it is said; where CI is set that is a failure."""
    found = shutil.which("chromium")
    if found is None:
        message = "no Chromium on this machine: `make browser` installs Debian's, and these tests are left out without it"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=found, args=QUIET)
        yield made
        made.close()


@dataclass(frozen=True, slots=True)
class Console:
    """A console that listens, over a site of its own."""

    url: str
    here: Site

    def sign_in(self, page: Page, name: str = "kari") -> None:
        """Sign in by the form."""
        page.goto(f"{self.url}/sign-in")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.click("main button")


@contextmanager
def listening(here: Site) -> Iterator[str]:
    """Serve the console of a database on a free port; gives its address."""
    port = free_port()
    app = create(Desk(here.engine, lambda _: True, secure=False, site=here.hands.settings))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def console(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console over a small town that lives, with a user of each role and kari of all."""
    folder: Path = tmp_path_factory.mktemp("site")
    with new_database(postgres, template=template) as url:
        engine = create_engine(url)
        with site(engine, folder) as here:
            live(here)
            with engine.begin() as connection:
                people.add(connection, "kari", tuple(Role), PASSWORD, None, person=SETTER_UP)
                for name, role in PEOPLE.items():
                    people.add(connection, name, [role], PASSWORD, None, person=SETTER_UP)
            with listening(here) as address:
                yield Console(address, here)
        engine.dispose()

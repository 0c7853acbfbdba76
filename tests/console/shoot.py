"""Pictures of a console's pages: `python -m tests.console.shoot URL FOLDER PATH...`, signed in as kari."""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.console.visiting import PASSWORD

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    site, folder, *paths = sys.argv[1:]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{site}/sign-in")
        page.fill("#name", "kari")
        page.fill("#password", PASSWORD)
        page.click("main button")
        for path in paths:
            page.goto(site + path)
            name = (
                path.strip("/").replace("/", "-").replace("?", "-").replace("&", "-").replace("=", "-")
                or "front"
            )
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
        browser.close()


if __name__ == "__main__":
    main()

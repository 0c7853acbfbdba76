"""`make pictures`: run the guided demo, and take the handbook's pictures of its report, of Visma and of Flower."""

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from ops.demo import guided, waiting
from ops.demo.oracle import foretell
from ops.demo.stack import running
from ops.demo.staging import a_folder, stopped_by_sigterm
from ops.demo.towns import demo_town
from schemas.wording import counted

PICTURES = Path(__file__).resolve().parent.parent / "handbook" / "pictures"
LARGEST = 300_000
"""Bytes of a picture: they are in the repository for ever."""
_SEED = 1
_WIDTH = 110
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 60
_PAGES = (("visma", "/", "1200,1420"), ("flower", "/flower/workers", "1240,640"))


class PictureError(Exception):
    """A picture could not be taken; the message is the whole sentence."""


def take(folder: Path, chromium: str) -> list[Path]:
    """Run the demo and leave its three pictures in `folder`.

    Raises PictureError if the demo finds a difference or the browser fails, and what the demo raises.
    """
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=False)
    town = demo_town(_SEED)
    expected = foretell(town)
    with (
        a_folder(None) as place,
        stopped_by_sigterm(),
        running(place, town, {}, operation_timeout=guided.OPERATION_TIMEOUT, faults="") as stack,
    ):
        named = guided.show(console, stack, town, expected)
        if named:
            raise PictureError(
                f"the demo found {counted(len(named), 'difference')}: run `make demo` and mend that first"
            )
        taken = [_report(console, folder)]
        addresses = {"visma": stack.visma, "flower": stack.flower}
        taken += [
            _page(chromium, addresses[name] + path, folder / f"{name}.png", size)
            for name, path, size in _PAGES
        ]
    return taken


def _report(console: Console, folder: Path) -> Path:
    """What the demo printed, as a drawing that asks no other server for letters."""
    picture = folder / "demo.svg"
    drawn = console.export_svg(title="make demo")
    picture.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL), "utf-8")
    return picture


def _page(chromium: str, address: str, picture: Path, size: str) -> Path:
    with tempfile.TemporaryDirectory(prefix="kk2-chromium-") as profile:
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
             f"--user-data-dir={profile}", f"--window-size={size}", "--virtual-time-budget=8000",
             f"--screenshot={picture}", address],
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    if done.returncode or not picture.is_file():
        raise PictureError(f"{chromium} took no picture of {address}: {done.stderr.strip()[-300:]}")
    return picture


def main() -> int:
    """Take the pictures into the handbook; 1 with a sentence if one is not as it should be, 2 without a browser."""
    chromium = next((found for found in map(shutil.which, _NAMES) if found), None)
    if chromium is None:
        sys.stderr.write("no browser to take pictures with: apt-get install chromium, then `make pictures`\n")
        return 2
    PICTURES.mkdir(exist_ok=True)
    try:
        taken = take(PICTURES, chromium)
    except (PictureError, waiting.NotQuietError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for picture in taken:
        sys.stdout.write(f"{picture}: {picture.stat().st_size} bytes\n")
    large = [picture.name for picture in taken if picture.stat().st_size > LARGEST]
    if large:
        sys.stderr.write(f"larger than {LARGEST} bytes: {', '.join(large)}\n")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())

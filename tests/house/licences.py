"""The licence of each package that a server runs, as the handbook's page of them: `make licences` writes it."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path("ops/handbook/licences.md")
_LOCK = Path("requirements.lock")
_HEAD = """# Licences of what a server runs

kk2-visma itself is Apache-2.0. Below is every package of `requirements.lock` on this platform, with the licence that the
package itself declares; `make licences` writes the page, and a test fails where a package or its licence changed without
it, or where a licence is none of those that were looked at. The LGPL ones (psycopg, fpdf2) are used as they are published,
from their own files, and can be replaced by whoever runs the site. `make sbom` writes the bill of materials (CycloneDX,
with the hashes of the lock) to `build/sbom.cdx.json`.

"""


def locked() -> tuple[str, ...]:
    """The names in the lock of what runs in production."""
    return tuple(
        re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    )


def page() -> str:
    """The page as it should stand."""
    command = [
        sys.executable,
        "-m",
        "piplicenses",
        "--from=mixed",
        "--format=markdown",
        "--no-version",
        "--packages",
    ]
    table = subprocess.run([*command, *locked()], check=True, capture_output=True, text=True).stdout
    return _HEAD + re.sub(r" +\|", " |", table)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

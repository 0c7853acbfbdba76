"""What a server runs is known: each package locked by hash, its licence looked at and listed, in a bill of materials."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import licences

LOOKED_AT = re.compile(
    r"MIT|BSD|Apache|ISC|Python Software Foundation|PSF-2\.0|Mozilla Public License 2\.0|LGPL-3\.0-only|HPND|Zlib|Unlicense"
)


def test_the_page_of_licences_is_of_the_packages_that_are_locked() -> None:
    assert licences.page() == licences.PAGE.read_text(encoding="utf-8"), (
        "a package or its licence changed: look at it, then make licences"
    )


def test_every_licence_is_one_that_was_looked_at() -> None:
    rows = [line.strip("| ").split(" | ") for line in licences.page().splitlines() if line.startswith("| ")][
        1:
    ]
    assert len(rows) > 50
    assert [row for row in rows if not LOOKED_AT.search(row[1])] == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_is_locked_by_hash(lock: str) -> None:
    packages = re.split(r"\n(?=\S)", Path(lock).read_text(encoding="utf-8").strip())
    assert [p.split()[0] for p in packages if "--hash=sha256:" not in p] == []


def test_the_bill_of_materials_names_each_with_its_hash() -> None:
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "requirements.lock", "--of", "JSON"]
    made = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert {part["name"].lower() for part in made["components"]} == {
        name.lower() for name in licences.locked()
    }
    assert all(part["externalReferences"][0]["hashes"] for part in made["components"])

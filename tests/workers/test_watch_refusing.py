"""What lies in the inbox and is not taken: it is set aside with its reason and keeps nothing else back."""

import os
import socket
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.workers.watching import LIMIT, NOBODY, Site, a_bank_file


@pytest.fixture
def site(tmp_path: Path, engine: Engine) -> Site:
    """A bank's folder and its database."""
    return Site(tmp_path, engine)


def test_links_pipes_sockets_empty_and_over_large_files_are_set_aside_and_the_others_land(site: Site) -> None:
    (site.inbox / "link").symlink_to("/etc/passwd")
    (site.inbox / "dangling").symlink_to("/nowhere")
    os.mkfifo(site.inbox / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(site.inbox)  # a socket's path may be no longer than 108 bytes
        listener.bind("socket")
        os.chdir(here)
    (site.inbox / "empty").touch()
    with (site.inbox / "large").open("wb") as large:
        large.truncate(LIMIT + 1)
    site.drop("OCR.DAT", a_bank_file())

    swept = site.watcher().sweep()

    assert (swept.landed, swept.refused) == (1, 6)
    assert site.left() == []
    reasons = {path.name: path.read_text() for path in site.quarantine.glob("*.reason.txt")}
    assert set(reasons) == {
        f"{n}.reason.txt" for n in ("link", "dangling", "pipe", "socket", "empty", "large")
    }
    assert "symbolic link" in reasons["link.reason.txt"]
    assert "not an ordinary file" in reasons["pipe.reason.txt"]
    assert "empty" in reasons["empty.reason.txt"]
    assert f"{LIMIT + 1} bytes" in reasons["large.reason.txt"]
    assert (site.quarantine / "link").is_symlink()
    assert site.originals() == {a_bank_file()}


def test_a_link_to_a_folder_and_a_name_with_dots_lead_nowhere(site: Site, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(a_bank_file(1))
    (site.inbox / "folder").symlink_to(tmp_path / "outside")
    site.drop("a\\..\\..\\OCR.DAT", a_bank_file(2))
    site.drop("%2e%2e%2fOCR.DAT", a_bank_file(3))

    site.watcher().sweep()

    assert {name for name, *_ in site.files()} == {"a\\..\\..\\OCR.DAT", "%2e%2e%2fOCR.DAT"}
    assert (tmp_path / "outside" / "secret").exists()
    assert site.originals() == {a_bank_file(2), a_bank_file(3)}


def test_a_name_that_is_no_utf_8_or_has_control_characters_is_stored_with_replacements(site: Site) -> None:
    site.drop(b"OCR\xe6\xf8.DAT", a_bank_file(1))
    site.drop("line\nbreak\x1b[31m", a_bank_file(2))
    site.drop("n" * 255, a_bank_file(3))

    site.watcher().sweep()

    assert {name for name, *_ in site.files()} == {
        "OCR\ufffd\ufffd.DAT",
        "line\ufffdbreak\ufffd[31m",
        "n" * 255,
    }
    assert site.left() == []


@pytest.mark.skipif(os.getuid() != 0, reason="needs to become another user")
def test_a_file_that_may_not_be_read_is_set_aside_and_the_others_land(site: Site) -> None:
    site.drop("secret", a_bank_file(1)).chmod(0o000)
    site.drop("OCR.DAT", a_bank_file(2))
    for each in (site.inbox, site.archive, site.quarantine):
        os.chown(each, NOBODY, NOBODY)

    with site.as_nobody():
        swept = site.watcher().sweep()

    assert (swept.landed, swept.refused) == (1, 1)
    assert "no permission" in (site.quarantine / "secret.reason.txt").read_text()


@pytest.mark.skipif(os.getuid() != 0, reason="needs to become another user")
def test_an_inbox_that_may_not_be_emptied_keeps_its_files_and_says_so(site: Site) -> None:
    site.drop("OCR.DAT", a_bank_file()).chmod(0o644)

    with site.as_nobody():
        swept = site.watcher().sweep()

    assert (swept.landed, swept.stuck) == (0, 1)
    assert site.left() == ["OCR.DAT"]
    assert site.files() == []
    assert "1 stuck" in site.note()

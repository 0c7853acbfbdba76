"""Originals kept by their sha256, and the quarantine with its reasons."""

import hashlib
import io
import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.archive import (
    ArchiveError,
    keep,
    open_original,
    path_of,
    prove,
    refuse,
    set_aside,
    tidy,
    tidy_quarantine,
)

BYTES = b"NY00001000008080\r\n\x85\xe6\xf8\xe5" * 1000


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def no_room() -> Iterator[None]:
    """No file of this process may grow over 1 kB: a full disk, without filling one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


def test_an_original_is_kept_byte_for_byte_under_its_sha256_in_two_levels_of_folders(tmp_path: Path) -> None:
    kept = keep(tmp_path, io.BytesIO(BYTES))

    assert (kept.sha256, kept.size) == (hashlib.sha256(BYTES).hexdigest(), len(BYTES))
    assert (tmp_path / kept.sha256[:2] / kept.sha256[2:4] / kept.sha256).read_bytes() == BYTES
    with open_original(tmp_path, kept.sha256) as original:
        assert original.read() == BYTES
    assert prove(tmp_path, kept.sha256)


def test_an_empty_stream_and_one_over_several_chunks_are_kept_too(tmp_path: Path) -> None:
    large = os.urandom(3 * 1024 * 1024 + 1)

    for content in (b"", large):
        with open_original(tmp_path, keep(tmp_path, io.BytesIO(content)).sha256) as original:
            assert original.read() == content


def test_the_same_bytes_again_leave_the_first_copy_alone(tmp_path: Path) -> None:
    first = path_of(tmp_path, keep(tmp_path, io.BytesIO(BYTES)).sha256)
    before = first.stat()

    keep(tmp_path, io.BytesIO(BYTES))

    assert (first.stat().st_ino, first.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list((tmp_path / ".incoming").iterdir()) == []


def test_an_original_that_was_cut_short_is_made_whole_when_its_bytes_come_again(tmp_path: Path) -> None:
    kept = keep(tmp_path, io.BytesIO(BYTES))
    path_of(tmp_path, kept.sha256).chmod(0o600)
    path_of(tmp_path, kept.sha256).write_bytes(BYTES[:100])
    assert not prove(tmp_path, kept.sha256)

    keep(tmp_path, io.BytesIO(BYTES))

    assert prove(tmp_path, kept.sha256)


def test_a_changed_byte_is_seen_by_the_proof(tmp_path: Path) -> None:
    kept = keep(tmp_path, io.BytesIO(BYTES))
    path_of(tmp_path, kept.sha256).chmod(0o600)
    path_of(tmp_path, kept.sha256).write_bytes(b"X" + BYTES[1:])

    assert not prove(tmp_path, kept.sha256)


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63]
)
def test_no_path_is_made_of_what_is_not_a_sha256(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a sha256"):
        open_original(tmp_path, name)


def test_an_original_that_is_not_there_is_the_archives_trouble(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="can't read the archive"):
        open_original(tmp_path, "a" * 64)


@pytest.mark.usefixtures("no_room")
def test_a_full_disk_is_the_archives_trouble_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="can't write to the archive"):
        keep(tmp_path, io.BytesIO(BYTES))

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_trouble_with_the_source_is_not_the_archives(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            raise OSError("share gone")

    with pytest.raises(OSError, match="share gone"):
        keep(tmp_path, Broken())
    assert list((tmp_path / ".incoming").iterdir()) == []


def test_half_copies_are_tidied_away_when_they_are_old(tmp_path: Path) -> None:
    keep(tmp_path, io.BytesIO(BYTES))
    for name, age in (("old", 100_000), ("young", 10)):
        (tmp_path / ".incoming" / name).write_bytes(b"half")
        os.utime(tmp_path / ".incoming" / name, (tmp_path.stat().st_mtime - age,) * 2)

    assert tidy(tmp_path, older_than=86_400) == 1
    assert [path.name for path in (tmp_path / ".incoming").iterdir()] == ["young"]


def test_what_a_crash_left_half_written_in_quarantine_goes_after_a_day_and_nothing_else_does(
    tmp_path: Path,
) -> None:
    old = (f".{'a' * 32}", "OCR.DAT", "OCR.DAT.reason.txt", ".hidden")
    for name in (*old, f".{'b' * 32}"):
        (tmp_path / name).write_bytes(BYTES)
    for name in old:
        os.utime(tmp_path / name, (time.time() - 90_000,) * 2)

    assert tidy_quarantine(tmp_path, older_than=86_400) == 1
    assert names(tmp_path) == [f".{'b' * 32}", ".hidden", "OCR.DAT", "OCR.DAT.reason.txt"]


def test_a_refused_original_stands_in_quarantine_with_its_reason_once_however_often_it_is_refused(
    tmp_path: Path,
) -> None:
    archive, quarantine = tmp_path / "archive", tmp_path / "quarantine"
    kept = keep(archive, io.BytesIO(BYTES))

    paths = {
        refuse(quarantine, archive, sha256=kept.sha256, name="OCR.DAT", reason=f"3:1-8: try {n}")
        for n in (1, 2)
    }

    assert paths == {quarantine / "OCR.DAT"}
    assert (quarantine / "OCR.DAT").read_bytes() == BYTES
    assert (quarantine / "OCR.DAT.reason.txt").read_text() == "3:1-8: try 2\n"
    assert names(quarantine) == ["OCR.DAT", "OCR.DAT.reason.txt"]


def test_a_person_who_corrects_the_file_in_quarantine_does_not_change_the_original(tmp_path: Path) -> None:
    archive, quarantine = tmp_path / "archive", tmp_path / "quarantine"
    kept = keep(archive, io.BytesIO(BYTES))
    copy = refuse(quarantine, archive, sha256=kept.sha256, name="OCR.DAT", reason="no")

    copy.write_bytes(b"corrected")

    assert prove(archive, kept.sha256)


def test_another_file_of_the_same_name_stands_beside_the_first(tmp_path: Path) -> None:
    archive, quarantine = tmp_path / "archive", tmp_path / "quarantine"
    kept = [keep(archive, io.BytesIO(BYTES + bytes([n]))) for n in (1, 2)]

    for each in kept:
        refuse(quarantine, archive, sha256=each.sha256, name="OCR.DAT", reason="no")

    assert names(quarantine) == [
        "OCR.DAT",
        "OCR.DAT.2",
        "OCR.DAT.2.reason.txt",
        "OCR.DAT.reason.txt",
    ]


@pytest.mark.parametrize("name", ["../../escape", "/etc/escape", "..", "", "x" * 300, "æ" * 200])
def test_a_name_leads_to_no_place_but_the_quarantine(tmp_path: Path, name: str) -> None:
    archive, quarantine = tmp_path / "archive", tmp_path / "quarantine"
    kept = keep(archive, io.BytesIO(BYTES))

    path = refuse(quarantine, archive, sha256=kept.sha256, name=name, reason="no")

    assert path.parent == quarantine
    assert path.read_bytes() == BYTES
    assert path.with_name(path.name + ".reason.txt").read_text() == "no\n"


def test_a_file_is_set_aside_with_its_reason_and_never_over_another(tmp_path: Path) -> None:
    quarantine, inbox = tmp_path / "quarantine", tmp_path / "inbox"
    inbox.mkdir()
    folder = os.open(inbox, os.O_RDONLY)
    for number in (1, 2):
        (inbox / "claimed").write_text(f"content {number}")
        set_aside(quarantine, "claimed", folder=folder, name="OCR.DAT", reason=f"reason {number}")
    os.close(folder)

    assert {path.name: path.read_text().strip() for path in quarantine.iterdir()} == {
        "OCR.DAT": "content 1",
        "OCR.DAT.reason.txt": "reason 1",
        "OCR.DAT.2": "content 2",
        "OCR.DAT.2.reason.txt": "reason 2",
    }
    assert names(inbox) == []


@pytest.mark.parametrize("act", ["set aside", "refuse"])
def test_a_pipe_or_link_in_place_of_a_reason_blocks_nothing(tmp_path: Path, act: str) -> None:
    quarantine, inbox = tmp_path / "quarantine", tmp_path / "inbox"
    quarantine.mkdir()
    inbox.mkdir()
    os.mkfifo(quarantine / "OCR.DAT.reason.txt")
    (quarantine / "OCR.DAT.2.reason.txt").symlink_to(tmp_path / "outside")
    (inbox / "claimed").write_bytes(BYTES)

    if act == "set aside":
        folder = os.open(inbox, os.O_RDONLY)
        path = set_aside(quarantine, "claimed", folder=folder, name="OCR.DAT", reason="no")
        os.close(folder)
    else:
        kept = keep(tmp_path / "archive", io.BytesIO(BYTES))
        path = refuse(quarantine, tmp_path / "archive", sha256=kept.sha256, name="OCR.DAT", reason="no")

    assert path.name == "OCR.DAT.3"
    assert (quarantine / "OCR.DAT.3.reason.txt").read_text() == "no\n"
    assert not (tmp_path / "outside").exists()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_a_file_is_carried_to_a_quarantine_on_another_file_system(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm") / f"kk2-{os.getpid()}"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(BYTES)
    (elsewhere / "link").symlink_to("/etc/passwd")
    os.mkfifo(elsewhere / "pipe")
    folder = os.open(elsewhere, os.O_RDONLY)
    try:
        for name in ("file", "link"):
            set_aside(tmp_path / "quarantine", name, folder=folder, name=name, reason="no")
        with pytest.raises(OSError, match="another file system"):
            set_aside(tmp_path / "quarantine", "pipe", folder=folder, name="pipe", reason="no")

        assert (tmp_path / "quarantine" / "file").read_bytes() == BYTES
        assert (tmp_path / "quarantine" / "link").readlink() == Path("/etc/passwd")
        assert names(elsewhere) == ["pipe"]
        assert not (tmp_path / "quarantine" / "pipe.reason.txt").exists()
    finally:
        os.close(folder)
        for path in elsewhere.iterdir():
            path.unlink()
        elsewhere.rmdir()

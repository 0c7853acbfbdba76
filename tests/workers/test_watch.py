"""A file lands, a copy does not, and either may come from anywhere."""

import hashlib
import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.workers.watching import LIMIT, Site, a_bank_file
from workers.relay import Ringer
from workers.watch import Landed, Refused, SeenAgain, land
from workers.watch.arrival import Inbox


@pytest.fixture
def site(tmp_path: Path, engine: Engine) -> Site:
    """A bank's folder and its database."""
    return Site(tmp_path, engine)


# --- one file lands ---


def test_a_file_lands_with_its_original_one_row_one_event_one_work_row_and_one_ring(site: Site) -> None:
    site.drop("OCR.DAT", a_bank_file())

    site.watcher().sweep()

    assert site.files() == [("OCR.DAT", "landed", len(a_bank_file()))]
    assert site.originals() == {a_bank_file()}
    assert site.ask("SELECT sha256 FROM bank_file") == [(hashlib.sha256(a_bank_file()).hexdigest(),)]
    assert site.ask("SELECT event, body->>'file_id' FROM journal") == [("FileLanded", "1")]
    assert site.ask("SELECT stage, state FROM work") == [("read", "due")]
    assert [(ring.stage, ring.label) for ring in site.bells.heard] == [("read", "file 1")]
    assert site.left() == []
    assert site.note() == "1 landed, 0 seen again, 0 refused, 0 waiting, 0 stuck"


def test_the_ring_is_heard_only_after_the_commit(site: Site) -> None:
    site.bells.look = lambda ring: site.ask("SELECT state FROM work WHERE id = :id", id=ring.work_id)
    site.drop("OCR.DAT", a_bank_file())

    site.watcher().sweep()

    assert site.bells.seen == [[("due",)]]


def test_older_files_land_before_newer_ones(site: Site) -> None:
    for name, age in (("b", 30), ("c", 10), ("a", 20)):
        path = site.drop(name, a_bank_file(age))
        os.utime(path, (1_700_000_000 - age,) * 2)

    site.watcher().sweep()

    assert [name for name, *_ in site.files()] == ["b", "a", "c"]


@pytest.mark.parametrize(
    "name", [".hidden", "OCR.DAT.part", "OCR.DAT.PART", "x.tmp", "x.filepart", "~x", "x.crdownload", ".kk2"]
)
def test_a_temporary_name_is_left_alone(site: Site, name: str) -> None:
    (site.inbox / name).write_bytes(a_bank_file())

    site.watcher().sweep()

    assert site.files() == []
    assert site.left() == [name]


def test_sub_folders_are_not_descended(site: Site) -> None:
    (site.inbox / "sub").mkdir()
    (site.inbox / "sub" / "OCR.DAT").write_bytes(a_bank_file())

    site.watcher().sweep()

    assert site.files() == []
    assert (site.inbox / "sub" / "OCR.DAT").exists()


# --- copies (7.2, fault 6) ---


def test_a_copy_under_another_name_is_set_aside_with_a_reason_that_names_the_first(site: Site) -> None:
    watcher = site.watcher()
    site.drop("first.dat", a_bank_file())
    watcher.sweep()
    site.drop("second.dat", a_bank_file())

    swept = watcher.sweep()

    assert swept.seen_again == 1
    assert site.files() == [("first.dat", "landed", len(a_bank_file()))]
    assert site.ask("SELECT body->>'file_id', body->>'name' FROM journal WHERE event = 'FileSeenAgain'") == [
        ("1", "second.dat")
    ]
    assert site.ask("SELECT count(*) FROM work") == [(1,)]
    assert site.left() == []
    assert (site.quarantine / "second.dat").read_bytes() == a_bank_file()
    reason = (site.quarantine / "second.dat.reason.txt").read_text()
    assert "copy of file 1" in reason
    assert "first.dat" in reason
    assert str(site.ask("SELECT to_char(landed_at, 'YYYY-MM-DD') FROM bank_file")[0][0]) in reason


def test_a_copy_under_the_same_name_and_of_the_same_age_is_a_copy_too(site: Site) -> None:
    watcher = site.watcher()
    for _ in range(2):
        os.utime(site.drop("OCR.DAT", a_bank_file()), (1_700_000_000,) * 2)
        watcher.sweep()

    assert (site.events("FileLanded"), site.events("FileSeenAgain")) == (1, 1)


def test_two_copies_dropped_together_are_one_file_and_one_copy(site: Site) -> None:
    site.drop("a", a_bank_file())
    site.drop("b", a_bank_file())

    swept = site.watcher().sweep()

    assert (swept.landed, swept.seen_again) == (1, 1)
    assert len(site.bells.heard) == 1


def test_the_same_name_with_other_bytes_is_another_file(site: Site) -> None:
    watcher = site.watcher()
    for number in (1, 2):
        site.drop("OCR.DAT", a_bank_file(number))
        watcher.sweep()

    assert [name for name, *_ in site.files()] == ["OCR.DAT", "OCR.DAT"]
    assert site.events("FileSeenAgain") == 0


def test_a_file_that_another_watcher_is_taking_is_left_to_it_and_taken_up_when_that_one_lets_go(
    site: Site,
) -> None:
    site.drop("OCR.DAT", a_bank_file())
    with Inbox.opened(site.inbox) as rival:
        claimed = rival.claim(rival.listing()[0][0])
        assert claimed is not None
        opened = rival.open(claimed, LIMIT)
        assert isinstance(opened, tuple)
        opened[0].close()

        assert site.watcher().sweep().landed == 0
        assert site.left() == [claimed.entry]

    assert site.watcher().sweep().landed == 1
    assert site.files() == [("OCR.DAT", "landed", len(a_bank_file()))]


# --- from anywhere: `kk2 file add` ---


def test_a_file_may_be_added_from_anywhere_and_stays_where_it_is(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "mine.dat"
    path.write_bytes(a_bank_file())

    def add(which: Path) -> object:
        return land(which, engine=site.engine, ringer=Ringer(site.bells), archive=site.archive, limit=LIMIT)

    first, again = add(path), add(path)
    (tmp_path / "link").symlink_to(path)

    assert isinstance(first, Landed)
    assert first.name == "mine.dat"
    assert isinstance(again, SeenAgain)
    assert (again.file_id, again.first_name) == (first.file_id, "mine.dat")
    assert isinstance(add(tmp_path / "link"), Refused)
    assert path.read_bytes() == a_bank_file()
    assert len(site.bells.heard) == 1
    with pytest.raises(FileNotFoundError):
        add(tmp_path / "absent")


def test_a_copy_of_an_added_file_in_the_inbox_is_a_copy(site: Site, tmp_path: Path) -> None:
    (tmp_path / "mine.dat").write_bytes(a_bank_file())
    land(
        tmp_path / "mine.dat",
        engine=site.engine,
        ringer=Ringer(site.bells),
        archive=site.archive,
        limit=LIMIT,
    )
    site.drop("mine.dat", a_bank_file())

    assert site.watcher().sweep().seen_again == 1

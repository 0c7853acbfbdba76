"""The inbox swept and watched: what is taken, when, and what is set aside."""

import hashlib
import os
import socket
import threading
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.workers.watching import END, LIMIT, NOBODY, Site, a_bank_file, until
from workers.relay import Ringer
from workers.settings import Settings
from workers.watch import Landed, Refused, SeenAgain, land, watcher
from workers.watch.arrival import Inbox, ends_with_end_record


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


# --- what is not taken (7.2, fault 9) ---


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


# --- when a file is whole (7.2, fault 5) ---


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
@pytest.mark.parametrize("after", ["", "\n", "  \r\n\r\n", "\x1a", "\x00\x00"])
def test_an_end_record_of_80_characters_ends_a_file_whatever_blanks_follow(end: str, after: str) -> None:
    assert ends_with_end_record(BytesIO(a_bank_file(end=end) + after.encode()))


@pytest.mark.parametrize(
    "content",
    [
        a_bank_file()[:-2],
        a_bank_file()[:-82],
        a_bank_file() + b"NY000010",
        a_bank_file()[:-1] + b"0",
        END.encode()[:79],
        END.encode()[:40] + b"\n" + END.encode()[41:],
        b"no bank file",
        b"",
        END.encode("utf-16-le"),
    ],
)
def test_anything_else_does_not_end_a_file(content: bytes) -> None:
    assert not ends_with_end_record(BytesIO(content))


def test_a_closed_file_with_an_end_record_is_taken_at_once_and_one_without_must_be_quiet_first(
    site: Site,
) -> None:
    site.drop("whole", a_bank_file())
    site.drop("half", a_bank_file()[:-2])

    swept = site.watcher(quiet_time=600).sweep(frozenset({"whole", "half"}))

    assert (swept.landed, swept.waiting) == (1, 1)
    assert site.left() == ["half"]


def test_a_whole_file_that_nobody_said_was_closed_must_be_quiet_first(site: Site) -> None:
    site.drop("OCR.DAT", a_bank_file())

    assert site.watcher(quiet_time=600).sweep().waiting == 1


def test_a_file_is_taken_when_it_was_unchanged_for_the_quiet_time_and_no_sooner(site: Site) -> None:
    moment = 0.0
    watcher = site.watcher(quiet_time=5.0, clock=lambda: moment)
    path = site.drop("OCR.DAT", b"part 1,")
    landed: dict[float, int] = {}
    for moment in (0.0, 4.0, 4.5, 9.0, 9.6):
        if moment == 4.5:
            with path.open("ab") as stream:
                stream.write(b"part 2")
        landed[moment] = watcher.sweep().landed

    assert landed == {0.0: 0, 4.0: 0, 4.5: 0, 9.0: 0, 9.6: 1}
    assert site.originals() == {b"part 1,part 2"}


def test_a_file_that_is_replaced_by_one_of_the_same_size_and_age_begins_to_be_quiet_anew(site: Site) -> None:
    moment = 0.0
    watcher = site.watcher(quiet_time=5.0, clock=lambda: moment)
    os.utime(site.drop("OCR.DAT", b"one"), (1_700_000_000,) * 2)
    watcher.sweep()
    moment = 6.0
    os.utime(site.drop("OCR.DAT", b"two"), (1_700_000_000,) * 2)

    assert watcher.sweep().landed == 0
    moment = 12.0
    assert watcher.sweep().landed == 1


@pytest.mark.parametrize("polling", [False, True])
def test_a_file_written_slowly_is_never_taken_before_it_is_whole(site: Site, *, polling: bool) -> None:
    content = b"".join(
        a_bank_file(number) for number in range(20)
    )  # an end record now and then, as in a joined file
    with (
        site.watching(quiet_time=1.0, polling=polling),
        (site.inbox / "OCR.DAT").open("wb", buffering=0) as stream,
    ):
        for start in range(0, len(content), len(content) // 20):
            stream.write(content[start : start + len(content) // 20])
            threading.Event().wait(0.1)
        stream.close()
        until(site.files)

        assert site.originals() == {content}
        assert site.left() == []


# --- hints ---


def test_a_hint_makes_it_at_once_with_a_timer_of_an_hour(site: Site) -> None:
    with site.watching(quiet_time=600, scan_interval=3600):
        until(lambda: "0 landed" in site.note())
        (site.inbox / "closed.dat").write_bytes(a_bank_file(1))
        until(lambda: len(site.files()) == 1)
        site.drop("renamed.dat", a_bank_file(2))
        until(lambda: len(site.files()) == 2)
        outside = site.folder / "moved.dat"
        outside.write_bytes(a_bank_file(3))
        outside.rename(site.inbox / "moved.dat")
        until(lambda: len(site.files()) == 3)


def test_without_any_observer_two_sweeps_find_all_of_2000_files(site: Site) -> None:
    for number in range(2_000):
        (site.inbox / f"{number}").write_bytes(a_bank_file(number))
    moment = 0.0
    watcher = site.watcher(quiet_time=5.0, clock=lambda: moment)

    assert watcher.sweep().landed == 0
    moment = 10.0
    assert watcher.sweep().landed == 2_000
    assert site.events("FileLanded") == len(site.bells.heard) == 2_000


def test_a_share_waits_longer_unless_the_site_chose(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # a machine's own KK2_ variables must not decide
    for name in [name for name in os.environ if name.startswith("KK2_")]:
        monkeypatch.delenv(name)
    address = site.engine.url.render_as_string(hide_password=False)

    def quiet_time(**chosen: object) -> float:
        chosen |= {"database_url": address, "broker_url": "redis://127.0.0.1", "folder": site.folder}
        return watcher(Settings.model_validate(chosen), site.engine, Ringer(site.bells)).quiet_time

    assert [quiet_time(), quiet_time(polling=True), quiet_time(polling=True, quiet_time=7)] == [
        5.0,
        30.0,
        7.0,
    ]


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

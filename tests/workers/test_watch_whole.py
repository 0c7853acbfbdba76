"""When a file is whole: at once by its end record and its writer's word, or else when it is quiet."""

import os
import threading
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.workers.watching import END, Site, a_bank_file, until
from workers.relay import Ringer
from workers.settings import Settings
from workers.watch import watcher
from workers.watch.arrival import ends_with_end_record


@pytest.fixture
def site(tmp_path: Path, engine: Engine) -> Site:
    """A bank's folder and its database."""
    return Site(tmp_path, engine)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
@pytest.mark.parametrize("after", ["", "\n", "  \r\n\r\n", "\x1a", "\x00\x00"])
def test_an_end_record_of_80_characters_ends_a_file_whatever_blanks_follow(end: str, after: str) -> None:
    assert ends_with_end_record(BytesIO(a_bank_file(end=end) + after.encode()))


@pytest.mark.parametrize("content", [b"<Document></Document>\r\n", b"<n:Document></n:Document >"])
def test_the_end_of_the_document_ends_a_file_of_xml(content: bytes) -> None:
    assert ends_with_end_record(BytesIO(content))


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
        b"<Document></Document",
        b"<Document></Documents>",
        b"<Document></Ntfctn>",
        b"<!-- </Document> -->",
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

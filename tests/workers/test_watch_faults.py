"""What the watcher survives: being killed anywhere, rivals, and a folder, disk, database or broker that goes away."""

import os
import resource
import shutil
import signal
import threading
from pathlib import Path
from typing import BinaryIO

import psutil
import psycopg
import pytest
from sqlalchemy import Engine
from watchdog.observers.api import BaseObserver

from ops.embedded import Postgres
from tests.points import KILLED, crash_points
from tests.workers.watching import Site, a_bank_file, until
from workers.archive import Kept, keep
from workers.watch import taking

ROOT = Path(__file__).parents[2]
POINTS = [
    point
    for package in ("workers/watch/", "workers/archive/")
    for point in crash_points(package)
    # the reader's, `kk2 file add`'s, and a quarantine's on another disk
    if not point.startswith(("archive.key", "add.", "quarantine.link"))
]

CASES = [
    (point, 2 if point in {"watch.claim.after", "archive.publish.after", "watch.remove.after"} else 1)
    for point in POINTS
]
"""Some are passed once a file, and there the second file is the better test."""


@pytest.fixture
def site(tmp_path: Path, engine: Engine) -> Site:
    """A bank's folder and its database."""
    return Site(tmp_path, engine)


@pytest.mark.parametrize(("point", "hit"), CASES)
def test_killed_at_any_point_each_file_lands_once_and_a_copy_stays_a_copy(
    site: Site, point: str, hit: int
) -> None:
    for number in range(3):
        site.drop(f"{number}.dat", a_bank_file(number))
    site.drop("copy.dat", a_bank_file(0))

    with site.process(crash_at=f"{point}:{hit}") as process:
        assert process.wait(60) == -signal.SIGKILL
    KILLED[point] += 1
    site.watcher().sweep()

    assert [name for name, *_ in sorted(site.files(), key=str)] in (
        ["0.dat", "1.dat", "2.dat"],
        ["1.dat", "2.dat", "copy.dat"],
    )
    assert site.ask("SELECT count(*) FROM journal WHERE event = 'FileLanded'") == [(3,)]
    assert site.ask("SELECT count(*) FROM work WHERE stage = 'read' AND state = 'due'") == [(3,)]
    assert site.originals() == {a_bank_file(number) for number in range(3)}
    assert site.left() == []
    aside = {path.name for path in site.quarantine.iterdir() if not path.name.startswith(".")}
    assert aside in ({"copy.dat", "copy.dat.reason.txt"}, {"0.dat", "0.dat.reason.txt"})
    assert site.events("FileSeenAgain") in (
        1,
        2,
    )  # said before it is moved, so a crash in between says it twice


def test_killed_while_it_copies_a_large_file_no_half_original_is_ever_seen(site: Site) -> None:
    content = a_bank_file() * 3000
    site.drop("large.dat", content)

    with site.process(crash_at="archive.publish.before:1") as process:
        process.wait(60)
    assert site.originals() == set()
    assert site.files() == []
    site.watcher().sweep()

    assert site.originals() == {content}
    assert site.files() == [("large.dat", "landed", len(content))]


def test_200_files_that_came_while_it_was_down_are_taken_at_start(site: Site) -> None:
    for number in range(200):
        site.drop(f"{number}", a_bank_file(number))

    with site.process(quiet_time=0.5):
        until(lambda: len(site.files()) == 200)
        until(lambda: site.left() == [])


def test_two_watchers_on_one_folder_land_each_of_500_files_once_and_say_each_copy_once(site: Site) -> None:
    with site.process(), site.process():
        until(lambda: "0 landed" in site.note())
        for number in range(500):
            site.drop(f"{number}", a_bank_file(number % 450))
        until(lambda: len(site.files()) == 450, seconds=60)
        until(lambda: site.left() == [])
        until(lambda: site.events("FileSeenAgain") == 50)

    assert site.events("FileLanded") == 450
    assert len(list(site.quarantine.glob("*.reason.txt"))) == 50
    assert len(list(site.quarantine.iterdir())) == 100


def test_stopped_in_the_middle_of_many_files_it_loses_none(site: Site) -> None:
    for number in range(600):
        site.drop(f"{number}", a_bank_file(number))

    with site.process() as process:
        until(site.files)
        process.terminate()
        assert process.wait(30) == 0
    site.watcher().sweep()

    assert len(site.files()) == site.events("FileLanded") == 600
    assert site.left() == []


def test_a_writer_that_goes_on_while_its_file_is_taken_brings_another_file_and_loses_nothing(
    site: Site,
) -> None:
    now = [0.0]
    watcher = site.watcher(quiet_time=5.0, clock=lambda: now[0])

    def sweep_at(moment: float) -> int:
        now[0] = moment
        return watcher.sweep().landed

    half = a_bank_file()
    with (site.inbox / "OCR.DAT").open("wb", buffering=0) as stream:
        stream.write(half)
        # a ring is heard after the commit and before the inbox is emptied
        site.bells.look = lambda _: stream.write(b"and the rest") if len(site.bells.heard) == 1 else 0
        landed = [sweep_at(moment) for moment in (0.0, 6.0, 7.0, 13.0, 80.0)]

    assert landed == [0, 1, 0, 1, 0]
    assert site.originals() == {half, half + b"and the rest"}
    assert site.left() == []
    assert [name for name, *_ in site.files()] == ["OCR.DAT", "OCR.DAT"]


@pytest.mark.parametrize("left", [0, 100])
def test_a_file_that_is_cut_short_while_it_is_copied_is_looked_at_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    def meanwhile(archive: Path, stream: BinaryIO) -> Kept:
        monkeypatch.undo()
        os.truncate(f"/proc/self/fd/{stream.fileno()}", left)
        return keep(archive, stream)

    monkeypatch.setattr(taking, "keep", meanwhile)
    site.drop("OCR.DAT", a_bank_file())
    watcher = site.watcher()

    first = watcher.sweep()
    assert (first.landed, first.waiting, site.files()) == (0, 1, [])
    second = watcher.sweep()

    assert (second.landed, second.refused) == (int(left > 0), int(left == 0))
    assert [size for _, _, size in site.files()] == ([left] if left else [])


def test_a_writer_that_stalls_before_the_end_record_loses_nothing_when_it_goes_on(site: Site) -> None:
    now = [0.0]
    watcher = site.watcher(quiet_time=5.0, clock=lambda: now[0])

    def sweep_at(moment: float) -> int:
        now[0] = moment
        return watcher.sweep().landed

    with (site.inbox / "OCR.DAT").open("wb", buffering=0) as stream:
        stream.write(a_bank_file()[:100])
        landed = [sweep_at(moment) for moment in (0.0, 6.0, 30.0, 65.0)]
        stream.write(a_bank_file()[100:])
        landed += [sweep_at(moment) for moment in (65.5, 68.0, 71.0)]

    assert landed == [0, 1, 0, 0, 0, 0, 1]
    assert site.originals() == {a_bank_file()[:100], a_bank_file()}
    assert site.left() == []


def test_a_file_without_an_end_record_leaves_the_inbox_when_nothing_more_came(site: Site) -> None:
    now = [0.0]
    watcher = site.watcher(quiet_time=5.0, clock=lambda: now[0])
    site.drop("OCR.DAT", b"no bank file")
    left: list[int] = []
    for now[0] in (0.0, 6.0, 60.0, 67.0):
        watcher.sweep()
        left.append(len(site.left()))

    assert left == [1, 1, 1, 0]
    assert site.events("FileLanded") == 1


# --- the folder ---


@pytest.mark.parametrize("polling", [False, True])
def test_an_inbox_that_is_removed_and_made_again_is_watched_again(site: Site, *, polling: bool) -> None:
    quiet = 0.0 if polling else 600.0  # only an event can make a file land at once
    with site.watching(quiet_time=quiet, polling=polling):
        until(lambda: "0 landed" in site.note())
        shutil.rmtree(site.inbox)
        beaten = site.ask("SELECT at FROM heartbeat")
        until(lambda: site.ask("SELECT at < now() - interval '1 second' FROM heartbeat") == [(True,)])
        site.inbox.mkdir()
        until(lambda: site.ask("SELECT at FROM heartbeat") > beaten)
        site.drop("OCR.DAT", a_bank_file())
        until(site.files)


def test_an_observer_that_dies_is_started_again(site: Site) -> None:
    with site.watching(quiet_time=600):
        until(lambda: "0 landed" in site.note())
        dead = next(each for each in threading.enumerate() if isinstance(each, BaseObserver))
        dead.stop()
        until(
            lambda: any(isinstance(each, BaseObserver) and each is not dead for each in threading.enumerate())
        )
        site.drop("OCR.DAT", a_bank_file())
        until(site.files)


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_5000_files_over_a_full_inotify_queue_are_found_by_the_sweep(site: Site) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text("ascii"))
    if most > 20_000:
        pytest.skip("this machine's queue takes more than this many files fill")
    with site.process(quiet_time=0.3) as process:
        until(lambda: "0 landed" in site.note())
        process.send_signal(signal.SIGSTOP)
        for number in range(
            5_000
        ):  # of each one is closed and two are renamed: five events that the watcher asks for
            path = site.inbox / f"{number}.part"
            path.write_bytes(a_bank_file(number))
            path.rename(site.inbox / f"{number}.tmp").rename(site.inbox / f"{number}.dat")
        process.send_signal(signal.SIGCONT)
        until(lambda: len(site.files()) == 5_000, seconds=240)
        until(lambda: site.left() == [])

    assert site.events("FileLanded") == 5_000


# --- disk, database, broker ---


def test_a_full_archive_loses_nothing_is_said_and_ends_when_there_is_room(site: Site) -> None:
    with site.process() as process:
        until(lambda: "0 landed" in site.note())
        limits = psutil.Process(process.pid)
        limits.rlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))  # as a disk with 1000 bytes left
        site.drop("large.dat", a_bank_file() * 10)
        site.drop("small.dat", a_bank_file())
        until(lambda: "can't write to the archive" in site.note())
        until(lambda: [name for name, *_ in site.files()] == ["small.dat"])
        assert len(site.left()) == 1
        limits.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: len(site.files()) == 2)
        until(lambda: "archive" not in site.note())

    assert site.originals() == {a_bank_file(), a_bank_file() * 10}
    assert site.left() == []


def test_with_the_database_away_files_stay_in_the_inbox_and_land_when_it_is_back(
    site: Site, postgres: Postgres
) -> None:
    name = site.engine.url.database
    with site.watching():
        until(lambda: "0 landed" in site.note())
        with postgres.as_admin() as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(postgres.url_of(str(name)).replace("+psycopg", ""))
            site.drop("OCR.DAT", a_bank_file())
            until(lambda: not _connected(admin, str(name)))
            assert site.left() == ["OCR.DAT"]
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        site.engine.dispose()
        until(site.files)

    assert site.left() == []


def _connected(admin: psycopg.Connection, name: str) -> bool:
    return bool(admin.execute("SELECT FROM pg_stat_activity WHERE datname = %s", [name]).fetchall())


def test_with_the_broker_away_files_land_all_the_same_and_their_work_is_due(site: Site) -> None:
    site.bells.down = True
    for number in range(3):
        site.drop(f"{number}", a_bank_file(number))

    site.watcher().sweep()

    assert site.ask("SELECT count(*) FROM work WHERE state = 'due'") == [(3,)]
    assert site.left() == []

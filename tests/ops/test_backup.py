"""A site that is backed up, loses its machine, and stands again: nothing is sent twice, nothing is lost."""

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from ops import backup, cli, repairs
from ops.access import ALL_ROLES
from ops.backup.manifest import MANIFEST, SUMS, digest
from ops.embedded import Postgres
from schemas.money import kr
from tests.ops.acting import Kk2
from tests.servers import new_database
from tests.site import DAY, Site, first_life, hands_on, kid_of, paid
from workers.archive import fingerprint_key, path_of
from workers.settings import settings
from workers.store import epoch

DUE = date(2026, 3, 1)
KARI = repairs.Person("kari", "the disk is gone", ALL_ROLES)
KEY = b"planted-fingerprint-key"


@pytest.fixture(scope="module")
def new_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL that has never heard of the site."""
    folder = tmp_path_factory.mktemp("machine")
    folder.parent.chmod(0o711)
    server = Postgres(folder, durable=False, machine=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def here(engine: Engine, owner: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site in its first life, with four cases."""
    with first_life(engine, owner, tmp_path, DUE) as made:
        yield made


@pytest.fixture
def taken(here: Site) -> Path:
    """A back-up of a site with one file, an act of a person, and money parked."""
    here.come(paid(kid_of(1), kr(1000)), paid(kid_of(77), kr(50)))
    here.act(repairs.assign, here.one("SELECT id FROM payment WHERE state = 'parked'")[0], 2, original=None)
    folder = here.folder / "backup"
    backup.take(here.engine, here.hands.settings.archive_folder, folder, key=KEY)
    return folder


@pytest.fixture
def kk2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broker_url: str
) -> Iterator[Kk2]:
    """A command line on the site that KK2_DATABASE_URL and KK2_FOLDER name; the broker holds nothing."""
    monkeypatch.setenv("KK2_BROKER_URL", broker_url)
    monkeypatch.setenv("KK2_ACTOR", "kari")

    def run(*line: str) -> tuple[int, str, str]:
        settings.cache_clear()
        capsys.readouterr()
        status = cli.main([*line])
        said = capsys.readouterr()
        return status, said.out, said.err

    yield run
    settings.cache_clear()


def at(monkeypatch: pytest.MonkeyPatch, engine: Engine, folder: Path) -> None:
    monkeypatch.setenv("KK2_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("KK2_FOLDER", str(folder))


def test_a_site_that_lost_its_machine_stands_again_and_sends_nothing_twice(
    here: Site, new_machine: Postgres, kk2: Kk2, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here.come(paid(kid_of(1), kr(1000)), paid(kid_of(77), kr(50), ref="0106100009"))
    here.come(paid(kid_of(2), kr(2000), ref="0106100002"), but=("deliver",))
    at(monkeypatch, here.engine, tmp_path / "kk2")
    status, said, _ = kk2("backup", "--to", str(tmp_path / "backup"))
    assert (status, "2 originals" in said) == (0, True)

    here.drain()
    lost = here.file(paid(kid_of(3), kr(3000), ref="0106100003"))
    here.drop(lost)
    here.drain()
    sent = sorted(booked.reference for booked in here.simulator.vouchers())
    assert len(sent) == 4

    with new_database(new_machine, template="template0") as url:
        engine = create_engine(url)
        new = replace(
            here, engine=engine, hands=hands_on(engine, tmp_path / "new", here.rung), folder=tmp_path
        )
        at(monkeypatch, engine, tmp_path / "new" / "kk2")
        status, said, _ = kk2("restore", "--from", str(tmp_path / "backup"))
        assert (status, "nothing is sent: this is epoch 2" in said, "fingerprint key is missing" in said) == (
            0, True, True,
        )  # fmt: skip
        for old in (tmp_path / "kk2" / "archive").glob("fingerprint.key"):
            shutil.copy(old, new.hands.settings.archive_folder)
        assert epoch.look(engine, new.hands.settings.archive_folder) == 2
        new.drain()
        status, said, _ = kk2("doctor")
        assert status == 1
        assert "bad      epoch: restored, and nothing is sent: kk2 visma recover" in said
        assert sorted(booked.reference for booked in new.simulator.vouchers()) == sent

        assert kk2("visma", "recover")[0] == 1
        new.drop(lost)
        new.drain()
        assert kk2("visma", "recover")[0] == 0
        new.come(paid(kid_of(4), kr(4000), ref="0106100004", day=DAY + timedelta(days=1)))

        booked = [(v.reference, v.calls) for v in new.simulator.vouchers()]
        assert sorted(booked) == sorted([*((reference, 1) for reference in sent), ("K1-2-5", 1)])
        status, said, _ = kk2("balance")
        assert (status, said.endswith("the money agrees\n")) == (0, True)
        new.prove()
        engine.dispose()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: _flip(f / "tables" / "payment.gz"), "tables/payment.gz is not what was written"),
        (lambda f: _flip(next((f / "originals").glob("??/??/*"))), "originals/.* is not what was written"),
        (lambda f: _flip(f / MANIFEST), "manifest.json is not what was written"),
        (lambda f: _flip(f / SUMS), "is not what was written"),
        (lambda f: (f / "tables" / "split.gz").unlink(), "tables/split.gz is missing"),
        (lambda f: next((f / "originals").glob("??/??/*")).unlink(), "originals/.* is missing"),
        (lambda f: (f / SUMS).unlink(), "is no whole back-up: it has no SHA256SUMS"),
        (lambda f: _say(f, migration="0001"), "at 0001; this version wants .*: install the version that made it"),
    ],
)  # fmt: skip
def test_a_damaged_back_up_is_refused_in_a_sentence(
    taken: Path, spoil: Callable[[Path], None], says: str
) -> None:
    backup.check(taken)
    spoil(taken)

    with pytest.raises(backup.BackupError, match=says):
        backup.check(taken)


def test_what_the_manifest_says_otherwise_is_refused_and_all_is_taken_back(
    taken: Path, here: Site, new_machine: Postgres, tmp_path: Path
) -> None:
    whole = json.loads((taken / MANIFEST).read_text("utf-8"))
    with new_database(new_machine, template="template0") as url:
        engine = create_engine(url)
        for said, says in (
            ({"rows": whole["rows"] | {"payment": 3}}, "payment has 2 rows, the manifest says 3"),
            ({"money": whole["money"] | {"claims": [4, 1]}}, "the sums are not those of the manifest"),
            ({"audit": "00"}, "the acts of people are not those of the manifest"),
        ):
            _say(taken, **said)
            with pytest.raises(backup.BackupError, match=says):
                backup.restore(engine, tmp_path / "archive", taken, key=None, person=KARI)
            _say(taken, **whole)

        done = backup.restore(engine, tmp_path / "archive", taken, key=KEY, person=KARI)

        assert (done.epoch, done.same_key, done.later) == (2, True, ())
        with pytest.raises(backup.BackupError, match="the database is not empty"):
            backup.restore(engine, tmp_path / "archive", taken, key=KEY, person=KARI)
        engine.dispose()


def test_a_database_on_which_processes_work_is_not_restored_into(
    taken: Path, new_machine: Postgres, tmp_path: Path
) -> None:
    with new_database(new_machine, template="template0") as url:
        engine = create_engine(url)
        worker = create_engine(url, connect_args={"application_name": "kk2"})
        with worker.connect(), pytest.raises(backup.BackupError, match="stop workers, watch"):
            backup.restore(engine, tmp_path / "archive", taken, key=KEY, person=KARI)
        worker.dispose()
        engine.dispose()


def test_an_archive_that_survived_names_the_files_that_came_after_the_back_up(
    taken: Path, here: Site, new_machine: Postgres, tmp_path: Path
) -> None:
    here.come(paid(kid_of(3), kr(3000), ref="0106100003"))
    archive = here.hands.settings.archive_folder
    (later,) = here.one("SELECT sha256 FROM bank_file ORDER BY id DESC LIMIT 1")
    with new_database(new_machine, template="template0") as url:
        engine = create_engine(url)

        done = backup.restore(engine, archive, taken, key=b"another", person=KARI)

        assert (done.later, done.same_key) == ((str(path_of(archive, str(later))),), False)
        assert (archive / "epoch").read_text("ascii") == "2"
        engine.dispose()


def test_an_original_that_is_lost_or_damaged_is_named_and_all_else_is_backed_up(here: Site) -> None:
    here.come(paid(kid_of(1), kr(1000)))
    here.come(paid(kid_of(2), kr(2000), ref="0106100002"))
    archive = here.hands.settings.archive_folder
    first, second = (str(row[0]) for row in here.all("SELECT sha256 FROM bank_file ORDER BY id"))
    path_of(archive, first).unlink()
    _flip(path_of(archive, second))

    manifest = backup.take(here.engine, archive, here.folder / "backup", key=KEY)

    assert (manifest.lacks, manifest.originals) == ((first, second), ())
    assert backup.check(here.folder / "backup") == manifest
    with pytest.raises(backup.BackupError, match="is not empty"):
        backup.take(here.engine, archive, here.folder / "backup", key=KEY)


def test_no_secret_and_no_session_is_in_a_back_up(taken: Path, here: Site) -> None:
    secrets = [KEY, str(here.engine.url.password).encode(), fingerprint_key(here.hands.settings)]
    written = [
        gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        for file in taken.rglob("*")
        if file.is_file()
    ]

    assert not [secret for secret in secrets for each in written if secret in each]
    assert not (taken / "tables" / "session.gz").exists()
    assert oct(taken.stat().st_mode & 0o777) == "0o700"


def test_a_back_up_that_is_restored_twice_begins_two_lives_with_two_numbers(
    here: Site, new_machine: Postgres, kk2: Kk2, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backup.take(here.engine, here.hands.settings.archive_folder, tmp_path / "backup", key=KEY)
    for life in ("second", "third"):
        with new_database(new_machine, template="template0") as url:
            engine = create_engine(url)
            new = replace(here, engine=engine, hands=hands_on(engine, tmp_path / life, here.rung))
            backup.restore(
                engine, tmp_path / life / "kk2" / "archive", tmp_path / "backup", key=None, person=KARI
            )
            at(monkeypatch, engine, tmp_path / life / "kk2")
            kk2("visma", "recover")
            payment = (1, DAY) if life == "second" else (2, DAY + timedelta(days=1))
            new.come(paid(kid_of(payment[0]), kr(1000 * payment[0]), day=payment[1]))
            engine.dispose()

    assert sorted(each.reference for each in here.simulator.vouchers()) == ["K1-2-1", "K1-3-1"]


def test_a_stop_of_a_persons_stays_after_a_restore_and_the_restores_own_ends_with_recover(
    here: Site, new_machine: Postgres, kk2: Kk2, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here.act(repairs.stop_delivery, "*")
    backup.take(here.engine, here.hands.settings.archive_folder, tmp_path / "backup", key=KEY)
    with new_database(new_machine, template="template0") as url:
        engine = create_engine(url)
        backup.restore(
            engine, tmp_path / "new" / "kk2" / "archive", tmp_path / "backup", key=None, person=KARI
        )
        at(monkeypatch, engine, tmp_path / "new" / "kk2")
        with engine.connect() as connection:
            assert epoch.restored(connection)
            scopes = "SELECT scope FROM brake ORDER BY scope"
            assert connection.execute(text(scopes)).scalars().all() == ["*", "100"]

        assert kk2("visma", "recover")[0] == 0

        with engine.connect() as connection:
            assert connection.execute(text(scopes)).scalars().all() == ["100"]
        engine.dispose()


def _flip(file: Path) -> None:
    """One bit of one byte in the middle is another."""
    file.chmod(0o640)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _say(folder: Path, **said: object) -> None:
    """The manifest says something else, and the sums fit it."""
    file = folder / MANIFEST
    before = digest(file)
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | said), "utf-8")
    sums = folder / SUMS
    sums.write_text(sums.read_text("utf-8").replace(before, digest(file)), "utf-8")

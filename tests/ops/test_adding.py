"""`kk2 file add` and the page do one repair: the file's row, its event and the person's name stand together or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.access import ALL_ROLES, Role
from ops.repairs import Person, Refusal
from ops.repairs.adding import CameBefore, add_file, called
from tests.site import hands_on
from workers import audit
from workers.archive import hold, path_of
from workers.settings import Settings

OLGA = Person("olga", "the bank's line was down", ALL_ROLES)


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Settings:
    return hands_on(engine, tmp_path, []).settings


def counts(engine: Engine) -> tuple[int, ...]:
    """Files, events that one landed, work rows to read one, acts in the audit."""
    with engine.connect() as connection:
        return tuple(
            connection.execute(
                text(
                    "SELECT (SELECT count(*) FROM bank_file), (SELECT count(*) FROM journal WHERE event = 'FileLanded'), "
                    "(SELECT count(*) FROM work WHERE stage = 'read'), (SELECT count(*) FROM audit WHERE act = 'add file')"
                )
            ).one()
        )


@pytest.mark.parametrize(
    ("point", "then"),
    [
        ("archive.publish.after", (0, 0, 0, 0)),
        ("add.before_commit", (0, 0, 0, 0)),
        ("add.after_commit", (1, 1, 1, 1)),
    ],
)
def test_killed_anywhere_the_file_and_the_name_of_who_brought_it_stand_together(
    engine: Engine, migrated_url: str, tmp_path: Path, point: str, then: tuple[int, ...]
) -> None:
    file = tmp_path / "OCR.D240112"
    file.write_bytes(b"NY")
    line = [sys.executable, "-m", "ops.cli", "file", "add", str(file)]
    site = {
        "KK2_DATABASE_URL": migrated_url, "KK2_BROKER_URL": "redis://127.0.0.1:1/0", "KK2_ACTOR": "olga",
        "KK2_FOLDER": str(tmp_path / "kk2"),
    }  # fmt: skip

    killed = subprocess.run(line, env={**os.environ, **site, "KK2_CRASH_AT": point}, check=False)

    assert killed.returncode == -signal.SIGKILL
    assert counts(engine) == then
    again = subprocess.run(line, env={**os.environ, **site}, capture_output=True, check=False)
    assert again.returncode == then[0], again.stderr
    assert counts(engine) == (1, 1, 1, 1)
    with engine.connect() as connection:
        assert audit.verify(connection) is None


def test_only_the_bytes_that_were_shown_are_taken_and_a_copy_leads_to_the_first(
    engine: Engine, here: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "a.ocr"
    file.write_bytes(b"NY")
    with pytest.raises(Refusal, match="not those that were shown"):
        add_file(engine, file, site=here, person=OLGA, sha256="0" * 64)
    assert counts(engine) == (0, 0, 0, 0)
    with pytest.raises(Refusal, match="is for the role operator"):
        add_file(engine, file, site=here, person=Person("vidar", "", frozenset({Role.CLERK})))

    added = add_file(engine, file, site=here, person=OLGA)
    with pytest.raises(CameBefore, match="It is a copy of file 1") as copy:
        add_file(engine, file, site=here, person=OLGA)

    assert (added.made, copy.value.file_id) == (1, 1)
    assert counts(engine) == (1, 1, 1, 1)


def test_a_file_of_the_inbox_is_taken_out_of_it_and_another_of_its_name_is_not(
    engine: Engine, here: Settings
) -> None:
    here.inbox_folder.mkdir(parents=True)
    standing = here.inbox_folder / "a.ocr"
    standing.write_bytes(b"NY")
    with standing.open("rb") as stream:
        kept = hold(here.uploads_folder, stream)
    standing.write_bytes(b"NY, and another")

    key = b"a.ocr".hex()
    add_file(
        engine, path_of(here.uploads_folder, kept.sha256), site=here, person=OLGA, name="a.ocr", inbox=key
    )
    (left,) = here.inbox_folder.iterdir()
    assert (left.name[-6:], left.read_bytes()) == ("-a.ocr", b"NY, and another")  # the watcher takes it up

    left.rename(standing)
    add_file(engine, standing, site=here, person=OLGA)
    assert list(here.inbox_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("came", "is_called"),
    [
        ("TBOC0001.DAT", "TBOC0001.DAT"),
        ("C:\\Users\\olga\\TBOC 1.DAT", "TBOC 1.DAT"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\r\nc\x1b[31m.DAT", "abc[31m.DAT"),
        ("pay\u202eTAD.\u200fexe", "payTAD.exe"),
        ("..", "file"),
        ("", "file"),
        ("å" * 300, "å" * 200),
        ("b\udce5nk\ud800.ocr", "bnk.ocr"),
    ],
)
def test_a_name_is_cleaned_of_what_is_no_name(came: str, is_called: str) -> None:
    assert called(came) == is_called

"""The command line as a whole: help that teaches, faults in a sentence, exit statuses, and a quick start."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from sqlalchemy import CheckConstraint, Table

from ops import cli
from ops.cli import choosing
from ops.cli.reasons import REPAIRS, repair_of
from ops.embedded import free_port
from pipeline import reconciliation
from pipeline.flow import FLOW
from pipeline.stage import Reason
from schemas.case import CaseState
from schemas.control import ControlPart
from schemas.conversion import Outcome
from schemas.voucher import VoucherState
from workers.settings import settings
from workers.store import tables


def commands() -> list[tuple[tuple[str, ...], str, str]]:
    """Each command's words, help and example."""
    found: list[tuple[tuple[str, ...], str, str]] = []

    def walk(command: object, words: tuple[str, ...]) -> None:
        for name, under in getattr(command, "commands", {}).items():
            walk(under, (*words, name))
        if not hasattr(command, "commands"):
            found.append((words, getattr(command, "help", "") or "", getattr(command, "epilog", "") or ""))

    walk(typer.main.get_command(cli.app), ())
    return found


COMMANDS = commands()


@pytest.fixture(autouse=True)
def _no_site(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No command finds a site by chance."""
    for name in [name for name in os.environ if name.startswith("KK2_")]:
        monkeypatch.delenv(name)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("words", "text", "example"), COMMANDS, ids=[" ".join(words) for words, _, _ in COMMANDS]
)
def test_every_command_says_in_a_sentence_what_it_does_and_shows_an_example(
    words: tuple[str, ...], text: str, example: str
) -> None:
    assert text.split("\n", maxsplit=1)[0].rstrip(".;:").count(" ") >= 3
    assert f"kk2 {' '.join(words)}" in example


@pytest.mark.parametrize(
    "group", [("--help",), ("file", "--help"), ("voucher", "retry", "-h"), ("simulate", "-h")]
)
def test_help_is_printed_and_is_no_fault(group: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*group]) == 0
    assert "Usage: kk2" in capsys.readouterr().out


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_to_wait_has_a_repair_that_is_a_command(reason: Reason) -> None:
    known = {" ".join(words) for words, _, _ in COMMANDS}
    named = [part.split(" ") for part in REPAIRS[reason].split("kk2 ")[1:]]

    assert named
    assert all(" ".join(words[:2]) in known for words in named)
    assert repair_of(reason.value) == REPAIRS[reason]


def test_every_act_that_a_difference_proposes_is_a_command() -> None:
    known = {" ".join(words) for words, _, _ in COMMANDS}
    said = "".join(path.read_text("utf-8") for path in Path(reconciliation.__file__).parent.glob("*.py"))
    named = set(re.findall(r"kk2 ([a-z]+(?: [a-z-]+)?)", said))

    assert len(named) > 5
    assert named - known == set()


def test_a_reason_of_another_version_has_no_repair() -> None:
    assert repair_of("of_the_future") == ""


@pytest.mark.parametrize(
    "line",
    [("nonsense",), ("file", "release"), ("file", "release", "x"), ("voucher", "retry"), ("case", "export"),
     ("case", "export", "--since", "1.1.2026"), ("generate", "ocr", "--payments", "0", "--out", "x")],
    ids=" ".join,
)  # fmt: skip
def test_wrong_use_is_status_2_and_a_sentence(
    line: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*line]) == 2
    said = capsys.readouterr().err
    assert said.strip()
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("line", "known"),
    [(("file", "list", "--state"), "landed, read, held, unreadable, refused, known"),
     (("payment", "list", "--state"), "waiting, settled, parked, held, refused, known"),
     (("payment", "parked", "--reason"), ", ".join(Reason)),
     (("case", "list", "--state"), ", ".join(CaseState)),
     (("voucher", "list", "--state"), ", ".join(VoucherState)),
     (("visma", "differences", "--state"), "open, explained, gone"),
     (("visma", "differences", "--part"), ", ".join(ControlPart)),
     (("visma", "conversion", "1", "--outcome"), ", ".join(Outcome)),
     (("work", "list", "--state"), "due, parked"),
     (("work", "list", "--stage"), ", ".join(stage.name for stage in FLOW)),
     (("work", "list", "--reason"), ", ".join(Reason))],
    ids=lambda line: " ".join(line) if isinstance(line, tuple) else "",
)  # fmt: skip
def test_a_filter_refuses_a_word_that_it_does_not_know_and_says_those_that_it_does(
    line: tuple[str, ...], known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*line, "prked"]) == 2
    assert f"{line[-1]}': expected one of {known}; found 'prked'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "words"),
    [(tables.bank_file, choosing.FILE_STATES), (tables.payment, choosing.PAYMENT_STATES),
     (tables.kk2_case, CaseState), (tables.voucher, VoucherState),
     (tables.difference, choosing.DIFFERENCE_STATES)],
    ids=["bank_file", "payment", "kk2_case", "voucher", "difference"],
)  # fmt: skip
def test_the_states_that_a_list_knows_are_those_that_its_table_can_hold(
    table: Table, words: tuple[str, ...]
) -> None:
    checks = [str(check.sqltext) for check in table.constraints if isinstance(check, CheckConstraint)]

    assert f"state in ({', '.join(repr(str(word)) for word in words)})" in checks


def test_an_environment_that_is_not_complete_names_every_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["client", "show"]) == 2
    said = capsys.readouterr().err
    assert {"KK2_DATABASE_URL", "KK2_BROKER_URL", "KK2_FOLDER"} <= set(said.replace(":", " ").split())


def use(monkeypatch: pytest.MonkeyPatch, folder: Path, database: str) -> None:
    monkeypatch.setenv("KK2_DATABASE_URL", database)
    monkeypatch.setenv("KK2_BROKER_URL", f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("KK2_FOLDER", str(folder))


def test_a_database_that_is_down_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, tmp_path, f"postgresql+psycopg://kk2:hunter2@127.0.0.1:{free_port()}/kk2")

    assert cli.main(["client", "show"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("kk2: the database is not reachable")
    assert said.count("\n") == 1
    assert "hunter2" not in said


def test_a_database_that_is_not_migrated_is_said_with_the_command_that_does_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], database_url: str
) -> None:
    use(monkeypatch, tmp_path, database_url)

    assert cli.main(["client", "show"]) == 2
    assert capsys.readouterr().err == "kk2: the database is not migrated to this version: run `kk2 migrate`\n"
    assert cli.main(["migrate"]) == 0
    assert cli.main(["client", "show"]) == 0
    assert "(none)" in capsys.readouterr().out


def test_a_running_kk2_up_is_found_through_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], migrated_url: str
) -> None:
    written = f"KK2_DATABASE_URL={migrated_url}\nKK2_BROKER_URL=redis://127.0.0.1:1/0\n"
    (tmp_path / "environment").write_text(written, "utf-8")
    monkeypatch.setenv("KK2_FOLDER", str(tmp_path))
    for name in ("KK2_DATABASE_URL", "KK2_BROKER_URL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    assert cli.main(["client", "show"]) == 0


def test_an_unknown_queue_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], migrated_url: str
) -> None:
    use(monkeypatch, tmp_path, migrated_url)

    assert cli.main(["worker", "--queues", "files,nonsense"]) == 2
    assert "no such queue: nonsense" in capsys.readouterr().err


@pytest.fixture
def busy() -> Iterator[int]:
    """A port of the loopback on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize(
    ("line", "otherwise"),
    [(("up", "--flower-port"), "perhaps another kk2, or choose another --flower-port"),
     (("up", "--console-port", "0", "--flower-port", "0", "--visma-port"), "perhaps another kk2, or choose another --visma-port"),
     (("flower", "--port"), "or choose another --port"),
     (("simulate", "visma", "--folder", "visma", "--port"), "or choose another port; 0 takes a free one")],
    ids=" ".join,
)  # fmt: skip
def test_a_busy_port_is_named_with_what_to_do(
    line: tuple[str, ...], otherwise: str, busy: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    if line[0] == "flower":
        use(monkeypatch, tmp_path, "postgresql+psycopg://127.0.0.1:1/kk2")

    assert cli.main([*line, str(busy)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        f"kk2: can't listen on port {busy} of 127.0.0.1 (Address already in use): stop what"
    )
    assert said.endswith(f"{otherwise}\n")
    assert not (tmp_path / "kk2-data").exists()


def run(*line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *line], capture_output=True, text=True, timeout=60, check=False
    )


def test_it_starts_without_loading_what_it_does_not_need() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, ops.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not {"celery", "sqlalchemy", "pydantic", "zeep", "numpy", "rich", "watchdog", "alembic"} & set(
        loaded
    )


def test_help_comes_at_once() -> None:
    quickest = 9.0
    for _ in range(5):  # the quickest of some: the machine may have other things to do
        began = time.perf_counter()
        assert run("--help").returncode == 0
        quickest = min(quickest, time.perf_counter() - began)
    assert quickest < 1.0


@pytest.mark.parametrize("kind", ["ocr", "camt054"])
def test_a_generated_file_is_read_without_any_site(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "test.bank"

    made = run("generate", kind, "--payments", "7", "--seed", "3", "--out", str(file))
    again = run("generate", kind, "--payments", "7", "--out", str(file))
    read = run("read", str(file), "--json")

    assert (made.returncode, read.returncode, len(read.stdout.splitlines())) == (0, 0, 8)
    assert (again.returncode, again.stderr) == (2, f"kk2: {file}: File exists\n")


def test_a_file_that_is_not_there_is_status_2(tmp_path: Path) -> None:
    assert run("read", str(tmp_path / "none")).returncode == 2

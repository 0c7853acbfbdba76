"""Every kind of file that a bank sends, dropped into the folder of a running `kk2 up` with a simulated Visma.

What can be read comes all the way to Visma, if need be after a person's word; what can't is refused with a sentence.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ops.bank_writer import OcrPayment, write
from ops.embedded import free_port
from tests.ops.test_cli_up import SECONDS, environment
from tests.pipeline.ocr_giro_cases import (
    ACCOUNT,
    OTHER_ACCOUNT,
    assignment,
    faults,
    hard_cases,
    transmission,
)
from tests.site import paid

_OLD_ACCOUNT = "99991111111"
_MUNICIPALITY = Path(__file__).resolve().parents[2] / "ops" / "demo" / "municipality.toml"
_LARGEST = 10**15
"""Øre: a bank's column holds more than a voucher of Visma's, which is another story."""


@dataclass(frozen=True, slots=True)
class Up:
    """A running `kk2 up`, and the command line beside it."""

    folder: Path
    visma_port: int

    def kk2(self, *line: str) -> str:
        """What a command prints; it must end well."""
        done = subprocess.run(
            [sys.executable, "-m", "ops.cli", *line],
            env=environment(self.folder), capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stdout[-2_000:], done.stderr)
        return done.stdout

    def rows(self, *line: str) -> list[dict[str, object]]:
        return [json.loads(row) for row in self.kk2(*line, "--json").splitlines()]

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < deadline, what
            time.sleep(0.2)

    def drop(self, files: dict[str, bytes]) -> None:
        """Drop them all, and wait until the folder is empty and nothing is due."""
        inbox = self.folder / "inbox"
        for name, content in files.items():
            (inbox / f"{name}.part").write_bytes(content)
            (inbox / f"{name}.part").rename(inbox / name)
        self.until(lambda: not any(inbox.iterdir()), "the folder is empty")
        self.rest()

    def rest(self) -> None:
        """Wait until nothing is due."""
        self.until(lambda: not self.rows("work", "list", "--state", "due"), "nothing is due")


@pytest.fixture
def up(servers_folder: Path) -> Iterator[Up]:
    folder = servers_folder / "up-files"
    made = Up(folder, free_port())
    more = {"KK2_QUIET_TIME": "0.2"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "up", "--console-port", "0", "--flower-port", "0", "--visma-port", str(made.visma_port)],
        env=environment(folder) | more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        made.until((folder / "environment").is_file, "kk2 up is up")
        yield made
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()


def setup(folder: Path, visma_port: int) -> Path:
    """The demo's municipality, with accounts that had payments in the nineties."""
    text = _MUNICIPALITY.read_text("utf-8").replace("valid_from = 2020-01-01", "valid_from = 1990-01-01")
    text = text.replace("127.0.0.1:8088", f"127.0.0.1:{visma_port}")
    for account in (ACCOUNT, OTHER_ACCOUNT, _OLD_ACCOUNT):
        text += f'\n[[account]]\nnumber = "{account}"\ncompany = "100"\nkid_agreements = []\n'
    file = folder / "setup.toml"
    file.write_text(text, "utf-8")
    return file


def of_long_ago() -> dict[str, bytes]:
    """Files as a bank's manual shows them: payments of 1992, and credit notes of 2004 on another account."""
    day, later = date(1992, 1, 20), date(2004, 3, 24)
    old = [paid(f"00{n:05d}", 56_000 + n, day=day, ref=f"132010146{n % 3}") for n in range(20)]
    notes: list[OcrPayment] = [
        paid(f"44000{n:09d}", 85_000 + n, day=later, ref="0124112345") for n in range(12)
    ]
    notes += [paid("44000366370078", 25_000, back=True, day=later, ref="0124112345")]
    return {
        "old.ocr": write(transmission(assignment(*old, account=OTHER_ACCOUNT))),
        "credit-notes.ocr": write(transmission(assignment(*notes, account=_OLD_ACCOUNT))),
    }


def named(contents: Iterator[bytes], prefix: str) -> dict[str, bytes]:
    """One name for each that is not as another."""
    return {f"{prefix}-{n:03d}.ocr": content for n, content in enumerate(dict.fromkeys(contents))}


@pytest.mark.timeout(300)
def test_every_file_of_a_bank_reaches_visma_or_is_refused_with_a_sentence(up: Up, tmp_path: Path) -> None:
    legal = named((case.raw for case in hard_cases() if abs(case.total) < _LARGEST), "legal") | of_long_ago()
    faulty = named((case.raw for case in faults()), "faulty")
    up.kk2("client", "apply", str(setup(tmp_path, up.visma_port)))

    up.drop(legal | faulty)

    quarantine = up.folder / "quarantine"
    states = {str(file["name"]): str(file["state"]) for file in up.rows("file", "list", "--limit", "500")}
    assert {states[name] for name in legal} == {"read", "held"}
    assert {states.get(name, "not taken") for name in faulty} == {"unreadable", "not taken"}
    assert [name for name, content in faulty.items() if name not in states] == [
        name for name, content in faulty.items() if not content
    ]
    for name in faulty:
        reason = (quarantine / f"{name}.reason.txt").read_text("utf-8")
        assert "expected" in reason or "empty" in reason, (name, reason)

    # of files with the same payments a person says that they are others, and of payments without a case that they go on
    for file in up.rows("file", "list", "--state", "held", "--limit", "2"):
        up.kk2("file", "release", str(file["id"]), "--reason", "made anew")
    up.rest()
    up.kk2("proposal", "approve", "100", "--yes", "--reason", "the cases come later")
    up.rest()

    # "waiting" are those of a file that is held whole which are like no earlier one
    states_of_payments = {row["state"] for row in up.rows("payment", "list", "--limit", "5000")}
    assert states_of_payments == {"parked", "held", "waiting"}
    assert {row["state"] for row in up.rows("voucher", "list", "--limit", "500")} == {"delivered"}
    in_vouchers = {row["id"] for row in up.rows("file", "list", "--limit", "500") if row["waits"] is None}
    assert len(in_vouchers) > len(legal) // 4
    (money,) = up.rows("balance")

    up.drop({f"again-{name}": content for name, content in (legal | faulty).items()})

    assert [
        row for row in up.rows("file", "list", "--limit", "500") if str(row["name"]).startswith("again")
    ] == []
    assert [each["sums"] for each in up.rows("balance")] == [money["sums"]]
    for name, content in (legal | faulty).items():
        reason = (quarantine / f"again-{name}.reason.txt").read_text("utf-8")
        assert ("It is a copy of file" in reason) is bool(content), (name, reason)
    assert {
        file.name for file in (up.folder / "logs").iterdir() if b"Traceback" in file.read_bytes()
    } == set()

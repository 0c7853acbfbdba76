"""`kk2 up`: the whole stack on one machine from one command, found by other commands, and gone when asked."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.embedded import free_port

SECONDS = 90.0


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KK2_")}
    return kept | {
        "KK2_FOLDER": str(folder),
        "KK2_SCAN_INTERVAL": "1",
        "KK2_RELAY_INTERVAL": "1",
        "KK2_BEAT_INTERVAL": "1",
    }


def kk2(folder: Path, *line: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *line],
        env=environment(folder), capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


@pytest.fixture
def up(servers_folder: Path) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
    """A `kk2 up` on a folder of its own, without Flower and Visma."""
    folder = servers_folder / "up"
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "up", "--console-port", "0", "--flower-port", "0"],
        env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    yield folder, process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def processes_of(folder: Path) -> list[str]:
    """The processes that were given the folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"KK2_FOLDER={folder}\0".encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_the_stack_comes_up_takes_a_file_and_leaves_nothing_running(
    up: tuple[Path, "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    folder, process = up
    file = tmp_path / "test.ocr"
    assert kk2(tmp_path, "generate", "ocr", "--payments", "3", "--out", str(file)).returncode == 0
    deadline = time.monotonic() + SECONDS
    listed = ""
    dropped = False
    while "unknown_account" not in listed:
        assert process.poll() is None
        assert time.monotonic() < deadline, listed
        if not dropped and (folder / "environment").is_file():
            (folder / "inbox" / file.name).write_bytes(file.read_bytes())
            dropped = True
        if dropped:
            listed = kk2(folder, "work", "sums").stdout
        time.sleep(0.2)
    assert (folder / "environment").stat().st_mode & 0o077 == 0
    second = kk2(folder, "up", "--console-port", "0", "--flower-port", str(free_port()))
    assert second.returncode == 2
    assert f"is in use by process {process.pid}" in second.stderr

    process.send_signal(signal.SIGTERM)

    assert process.wait(SECONDS) == 0
    assert not (folder / "environment").exists()
    assert processes_of(folder) == []

"""The supervisor: what dies comes back, what hangs is replaced, what is stopped finishes, nothing is left behind."""

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import redis

from ops.embedded import Broker
from ops.supervisor import Process, State, Supervisor, Verdict, child, read_status

ROOT = Path(__file__).parents[2]
SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)",
)
PARENT = ("sh", "-c", "sleep 600 & echo $! > {file}; wait")
RUN = """
import sys
from pathlib import Path
from ops.supervisor import Process, Supervisor
folder = Path(sys.argv[1])
slow = "import signal, sys, time\\ndef end(*_):\\n time.sleep(0.5); print('finished', flush=True); sys.exit(0)\\n"
slow += "signal.signal(signal.SIGTERM, end); print('started', flush=True); time.sleep(600)"
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('started', flush=True); time.sleep(600)"
Supervisor([
    Process("needed", (sys.executable, "-c", slow), outlives=True),
    Process("slow", (sys.executable, "-c", slow)),
    Process("deaf", (sys.executable, "-c", deaf), stop_seconds=float(sys.argv[2])),
], folder).run()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kk2-supervisor-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture
def supervise(folder: Path) -> Iterator[Callable[..., Supervisor]]:
    started: list[Supervisor] = []

    def start(*processes: Process, judge_seconds: float = 0.05) -> Supervisor:
        supervisor = Supervisor(processes, folder, judge_seconds=judge_seconds)
        started.append(supervisor)
        supervisor.start()
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop()


def until(what: Callable[[], bool], supervisor: Supervisor | None = None, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        if supervisor:
            supervisor.step()
        time.sleep(0.02)


def is_running(pid: int | None) -> bool:
    with suppress(psutil.NoSuchProcess):
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def pid_of(supervisor: Supervisor, name: str) -> int:
    pid = supervisor.status().of(name).pid
    assert pid is not None
    return pid


def test_temporary_files_of_what_is_killed_are_gone_when_it_comes_back(
    supervise: Callable[..., Supervisor], folder: Path
) -> None:
    left = "import tempfile, time; print(tempfile.mkdtemp(prefix='pymp-'), flush=True); time.sleep(600)"
    supervisor = supervise(Process("worker", (sys.executable, "-c", left)))

    def made() -> list[str]:
        return (folder / "logs" / "worker.log").read_text("utf-8").split()

    until(lambda: len(made()) == 1, supervisor)
    os.kill(pid_of(supervisor, "worker"), signal.SIGKILL)
    until(lambda: len(made()) == 2, supervisor)

    assert all(Path(name).parent == folder / "tmp" / "worker" for name in made())
    assert [Path(name).exists() for name in made()] == [False, True]


def test_what_is_killed_comes_back_under_a_new_pid_and_is_counted(
    supervise: Callable[..., Supervisor], folder: Path
) -> None:
    supervisor = supervise(Process("one", SLEEP), Process("other", SLEEP))
    first, other = pid_of(supervisor, "one"), pid_of(supervisor, "other")

    os.kill(first, signal.SIGKILL)
    until(lambda: supervisor.status().of("one").restarts == 1, supervisor)

    status = read_status(folder)
    assert status == supervisor.status()
    assert status.supervisor == os.getpid()
    assert status.of("one").pid != first
    assert (status.of("one").last_end or "").startswith("killed by SIGKILL after ")
    assert is_running(status.of("one").pid)
    assert (status.of("other").pid, status.of("other").restarts) == (other, 0)


def test_what_dies_at_once_is_tried_ever_more_seldom(supervise: Callable[..., Supervisor]) -> None:
    supervisor = supervise(Process("broken", (sys.executable, "-S", "-c", "raise SystemExit(3)")))
    began = time.monotonic()

    until(lambda: supervisor.status().of("broken").restarts == 2, supervisor)

    assert time.monotonic() - began > 0.5 + 1.0
    until(lambda: supervisor.status().of("broken").state is State.WAITING, supervisor)
    assert (supervisor.status().of("broken").last_end or "").startswith("exit status 3")


def test_a_program_that_is_not_there_is_said_and_does_not_disturb_the_others(
    supervise: Callable[..., Supervisor], folder: Path
) -> None:
    supervisor = supervise(Process("missing", ("/no/such/program",)), Process("one", SLEEP))

    until(lambda: supervisor.status().of("missing").restarts > 0, supervisor)

    assert is_running(pid_of(supervisor, "one"))
    assert "No such file" in (folder / "logs" / "missing.log").read_text()


def test_what_stands_still_is_restarted_although_it_lives(supervise: Callable[..., Supervisor]) -> None:
    verdicts = iter([Verdict.MOVING, Verdict.STUCK, Verdict.STUCK, Verdict.STUCK])
    supervisor = supervise(
        Process("hung", SLEEP, progress=lambda: next(verdicts, Verdict.MOVING), stuck_seconds=0.08),
    )
    first = pid_of(supervisor, "hung")

    until(lambda: supervisor.status().of("hung").restarts == 1, supervisor)

    assert not is_running(first)


def test_a_hung_process_that_ignores_the_question_is_killed(
    supervise: Callable[..., Supervisor], folder: Path
) -> None:
    log = folder / "logs" / "deaf.log"
    supervisor = supervise(
        Process(
            "deaf", DEAF, stop_seconds=0.2, stuck_seconds=0.0,
            progress=lambda: Verdict.STUCK if log.read_text() else Verdict.MOVING,
        )
    )  # fmt: skip

    until(lambda: supervisor.status().of("deaf").restarts == 1, supervisor)

    assert (supervisor.status().of("deaf").last_end or "").startswith("stood still, killed by SIGKILL")


def test_not_knowing_is_no_reason_to_restart(supervise: Callable[..., Supervisor]) -> None:
    asked = itertools.count()
    seen: list[int] = []

    def nobody_knows() -> Verdict:
        seen.append(next(asked))
        return Verdict.UNKNOWN

    supervisor = supervise(Process("one", SLEEP, progress=nobody_knows, stuck_seconds=0.0))

    until(lambda: len(seen) >= 5, supervisor)

    assert supervisor.status().of("one").restarts == 0


def test_moving_again_starts_the_patience_anew(supervise: Callable[..., Supervisor]) -> None:
    seen: list[Verdict] = []

    def now_and_then() -> Verdict:
        seen.append(Verdict.MOVING if len(seen) % 2 else Verdict.STUCK)
        return seen[-1]

    supervisor = supervise(Process("slow", SLEEP, progress=now_and_then, stuck_seconds=0.2))

    until(lambda: len(seen) >= 12, supervisor)

    assert supervisor.status().of("slow").restarts == 0


def test_children_of_a_killed_process_are_gone_before_it_is_started_again(
    supervise: Callable[..., Supervisor], folder: Path
) -> None:
    file = folder / "grandchild"
    argv = tuple(part.format(file=file) for part in PARENT)
    supervisor = supervise(Process("pool", argv))
    until(lambda: file.exists() and file.read_text().strip() != "", supervisor)
    grandchild = int(file.read_text())
    assert is_running(grandchild)

    os.kill(pid_of(supervisor, "pool"), signal.SIGKILL)
    until(lambda: supervisor.status().of("pool").restarts == 1, supervisor)

    until(lambda: not is_running(grandchild), seconds=2)


def test_a_killed_supervisor_leaves_nothing(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", RUN, str(folder), "60"], cwd=ROOT) as supervisor:
        pids = started(folder)
        supervisor.kill()
        until(lambda: not any(is_running(pid) for pid in pids))


def test_sigterm_lets_all_finish_kills_the_deaf_and_stops_last_what_others_need(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", RUN, str(folder), "1.5"], cwd=ROOT) as supervisor:
        pids = started(folder)
        supervisor.terminate()
        until(lambda: "finished" in (folder / "logs" / "slow.log").read_text())
        assert "finished" not in (folder / "logs" / "needed.log").read_text()
        assert supervisor.wait(10) == 0

    assert "finished" in (folder / "logs" / "needed.log").read_text()
    assert not any(is_running(pid) for pid in pids)
    assert {one.state for one in read_status(folder).processes} == {State.STOPPED}


def test_a_second_signal_waits_for_nobody(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", RUN, str(folder), "600"], cwd=ROOT) as supervisor:
        started(folder)
        supervisor.terminate()
        until(lambda: "finished" in (folder / "logs" / "slow.log").read_text())
        supervisor.terminate()
        assert supervisor.wait(10) == 0


def test_an_embedded_server_comes_back_on_its_port_with_its_data(
    supervise: Callable[..., Supervisor], folder: Path
) -> None:
    broker = Broker(folder, durable=False, machine=True)
    broker.start()
    client = redis.Redis.from_url(broker.admin_url)
    client.set("kept", "17")
    supervisor = supervise(Process.of(broker))
    assert pid_of(supervisor, "broker") == broker.pid

    os.kill(broker.pid, signal.SIGKILL)
    until(lambda: supervisor.status().of("broker").restarts == 1, supervisor)
    until(lambda: broker.is_ready(broker.pid), supervisor)

    assert client.get("kept") == b"17"


def test_a_log_is_cut_while_its_process_goes_on_writing(folder: Path) -> None:
    say = "import time\nwhile True: print('x' * 99, flush=True); time.sleep(0.001)"
    (folder / "logs").mkdir()
    one = child.Child(Process("chatty", (sys.executable, "-c", say)), folder)
    one.start()
    try:
        until(lambda: one.log.stat().st_size > 5_000)
        with one.log.open("ab") as log:
            log.truncate(child.LOG_BYTES + 1)
        one.trim_log()
        assert one.log.with_name("chatty.log.1").stat().st_size > child.LOG_BYTES
        until(lambda: 0 < one.log.stat().st_size < child.LOG_BYTES)
        assert one.log.read_bytes().startswith(b"x")
    finally:
        one.kill()
        until(one.stop_looked_at)


def started(folder: Path) -> list[int]:
    """The pids of all three, once each has said that it is there."""
    for name in ("needed", "slow", "deaf"):
        log = folder / "logs" / f"{name}.log"
        until(lambda log=log: log.exists() and "started" in log.read_text())  # type: ignore[misc]
    return [one.pid for one in read_status(folder).processes if one.pid is not None]

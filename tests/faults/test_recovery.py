"""How long it takes, with the settings of a real site, until the work of a process that was killed is found and done.

`make recovery` prints the table; the figures in `ops/handbook/faults.md` are of such a run.
"""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from ops.embedded import HOST, free_port
from schemas.money import kr
from tests.faults.rounds import DUE
from tests.faults.town import Town, town
from tests.site import kid_of, paid
from workers.settings import PREFIX, Settings
from workers.store import setup as setup_store

PROMISED = 60.0
STARTED = 15.0
"""Seconds in which a process stands again on a slow machine: Python, our imports, its first round."""
REAL = {f"KK2_SCHEDULE_{name}": "never" for name in ("IMPORT", "FETCH", "CONTROL")}
"""All else is as a site has it that sets nothing."""
STEADY = 11.0
"""A process that lived for less is started again after a pause, as one that is broken."""
SENDING = "SELECT EXISTS (SELECT FROM voucher WHERE state = 'sending')"


def test_by_the_settings_a_lost_message_is_found_in_time() -> None:
    """Rung a moment before it is lost, found by the sweep that comes last; its worker stands again meanwhile."""
    default = {name: field.default for name, field in Settings.model_fields.items()}

    assert default["ring_again_after"] + default["relay_interval"] + STARTED < PROMISED
    assert default["scan_interval"] + default["quiet_time"] + STARTED < PROMISED
    assert default["beat_interval"] + STARTED < PROMISED
    assert default["guard_interval"] + STARTED < PROMISED
    assert default["visibility_timeout"] > PROMISED, "nothing may wait for it"


@dataclass(frozen=True, slots=True)
class Killed:
    """Who is killed, at what moment of a bank file's way, and what must then be so; `flush`: the broker forgets besides."""

    names: tuple[str, ...]
    moment: Callable[[Town], object]
    flush: bool = False
    asks: Callable[[Town], Callable[[], object]] | None = None


def _sql(sql: str) -> Callable[[Town], object]:
    return lambda here: here.site.one(sql)[0]


def _pulse(name: str) -> Callable[[Town], Callable[[], object]]:
    """A pulse that is newer than now."""

    def asks(here: Town) -> Callable[[], object]:
        now = here.site.one("SELECT now()")[0]
        sql = "SELECT EXISTS (SELECT FROM heartbeat WHERE name = :name AND at > :now)"
        return lambda: here.site.one(sql, name=name, now=now)[0]

    return asks


def _listens(here: Town) -> Callable[[], object]:
    port = int(here.environment["KK2_TEST_CONSOLE"])

    def answers() -> bool:
        with suppress(OSError), socket.create_connection((HOST, port), 0.5):
            return True
        return False

    return answers


def _at_once(here: Town) -> bool:
    del here
    return True


_LANDED = _sql("SELECT EXISTS (SELECT FROM bank_file WHERE state = 'landed')")
_READ = _sql("SELECT EXISTS (SELECT FROM work WHERE state = 'due' AND stage = 'settle')")
_CUT = _sql("SELECT EXISTS (SELECT FROM voucher WHERE state = 'approved')")
KILLS = (
    Killed(("watch",), _at_once),
    Killed(("worker-files",), _LANDED),
    Killed(("worker-payments",), _READ),
    Killed(("worker-delivery",), _READ),  # between two calls; in one it is below
    Killed(("relay",), _at_once, asks=_pulse("relay")),
    Killed(("worker-files", "worker-payments", "worker-delivery"), _LANDED, flush=True),
    Killed(("beat",), _at_once, asks=_pulse("beat")),
    Killed(("guard",), _at_once, asks=_pulse("guard")),
    Killed(("console",), _at_once, asks=_listens),
    Killed(("visma",), _CUT),
    Killed(("broker",), _LANDED),
    Killed(("postgres",), _READ),
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town with the settings and the time-outs of a real site, and a case to pay on."""
    port = str(free_port())
    folder = tmp_path_factory.mktemp("recovery")
    with town(folder, settings={**REAL, "KK2_TEST_CONSOLE": port}, console=port) as made:
        made.patience = 600.0
        with made.engine.connect() as connection:
            now = setup_store.current(connection).installations["visma"].latest().value
        made.site.set_up(
            replace(now, connect_timeout=5.0, operation_timeout=60.0, inquiry_pause=180.0, max_calls=1)
        )
        made.site.case(1, kr(9_000), DUE)
        yield made


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kill", KILLS, ids=lambda kill: "+".join(kill.names))
def test_what_was_killed_is_back_and_its_work_done(here: Town, kill: Killed) -> None:
    _steady(here)
    _bring(here)
    here.until(lambda: kill.moment(here) or here.is_quiet(), "the moment")
    asked = kill.asks(here) if kill.asks else lambda: True
    began = _strike(here, kill)
    here.until(lambda: asked() and here.is_quiet(), "all is done")
    took = time.monotonic() - began

    print(f"recovery: {' + '.join(kill.names)}{' and all messages' if kill.flush else ''}: {took:.1f} s")
    assert took < PROMISED


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_voucher_whose_call_was_cut_waits_for_its_lease_and_is_asked_for(here: Town) -> None:
    """Longer than the promise, on purpose: Visma may still be booking, and nothing is sent before it has been asked."""
    _steady(here)
    here.visma.fault("commit_then_slow", "RegisterVouchers", times=1, seconds=20.0)
    _bring(here)
    here.until(lambda: here.site.one(SENDING)[0], "a call is under way")
    (cut,) = here.site.one("SELECT id FROM voucher WHERE state = 'sending'")
    began = _strike(here, Killed(("worker-delivery",), _at_once))
    others = "SELECT NOT EXISTS (SELECT FROM voucher WHERE state <> 'delivered' AND id <> :cut)"
    here.until(lambda: here.site.one(others, cut=cut)[0], "its neighbours are delivered", seconds=500.0)
    neighbours = time.monotonic() - began
    here.until(here.is_quiet, "all is done", seconds=500.0)
    whole = time.monotonic() - began

    print(
        f"recovery: worker-delivery in a call: its neighbours {neighbours:.1f} s, its voucher {whole:.1f} s"
    )
    assert neighbours < 5 + 60 + 15 + 2 * STARTED
    assert whole < 5 + 60 + 15 + 180 + 3 * STARTED


def _steady(here: Town) -> None:
    began = time.monotonic()
    here.until(lambda: time.monotonic() - began > STEADY, "all are steady")


def _bring(here: Town) -> None:
    here.rounds += 1
    amounts = [kr(10 * here.rounds + place) for place in range(9)]
    file = here.site.file(*(paid(kid_of(1), amount, ref=f"{here.rounds:010d}") for amount in amounts))
    here.bring(f"{here.rounds}.dat", file, *amounts)


def _strike(here: Town, kill: Killed) -> float:
    """SIGKILL all of them with their pools; gives the moment."""
    began = time.monotonic()
    for name in kill.names:
        pid = here.pid(name)
        assert pid is not None
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    if kill.flush:
        with here.redis() as redis:
            redis.delete(*redis.scan_iter(f"{PREFIX}*"))
    return began

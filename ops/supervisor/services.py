"""THE ONE PLACE that says which services there are and which queues each worker takes.

`kk2 up`, `kk2 demo`, `docker-compose.yml` and the systemd units run these; `tests/house/test_compose.py` compares them,
and proves that each queue of the page is taken by exactly one.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ops.embedded import Servers
from ops.supervisor.process import Process, Verdict, judged_by_life_alone
from ops.supervisor.progress import PULSES, by_pulse, by_work


@dataclass(frozen=True, slots=True)
class Service:
    """A service: `kk2` and `arguments`; for a worker also the queues it takes and its number of pool processes."""

    name: str
    arguments: tuple[str, ...]
    stop_seconds: float = 10.0
    queues: tuple[str, ...] = ()
    processes: int = 0

    @property
    def command(self) -> tuple[str, ...]:
        """Everything after `kk2`."""
        if not self.queues:
            return self.arguments
        return (*self.arguments, "--queues", ",".join(self.queues), "--processes", str(self.processes))


# A worker finishes what it has begun: an attempt is cut by `worker_soft_shutdown_timeout` (30 s) at the latest.
_WARM_SECONDS = 45.0
_STUCK_SECONDS = 60.0

WORKERS = (
    # A long file may hold one process of the first; cuts, approvals and beat's questions go on in the other.
    Service("worker-files", ("worker",), _WARM_SECONDS, ("files", "vouchers", "clock"), 2),
    Service("worker-payments", ("worker",), _WARM_SECONDS, ("payments",), 2),
    # Apart, so that a Visma that does not answer holds up nothing else.
    Service("worker-delivery", ("worker",), _WARM_SECONDS, ("delivery",), 1),
)
SERVICES = (
    Service("watch", ("watch",)),
    Service("relay", ("relay",)),
    *WORKERS,
    Service("beat", ("beat",)),
    Service("guard", ("guard",)),
    Service("flower", ("flower",)),
    Service("console", ("console",)),
)


def kk2(*arguments: str) -> tuple[str, ...]:
    """The command line of `kk2`, by this interpreter, whether or not the command is on the PATH."""
    return (sys.executable, "-m", "ops.cli", *arguments)


def standard_processes(
    environment: Mapping[str, str],
    *,
    servers: Servers | None,
    visma: tuple[str, ...] | None,
    flower: tuple[str, ...] | None,
    console: tuple[str, ...] | None,
) -> list[Process]:
    """The processes of one machine, in the order of their start.

    `environment`: KK2_DATABASE_URL, KK2_BROKER_URL, KK2_FOLDER and what else `workers.settings` reads.
    `servers`: the embedded ones, running or not; None where both are somebody else's.
    `visma`: the arguments after `kk2 simulate visma`; None outside training.
    `flower`, `console`: the arguments after `kk2 flower` and `kk2 console`, such as the port; None to do without.
    """
    pages = {"flower": flower, "console": console}
    embedded = [Process.of(servers.postgres), Process.of(servers.broker)] if servers else []
    if visma is not None:
        embedded.append(Process("visma", kk2("simulate", "visma", *visma), environment, outlives=True))
    return embedded + [
        Process(
            service.name,
            kk2(*service.command, *(pages.get(service.name) or ())),
            environment,
            stop_seconds=service.stop_seconds,
            progress=_progress(service, environment["KK2_DATABASE_URL"]),
            stuck_seconds=_STUCK_SECONDS,
        )
        for service in SERVICES
        if pages.get(service.name, ()) is not None
    ]


def _progress(service: Service, database_url: str) -> Callable[[], Verdict]:
    if service.queues:
        return by_work(database_url, service.queues, service.processes)
    if service.name in PULSES:
        return by_pulse(database_url, service.name, PULSES[service.name])
    return judged_by_life_alone

"""The processes: `kk2 up` on one machine, or watch, relay, worker, beat and flower each by itself."""

import os
import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ops.cli import reaching
from ops.cli.errors import CommandError
from ops.cli.making import group

commands = group("The processes.")
_FLOWER = Path(__file__).resolve().parent.parent / "flower" / "flowerconfig.py"


def _until_asked() -> threading.Event:
    """An event that SIGTERM and SIGINT set: a process that gets one finishes its round and ends."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    return asked


def _logs() -> None:
    """Log as JSON from the first line on, libraries' warnings too."""
    import logging

    from workers import log

    log.set_up(reaching.site().log_level)
    logging.captureWarnings(capture=True)


@commands.command(epilog="Example: kk2 watch")
def watch() -> None:
    """Watch the bank's folder and take files in, until SIGTERM; files that came in the meantime are found too."""
    from workers import watch as watching

    _logs()
    asked = _until_asked()
    watching.watcher(reaching.site(), reaching.database(), reaching.ringer()).run(asked.wait)


@commands.command(epilog="Example: kk2 relay")
def relay() -> None:
    """Tell the workers of due work that no message leads to any more, until SIGTERM; one is enough, two are harmless."""
    from redis import Redis

    from workers import relay as relaying

    _logs()
    site, asked = reaching.site(), _until_asked()
    with Redis.from_url(
        site.broker_url.get_secret_value(),
        socket_timeout=10,
        socket_connect_timeout=5,
        health_check_interval=25,
    ) as redis:
        relaying.run(
            reaching.database(),
            reaching.ringer(),
            redis,
            interval=site.relay_interval,
            ring_again_after=site.ring_again_after,
            ring_anyway_after=site.ring_anyway_after,
            stop=asked.wait,
        )


@commands.command(epilog="Example: kk2 worker --queues files,vouchers,clock --concurrency 2")
def worker(
    queues: Annotated[str, typer.Option("--queues", "-Q", help="Which queues it takes, by comma.")],
    concurrency: Annotated[
        int,
        typer.Option("--concurrency", "--processes", "-c", min=1, help="How many pieces of work at a time."),
    ] = 1,
    name: Annotated[str, typer.Option("--name", "-n", help="What Flower calls it; else its queues.")] = "",
) -> None:
    """Run a Celery worker that takes some of the queues, until SIGTERM; it finishes what it has begun."""
    from pipeline.flow import QUEUES

    wanted = [queue.strip() for queue in queues.split(",")]
    site = reaching.site()
    from workers.app import CLOCK, app
    from workers.store import epoch

    strange = [queue for queue in wanted if queue not in (*QUEUES, CLOCK)]
    if strange:
        known = ", ".join((*QUEUES, CLOCK))
        raise typer.BadParameter(
            f"no such queue: {', '.join(strange)}; there are {known}", param_hint="--queues"
        )
    _logs()
    engine = reaching.database()
    epoch.look(engine, site.archive_folder)  # a restored database must not send before a person has looked
    engine.dispose()
    called = name or "-".join(wanted)
    # The logs go to standard error, as JSON; what Celery says of its own shutdown goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    app.start(
        ["-q", "worker", "--queues", ",".join(wanted), "--concurrency", str(concurrency),
         "--hostname", f"{called}@%h", "--pool", "prefork", "-O", "fair", "--prefetch-multiplier", "1",
         "--without-gossip", "--without-mingle"]
    )  # fmt: skip


@commands.command(epilog="Example: kk2 beat")
def beat() -> None:
    """Run the clock, which asks now and then whether something is due, until SIGTERM; two are harmless."""
    site = reaching.site()
    from workers.app import app

    _logs()
    site.folder.mkdir(parents=True, exist_ok=True)
    app.start(["-q", "beat", "--schedule", str(site.folder / "beat"), "--pidfile", ""])


@commands.command(epilog="Example: kk2 guard")
def guard() -> None:
    """Raise alarms and tell them, and have the money checked by the clock, until SIGTERM; one is enough, two are harmless."""
    from ops import guard as guarding
    from ops.guard.telling import receivers

    _logs()
    site, asked = reaching.site(), _until_asked()
    made = guarding.Guard(reaching.database(), site, receivers(site), reaching.broker(), reaching.accounting)
    guarding.run(made, asked.wait)


@commands.command(epilog="Example: kk2 flower --port 5555")
def flower(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it listens.")] = 5555,
    address: Annotated[
        str, typer.Option(help="On which address; beyond the loopback only behind TLS.")
    ] = "127.0.0.1",
) -> None:
    """Show queues, workers and tasks in a browser, read-only; user and password come from the secret kk2_flower_auth."""
    from ops.embedded import need_port

    reaching.site()
    need_port(port, "stop what listens there, or choose another --port", address)
    # No address of a server and no password stands here: a command line can be read by every user of the machine.
    os.execv(  # noqa: S606 - no shell is what is wanted
        sys.executable,
        [sys.executable, "-m", "celery", "-q", "-A", "workers.app", "flower", f"--conf={_FLOWER}",
         f"--port={port}", f"--address={address}"],
    )  # fmt: skip


@commands.command(epilog="Example: kk2 console --port 8080")
def console(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where it listens.")] = 8080,
    address: Annotated[
        str, typer.Option(help="On which address; beyond the loopback only --behind-tls.")
    ] = "127.0.0.1",
    behind_tls: Annotated[
        bool, typer.Option("--behind-tls", help="TLS stands in front: cookies go by it alone.")
    ] = False,
) -> None:
    """Serve the operators' pages: see, correct, approve, retry, reconcile; sign in as a user of `kk2 user add`."""
    import ipaddress

    import uvicorn

    from ops.console import Desk, create
    from ops.console.limiting import Limiter
    from ops.console.oidc import service
    from ops.console.sessions import Lasting
    from ops.embedded import need_port

    loopback = address == "localhost" or ipaddress.ip_address(address).is_loopback
    if not loopback and not behind_tls:
        raise CommandError(
            f"{address} can be reached from elsewhere, and passwords would go over the net in clear: put TLS in front and "
            "say --behind-tls, or listen on 127.0.0.1"
        )
    _logs()
    need_port(port, "stop what listens there, or choose another --port", address)
    site = reaching.site()
    desk = Desk(
        reaching.database(),
        reaching.ringer().ring,
        secure=behind_tls,
        broker=reaching.broker(),
        files_by=site.files_by,
        site=site,
        limiter=Limiter(site.broker_url.get_secret_value()),
        lasting=Lasting(timedelta(seconds=site.session_idle), timedelta(seconds=site.session_whole)),
        service=service(site),
        flower_url=site.flower_url,
        flower_auth=site.flower_auth.get_secret_value(),
        training=site.training,
        moved=_moved(site.shown_at),
    )
    uvicorn.run(
        create(desk), host=address, port=port, log_config=None, access_log=False, server_header=False,
        proxy_headers=behind_tls,
    )  # fmt: skip


def _moved(shown_at: datetime | None) -> timedelta:
    """How far the clock is shown from the true one, in whole minutes: as the moments of sentences are."""
    if shown_at is None:
        return timedelta()
    return timedelta(minutes=(shown_at - datetime.now(UTC)) // timedelta(minutes=1))


@commands.command(
    epilog="Example: kk2 up --folder /srv/kk2   (and in another terminal: KK2_FOLDER=/srv/kk2 kk2 doctor)"
)
def up(
    folder: Annotated[Path, typer.Option(envvar="KK2_FOLDER", help="Where everything is kept.")] = Path(
        "kk2-data"
    ),
    console_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the console listens; 0 does without it.")
    ] = 8080,
    flower_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where Flower listens; 0 does without it.")
    ] = 5555,
    visma_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where a simulated Visma listens, for training; 0 for none.")
    ] = 0,
) -> None:
    """Run the whole stack on this machine until Ctrl-C or SIGTERM, and start again what dies.

    PostgreSQL and the broker are started too, unless KK2_DATABASE_URL and KK2_BROKER_URL say where they are.
    """
    from ops.cli import standing

    standing.run(folder.resolve(), console_port=console_port, flower_port=flower_port, visma_port=visma_port)

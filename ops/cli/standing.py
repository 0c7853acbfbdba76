"""What `kk2 up` does: servers if there are none, migrations, then all processes under the supervisor."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from ops import embedded, migrations
from ops.cli import reaching
from ops.console.oidc import service
from ops.embedded import Servers
from ops.supervisor import Process, Supervisor, standard_processes

_ADDRESSES = ("KK2_DATABASE_URL", "KK2_BROKER_URL")
_OWNER = "KK2_OWNER_URL"


def run(folder: Path, *, console_port: int, flower_port: int, visma_port: int) -> None:
    """Run until a signal says stop; raises `EmbeddedError`, OSError and what the settings and the database raise."""
    wanted = (console_port, "--console-port"), (flower_port, "--flower-port"), (visma_port, "--visma-port")
    for port, option in wanted:
        if port:  # asked before anything stands: a child that can't listen would be started again for ever
            embedded.need_port(
                port, f"stop what listens there, perhaps another kk2, or choose another {option}"
            )
    with ExitStack() as until_the_end:
        servers = None
        if not all(name in os.environ for name in _ADDRESSES):
            servers = _start(folder, until_the_end)
        os.environ["KK2_FOLDER"] = str(folder)
        if console_port:
            service(reaching.site())  # for the same reason
        (folder / "inbox").mkdir(parents=True, exist_ok=True)
        if servers:
            until_the_end.callback(_leave_environment(folder).unlink, missing_ok=True)
        engine, processes = reaching.owned()
        migrations.migrate(engine, processes)
        engine.dispose()
        os.environ.pop(_OWNER, None)  # no process inherits it
        supervisor = Supervisor(_processes(servers, folder, console_port, flower_port, visma_port), folder)
        _tell(folder, console_port, flower_port, visma_port)
        supervisor.run()


@contextmanager
def servers_of_the_folder() -> Iterator[None]:
    """The servers of a site of `kk2 up` that is not running; nothing where it runs or the site has servers of its own."""
    folder = Path(os.environ.get("KK2_FOLDER", "")).resolve()
    elsewhere = any(name in os.environ for name in ("KK2_DATABASE_URL", "KK2_SECRETS"))
    with ExitStack() as until_the_end:
        if "KK2_FOLDER" in os.environ and not elsewhere and not (folder / reaching.ENVIRONMENT).is_file():
            _start(folder, until_the_end)
        yield


def _start(folder: Path, until_the_end: ExitStack) -> Servers:
    servers = until_the_end.enter_context(embedded.start(folder))
    os.environ["KK2_DATABASE_URL"], os.environ["KK2_BROKER_URL"] = servers.database_url, servers.broker_url
    os.environ[_OWNER] = servers.owner_url
    return servers


def _processes(
    servers: Servers | None, folder: Path, console_port: int, flower_port: int, visma_port: int
) -> list[Process]:
    environment = {name: value for name, value in os.environ.items() if name.startswith("KK2_")}
    if flower_port:
        environment["KK2_FLOWER_URL"] = f"http://127.0.0.1:{flower_port}"
    return standard_processes(
        environment,
        servers=servers,
        visma=("--port", str(visma_port), "--folder", str(folder / "visma")) if visma_port else None,
        flower=("--port", str(flower_port)) if flower_port else None,
        console=("--port", str(console_port)) if console_port else None,
    )


def _leave_environment(folder: Path) -> Path:
    """Leave the addresses, with their passwords, for commands in another terminal: readable by this user alone."""
    file = folder / reaching.ENVIRONMENT
    file.unlink(missing_ok=True)
    file.touch(0o600)
    left = [*_ADDRESSES, *(name for name in ("KK2_TRAINING",) if name in os.environ)]
    file.write_text("".join(f"{name}={os.environ[name]}\n" for name in left), "utf-8")
    return file


def _tell(folder: Path, console_port: int, flower_port: int, visma_port: int) -> None:
    typer.echo(f"bank files go into   {folder / 'inbox'}")
    if console_port:
        typer.echo(f"console              http://127.0.0.1:{console_port}")
        typer.echo(f"its first user       KK2_FOLDER={folder} kk2 user add NAME --role admin")
    if flower_port:
        shown = f"{console_port}/flower/, signed in" if console_port else f"{flower_port}/flower/"
        typer.echo(f"Flower               http://127.0.0.1:{shown}")
    if visma_port:
        typer.echo(f"Visma, simulated     http://127.0.0.1:{visma_port}")
    typer.echo(f"logs                 {folder / 'logs'}")
    typer.echo(f"in another terminal  KK2_FOLDER={folder} kk2 doctor")
    typer.echo("stop with Ctrl-C")

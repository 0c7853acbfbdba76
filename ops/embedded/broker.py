"""Redis or Valkey on the loopback: an append-only file, nothing evicted, opened by password only.

Two users: ours (`default`) may do all, the product's processes what `MAY` says.
"""

import secrets
import signal
import socket
from contextlib import suppress
from pathlib import Path

from ops.embedded.binaries import find_broker
from ops.embedded.ground import HOST, kept
from ops.embedded.server import Server

USER = "kk2"
MAY = (
    "~kk2:* &kk2:/0.celery.pidbox &kk2:/0.celeryev/* +@read +@write +@transaction +@pubsub +@connection -@scripting -@dangerous "
    "+eval +evalsha +script|load +script|exists +time +info +config|get"
)
"""What the processes may do, as Redis writes it: queues, scripts and channels of our prefix; no other key, nothing of the
server's but to ask it. docker-compose.yml and the handbook say the same."""
_ANSWER_SECONDS = 1.0


class Broker(Server):
    """A broker of its own. `durable=False` leaves the writing of the file to the operating system: for tests."""

    name = "broker"
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, *, durable: bool, machine: bool) -> None:
        """See `Server`."""
        super().__init__(folder, durable=durable)
        self._program = find_broker(machine=machine)
        self._processes_password = kept(self.folder / "password.processes", lambda: secrets.token_urlsafe(24))

    @property
    def program(self) -> Path:
        """`redis-server` or `valkey-server`."""
        return self._program

    @property
    def url(self) -> str:
        """Celery's address of it."""
        return f"redis://{USER}:{self._processes_password}@{HOST}:{self.port}/0"

    @property
    def admin_url(self) -> str:
        """The address of who may do all."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    @property
    def _settings(self) -> Path:
        return self.folder / "broker.conf"

    def arguments(self) -> list[str]:
        """Everything stands in a file of settings: a password on the command line could be read by all."""
        return [str(self._settings)]

    def make_data(self) -> None:
        """Make the folder and write the settings anew each time."""
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self.hand(self.data)
        lines = (
            f"bind {HOST}",
            f"port {self.port}",
            f'dir "{self.data}"',
            f'pidfile "{self.data / "pid"}"',
            f"requirepass {self.password}",
            f"user {USER} on >{self._processes_password} {MAY}",
            "appendonly yes",
            f"appendfsync {'everysec' if self.durable else 'no'}",
            'save ""',
            "maxmemory-policy noeviction",  # a queue may refuse, it may not forget
            "daemonize no",
            "tcp-backlog 128",
        )
        self.write(self._settings, "\n".join(lines) + "\n")

    def is_ready(self, pid: int) -> bool:
        """Whether it answers PONG: while it reads its file after a crash it answers LOADING."""
        if self.left_pid() != pid:
            return False
        try:
            with socket.create_connection((HOST, self.port), _ANSWER_SECONDS) as line:
                line.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode("ascii"))
                return b"+PONG" in b"".join(iter(lambda: line.recv(4_096), b""))
        except OSError:
            return False

    def left_pid(self) -> int | None:
        """The pid in its pid file, which a killed server leaves behind."""
        with suppress(FileNotFoundError):
            said = (self.data / "pid").read_text("ascii").strip()
            return int(said) if said else None
        return None

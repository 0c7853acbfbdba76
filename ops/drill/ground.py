"""The training site that a drill is played on: who may be struck, how, and how long is waited."""

import json
import os
import signal
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import SystemRandom
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from ops.demo import in_visma
from ops.drill.bank import PAYMENTS, Brought, NotPlayedError, Purse, choose, file_of
from ops.repairs import Person
from ops.supervisor import ProcessStatus, State, Status, read_status
from schemas.money import in_kroner
from schemas.setup import Installation
from workers.accounting import Accounting
from workers.journal import Ring
from workers.settings import PREFIX, Settings
from workers.store import setup as setup_store

_LOOK_SECONDS = 0.1
_HTTP_SECONDS = 5.0
Row: TypeAlias = Sequence[Any]


class TooLateError(Exception):
    """What was waited for did not come within the drill's time."""


@dataclass(slots=True)
class Ground:
    """A site with the setting `training`. `limit`: seconds until a drill fails; `say` is told what is done, as it is done."""

    engine: Engine
    site: Settings
    accounting: Mapping[str, Accounting]
    person: Person
    ring: Callable[[Sequence[Ring]], object]
    say: Callable[[str], None]
    limit: float
    visma: str = ""
    purse: Purse = field(init=False)
    brought: Brought | None = None
    began: float = field(default_factory=time.monotonic)

    def stand(self) -> None:
        """Make sure that no money of anybody moves here, and that a file can; raises `NotPlayedError`."""
        if not self.site.training:
            raise NotPlayedError(
                "this is no training site: a drill kills processes and books money. Set KK2_TRAINING=true, for the site "
                "and here, only where no money of anybody moves"
            )
        with self.engine.connect() as connection:
            rows = setup_store.current(connection).installations
            addresses = {code: _simulated(dated.latest().value) for code, dated in rows.items()}
            self.purse = choose(connection)
        self.visma = addresses[self.purse.installation]
        if not self.visma:
            raise NotPlayedError(
                f"company {self.purse.company} gives its Visma files: a drill wants one that is called"
            )
        if self.get("/faults"):
            raise NotPlayedError(
                f"the simulated Visma has faults on already: turn them off on its page, {self.visma}/"
            )

    def one(self, sql: str, **values: object) -> Row:
        """The first row of a question."""
        with self.engine.connect() as connection:
            return connection.execute(text(sql), values).one()

    def bring(self) -> Brought:
        """Drop a new bank file."""
        after = int(self.one("SELECT coalesce(max(id), 0) FROM journal")[0])
        made = file_of(self.purse, datetime.now(UTC), SystemRandom(), after)
        self.drop(made.name, made.content)
        self.say(f"{made.name} is dropped: {PAYMENTS} payments, {in_kroner(made.total)} kr")
        self.brought = made
        return made

    def drop(self, name: str, content: bytes) -> None:
        """Bring a file as a bank client does: under a temporary name until it is whole."""
        inbox = self.site.inbox_folder
        part = inbox / f"{name}.part"
        part.write_bytes(content)
        part.rename(inbox / name)

    def until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait until it is so; servers that were struck may be away meanwhile. Raises `TooLateError`."""
        while True:
            with suppress(DBAPIError, RedisError, OSError):
                if is_so():
                    return
            if time.monotonic() - self.began > self.limit:
                raise TooLateError(f"{what}: not within {self.limit:.0f} s")
            time.sleep(_LOOK_SECONDS)

    def is_quiet(self, brought: Brought, *, but: str = "") -> bool:
        """Whether the file has come all the way and nothing is due. `but`: a state that its vouchers may be left in too."""
        row = self.one(
            "SELECT (SELECT count(*) FROM payment p JOIN bank_file f ON f.id = p.file_id WHERE f.sha256 = :sha "
            "AND f.open_slices = 0 AND p.state <> 'waiting'), (SELECT count(*) FROM work WHERE state = 'due' "
            # the clock asks for what is left to propose, again and again
            "AND NOT (stage = 'propose' AND made_at > now() - interval '3 s')), (SELECT count(*) FROM voucher v "
            f"WHERE v.id IN ({OF_FILE}) AND v.state NOT IN ('delivered', :but)), (SELECT count(*) FROM split s "
            "JOIN payment p ON p.id = s.payment_id JOIN bank_file f ON f.id = p.file_id WHERE f.sha256 = :sha "
            "AND s.superseded_by IS NULL AND NOT EXISTS (SELECT FROM voucher_split v WHERE v.split_id = s.id AND NOT v.released))",
            sha=brought.sha256,
            but=but,
        )
        return tuple(row) == (len(brought.amounts), 0, 0, 0)

    def told(self, event: str, brought: Brought) -> int:
        """How often the journal has an event of the file's vouchers."""
        sql = (
            "SELECT count(*) FROM journal WHERE event = :event AND id > :after "
            f"AND (body->>'voucher_id')::bigint IN ({OF_FILE})"
        )
        return int(self.one(sql, event=event, after=brought.after, sha=brought.sha256)[0])

    # what is struck

    def processes(self) -> Status:
        """The processes of `kk2 up` on this folder; raises `NotPlayedError` where it does not run."""
        try:
            status = read_status(self.site.folder)
            os.kill(status.supervisor, 0)
        except (OSError, ValueError, KeyError):
            raise NotPlayedError(
                f"no kk2 up runs on {self.site.folder}: this drill kills its processes. On a site of containers or units, "
                "kill one by hand and play file-twice, which proves the same"
            ) from None
        return status

    def kill(self, name: str) -> ProcessStatus:
        """SIGKILL a process with its pool; gives what it was."""
        self.until(lambda: self.processes().of(name).state is State.RUNNING, f"{name} runs")
        one = self.processes().of(name)
        with suppress(ProcessLookupError):
            os.killpg(one.pid or 0, signal.SIGKILL) if one.pid else None
        self.say(f"{name} is killed, process {one.pid}")
        return one

    def wait_for(self, killed: ProcessStatus) -> None:
        """Wait until its supervisor has started it again."""

        def is_back() -> bool:
            now = self.processes().of(killed.name)
            return now.state is State.RUNNING and now.pid != killed.pid

        self.until(is_back, f"{killed.name} is started again")
        self.say(f"{killed.name} stands again, process {self.processes().of(killed.name).pid}")

    def forget_messages(self) -> int:
        """Take from the broker all that is ours; gives how many keys."""
        url = self.site.broker_url.get_secret_value()
        with Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as redis:
            keys = list(redis.scan_iter(f"{PREFIX}*"))
            return int(redis.delete(*keys)) if keys else 0

    def fault(self, kind: str, operation: str, **more: object) -> None:
        """Turn a fault of the simulated Visma on."""
        in_visma.post(self.visma, "/faults", {"kind": kind, "operation": operation, **more})

    def heal(self) -> None:
        """Turn the simulated Visma's faults off."""
        asked = urllib.request.Request(f"{self.visma}/faults", method="DELETE")  # noqa: S310 - a simulator, as was asked
        urllib.request.urlopen(asked, timeout=_HTTP_SECONDS).close()  # noqa: S310

    def get(self, path: str) -> Any:
        """What the simulated Visma tells."""
        return _get(self.visma, path)


OF_FILE = (
    "SELECT vs.voucher_id FROM voucher_split vs JOIN split s ON s.id = vs.split_id JOIN payment p ON p.id = s.payment_id "
    "JOIN bank_file f ON f.id = p.file_id WHERE f.sha256 = :sha"
)
"""SQL for the vouchers that have money of a file."""


def _simulated(installation: Installation) -> str:
    """The address of a Visma that is a simulated one; "" where vouchers go by file. Raises `NotPlayedError` for any other."""
    if installation.by_file:
        return ""
    parts = urlsplit(installation.endpoint)
    base = f"{parts.scheme}://{parts.netloc}"
    with suppress(OSError, ValueError):
        if isinstance(_get(base, "/faults"), list):
            return base
    raise NotPlayedError(
        f"installation {installation.code} is not a simulated Visma that answers: a drill books money, "
        "so every Visma of the setup must be one of kk2 simulate visma"
    )


def _get(base: str, path: str) -> Any:
    with urllib.request.urlopen(f"{base}{path}", timeout=_HTTP_SECONDS) as answer:  # noqa: S310 - as the setup has it
        return json.loads(answer.read())

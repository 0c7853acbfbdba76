"""The workers' own event log: which tasks ran, by name, as Celery itself reports them to whoever listens."""

import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

_TAKE_SECONDS = 1.0


@dataclass(slots=True)
class TaskLog:
    """Listens on a thread of its own, as Flower does. `succeeded` and `failed` count tasks by name; `workers` are heard of."""

    broker_url: str
    succeeded: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    workers: set[str] = field(default_factory=set)
    _names: dict[str, str] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._listen, name="task log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(3 * _TAKE_SECONDS)

    def _listen(self) -> None:
        app = Celery("kk2-demo", broker=self.broker_url)
        app.conf.broker_transport_options = {"global_keyprefix": "kk2:", "socket_timeout": 10}
        handlers = {
            "worker-heartbeat": lambda event: self.workers.add(event["hostname"]),
            "task-received": self._received,
            "task-succeeded": lambda event: self._count(self.succeeded, event),
            "task-failed": lambda event: self._count(self.failed, event),
        }
        while not self._ended.is_set():
            try:
                with app.connection_for_read() as connection:
                    receiver = app.events.Receiver(connection, handlers=handlers)
                    with receiver.consumer_context(wakeup=False) as (listening, _, _):
                        self._take(listening)
            except (OperationalError, RedisError, OSError):
                self._ended.wait(_TAKE_SECONDS)  # the broker is away; what is sent meanwhile is not heard

    def _take(self, listening: Any) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):
                listening.drain_events(timeout=_TAKE_SECONDS)

    def _received(self, event: dict[str, Any]) -> None:
        self._names[event["uuid"]] = event["name"]

    def _count(self, counter: Counter[str], event: dict[str, Any]) -> None:
        counter[self._names.pop(event["uuid"], "(heard of its end only)")] += 1

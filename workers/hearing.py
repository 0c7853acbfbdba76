"""What a worker does when its line to the broker is dead and does not say so: it cuts the line, and connects anew."""

import socket
import time
from contextlib import suppress
from typing import Any

from celery import bootsteps

from workers.log import logger

_LOG = logger(__name__)
_LOOK = 5.0  # seconds
_GRACE = 5.0  # seconds over the interval of the client's own health check, which an answer puts off


class Hearing(bootsteps.StartStopStep):  # type: ignore[misc]
    """Looks at the wait for messages: the broker ends it each second, with a message or with none.

    kombu 5.6 waits for an answer for ever; kombu 5.7 looks itself.
    """

    requires = {"celery.worker.consumer.tasks:Tasks"}  # noqa: RUF012 - Celery's own way to say it
    _looks: Any = None

    def start(self, parent: Any) -> None:
        """Once a consumer is connected."""
        self._looks = parent.timer.call_repeatedly(_LOOK, cut_the_dead, (parent,))

    def stop(self, parent: Any) -> None:
        """Before it is connected anew, or ends."""
        del parent
        if self._looks is not None:  # asked of one that never came to begin, too
            self._looks.cancel()


def cut_the_dead(consumer: Any) -> None:
    """Cut each line on which a wait has had no answer for long: the worker then goes the way of a broker that is gone."""
    for channel in tuple(consumer.connection.transport.cycle._channels):
        line = channel._in_poll
        heard = getattr(line, "next_health_check", 0)  # moved on by every answer
        if heard and time.monotonic() > heard + _GRACE:
            _LOG.warning("the broker has not answered for long; the line is cut")
            with suppress(OSError, AttributeError):  # it was cut just now
                line._sock.shutdown(socket.SHUT_RDWR)

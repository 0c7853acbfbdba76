"""The heartbeat strip that stands on every page: who gives signs of life; unknown is an answer."""

from sqlalchemy import Connection

from ops.health import Pulse, pulses


def strip(connection: Connection) -> tuple[Pulse, ...]:
    """Give the signs of life."""
    return tuple(pulses(connection))

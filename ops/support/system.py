"""The site by itself, of one moment: for the console's page, `kk2 system`, and the bundle."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ops.health import Health, health, machine
from ops.health.machine import Broker, Space, Version
from ops.support import settings
from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class System:
    """Versions, settings, queues, signs of life and disks."""

    versions: tuple[Version, ...]
    packages: tuple[Version, ...]
    settings: tuple[settings.Shown, ...]
    health: Health
    broker: Broker
    spaces: tuple[Space, ...]


def system(connection: Connection, site: Settings) -> System:
    """Look once."""
    broker = machine.broker(site.broker_url.get_secret_value())
    return System(
        machine.versions(connection, broker),
        machine.packages(),
        settings.shown(site),
        health(connection),
        broker,
        machine.spaces(site),
    )

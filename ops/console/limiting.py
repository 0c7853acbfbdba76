"""How often somebody may try to sign in: counted in Redis, so that a restart or a second console forgets nothing."""

import hashlib
import math
import time
from collections.abc import Callable
from functools import partial
from threading import Lock

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from workers.log import logger
from workers.settings import PREFIX

_LOG = logger(__name__)
_WINDOW = 600  # seconds
PAIR = RateLimitItemPerSecond(5, _WINDOW, namespace="pair")
"""One name from one address: who forgot a password waits, and nobody else with that name does."""
NAME = RateLimitItemPerSecond(50, _WINDOW, namespace="name")
"""One name from anywhere."""
ADDRESS = RateLimitItemPerSecond(100, _WINDOW, namespace="address")
"""One address with any names: many people may come by one."""


class Limiter:
    """Counts tries. Without Redis each process counts for itself, which is said in the log."""

    def __init__(self, broker_url: str | None = None) -> None:
        """Count in the Redis of this address, or (None) in memory. Nothing is opened yet."""
        self._memory = MemoryStorage()
        self._redis: Storage | None = None
        if broker_url is not None:
            self._redis = RedisStorage(
                broker_url, key_prefix=f"{PREFIX}sign-in", socket_timeout=1.0, socket_connect_timeout=1.0
            )
        self._lock = Lock()

    def wait(self, name: str, address: str) -> int:
        """Count a try before its password is looked at; gives the seconds that it has to wait, 0 if it may go on."""
        waits = [
            self._either(partial(_count, item=item, of=of))
            for item, of in ((PAIR, (name, address)), (NAME, (name,)), (ADDRESS, (address,)))
        ]
        return max(waits)

    def forgive(self, name: str, address: str) -> None:
        """Forget the tries that came before a good one."""

        def clear(store: Storage) -> int:
            store.clear(PAIR.key_for(*_hidden((name, address))))
            return 0

        self._either(clear)

    def _either(self, do: Callable[[Storage], int]) -> int:
        if self._redis is not None:
            try:
                return do(self._redis)
            except (RedisError, OSError) as error:
                _LOG.warning("tries to sign in are counted by this process alone", why=type(error).__name__)
        with self._lock:
            return do(self._memory)


def _count(store: Storage, *, item: RateLimitItem, of: tuple[str, ...]) -> int:
    window, key = FixedWindowRateLimiter(store), _hidden(of)
    if window.hit(item, *key):
        return 0
    return max(1, math.ceil(window.get_window_stats(item, *key).reset_time - time.time()))


def _hidden(of: tuple[str, ...]) -> tuple[str, ...]:
    """Some write their password where the name belongs: no name stands in a key."""
    return tuple(hashlib.sha256(each.encode()).hexdigest() for each in of)

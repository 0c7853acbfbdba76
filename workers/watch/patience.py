"""How long each file in the inbox has been unchanged."""

from collections.abc import Callable
from dataclasses import dataclass, field

from workers.watch.arrival import Lying, Stamp


@dataclass(slots=True)
class Patience:
    """Since when each name has been unchanged, by this process's own clock: a share's clock may be wrong."""

    clock: Callable[[], float]
    _since: dict[str, tuple[Stamp, float]] = field(default_factory=dict)

    def unchanged_for(self, lying: Lying) -> float:
        """Give the seconds since the file was first seen as it is now: 0 at first sight and after each change."""
        now = self.clock()
        stamp, since = self._since.get(lying.entry, (None, now))
        if stamp != lying.stamp:
            since = now
        self._since[lying.entry] = (lying.stamp, since)
        return now - since

    def forget_all_but(self, entries: set[str]) -> None:
        """Let go of names that are no more."""
        for gone in self._since.keys() - entries:
            del self._since[gone]

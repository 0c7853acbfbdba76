"""A line of the network between the product and a server, in threads of the test: it can be cut, held up, and go deaf."""

import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ops.embedded import HOST, free_port

_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
"""PostgreSQL's word that a transaction is committed."""
_ABORT = struct.pack("ii", 1, 0)  # closed with a reset, as a router does it


@dataclass(eq=False, slots=True)
class _Pair:
    """A connection of a client, and ours to the server for it. `deaf`: all bytes vanish, and nobody is told."""

    client: socket.socket
    server: socket.socket
    deaf: bool

    def close(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@dataclass(slots=True)
class Line:
    """Listens on `port` for as long as the `with` lasts, and carries every byte to the server on `target` and back."""

    target: int
    port: int = field(default_factory=free_port)
    commits_to_pass: int = 0
    """So many commits to come are heard, before any is lost."""
    commits_to_lose: int = 0
    """So many commits to come are done, and the client that waits for the word is cut off instead."""
    deaf: bool = False
    """A new connection comes about and hears nothing."""
    _flows: threading.Event = field(default_factory=threading.Event)
    _pairs: set[_Pair] = field(default_factory=set)
    _door: socket.socket = field(init=False)

    def __enter__(self) -> Self:
        """Itself, open."""
        self._flows.set()
        self._door = socket.create_server((HOST, self.port), backlog=128)
        threading.Thread(target=self._let_in, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut all off."""
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._flows.set()
        self.cut()

    def cut(self) -> None:
        """Every connection is reset."""
        for pair in tuple(self._pairs):
            pair.close()

    def hold_up(self) -> None:
        """Nothing passes; what is said meanwhile comes late."""
        self._flows.clear()

    def flow(self) -> None:
        """It passes again."""
        self._flows.set()

    def deafen(self) -> None:
        """Every connection stands and is dead, for ever; and so are new ones, until `hear`."""
        self.deaf = True
        for pair in tuple(self._pairs):
            pair.deaf = True

    def hear(self) -> None:
        """New connections are well."""
        self.deaf = False

    def _is_lost(self) -> bool:
        if self.commits_to_pass:
            self.commits_to_pass -= 1
            return False
        is_lost = self.commits_to_lose > 0
        self.commits_to_lose -= is_lost
        return is_lost

    def _let_in(self) -> None:
        with suppress(OSError):  # the door is closed
            while True:
                client, _ = self._door.accept()
                try:
                    server = socket.create_connection((HOST, self.target), timeout=2.0)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                pair = _Pair(client, server, self.deaf)
                self._pairs.add(pair)
                for way in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(pair, *way), daemon=True).start()

    def _carry(self, pair: _Pair, heard: socket.socket, told: socket.socket) -> None:
        with suppress(OSError):
            while said := heard.recv(65_536):
                self._flows.wait()
                if pair.deaf:
                    continue
                if heard is pair.server and _COMMITTED in said and self._is_lost():
                    break
                told.sendall(said)
        self._pairs.discard(pair)
        pair.close()

"""The simulated Visma on HTTP(S): the SOAP endpoint, the controls for tests and the page for people."""

import base64
import socket
import ssl
import struct
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ops.simulator import controls, page
from ops.simulator.answers import Visma
from ops.simulator.exchange import Leaving, Way, exchange
from ops.simulator.faults import FaultKind, FaultPlan

SOAP_PATH = "/wsinkasso"
LARGEST_MESSAGE = 64 * 1024 * 1024
ENDLESS = (
    512 * 1024 * 1024
)  # bytes; an answer "without an end" gives up here, long after any client should have


class BusyPortError(OSError):
    """Somebody else listens where the simulator is to; the sentence names the port."""


class Server(ThreadingHTTPServer):
    """Listens; each connection has its own thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        visma: Visma,
        plan: FaultPlan,
        sign_in: str,
        tls: ssl.SSLContext | None,
    ) -> None:
        """Bind; `sign_in` is `user:password`, "" for none."""
        self.visma = visma
        self.plan = plan
        self.tls = tls
        self.authorization = "Basic " + base64.b64encode(sign_in.encode()).decode() if sign_in else ""
        self.stopping = threading.Event()
        try:
            super().__init__(address, Handler)
        except OSError as error:
            where, why = f"port {address[1]} of {address[0]}", error.strerror
            other = "stop what listens there, or choose another port; 0 takes a free one"
            raise BusyPortError(f"can't listen on {where} ({why}): {other}") from None

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the TLS handshake is left to the connection's own thread, so that one client can't hold the others."""
        connection, address = super().get_request()
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away in the middle, or refuse our certificate, are what this server is for."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    timeout = 120  # seconds; a client that says nothing does not keep its thread for ever
    server: Server

    def do_POST(self) -> None:
        """A SOAP call or a control."""
        path = urlsplit(self.path).path
        if path == SOAP_PATH:
            self._soap()
        else:
            self._send(controls.post(self.server.visma, self.server.plan, path, self._body()))

    def do_GET(self) -> None:
        """The page, the ledger, the faults that are on, the contract."""
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        shown = page.get(self.server.visma, self.server.plan, address.path, query)
        self._send(shown or controls.get(self.server.visma, self.server.plan, address.path, query))

    def do_DELETE(self) -> None:
        """Faults off."""
        self._send(controls.delete(self.server.plan, urlsplit(self.path).path))

    def log_message(self, *_: object) -> None:
        """Say nothing: a call a line would slow what is measured, and the ledger knows them."""

    def _soap(self) -> None:
        operation = self.headers.get("SOAPAction", "").strip('"').rpartition("/")[2]
        fault = self.server.plan.draw(operation)
        if fault is not None and fault.kind is FaultKind.CUT_BEFORE_READING and not fault.does_its_work:
            self._cut()
            return
        body = self._body()
        if self.server.authorization and self.headers.get("Authorization") != self.server.authorization:
            self._send(Leaving(401, "text/plain", b"sign in", Way.WHOLE))
            return
        self._send(
            exchange(self.server.visma, body, fault, self.server.stopping.wait), fault.seconds if fault else 0
        )

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length", "0"))
        return self.rfile.read(min(length, LARGEST_MESSAGE))

    def _send(self, leaving: Leaving, pause: float = 0) -> None:
        if leaving.way is Way.CUT:
            self._cut()
            return
        length = ENDLESS if leaving.way is Way.ENDLESS else len(leaving.body)
        self.send_response_only(leaving.status)
        self.send_header("Content-Type", leaving.content_type)
        self.send_header("Content-Length", str(length))
        if leaving.way is not Way.WHOLE or self.headers.get("Connection", "").lower() == "close":
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        for piece in _pieces(leaving):
            self.wfile.write(piece)
            if leaving.way is not Way.WHOLE:
                self.wfile.flush()
            if leaving.way is Way.DRIP and self.server.stopping.wait(pause):
                return
        self.wfile.flush()

    def _cut(self) -> None:
        """Reset the connection, as a dead machine or a firewall does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.shutdown(self.connection, socket.SHUT_RD)


def _pieces(leaving: Leaving) -> Iterable[bytes]:
    if leaving.way is Way.DRIP:
        return (bytes([byte]) for byte in leaving.body)
    if leaving.way is Way.HALF:
        return (leaving.body[: len(leaving.body) // 2],)
    if leaving.way is Way.ENDLESS:
        block = b"<!--" + b"x" * 65529 + b"-->"
        return (block for _ in range(ENDLESS // len(block)))
    return (leaving.body,)

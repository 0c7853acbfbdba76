"""One POST over HTTP(S): certificates verified, no redirect, no proxy, a hard deadline and a bound on the answer."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from workers.crash import crash_point

LARGEST_ANSWER = 16 * 1024 * 1024  # bytes; a page of 1,000 invoices is about one
BLOCK = 64 * 1024
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An HTTP answer that came whole, not yet looked at. The names are those that zeep reads on an answer."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    encoding: str = "utf-8"


class BrokenCallError(Exception):
    """A call that ended without a whole answer. `began` False: not one byte of the message left us.

    `status` and `partial` are what had come of the answer.
    """

    def __init__(
        self, code: str, note: str, *, began: bool, status: int | None = None, partial: bytes = b""
    ) -> None:
        """Keep how far the call came."""
        super().__init__(note)
        self.code = code
        self.note = note
        self.began = began
        self.status = status
        self.partial = partial


class Wire:
    """The way to one endpoint. A new connection for each call.

    A connection kept alive may be closed by the far side just as we write on it, which is one more doubt about a
    voucher; a new one costs a handshake, and tells cleanly "nothing was sent" from "something was sent".
    """

    def __init__(
        self,
        endpoint: str,
        *,
        connect_timeout: float,
        operation_timeout: float,
        tls: Callable[[], ssl.SSLContext],
        authorization: str,
    ) -> None:
        """`operation_timeout` seconds after connecting the call ends, however the far side drips. ValueError: no address."""
        address = urlsplit(endpoint)
        if address.scheme not in PORTS or not address.hostname:
            raise ValueError(f"{endpoint!r} is not an address of an endpoint: expected http(s)://host/path")
        self._host = address.hostname
        self._port = address.port or PORTS[address.scheme]
        self._path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        self._tls = tls() if address.scheme == "https" else None
        self._connect_timeout = connect_timeout
        self._operation_timeout = operation_timeout
        self._authorization = authorization

    def post(self, body: bytes, headers: Mapping[str, str]) -> RawAnswer:
        """Send and read the answer whole, whatever its status. Raises `BrokenCallError` and nothing else."""
        try:
            connected = socket.create_connection((self._host, self._port), timeout=self._connect_timeout)
        except (OSError, UnicodeError) as fault:
            raise BrokenCallError(
                "Unreachable", f"no connection to {self._host}: {fault}", began=False
            ) from fault
        with _Deadline(connected, self._operation_timeout) as deadline:
            try:
                self._secure(deadline)
            except OSError as fault:
                code = "Certificate" if isinstance(fault, ssl.SSLCertVerificationError) else "Unreachable"
                raise BrokenCallError(
                    code, f"no safe connection to {self._host}: {fault}", began=False
                ) from fault
            return self._exchange(deadline, body, headers)

    def _secure(self, deadline: "_Deadline") -> None:
        deadline.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deadline.socket.settimeout(self._operation_timeout)
        if self._tls is not None:
            # The handshake comes after the wrapping so that the deadline holds it too.
            deadline.socket = self._tls.wrap_socket(
                deadline.socket, server_hostname=self._host, do_handshake_on_connect=False
            )
            deadline.socket.do_handshake()

    def _exchange(self, deadline: "_Deadline", body: bytes, headers: Mapping[str, str]) -> RawAnswer:
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.response_class = _Answer
        connection.sock = deadline.socket
        sent = {**headers, "Connection": "close", "Accept-Encoding": "identity"}
        if self._authorization:
            sent["Authorization"] = self._authorization
        status: int | None = None
        pieces: list[bytes] = []
        try:
            connection.request("POST", self._path, body=body, headers=sent)
            crash_point("visma.sent")
            with connection.getresponse() as answer:
                status = answer.status
                _read(answer, pieces)
        except (OSError, ValueError, http.client.HTTPException, _SpoiltError) as fault:
            code, note = _cause(fault, deadline, self._operation_timeout)
            raise BrokenCallError(code, note, began=True, status=status, partial=b"".join(pieces)) from fault
        if deadline.passed:
            code, note = _cause(TimeoutError(), deadline, self._operation_timeout)
            raise BrokenCallError(code, note, began=True, status=status, partial=b"".join(pieces))
        return RawAnswer(answer.status, dict(answer.headers.items()), b"".join(pieces))


class _SpoiltError(Exception):
    """The answer's bytes can't be taken: too many, too few, or packed."""

    def __init__(self, code: str, note: str) -> None:
        super().__init__(note)
        self.code = code


class _Answer(http.client.HTTPResponse):
    """An answer whose chunks may not be of a negative length: of -1 the library reads without a bound until the end."""

    def _safe_read(self, amt: int) -> bytes:
        if amt < 0:
            raise _SpoiltError("Garbage", "the answer has a piece of a negative length")
        found: bytes = super()._safe_read(amt)  # type: ignore[misc]
        return found


class _Deadline:
    """Cuts the connection when the time is up, in whatever the reading thread is waiting; closes it at the end."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        self.socket = connected
        self.passed = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self.socket.close()

    def _cut(self) -> None:
        self.passed = True
        try:
            # The plain socket's shutdown: SSLSocket's own would take the TLS state away under the reader.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        except OSError:
            return  # closed in the same moment: the call has ended by itself


def _read(answer: http.client.HTTPResponse, pieces: list[bytes]) -> None:
    packing = answer.headers.get("Content-Encoding", "identity")
    if packing.lower() != "identity":
        raise _SpoiltError("Garbage", f"the answer is packed ({packing}), which was not asked for")
    size = 0
    while block := answer.read(BLOCK):
        size += len(block)
        if size > LARGEST_ANSWER:
            raise _SpoiltError("AnswerTooLarge", f"the answer is larger than {LARGEST_ANSWER} bytes")
        pieces.append(block)
    if answer.length:  # http.client does not say so itself when it is read in blocks
        raise _SpoiltError("Cut", f"the answer ended {answer.length} bytes too early")


def _cause(fault: Exception, deadline: _Deadline, seconds: float) -> tuple[str, str]:
    if deadline.passed or isinstance(fault, TimeoutError):
        return "TimedOut", f"no whole answer within {seconds:g} s"
    if isinstance(fault, _SpoiltError):
        return fault.code, str(fault)
    if isinstance(fault, ValueError | http.client.HTTPException) and not isinstance(
        fault, http.client.RemoteDisconnected | http.client.IncompleteRead
    ):
        return "Garbage", f"the answer is no HTTP: {type(fault).__name__}"
    return "Cut", f"the connection ended in the middle of the call: {fault or type(fault).__name__}"

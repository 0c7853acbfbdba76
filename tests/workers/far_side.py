"""What stands on the far side in the tests of the WSinkasso adapter: raw servers, certificates, vouchers and set-ups."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from schemas.money import Money
from schemas.setup import Installation
from schemas.transfer import DeliveryAnswer
from schemas.voucher import Voucher, VoucherLine
from workers.accounting import connect

NOVEMBER = date(2026, 11, 3)


def an_installation(
    endpoint: str,
    *,
    operation_timeout: float = 10.0,
    connect_timeout: float = 5.0,
    username: str = "",
    ca_file: str = "",
    client_certificate: str = "",
    finds: bool = True,
    lists: bool = True,
) -> Installation:
    return Installation(
        code="demo",
        number=1,
        endpoint=endpoint,
        username=username,
        password="env:PASSWORD" if username else "",
        ca_file=ca_file,
        client_certificate=client_certificate,
        connect_timeout=connect_timeout,
        operation_timeout=operation_timeout,
        inquiry_pause=1.0,
        max_calls=1,
        vouchers_per_call=1,
        finds=finds,
        lists=lists,
        deduplicates=False,
    )


def a_line(
    account: str, amount: Money, *, text: str = "OCR", customer: str = "", kid: str = ""
) -> VoucherLine:
    return VoucherLine(account, text, amount, "", (), customer, "F-17" if customer else "", kid)


def a_voucher(
    reference: str = "K1-1-1",
    *,
    account: str = "1500",
    text: str = "OCR 03.11",
    company: str = "100",
    amount: Money = 123450,
    day: date = NOVEMBER,
) -> Voucher:
    lines = (a_line("1920", amount), a_line(account, -amount, customer="40017", kid="33000083672049"))
    return Voucher(reference, company, "", "OC", day, "WS-Inf", False, text, lines)


def secret(name: str) -> str:
    return {"env:PASSWORD": "hemmelig"}[name]


class FarSide:
    """What a raw server has heard."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[bytes] = []


@contextmanager
def far_side(say: Callable[[socket.socket], None], *, reads: bool = True) -> Iterator[FarSide]:
    """A server that reads a request whole and then does what `say` does with the connection, and closes it."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)
    side = FarSide(f"http://127.0.0.1:{listening.getsockname()[1]}/wsinkasso")
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(10)
                try:
                    if reads:
                        side.heard.append(_request(connection))
                    say(connection)
                except OSError:
                    continue  # the client has gone, which is what some tests want

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield side
    finally:
        stop.set()
        thread.join()
        listening.close()


def saying(raw: bytes) -> Callable[[socket.socket], None]:
    """Bytes as they are."""
    return lambda connection: connection.sendall(raw)


def http(status: str, body: bytes, *headers: str) -> bytes:
    """An HTTP answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: text/xml", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def soap(inside: str) -> bytes:
    """A SOAP envelope of the contract."""
    return (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:w="urn:kk2-visma:wsinkasso:1"><s:Body>{inside}</s:Body></s:Envelope>'
    ).encode()


def registered(*rows: str) -> bytes:
    """An answer to RegisterVouchers."""
    results = "".join(f"<w:result>{row}</w:result>" for row in rows)
    return soap(f"<w:RegisterVouchersResponse>{results}</w:RegisterVouchersResponse>")


BOOKED_ROW = (
    "<w:externalReference>K1-1-1</w:externalReference><w:voucherNo>9001</w:voucherNo>"
    "<w:total>1234.50</w:total><w:lines>2</w:lines>"
)


def answer_to(say: Callable[[socket.socket], None], *, operation_timeout: float = 5.0) -> DeliveryAnswer:
    with far_side(say) as side:
        (answer,), _ = connect(
            an_installation(side.url, operation_timeout=operation_timeout), secret
        ).register([a_voucher()])
        assert len(side.heard) == 1, "the voucher is sent once, whatever is answered"
    return answer


def fault(inside: str, code: str = "<faultcode>s:Client</faultcode>") -> bytes:
    return soap(f"<s:Fault>{code}<faultstring>no</faultstring>{inside}</s:Fault>")


VALIDATION = "<detail><w:ValidationFault><w:code>{}</w:code><w:text>why</w:text></w:ValidationFault></detail>"


def _request(connection: socket.socket) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += _more(connection)
    head, _, body = heard.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    block = connection.recv(65536)
    if not block:
        raise ConnectionError("the client has gone")
    return block


class Certificates:
    """A certificate authority in a folder, by the `openssl` command."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ca = folder / "ca.pem"
        key = folder / "ca.key"
        _openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Fjordvik CA",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", str(key), "-out", str(self.ca),
        )  # fmt: skip

    def issue(self, name: str, alternative: str) -> Path:
        """A PEM file with certificate and key for `alternative`, as `IP:127.0.0.1` or `DNS:visma.example`."""
        pem, request, key, extra = (self._folder / f"{name}.{end}" for end in ("pem", "csr", "key", "ext"))
        _openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-keyout",
            str(key),
            "-out",
            str(request),
        )
        extra.write_text(f"subjectAltName={alternative}\nbasicConstraints=CA:FALSE\n", "ascii")
        _openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self.ca), "-CAkey", str(self._folder / "ca.key"),
            "-CAcreateserial", "-days", "2", "-extfile", str(extra), "-out", str(pem),
        )  # fmt: skip
        pem.write_bytes(pem.read_bytes() + key.read_bytes())
        return pem


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)

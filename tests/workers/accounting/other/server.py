"""The other far side: it speaks SOAP 1.2 by rpc in its own names, and has the simulated Visma do the work.

Each message is held against the other XSD, said again in the simulator's words, and the answer back in the other's.
"""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from lxml import etree

from tests.workers.accounting.other.table import HERE, SERVICE

OURS = "urn:kk2-visma:wsinkasso:1"
TYPES = "http://example.org/innfordring/typer"
SOAP_1_1, SOAP_1_2 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"

Word: TypeAlias = Callable[[str], str]
Row: TypeAlias = tuple[str, str, "Word | Sequence[Row]"]
"""Where it stands in what is read, where in what is written, and how the text, or what is below, is said."""


def same(text: str) -> str:
    return text


def moment(day: str) -> str:
    return f"{day}T00:00:00"


def day(moment: str) -> str:
    assert moment[10:] == "T00:00:00", "a day is sent as its midnight"
    return moment[:10]


def four(amount: str) -> str:
    return f"{amount}00"


def among(**words: str) -> Word:
    return lambda text: words.get(text, text)


ERROR: Row = ("error", "feil", [
    ("text", "melding", same),
    ("code", "kode", among(
        PeriodClosed="StengtPeriode", UnknownAccount="UkjentKonto", UnknownInvoice="UkjentFaktura", OtherCaseNumber="AnnenSak",
    )),
    ("line", "linjenr", same),
])  # fmt: skip
VOUCHERS: Row = ("voucher", "poster/post", [
    ("voucherNo", "nr", same), ("externalReference", "ref", same),
    ("state", "status", among(registered="R", approved="G", posted="B", deleted="S")),
    ("voucherDate", "dato", moment), ("total", "sum", four), ("lines", "antall", same),
])  # fmt: skip
OPERATIONS = among(
    RegisterVouchers="BokforBilag", FindVoucher="FinnBilag", ListVouchers="ListBilag", GetInstallation="LesOppsett",
    GetReadyInvoices="HentPurreklare", UpdateCaseNumbers="SkrivSaksnummer", GetTransactions="HentBevegelser",
    GetBalances="HentSaldo",
)  # fmt: skip


@dataclass(frozen=True)
class Spoken:
    """An operation: its name at the simulator, its question in the simulator's order, its answer in the other's."""

    name: str
    question: Sequence[Row]
    answer: Sequence[Row]


SPOKEN = {
    "BokforBilag": Spoken(
        "RegisterVouchers",
        [("bilagsliste/bilag", "voucher", [
            ("firma", "company", same), ("aar", "year", same), ("periode", "period", same), ("art", "voucherType", same),
            ("dato", "voucherDate", day), ("signatur", "registrar", same), ("godkjent", "approve", same),
            ("ref", "externalReference", same), ("tekst", "text", same),
            ("linjer/linje", "line", [
                ("konto", "account", same), ("tekst", "text", same), ("belop", "amount", same),
                ("kunde/nr", "customerNo", same), ("kunde/faktura", "invoiceNo", same), ("kunde/kid", "kid", same),
            ]),
        ])],
        [("result", "kvitteringer/kvittering", [
            ("externalReference", "ref", same), ("voucherNo", "bilagsnr", same), ("total", "sum", four),
            ("lines", "antall", same), ERROR,
        ])],
    ),
    "FinnBilag": Spoken(
        "FindVoucher", [("firma", "company", same), ("ref", "externalReference", same)], [VOUCHERS]
    ),
    "ListBilag": Spoken(
        "ListVouchers",
        [("firma", "company", same), ("art", "voucherType", same), ("signatur", "registrar", same), ("fra", "from", day),
         ("til", "to", day), ("side", "pageToken", same)],
        [VOUCHERS, ("nextPageToken", "nesteSide", same)],
    ),
    "LesOppsett": Spoken(
        "GetInstallation",
        [],
        [
            ("version", "oppsett/versjon", same),
            ("capability", "oppsett/evne", OPERATIONS),
            ("company", "oppsett/firma", [
                ("code", "nr", same), ("name", "navn", same), ("client", "oppdragsgiver", same),
                ("voucherType", "art", same), ("registrar", "signatur", same), ("account", "konti/konto", same),
                ("subLedgerType", "reskontro", same),
                ("openPeriods", "regnskapsaar", [("year", "aar", same), ("period", "periode", same)]),
                ("dunningCode", "purring", [("code", "kode", same), ("client", "oppdragsgiver", same)]),
            ]),
        ],
    ),
    "HentPurreklare": Spoken(
        "GetReadyInvoices",
        [("firma", "company", same), ("purrekode", "dunningCode", same), ("side", "pageToken", same)],
        [
            ("invoice", "fakturaer/faktura", [
                ("invoiceNo", "nr", same), ("proposalNo", "forslag", same), ("customerNo", "mottaker/kundenr", same),
                ("name", "mottaker/navn", same), ("address", "mottaker/adresse/linje", same),
                ("personOrOrganisationNo", "mottaker/personnr", same), ("subLedgerType", "reskontro", same),
                ("clientNo", "oppdragsgiver", same), ("kid", "kid", same), ("invoiceDate", "datert", moment),
                ("dueDate", "forfall", moment), ("originalAmount", "belop", four), ("openAmount", "rest", four),
                ("fees", "gebyr", four), ("remindersSent", "purringer", same),
            ]),
            ("nextPageToken", "nesteSide", same),
        ],
    ),
    "SkrivSaksnummer": Spoken(
        "UpdateCaseNumbers",
        [("firma", "company", same), ("saker/sak", "row", [
            ("faktura", "invoiceNo", same), ("kunde", "customerNo", same), ("saksnr", "caseNo", same), ("dato", "date", day),
        ])],
        [("result", "svarliste/svar", [("customerNo", "kunde", same), ("invoiceNo", "faktura", same), ERROR])],
    ),
    "HentBevegelser": Spoken(
        "GetTransactions",
        [("firma", "company", same), ("merke", "since", same), ("side", "pageToken", same)],
        [
            ("transaction", "bevegelser/bevegelse", [
                ("transactionId", "id", same), ("voucherNo", "bilag/nr", same), ("line", "bilag/linjenr", same),
                ("voucherType", "bilag/art", same), ("registrar", "bilag/signatur", same),
                ("externalReference", "bilag/ref", same), ("date", "dato", moment), ("amount", "belop", four),
                ("kind", "slag", among(payment="INN", creditNote="KRE", correction="KOR", writeOff="AVS", reversal="TIL")),
                ("invoiceNo", "faktura", same), ("text", "tekst", same),
            ]),
            ("nextPageToken", "nesteSide", same), ("cursor", "nyttMerke", same),
        ],
    ),
    "HentSaldo": Spoken(
        "GetBalances",
        [("firma", "company", same), ("fakturaer/nr", "invoiceNo", same)],
        [("balance", "saldoer/saldo", [
            ("invoiceNo", "faktura", same), ("openAmount", "rest", four),
            ("collectionMark", "sak/status", among(**{"Ekstern inkasso": "INKASSO"})), ("caseNo", "sak/saksnr", same),
        ])],
    ),
}  # fmt: skip
FAULTS = among(
    ValidationFault="Avvist",
    PeriodClosedFault="PeriodeStengt",
    AccessDeniedFault="IngenTilgang",
    BusyFault="Opptatt",
)
ALWAYS = {
    "FinnBilag": ["poster"], "ListBilag": ["poster", "nesteSide"], "HentPurreklare": ["fakturaer", "nesteSide"],
    "HentBevegelser": ["bevegelser", "nesteSide", "nyttMerke"], "HentSaldo": ["saldoer"],
}  # fmt: skip
"""The parts of an answer that are there even when they hold nothing, as rpc wants it."""


@contextmanager
def other_side(simulator_url: str) -> Iterator[str]:
    """The address of a server that speaks the other contract before a simulator."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.simulator_url = simulator_url  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/innfordring"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, said = _spoken(body, self.headers["Content-Type"], self.server.simulator_url)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _spoken(body: bytes, content_type: str, simulator_url: str) -> tuple[int, bytes]:
    asked = etree.fromstring(body).find(f"{{{SOAP_1_2}}}Body/*")
    assert asked is not None, "a SOAP 1.2 envelope with a body"
    etree.XMLSchema(etree.parse(str(HERE / "body.xsd"))).assertValid(asked)
    name = etree.QName(asked).localname
    assert (
        content_type == f'application/soap+xml; charset=utf-8; action="http://example.org/innfordring/{name}"'
    )
    spoken = SPOKEN[name]
    question = etree.Element(f"{{{OURS}}}{spoken.name}")
    _say(
        asked,
        question,
        spoken.question,
        _other_tag,
        lambda path: [f"{{{OURS}}}{step}" for step in path.split("/")],
    )
    status, said = _post(simulator_url, spoken.name, question)
    if etree.QName(said).localname == "Fault":
        return _fault(said)
    answer = etree.Element(f"{{{SERVICE}}}{name}Response")
    for part in ALWAYS.get(name, []):
        etree.SubElement(answer, part)
    _say(said, answer, spoken.answer, lambda path, _: f"{{{OURS}}}{path}", _part_steps)
    etree.XMLSchema(etree.parse(str(HERE / "body.xsd"))).assertValid(answer)
    return status, _sealed(answer)


def _post(url: str, operation: str, question: etree._Element) -> tuple[int, etree._Element]:
    envelope = etree.Element(f"{{{SOAP_1_1}}}Envelope")
    etree.SubElement(envelope, f"{{{SOAP_1_1}}}Body").append(question)
    request = urllib.request.Request(
        url, etree.tostring(envelope), {"SOAPAction": f'"{OURS}/{operation}"', "Content-Type": "text/xml"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status, content = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            status, content = refused.code, refused.read()
    said = etree.fromstring(content).find(f"{{{SOAP_1_1}}}Body/*")
    assert said is not None
    return status, said


def _fault(said: etree._Element) -> tuple[int, bytes]:
    fault = etree.Element(f"{{{SOAP_1_2}}}Fault", nsmap={"e": SOAP_1_2})
    etree.SubElement(etree.SubElement(fault, f"{{{SOAP_1_2}}}Code"), f"{{{SOAP_1_2}}}Value").text = "e:Sender"
    reason = etree.SubElement(etree.SubElement(fault, f"{{{SOAP_1_2}}}Reason"), f"{{{SOAP_1_2}}}Text")
    reason.text = said.findtext("faultstring")
    inside = said.find("detail/*")
    if inside is not None:
        detail = etree.SubElement(etree.SubElement(fault, f"{{{SOAP_1_2}}}Detail"), f"{{{SERVICE}}}{FAULTS(etree.QName(inside).localname)}")  # fmt: skip
        _, _, rows = ERROR
        assert not callable(rows)
        _say(inside, detail, rows, lambda path, _: f"{{{OURS}}}{path}", _field_steps)
    return 400, _sealed(fault)


def _sealed(content: etree._Element) -> bytes:
    envelope = etree.Element(f"{{{SOAP_1_2}}}Envelope", nsmap={"e": SOAP_1_2})
    etree.SubElement(envelope, f"{{{SOAP_1_2}}}Body").append(content)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _say(
    source: etree._Element,
    target: etree._Element,
    rows: Sequence[Row],
    read: Callable[[str, bool], str],
    write: Callable[[str], list[str]],
    *,
    top: bool = True,
) -> None:
    """Say what stands in `source` again in `target`; an empty text is not said."""
    for theirs, ours, said in rows:
        for found in source.iterfind(read(theirs, top)):
            if callable(said):
                if found.text:
                    _below(target, write(ours)).text = said(found.text)
            else:
                inner = write if write is not _part_steps else _field_steps
                _say(found, _below(target, write(ours)), said, read, inner, top=False)


def _other_tag(path: str, top: bool) -> str:
    steps = path.split("/")
    return "/".join(step if top and place == 0 else f"{{{TYPES}}}{step}" for place, step in enumerate(steps))


def _part_steps(path: str) -> list[str]:
    first, *inner = path.split("/")
    return [first, *(f"{{{TYPES}}}{step}" for step in inner)]


def _field_steps(path: str) -> list[str]:
    return [f"{{{TYPES}}}{step}" for step in path.split("/")]


def _below(parent: etree._Element, steps: list[str]) -> etree._Element:
    for step in steps[:-1]:
        standing = parent.find(step)
        parent = standing if standing is not None else etree.SubElement(parent, step)
    standing = parent.find(steps[-1])
    if standing is not None and not standing.text and not len(standing):
        return standing
    return etree.SubElement(parent, steps[-1])

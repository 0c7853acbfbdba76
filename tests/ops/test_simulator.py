"""The simulated Visma as a process and by its controls: an honest ledger that outlives a kill."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ops.simulator import BadFaultError, BadMunicipalityError, Fault, FaultKind, Simulator, read_faults

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).parents[2] / "schemas" / "xsd" / "wsinkasso.xsd")))


def register(reference: str = "K1-1-1", *, debit: str = "10.00", credit: str = "-10.00", **head: str) -> str:
    fields = {
        "company": "100", "year": "2026", "period": "11", "voucherType": "OC", "voucherDate": "2026-11-03",
        "registrar": "WS-Inf", "approve": "false", "externalReference": reference, "text": "OCR",
    } | head  # fmt: skip
    tops = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    lines = "".join(
        f"<line><account>{account}</account><text>t</text><amount>{amount}</amount></line>"
        for account, amount in (("1920", debit), ("1500", credit))
    )
    return f"<RegisterVouchers xmlns='urn:kk2-visma:wsinkasso:1'><voucher>{tops}{lines}</voucher></RegisterVouchers>"


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with Simulator(tmp_path / "first") as first:
        port = first.base.rpartition(":")[2]
        second = subprocess.run(
            [sys.executable, "-m", "ops.simulator", "--port", port, "--folder", str(tmp_path / "second")],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    assert second.returncode == 2
    assert second.stderr.startswith(f"simulator: can't listen on port {port} of 127.0.0.1")


def ask(url: str, operation: str, inside: str) -> etree._Element:
    """What stands in the answer's body, after it was held against the XSD."""
    body = f"<s:Envelope xmlns:s='{SOAP}'><s:Body>{inside}</s:Body></s:Envelope>".encode()
    request = urllib.request.Request(url, body, {"SOAPAction": f'"urn:kk2-visma:wsinkasso:1/{operation}"'})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            content = refused.read()
    said = etree.fromstring(content).find(f"{{{SOAP}}}Body/*")
    assert said is not None
    proven = said.find("detail/*") if said.tag == f"{{{SOAP}}}Fault" else said
    assert proven is not None
    SCHEMA.assertValid(proven)
    return said


def texts(element: etree._Element, name: str) -> list[str]:
    return [found.text or "" for found in element.iter(f"{{*}}{name}")]


def control(url: str, value: object = None, method: str = "") -> Any:
    data = None if value is None else json.dumps(value).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url, data, method=method or None), timeout=10
    ) as answer:
        return json.loads(answer.read())


@contextmanager
def a_process(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "ops.simulator", "--folder", str(folder), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"SOAP at (http://\S+/wsinkasso)", line)
        assert found, line
        yield process, found[1]
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def visma(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as simulator:
        yield simulator


def test_the_ledger_outlives_a_kill_and_its_numbers_go_on(tmp_path: Path) -> None:
    with a_process(tmp_path) as (process, url):
        first = texts(ask(url, "RegisterVouchers", register("K1-1-1")), "voucherNo")
        control(url.replace("/wsinkasso", "/periods"), {"company": "100", "period": "2026-10", "open": False})
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with a_process(tmp_path) as (_, url):
        second = texts(ask(url, "RegisterVouchers", register("K1-1-2")), "voucherNo")
        rows = control(url.replace("/wsinkasso", "/ledger/vouchers?company=100"))
        closed = ask(url, "RegisterVouchers", register("K1-1-3", period="10", voucherDate="2026-10-03"))

    assert (first, second) == (["100001"], ["100002"])
    assert [(row["reference"], row["number"], row["total"], row["lines"], row["calls"]) for row in rows] == [
        ("K1-1-1", 100001, "10.00", 2, 1),
        ("K1-1-2", 100002, "10.00", 2, 1),
    ]
    assert texts(closed, "code") == ["PeriodClosed"]


def test_a_process_ends_quietly_when_it_is_asked_to(tmp_path: Path) -> None:
    with a_process(tmp_path, "--faults", "hang") as (process, _):
        process.terminate()

        assert process.wait(10) == 0


def test_numbers_run_by_company_and_year(visma: Simulator) -> None:
    for head in ({}, {"company": "200"}, {"year": "2025", "period": "12", "voucherDate": "2025-12-31"}, {}):
        ask(visma.url, "RegisterVouchers", register("K1-1-1", **head))

    assert [(row.company, row.year, row.number) for row in visma.vouchers()] == [
        ("100", 2026, 100001),
        ("200", 2026, 100001),
        ("100", 2025, 100001),
        ("100", 2026, 100002),
    ]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (register(credit="-9.99"), "Unbalanced"),
        (register(company="300"), "UnknownCompany"),
        (register(voucherType="XX"), "UnknownVoucherType"),
        (register(registrar="OLA"), "UnknownRegistrar"),
        (register(period="10"), "WrongPeriod"),
        (register(year="1985", period="1", voucherDate="1985-01-03"), "PeriodClosed"),
        (register().replace("1500", "9999"), "UnknownAccount"),
        (register(debit="10.005"), "Schema"),
        (register(voucherDate="2026-02-30"), "Schema"),
        (register().replace("<account>1920</account>", ""), "Schema"),
        (register() + "<!DOCTYPE x>", "Schema"),
    ],
)
def test_a_voucher_that_visma_would_not_book_is_refused_with_a_code(
    visma: Simulator, asked: str, code: str
) -> None:
    said = ask(visma.url, "RegisterVouchers", asked)

    assert texts(said, "code") == [code]
    assert visma.vouchers() == ()


def test_a_voucher_is_booked_as_registered_or_approved_as_it_asks(visma: Simulator) -> None:
    ask(visma.url, "RegisterVouchers", register("K1-1-1"))
    ask(visma.url, "RegisterVouchers", register("K1-1-2", approve="true"))

    assert [row.state.value for row in visma.vouchers()] == ["registered", "approved"]


def test_a_person_adds_and_changes_vouchers_by_the_controls(visma: Simulator) -> None:
    line = {"account": "1920", "text": "for hånd"}
    added = control(
        f"{visma.base}/vouchers/by-hand",
        {
            "company": "100",
            "voucher_date": "2026-11-04",
            "lines": [{**line, "amount": "55.00"}, {**line, "amount": "-55.00"}],
        },
    )
    control(
        f"{visma.base}/vouchers/state",
        {"company": "100", "year": 2026, "number": added["number"], "state": "posted"},
    )

    (row,) = visma.vouchers()
    assert (row.by_hand, row.state.value, row.total, row.registrar) == (True, "posted", 5500, "KARI")
    with pytest.raises(urllib.error.HTTPError) as refused:
        control(
            f"{visma.base}/vouchers/state", {"company": "100", "year": 2026, "number": 1, "state": "posted"}
        )
    with refused.value as answer:
        assert json.loads(answer.read())["error"] == "company 100 has no voucher 1 in 2026"


def test_faults_are_counted_down_listed_and_turned_off(visma: Simulator) -> None:
    control(f"{visma.base}/faults", {"kind": "busy", "operation": "RegisterVouchers", "times": 2})
    control(f"{visma.base}/faults", [{"kind": "soap_fault", "operation": "FindVoucher"}])

    ask(visma.url, "RegisterVouchers", register())
    standing = control(f"{visma.base}/faults")
    ask(visma.url, "RegisterVouchers", register())
    booked = ask(visma.url, "RegisterVouchers", register())

    assert [(fault["kind"], fault["times"]) for fault in standing] == [("busy", 1), ("soap_fault", -1)]
    assert texts(booked, "voucherNo") == ["100001"]
    assert control(f"{visma.base}/faults", method="DELETE") == []


def test_a_probability_gives_the_same_faults_for_the_same_seed(tmp_path: Path) -> None:
    def drawn(seed: int) -> list[bool]:
        fault = Fault(FaultKind.BUSY, probability=0.3)
        with Simulator(tmp_path / str(seed), faults=[fault], seed=seed) as visma:
            return [
                bool(texts(ask(visma.url, "RegisterVouchers", register()), "voucherNo")) for _ in range(40)
            ]

    once = drawn(7)

    assert once == drawn(7)
    assert 5 < once.count(False) < 25


def test_faults_of_the_command_line_are_read_or_refused_with_the_choices() -> None:
    assert read_faults("slow:seconds=2:times=3, busy:operation=FindVoucher:probability=0.5") == (
        Fault(FaultKind.SLOW, seconds=2.0, times=3),
        Fault(FaultKind.BUSY, operation="FindVoucher", probability=0.5),
    )
    assert read_faults('[{"kind": "garbage", "books": true}]') == (Fault(FaultKind.GARBAGE, books=True),)
    with pytest.raises(BadFaultError, match="lose_answer_after_booking"):
        read_faults("sloow")
    with pytest.raises(BadFaultError, match="has no"):
        read_faults("slow:second=2")


def test_a_municipality_of_ones_own_is_read_or_refused_with_the_key(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'version = "7"\n[[company]]\ncode = "9"\nname = "Bygd"\nclients = ["A"]\nvoucher_types = ["OC"]\n'
        'registrars = ["WS-Inf"]\nsub_ledger_types = []\nopen_periods = ["2026-01", "2026-12"]\naccounts = ["1", "2"]\n',
        "utf-8",
    )
    with Simulator(tmp_path / "ledger", municipality=own) as visma:
        said = ask(visma.url, "GetInstallation", "<GetInstallation xmlns='urn:kk2-visma:wsinkasso:1'/>")
    own.write_text('version = "7"\n[[company]]\ncode = "9"\n', "utf-8")

    assert texts(said, "name") == ["Bygd"]
    with pytest.raises(BadMunicipalityError, match="open_periods"):
        Simulator(tmp_path / "ledger", municipality=own)


def test_the_page_shows_what_a_person_in_visma_would_see(visma: Simulator) -> None:
    ask(visma.url, "RegisterVouchers", register("K1-1-1", text="OCR &lt;b&gt;del 1&lt;/b&gt;"))
    visma.fault(Fault(FaultKind.SLOW, operation="FindVoucher"))
    with urllib.request.urlopen(f"{visma.base}/", timeout=10) as answer:
        front = answer.read().decode()
    with urllib.request.urlopen(
        f"{visma.base}/voucher?company=100&year=2026&number=100001", timeout=10
    ) as answer:
        voucher = answer.read().decode()

    for shown in (
        "100001",
        "WS-Inf",
        "K1-1-1",
        "Fjordvik kommune",
        "Registrert",
        "Feil er slått på",
        "1990-01 til 2035-12",
    ):
        assert shown in front
    assert "<b>del 1" not in front
    assert re.search(r"1920.*10,00.*1500.*-10,00", voucher, re.DOTALL)


def test_every_answer_comes_at_once_from_a_large_ledger(tmp_path: Path) -> None:
    from datetime import date

    from ops.simulator.ledger import Entry, Ledger
    from schemas.voucher import LedgerState

    day, state = date(2026, 11, 3), LedgerState.REGISTERED
    ledger = Ledger(tmp_path)
    ledger.book(
        [
            Entry("100", 2026, f"K1-1-{n}", "OC", "WS-Inf", day, 1000, 2, state, "", False, b"<v/>")
            for n in range(20_000)
        ],
        deduplicates=False,
    )
    ledger.close()
    with Simulator(tmp_path) as visma:
        began = time.monotonic()
        for number in range(0, 20_000, 1_000):
            inside = f"<company>100</company><externalReference>K1-1-{number}</externalReference>"
            ask(
                visma.url,
                "FindVoucher",
                f"<FindVoucher xmlns='urn:kk2-visma:wsinkasso:1'>{inside}</FindVoucher>",
            )
        took = time.monotonic() - began

    assert took / 20 < 0.1

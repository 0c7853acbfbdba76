"""What others write stays text: in a log line, a file's name, a header, an alarm's title; and no schema is fetched."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from zeep.exceptions import ExternalReferenceForbidden

from ops.guard.wording import Told, message
from schemas.transfer import Verdict
from tests.workers.far_side import (
    a_voucher,
    an_installation,
    answer_to,
    far_side,
    fault,
    http,
    saying,
    secret,
)
from workers.accounting import connect
from workers.accounting.contract import Contract
from workers.accounting.mapping import WSINKASSO
from workers.watch.arrival import shown

HOSTILE = 'a\n{"event": "forged"}\r\x1b[2J\x00 b'
_LOGS = "import sys; from workers import log; log.set_up('info'); log.logger('x').warning('m', name=sys.argv[1] + chr(0))"


def test_a_log_line_is_one_line_of_json_whatever_is_written_into_it() -> None:
    said = HOSTILE.replace("\x00", "")
    ran = subprocess.run([sys.executable, "-c", _LOGS, said], capture_output=True, timeout=60, check=True)

    (line,) = ran.stderr.splitlines()
    assert json.loads(line)["name"] == said + "\x00"
    assert b"\x1b" not in line


def test_a_name_that_turns_the_line_round_or_breaks_it_is_stored_with_replacements() -> None:
    assert (
        shown("OCR\u202eTAD.\u2066\x1b[2J\x9b\x85\u2028.DAT")
        == "OCR\ufffdTAD.\ufffd\ufffd[2J\ufffd\ufffd\ufffd.DAT"
    )


@pytest.mark.parametrize("where", ["<faultstring>no", "<w:text>why"])
def test_words_of_visma_are_kept_on_one_line_and_move_no_cursor(where: str) -> None:
    detail = "<detail><w:ValidationFault><w:code>&#x9b;2J</w:code><w:text>why</w:text></w:ValidationFault></detail>"
    said = fault(detail).replace(where.encode(), f"{where}&#10;&#13;&#x9b;2J&#x202e;&#x85;".encode())

    answer = answer_to(saying(http("500 Oops", said)))

    assert answer.verdict is Verdict.UNKNOWN
    assert (answer.code + answer.note).isprintable()


def test_a_line_break_in_an_address_brings_no_header() -> None:
    with far_side(saying(http("200 OK", b""))) as side:
        visma = connect(an_installation(side.url + "\r\nX-Evil: 1\r\n"), secret)
        (answer,), _ = visma.register([a_voucher()])

    assert answer.verdict is Verdict.UNKNOWN
    assert not any(b"\nX-Evil" in heard for heard in side.heard)


def test_a_title_of_an_alarm_is_one_line() -> None:
    began = datetime(2026, 11, 3, tzinfo=UTC)
    title, _ = message([Told(1, False, "file_missing", "1\r\nBcc: x@example.org", "", began, None)], "nb", "")

    assert title.isprintable()


def test_a_schema_that_points_to_the_network_fetches_nothing(tmp_path: Path) -> None:
    with far_side(saying(http("200 OK", b"<x/>"))) as side:
        xsd, wsdl = tmp_path / "wsinkasso.xsd", tmp_path / "wsinkasso.wsdl"
        pointed = f'<xs:import namespace="urn:x" schemaLocation="{side.url}"/><xs:simpleType name="Code">'
        ours = Path(str(WSINKASSO.xsd)).read_text("utf-8")
        xsd.write_text(ours.replace('<xs:simpleType name="Code">', pointed, 1), "utf-8")
        ours = Path(str(WSINKASSO.wsdl)).read_text("utf-8")
        wsdl.write_text(ours.replace("../xsd/wsinkasso.xsd", side.url, 1), "utf-8")
        contract = Contract(replace(WSINKASSO, xsd=xsd, wsdl=wsdl))

        assert side.url in xsd.read_text("utf-8")
        assert side.url in wsdl.read_text("utf-8")
        assert contract.schema is not None
        with pytest.raises(ExternalReferenceForbidden):
            assert contract.client is None

    assert side.heard == []

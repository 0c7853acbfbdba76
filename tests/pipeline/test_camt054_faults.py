"""Notifications that are refused, each with its line, what was expected and what was found; and what is only noted."""

import io
from collections.abc import Iterator
from datetime import date

import pytest

from ops.notification_writer import (
    CamtEntry,
    CamtMessage,
    CamtNotification,
    CamtTransaction,
    generate_notification,
    write_message,
)
from pipeline.formats import DEFAULT, Reading, Refusal, read
from pipeline.formats.camt054.walking import PIECE
from pipeline.formats.saying import FaultyFileError
from schemas.bank import KidShare, Payment

DAY = date(2026, 10, 6)
TWO = (CamtTransaction(200_000, "0010041"), CamtTransaction(274_750, "0010025"))
ENTRY = CamtEntry(DAY, TWO, reference="261006-2-1")
PLAIN = write_message(CamtMessage((CamtNotification("12345678903", (ENTRY,)),), DAY)).decode()
ONE_MORE = PLAIN[PLAIN.index("<Ntry>") : PLAIN.index("</Ntfctn>")]
AMOUNT, FIRST, SECOND = '<Amt Ccy="NOK">4747.50</Amt>', '<Amt Ccy="NOK">2000.00</Amt>', '"NOK">2747.50<'


def a_file(*entries: CamtEntry, version: str = "02") -> bytes:
    return write_message(CamtMessage((CamtNotification("12345678903", entries),), DAY, version=version))


def answer(raw: bytes | str) -> Reading | Refusal:
    return read(io.BytesIO(raw.encode() if isinstance(raw, str) else raw), options=DEFAULT)


def faults(raw: bytes | str) -> list[str]:
    refusal = answer(raw)
    assert isinstance(refusal, Refusal)
    return [str(fault) for fault in refusal.faults]


def reading(raw: bytes | str) -> Reading:
    found = answer(raw)
    assert isinstance(found, Reading), [str(fault) for fault in found.faults]
    return found


def payments(raw: bytes | str) -> list[Payment]:
    return [payment for batch in reading(raw).batches() for payment in batch.payments()]


def codes(raw: bytes | str) -> list[str]:
    return [note.code for note in reading(raw).notes]


def changed(old: str, new: str) -> str:
    assert PLAIN.count(old) == 1, old
    return PLAIN.replace(old, new)


AMOUNT_WANTED = "expected kroner without sign, with a point and at most two decimals"


FAULTY: list[tuple[bytes | str, str]] = [
    (changed(AMOUNT, '<Amt Ccy="NOK">4747.51</Amt>'), "7: Amt of Ntry 1: expected 4747.50, the sum of 2 transactions, found 4747.51"),
    (changed(SECOND, '"NOK">2747,50<'), f"10: AmtDtls/TxAmt/Amt of Ntry 1, TxDtls 2: {AMOUNT_WANTED}, found '2747,50'"),
    (changed(SECOND, '"NOK">-2747.50<'), f"10: AmtDtls/TxAmt/Amt of Ntry 1, TxDtls 2: {AMOUNT_WANTED}, found '-2747.50'"),
    (changed(SECOND, '"NOK">2747.500<'), f"10: AmtDtls/TxAmt/Amt of Ntry 1, TxDtls 2: {AMOUNT_WANTED}, found '2747.500'"),
    (changed(SECOND, '"NOK">2.7475E3<'), f"10: AmtDtls/TxAmt/Amt of Ntry 1, TxDtls 2: {AMOUNT_WANTED}, found '2.7475E3'"),
    (changed(SECOND, '"NOK">٢747.50<'), f"10: AmtDtls/TxAmt/Amt of Ntry 1, TxDtls 2: {AMOUNT_WANTED}, found '٢747.50'"),
    (changed(SECOND, '"NOK"><'), f"10: AmtDtls/TxAmt/Amt of Ntry 1, TxDtls 2: {AMOUNT_WANTED}, found ''"),
    (changed(SECOND, '"NOK">2<b/>747.50<'), "10: AmtDtls/TxAmt/Amt of Ntry 1, TxDtls 2: expected a value, and no element in it, found 'b'"),
    (changed(SECOND, '"SEK">2747.50<'), "10: AmtDtls/TxAmt/Amt/@Ccy of Ntry 1, TxDtls 2: expected NOK, found 'SEK'"),
    (changed(AMOUNT, "<Amt>4747.50</Amt>"), "7: Amt of Ntry 1: expected an amount with its currency (Ccy), found '4747.50'"),
    (changed(AMOUNT, AMOUNT + AMOUNT), "7: Amt of Ntry 1: expected one, as on line 7, found another one"),
    (changed("<Ccy>NOK</Ccy>", "<Ccy>EUR</Ccy>"), "5: Ntfctn/Acct/Ccy: expected NOK, found 'EUR'"),
    (changed("<NbOfTxs>2", "<NbOfTxs>3"), "8: Btch/NbOfTxs of Ntry 1: expected 2, as there are TxDtls, found 3"),
    (changed("<NbOfNtries>1", "<NbOfNtries>2"), "6: Ntfctn/TtlNtries/NbOfNtries: expected 1, as the entries are, found 2"),
    (changed("<Sum>4747.50", "<Sum>4747.5"+"1"), "6: Ntfctn/TtlNtries/Sum: expected 4747.50, as the entries are, found 4747.51"),
    (changed("<TtlNetNtryAmt>4747.50", "<TtlNetNtryAmt>0"), "6: Ntfctn/TtlNetNtry: expected 4747.50, as the entries are, found 0.00"),
    (changed("<Sts>BOOK", "<Sts>BOKT"), "7: Sts of Ntry 1: expected BOOK, PDNG, INFO, FUTR, found 'BOKT'"),
    (changed("<Sts>BOOK</Sts>", ""), "7: Sts of Ntry 1: expected this, found none"),
    (changed("<BookgDt><Dt>2026-10-06", "<BookgDt><Dt>2026-02-29"), "7: BookgDt/Dt of Ntry 1: expected a day from 1990 to 2089, as 2026-01-31, found '2026-02-29'"),
    (changed("<BookgDt><Dt>2026-10-06</Dt></BookgDt>", ""), "7: BookgDt of Ntry 1: expected this, found none"),
    (changed("<Sts>", "<RvslInd>yes</RvslInd><Sts>"), "7: RvslInd of Ntry 1: expected true or false, found 'yes'"),
    (changed("</NtryDtls>", "</NtryDtls><RvslInd>true</RvslInd>"), "11: RvslInd of Ntry 1: expected this before what is inside its element, found it behind that"),
    (changed("12345678903", "1234567890"), "5: Ntfctn/Acct/Id: expected a Norwegian account of 11 digits, or its IBAN, found '1234567890'"),
    (changed("<Othr><Id>12345678903</Id></Othr>", "<IBAN>SE4550000000058398257466</IBAN>"), "5: Ntfctn/Acct/Id: expected a Norwegian account of 11 digits, or its IBAN, found 'SE4550000000058398257466'"),
    (changed("261006-2-1", "x" * 36), f"7: NtryRef of Ntry 1: expected at most 35 characters, found '{'x' * 36}'"),
    (changed("<MsgId>M1</MsgId>", ""), "3: GrpHdr/MsgId: expected the message's id before its notifications, found none"),
    (changed("</Ntry>", ""), "13: XML of Ntry 1: expected well-formed XML, found mismatched tag"),
    (PLAIN[: PLAIN.index("</Ntfctn>")], "13: XML: expected the end of Ntfctn, found the end of the file"),
    (PLAIN + "<x/>", "16: XML: expected well-formed XML, found junk after document element"),
    (PLAIN.encode().replace(b"NOTPROVIDED", b"\xf8", 1), "9: XML of Ntry 1, TxDtls 1: expected well-formed XML, found not well-formed (invalid token)"),
    (changed("</Ntfctn>", f"</Ntfctn>{ONE_MORE}"), "13: BkToCstmrDbtCdtNtfctn: expected no Ntry here: its money would be passed over, found 'Ntry'"),
    (changed("</Ntry>", f"<More>{ONE_MORE}</More></Ntry>"), "12: Ntfctn/Ntry of Ntry 1: expected no Ntry here: its money would be passed over, found 'Ntry'"),
    (changed("UTF-8", "UTF-7"), "1: encoding: expected UTF-8, found 'UTF-7'"),
    (PLAIN.replace("camt.054.001.02", "camt.053.001.02").replace("BkToCstmrDbtCdtNtfctn", "BkToCstmrStmt"), "1:1-2: format: expected NY (an OCR giro file) or camt.054, found an XML file (camt.053)"),
    (PLAIN.replace("camt.054", "pain.002"), "2: format: expected a camt.054 or OCR giro file, found an XML file (pain.002)"),
    (PLAIN.encode("utf-16"), "1:1-2: format: expected NY (an OCR giro file), found UTF-16 text (saved as Unicode)"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "fault"), FAULTY)
def test_a_fault_is_said_with_its_line(raw: bytes | str, fault: str) -> None:
    assert faults(raw)[0] == fault


def test_a_transaction_may_lack_its_amount_only_when_it_is_alone() -> None:
    without = PLAIN.replace('<AmtDtls><TxAmt><Amt Ccy="NOK">2000.00</Amt></TxAmt></AmtDtls>', "")
    alone = a_file(CamtEntry(DAY, TWO[:1])).decode()

    assert faults(without)[0].endswith(
        "expected an amount of each transaction, when there are several, found none"
    )
    alone = alone.replace('<AmtDtls><TxAmt><Amt Ccy="NOK">2000.00</Amt></TxAmt></AmtDtls>', "")
    assert [payment.amount for payment in payments(alone)] == [200_000]


def test_charges_explain_a_difference_only_when_they_are_in_the_file() -> None:
    entry = changed(AMOUNT, '<Amt Ccy="NOK">4742.50</Amt>').replace("4747.50", "4742.50")
    charged = entry.replace("</Btch>", "</Btch>").replace(
        "<NtryDtls>", '<Chrgs><Amt Ccy="NOK">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Chrgs><NtryDtls>'
    )

    assert "4747.50, the sum of 2 transactions" in faults(entry)[0]
    assert codes(charged) == ["charges"]
    assert reading(charged).total == 474_750


def test_what_is_not_booked_is_counted_and_is_no_money() -> None:
    raw = a_file(ENTRY, CamtEntry(DAY, TWO[:1], status="PDNG"), CamtEntry(DAY, amount=5, status="INFO"))
    found = reading(raw)

    assert (found.payments, found.total, found.control_total) == (2, 474_750, 674_755)
    assert [note.text for note in found.notes] == [
        "1 entry of 2 000,00 kr pending (PDNG) and not booked",
        "1 entry of 0,05 kr for information (INFO) and not booked",
    ]


def test_what_each_of_several_kids_has_is_known_only_when_it_sums_up() -> None:
    told = (
        (("0010041", 150), ("0010025", 50)),
        (("0010041", 150), ("0010025", 49)),
        (("0010041", None), ("0010025", 1)),
    )
    found = payments(a_file(CamtEntry(DAY, tuple(CamtTransaction(200, kids=kids) for kids in told))))

    assert [payment.kid for payment in found] == [None] * 3
    assert found[0].kids == (KidShare("0010041", 150), KidShare("0010025", 50))
    assert found[1].kids == found[2].kids == (KidShare("0010041", None), KidShare("0010025", None))
    assert (
        found[0].bank_reference.identity()
        != payments(a_file(CamtEntry(DAY, (CamtTransaction(200),))))[0].bank_reference.identity()
    )


def test_the_same_kid_twice_in_one_payment_is_one_kid() -> None:
    raw = a_file(CamtEntry(DAY, (CamtTransaction(200, kids=(("0010041", 150), ("0010041", 50))),)))

    assert [(payment.kid, payment.kids) for payment in payments(raw)] == [("0010041", ())]


@pytest.mark.parametrize("reference", ["INV 17", "RF18539007547035", "12-34", "1" * 26, "7"])
def test_a_reference_that_is_no_kid_is_text_and_refuses_nothing(reference: str) -> None:
    raw = a_file(CamtEntry(DAY, (CamtTransaction(200, reference),)))

    assert [(payment.kid, payment.text) for payment in payments(raw)] == [(None, reference)]
    assert codes(raw) == ["kid-malformed"]


def test_a_reference_that_is_not_provided_is_none() -> None:
    raw = a_file(
        *[CamtEntry(DAY, (CamtTransaction(200, reference="NOTPROVIDED"),), reference="NOTPROVIDED")] * 2
    )

    assert [(p.reference, p.statement_ref) for p in payments(raw)] == [(None, "N1/1"), (None, "N1/2")]


def test_a_wrong_kid_is_noted() -> None:
    assert codes(a_file(CamtEntry(DAY, (CamtTransaction(200, "0010042"), CamtTransaction(1, "18"))))) == [
        "kid-control",
        "kid-short",
    ]


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_each_version_is_read_alike(version: str) -> None:
    back = CamtEntry(DAY, TWO, is_debit=True, is_reversal=True, reference="261006-2-2")

    found = payments(a_file(ENTRY, back, version=version))

    assert [(p.amount, p.kid, p.is_reversal) for p in found] == [
        (200_000, "0010041", False),
        (274_750, "0010025", False),
        (-200_000, "0010041", True),
        (-274_750, "0010025", True),
    ]
    assert codes(a_file(ENTRY, version=version)) == []


def test_a_file_without_a_namespace_is_read_by_its_names_and_that_is_said() -> None:
    raw = changed(' xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"', "")

    assert codes(raw) == ["namespace"]
    assert reading(raw).total == 474_750


def test_elements_of_another_namespace_are_passed_over() -> None:
    raw = changed(AMOUNT, f'<x:Amt xmlns:x="urn:other" Ccy="NOK">1.00</x:Amt>{AMOUNT}')

    assert reading(raw).total == 474_750


class Endless(io.RawIOBase):
    """A file that goes on for ever after its head, and counts what was read of it."""

    def __init__(self, head: str, more: bytes) -> None:
        self._pieces = self._all(head.encode(), more)
        self.read_so_far = 0

    def _all(self, head: bytes, more: bytes) -> Iterator[bytes]:
        yield head.ljust(0)
        while True:
            yield more * (PIECE // len(more))

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def read(self, size: int = -1) -> bytes:
        piece = next(self._pieces)
        self.read_so_far += len(piece)
        return piece


HEAD = PLAIN[: PLAIN.index("<Ntry>")]


@pytest.mark.parametrize(
    ("opening", "more"),
    [
        ("<Ntry ", b"a"),  # a tag without an end
        ("<Ntry x='", b"a"),
        ("<Ntry><!-- ", b"a"),
        ("<Ntry><AddtlNtryInf>", b"a"),
        ("<Ntry><Unknown>", b"a"),
        ("<Ntry><Unknown><![CDATA[", b"a"),
        ("<Ntry>", b"<Unknown>"),
        ("<Ntry>", b"<NtryDtls>"),
        ("<Ntry><NtryDtls><TxDtls><RmtInf>", b"<Ustrd>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</Ustrd>"),
    ],
)
def test_what_never_ends_is_given_up_early(opening: str, more: bytes) -> None:
    from pipeline.formats import camt054

    stream = Endless(HEAD + opening, more)

    refusal = camt054.read(stream)  # type: ignore[arg-type]

    assert isinstance(refusal, Refusal)
    assert stream.read_so_far < 8 * PIECE


BOMB = '<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
REMOTE = '<!DOCTYPE Document SYSTEM "http://localhost:1/camt.dtd">'


@pytest.mark.parametrize(
    "doctype", [BOMB, EXTERNAL, REMOTE, f"<!-- fine --> {BOMB}", f"<?fine?>\n<!-- - -->{BOMB}"]
)
def test_a_document_type_is_refused_before_anything_is_parsed(doctype: str) -> None:
    for entity in ("&b;", "&x;", "M1"):
        raw = PLAIN.replace("?>\n", f"?>\n{doctype}", 1).replace("<MsgId>M1", f"<MsgId>{entity}")
        assert [fault.partition(": ")[2] for fault in faults(raw)] == [
            "document type: expected none: a bank file declares no entities, found '<!DOCTYPE'"
        ]


def test_an_entity_that_nobody_declared_is_refused() -> None:
    assert faults(changed("<MsgId>M1", "<MsgId>&x;")) == [
        "4: XML: expected well-formed XML, found undefined entity"
    ]


def test_a_file_that_changes_between_the_passes_is_not_taken_for_the_proven_one() -> None:
    stream = io.BytesIO(PLAIN.encode())
    found = read(stream, options=DEFAULT)
    assert isinstance(found, Reading)
    stream.seek(0)
    stream.write(a_file(CamtEntry(DAY, TWO[:1])))
    stream.truncate()

    with pytest.raises(FaultyFileError, match="changed"):
        list(found.batches())


def test_the_generator_repeats_itself_by_its_seed() -> None:
    files = []
    for seed in (1, 1, 2):
        out = io.BytesIO()
        generate_notification(300, seed, out)
        files.append(out.getvalue())

    assert files[0] == files[1] != files[2]


@pytest.mark.parametrize("count", [1, 6_003])
def test_a_generated_file_is_read_whole_in_batches_that_are_not_too_large(count: int) -> None:
    out = io.BytesIO()
    generate_notification(count, 7, out)

    found = reading(out.getvalue())

    batches = list(found.batches())
    assert found.payments == sum(map(len, batches)) == count
    assert found.total == sum(row[8] for batch in batches for row in batch.rows())
    assert [ordinal for batch in batches for ordinal in batch.ordinal.tolist()] == list(range(count))
    assert all(len(batch) <= 5_000 for batch in batches)
    assert sorted(found.positions().tolist()) == list(range(count))

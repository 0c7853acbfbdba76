"""A file's page: its lines as the bank sent them, its own totals beside what stands, and one more try at a faulty one."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import file_record
from ops.access import Role
from ops.notification_writer import CamtEntry, CamtMessage, CamtNotification, CamtTransaction, write_message
from ops.queries import files
from ops.repairs import Done, Person, Refusal, read_again
from schemas.money import kr
from tests.console.visiting import Visitor, visitor
from tests.site import ACCOUNT, DAY, Site, kid_of, paid, site
from workers.archive import path_of

OLGA = Person("olga", "the new version reads it", frozenset({Role.OPERATOR}))


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        made.case(1, kr(500), date(2026, 1, 31))
        yield made


@pytest.fixture
def olga(here: Site) -> Visitor:
    return visitor(here.engine, "olga", Role.OPERATOR, site=here.hands.settings)


def faulty(here: Site) -> bytes:
    content = here.file(paid(kid_of(1), kr(200), debit_account="88881011128"))
    return content.replace(b"000000000000020000", b"0000000000000X0000", 1)


def again(here: Site, file_id: int) -> Done:
    with here.engine.begin() as connection:
        return read_again(connection, file_id, person=OLGA)


def test_the_faulty_field_is_marked_and_the_payers_account_is_covered(here: Site, olga: Visitor) -> None:
    here.drop(faulty(here))
    here.drain()

    page = olga.get("/files/1")
    (link,) = {each for each in page.links() if "line=3" in each}
    shown = olga.get(link.split("#")[0])

    assert link == "/files/1/record?line=3#line-3"
    assert shown.tree.xpath("//tr[@id='line-3']//mark/text()") == ["000000000000X0000"]
    assert "linje 3, kolonne 33–49" in page.text
    (item_2,) = shown.tree.xpath("//tr[@id='line-4']//code")
    assert item_2.text_content()[47:58] == "•••••••1128"
    assert "88881011128" not in shown.source
    assert [int(n) for n in shown.tree.xpath("//tbody/tr/td[1]/text()")] == [1, 2, 3, 4, 5, 6]


def test_a_long_file_is_paged_and_a_line_leads_to_its_page(here: Site, olga: Visitor) -> None:
    here.drop(here.file(*[paid(kid_of(n), kr(n)) for n in range(1, 150)]))
    here.drain()

    first, last = olga.get("/files/1/record"), olga.get("/files/1/record?line=301")

    assert first.tree.xpath("count(//tbody/tr)") == 200
    assert "?page=2" in first.links()
    assert last.tree.xpath("string(//tbody/tr[1]/@id)") == "line-201"
    assert last.tree.xpath("count(//tbody/tr)") == 102
    assert "Filen har ingen linjer her." in olga.get("/files/1/record?page=9").text
    assert olga.get("/files/7/record").status == 404


def test_what_is_no_bank_file_is_shown_with_its_long_numbers_covered(here: Site) -> None:
    here.drop(b'<?xml version="1.0"?>\n<IBAN>NO9386011117947</IBAN>\x00\x1b[31m\n' + b"x" * 5_000)
    here.drain()
    with here.engine.connect() as connection:
        found = files.shown(connection, 1)
    assert found is not None

    page = file_record.record(here.hands.settings.archive_folder, found, 1)

    assert [line.text[:35] for line in page.lines[:2]] == [
        '<?xml version="1.0"?>',
        "<IBAN>…7947</IBAN>··[31m",
    ]
    assert max(len(line.text) for line in page.lines) <= 400


def test_a_notification_of_one_line_agrees_with_what_stands(here: Site, olga: Visitor) -> None:
    mine = [
        CamtEntry(
            DAY, (CamtTransaction(kr(n), kid_of(1), debtor="Kunde AS"),), value_on=DAY, reference=f"r{n}"
        )
        for n in (100, 200)
    ]
    notes = tuple(CamtNotification(ACCOUNT, (entry,), id=entry.reference) for entry in mine)
    content = write_message(CamtMessage(notes, DAY, id="M1")).replace(b"\n", b"")
    here.drop(content, "camt.xml")
    here.drain()

    page, lines = olga.get("/files/1"), olga.get("/files/1/record")

    assert "300,00 2 300,00 2 300,00 De stemmer." in page.text
    assert lines.tree.xpath("count(//tbody/tr)") >= 1
    assert ACCOUNT not in lines.source
    here.prove()


def test_a_file_that_could_not_be_read_is_read_again_once(here: Site, olga: Visitor) -> None:
    content = here.file(paid(kid_of(1), kr(200)))
    here.drop(faulty(here))
    here.drain()
    assert here.parked() == ["unreadable"]

    page = olga.send("/files/1", "/files/1/read-again", reason="nå leses den")
    assert "leses på nytt" in page.source
    with pytest.raises(Refusal, match="is landed, and only a file of which nothing was taken in"):
        again(here, 1)
    here.drain()

    assert here.parked() == ["unreadable"]  # it is as faulty as it was, and waits once
    # the program is mended: the same bytes can be read now
    original = path_of(here.hands.settings.archive_folder, str(here.one("SELECT sha256 FROM bank_file")[0]))
    original.chmod(0o600)
    original.write_bytes(content)
    again(here, 1)
    here.drain()
    assert here.one("SELECT state, payments, note FROM bank_file") == ("read", 1, None)
    here.prove()


def test_what_was_taken_in_is_never_read_again(here: Site, olga: Visitor) -> None:
    here.come(paid(kid_of(1), kr(200)))
    payments = here.one("SELECT count(*) FROM payment")

    with pytest.raises(Refusal, match="is read, and only a file of which nothing was taken in is read again"):
        again(here, 1)

    assert not olga.get("/files/1").tree.xpath("//form[contains(@action, 'read-again')]")
    here.drain()
    assert here.one("SELECT count(*) FROM payment") == payments
    here.prove()


def test_the_files_own_total_stands_beside_what_was_read_and_what_stands(
    here: Site, olga: Visitor, owner: Engine
) -> None:
    here.come(paid(kid_of(1), kr(200)), paid(kid_of(1), kr(50), kind=18))

    page = olga.get("/files/1")
    assert "250,00 2 150,00 2 150,00 De stemmer: filens sum er 100,00 mer enn det som flyttes" in page.text
    here.prove()
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE payment DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE payment SET amount = amount + 1 WHERE amount > 0"))

    assert "150,01 De er ulike" in olga.get("/files/1").text
    with pytest.raises(AssertionError, match="control total"):
        here.prove()

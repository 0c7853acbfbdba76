"""A file is brought over HTTP: shown as it would go, taken in byte for byte, and whatever else is sent is turned away."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.access import Role
from schemas.money import kr
from tests.console.visiting import Shown, Visitor, _shown, visitor
from tests.site import Site, kid_of, paid, site
from workers.archive import path_of

_EVERYTHING = (
    "SELECT (SELECT count(*) FROM bank_file), (SELECT count(*) FROM payment), (SELECT count(*) FROM split), "
    "(SELECT count(*) FROM journal), (SELECT count(*) FROM work), (SELECT count(*) FROM audit)"
)


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        made.case(1, kr(500), date(2026, 1, 31))
        made.hands = replace(
            made.hands, settings=made.hands.settings.model_copy(update={"file_limit": 20_000})
        )
        yield made


@pytest.fixture
def olga(here: Site) -> Visitor:
    return visitor(here.engine, "olga", Role.OPERATOR, site=here.hands.settings)


def sent(who: Visitor, content: bytes, name: str = "TBOC0001.DAT", **other: str) -> Shown:
    secret = other.get("secret") or who.get("/files/add").form("/files/add")["secret"]
    return _shown(who.client.post("/files/add", data={"secret": secret}, files={"file": (name, content)}))


def taken(who: Visitor, page: Shown, **fields: str) -> Shown:
    (action,) = page.tree.xpath("//form[contains(@action, '/take')]/@action")
    return _shown(who.client.post(action, data=page.form(action) | fields))


def held(here: Site) -> list[Path]:
    return [each for each in here.hands.settings.uploads_folder.rglob("*") if each.is_file()]


def test_a_file_is_shown_as_it_would_go_and_then_taken_in(here: Site, olga: Visitor) -> None:
    content = here.file(paid(kid_of(1), kr(200)), paid(kid_of(77), kr(30)))
    before = here.one(_EVERYTHING)

    page = sent(olga, content)

    assert page.status == 200
    assert "Kroner i betalingene 230,00 Kroner ifølge filen selv 230,00" in page.text
    assert "Filens egne summer stemmer med betalingene." in page.text
    assert "/cases/1" in page.links()
    assert here.one(_EVERYTHING) == before, "a trial writes nothing"
    done = taken(olga, page, reason="banken var nede")
    assert (done.status, done.address.rsplit("/", 2)[1:]) == (
        200,
        ["files", str(here.one("SELECT id FROM bank_file")[0])],
    )
    assert "er tatt inn og blir lest" in done.source
    assert olga.rung
    here.drain()
    assert here.all("SELECT amount, state FROM payment ORDER BY id") == [(20000, "settled"), (3000, "parked")]
    assert here.one("SELECT actor, act, reason FROM audit ORDER BY id DESC LIMIT 1") == (
        "olga", "add file", "banken var nede",
    )  # fmt: skip
    assert held(here) == []
    here.prove()

    again = sent(olga, content, "kopi.dat")
    assert "Denne filen har kommet før" in again.text
    assert done.address.endswith(next(link for link in again.links() if link.startswith("/files/")))


def test_a_file_with_a_fault_says_where_and_is_not_offered(here: Site, olga: Visitor) -> None:
    content = here.file(paid(kid_of(1), kr(200))).replace(b"000000000000020000", b"0000000000000X0000", 1)

    page = sent(olga, content)

    assert "Hva som er galt med den" in page.text
    assert "33–49" in page.text
    assert not page.tree.xpath("//form[contains(@action, '/take')]")


def test_two_at_once_of_one_file_are_one(here: Site, olga: Visitor) -> None:
    page = sent(olga, here.file(paid(kid_of(1), kr(200))))

    with ThreadPoolExecutor(2) as pool:
        both = [each.result() for each in [pool.submit(taken, olga, page) for _ in range(2)]]

    assert sorted(each.status for each in both) == [200, 409]
    assert "Denne filen har kommet før" in next(each.text for each in both if each.status == 409)
    assert here.one("SELECT count(*) FROM bank_file") == (1,)


def test_a_trial_lets_go_of_what_it_locked_and_waits_for_nobody(here: Site, olga: Visitor) -> None:
    content = here.file(paid(kid_of(1), kr(200)))
    with here.engine.begin() as worker:
        worker.exec_driver_sql("SELECT id FROM kk2_case FOR UPDATE")
        page = sent(olga, content)
        assert (page.status, "prøv igjen om litt" in page.text) == (503, True)
    page = sent(olga, content)
    with here.engine.begin() as worker:
        worker.exec_driver_sql("SELECT id FROM kk2_case FOR UPDATE NOWAIT")
    assert page.status == 200


@pytest.mark.parametrize(
    ("content", "name", "status", "says"),
    [
        (b"x" * 50_000, "a.dat", 413, "større enn dette anlegget tar imot"),
        (b"x" * 20_001, "a.dat", 413, "større enn dette anlegget tar imot"),
        (b"", "a.dat", 422, "Filen er tom"),
        (b"NY", "", 422, "Velg en fil først"),
    ],
    ids=["too large", "one byte too large", "zero bytes", "no file"],
)
def test_what_is_no_file_is_turned_away_and_nothing_is_kept(
    here: Site, olga: Visitor, content: bytes, name: str, status: int, says: str
) -> None:
    page = sent(olga, content, name)

    assert (page.status, says in page.text) == (status, True), page.text
    assert held(here) == []
    assert here.one("SELECT count(*) FROM bank_file") == (0,)


def test_a_body_without_a_length_is_counted_while_it_is_read(here: Site, olga: Visitor) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield b"x" * 1_000

    answer = olga.client.post(
        "/files/add", content=pieces(), headers={"content-type": "multipart/form-data; boundary=b"}
    )

    assert answer.status_code == 413
    assert held(here) == []


def test_no_other_page_takes_a_large_form(olga: Visitor) -> None:
    answer = olga.client.post("/files/1/release", files={"reason": ("a", b"x" * 2_000_000)})

    assert (answer.status_code, "Det som ble sendt, er for stort." in answer.text) == (413, True)


def test_binary_rubbish_with_a_name_that_is_none_is_shown_as_what_it_is(here: Site, olga: Visitor) -> None:
    page = sent(olga, bytes(range(256)) * 8, "..\\..\\etc/pay\u202eTAD.exe")

    assert page.status == 200
    assert "Filen er ikke slik den skal være" in page.text
    assert "Prøv payTAD.exe" in page.text


@pytest.mark.parametrize("path", ["%2e%2e", "0" * 63, "g" * 64, "0" * 64])
def test_what_is_not_held_is_no_page(olga: Visitor, path: str) -> None:
    assert olga.get(f"/files/held/{path}").status == 404


def test_only_an_operator_adds_a_file_and_only_by_a_form_of_the_session(here: Site, olga: Visitor) -> None:
    anne = visitor(here.engine, "anne", Role.CLERK, site=here.hands.settings)
    page = sent(olga, here.file(paid(kid_of(1), kr(200))))
    (action,) = page.tree.xpath("//form[contains(@action, '/take')]/@action")
    hers = {"secret": anne.get("/payments").tree.xpath("//input[@name='secret']/@value")[0]}

    assert sent(anne, b"NY", secret=hers["secret"]).status == 403
    assert anne.get("/files/add").status == 403
    assert anne.get(action.removesuffix("/take")).status == 403
    assert anne.client.post(action, data=hers).status_code == 403
    assert "/files/add" not in anne.get("/files").links()
    assert "/files/add" in olga.get("/files").links()
    assert sent(olga, b"NY", secret="none").status == 403
    assert olga.client.post(action, data={}).status_code == 403
    assert here.one("SELECT count(*) FROM bank_file") == (0,)


def test_a_file_of_the_inbox_is_looked_at_taken_in_and_gone_from_there(here: Site, olga: Visitor) -> None:
    inbox = here.hands.settings.inbox_folder
    assert "Innboksen kan ikke nås" in olga.get("/files/add").text
    inbox.mkdir(parents=True)
    assert "Det står ingen fil i innboksen." in olga.get("/files/add").text
    (inbox / "TBOC0001.DAT").write_bytes(here.file(paid(kid_of(1), kr(200))))
    (inbox / "a.part").write_bytes(b"NY")
    (inbox / "link").symlink_to("/etc/passwd")

    page = olga.get("/files/add")
    assert page.tree.xpath("count(//tbody/tr)") == 1
    (action,) = page.tree.xpath("//form[contains(@action, '/inbox')]/@action")
    shown = _shown(olga.client.post(action, data=page.form(action)))
    assert "Prøv TBOC0001.DAT" in shown.text
    assert taken(olga, shown).status == 200

    assert sorted(each.name for each in inbox.iterdir()) == ["a.part", "link"]
    here.drain()
    assert here.one("SELECT name, state FROM bank_file") == ("TBOC0001.DAT", "read")
    gone = _shown(olga.client.post(action, data=page.form(action)))
    assert (gone.status, "Den står ikke lenger i innboksen" in gone.text) == (409, True)


def test_what_nobody_took_in_is_swept_after_a_day(here: Site, olga: Visitor) -> None:
    sent(olga, b"NY1")
    (first,) = held(here)
    os.utime(first, (0, 0))

    sent(olga, b"NY2")

    (left,) = held(here)
    assert left != first
    assert left == path_of(here.hands.settings.uploads_folder, left.name)

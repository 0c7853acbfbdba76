"""The setup's rows in a real database: exact both ways, dated, versioned, remembered."""

import json
from datetime import date

import pytest
from sqlalchemy import Engine, text

from schemas.case import KK2_ORDER, Kind
from schemas.kid import KidAgreement, Modulus
from schemas.money import kr
from schemas.setup import BankAccount, Client, Installation, NoSuchSetupError, OverpaymentPolicy, SubLedger
from tests.builders import ACCOUNTS, a_company
from workers.store import setup
from workers.store.setup import Noun, UnreadableSetupError

JANUARY, JULY = date(2026, 1, 1), date(2026, 7, 1)
NOUNS: tuple[Noun, ...] = (
    Installation("main", 1, "https://v/ws", "u", "env:P", "", "", 5.0, 60.0, 0.5, 1, 1, True, True, False),
    a_company(limit_day=kr(10)),
    BankAccount(
        "12345678903", "100", (KidAgreement(7, Modulus.MOD10), KidAgreement(12, Modulus.MOD11)), JULY
    ),
    BankAccount("97100110427", "100", (), None),
    Client("KOM", "100", "Krav", KK2_ORDER[::-1], kr(210), OverpaymentPolicy.HOLD, ACCOUNTS),
    Client("EIE", "100", "Eiendom", KK2_ORDER, 0, OverpaymentPolicy.CREDIT, None),
    SubLedger("KOM", "100", "10", "1510", "EGEN"),
)


def add(engine: Engine, value: Noun, day: date = JANUARY) -> int | None:
    with engine.begin() as connection:
        return setup.add_row(connection, *setup.key_of(value), day, value, "kari")


@pytest.mark.parametrize("value", NOUNS, ids=lambda value: type(value).__name__)
def test_every_noun_comes_back_exactly_as_it_was_kept(engine: Engine, value: Noun) -> None:
    row_id = add(engine, value)

    with engine.connect() as connection:
        found = setup.load(connection)
    kept = [
        dated.latest()
        for kind in (found.installations, found.companies, found.accounts, found.clients, found.sub_ledgers)
        for dated in kind.values()
    ]
    assert [(row.id, row.valid_from, row.version, row.value) for row in kept] == [(row_id, JANUARY, 1, value)]


def test_a_kind_comes_back_as_its_enumeration(engine: Engine) -> None:
    add(engine, NOUNS[4])

    with engine.connect() as connection:
        order = setup.load(connection).clients["100", "KOM"].latest().value.cover_order
    assert order[0] is Kind.INTEREST


def test_the_same_again_adds_no_row(engine: Engine) -> None:
    assert add(engine, a_company()) is not None
    assert add(engine, a_company()) is None


def test_a_later_day_is_a_row_of_its_own_and_the_day_chooses(engine: Engine) -> None:
    add(engine, a_company())
    add(engine, a_company(limit_day=kr(5)), JULY)
    add(engine, a_company(limit_day=kr(6)), JULY)

    with engine.connect() as connection:
        company = setup.load(connection).companies["100"]
    assert company.on(date(2026, 6, 30)).value.limit_day == 0
    assert (company.on(JULY).version, company.on(JULY).value.limit_day) == (2, kr(6))
    with pytest.raises(NoSuchSetupError, match="2025-12-31"):
        company.on(date(2025, 12, 31))


def test_the_setup_is_read_again_only_when_a_row_was_added(engine: Engine) -> None:
    add(engine, a_company())
    with engine.connect() as connection:
        first = setup.current(connection)
        assert setup.current(connection) is first
    add(engine, a_company(limit_day=kr(5)), JULY)
    with engine.connect() as connection:
        assert setup.current(connection).companies["100"].latest().value.limit_day == kr(5)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"number": "12345678903", "company": "100", "kid_agreements": [], "cut_off": null}', "the key cut_off is not known"),
        ('{"number": 12345678903, "company": "100", "kid_agreements": [], "cut_over": null}', "number: expected str"),
        ('{"number": "1", "company": "100", "kid_agreements": [{"length": 1, "modulus": "mod10"}], "cut_over": null}', "2 to 25"),
        ('{"number": "1", "company": "100", "kid_agreements": [], "cut_over": "1.1.2026"}', "cut_over: "),
        ("[]", "expected the fields of BankAccount"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_understood_is_named(engine: Engine, body: str, said: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO setup_row (kind, key, valid_from, version, body) "
                "VALUES ('account', '12345678903', '2026-01-01', 1, CAST(:body AS jsonb))"
            ),
            {"body": body},
        )
        with pytest.raises(UnreadableSetupError, match="account 12345678903") as unreadable:
            setup.load(connection)
    assert said in str(unreadable.value)


def test_a_row_from_before_a_key_was_known_says_what_held_before(engine: Engine) -> None:
    installation = NOUNS[0]
    assert isinstance(installation, Installation)
    later = {"imports", "transacts", "balances"}
    body = {key: value for key, value in json.loads(setup.body_of(installation)).items() if key not in later}
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO setup_row (kind, key, valid_from, version, body) "
                "VALUES ('installation', 'main', '2026-01-01', 1, CAST(:body AS jsonb))"
            ),
            {"body": json.dumps(body)},
        )
        found = setup.load(connection).installations["main"].latest().value

    assert found == installation
    assert (found.imports, found.transacts, found.balances) == (True, True, True)


def test_a_key_that_is_not_the_values_is_our_own_fault(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(ValueError, match="is not the key"):
        setup.add_row(connection, "company", "200", JANUARY, a_company(), "kari")

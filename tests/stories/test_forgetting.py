"""What is older than the law wants kept loses its names; the money, the sums, the hashes and the acts stay as they were."""

from datetime import date

import pytest
from sqlalchemy import text

from ops.access import ALL_ROLES, Role
from ops.guard.forgetting import forget_what_is_old, remove_originals
from ops.repairs import Person
from ops.repairs.acts import NotAllowed
from ops.repairs.forgetting import forget
from schemas.money import kr
from tests.site import Site, kid_of, paid
from workers import audit
from workers.archive import path_of

LATER = date(2100, 1, 1)
KARI = Person("kari", "five years have gone", ALL_ROLES)
MONEY = (
    "SELECT (SELECT json_agg((id, file_id, line, booked_on, amount, kid, fingerprint, state, case_id) ORDER BY id) FROM payment), "
    "(SELECT json_agg(s ORDER BY id) FROM split s), (SELECT json_agg(v ORDER BY id) FROM voucher v), "
    "(SELECT json_agg((id, sha256, name, size, payments, total) ORDER BY id) FROM bank_file)"
)


@pytest.fixture
def worked(here: Site) -> Site:
    """A day's work: a case that is paid and closed, one that is open, and a payment that nobody knows."""
    here.case(1, kr(1000), date(2026, 1, 31))
    here.case(2, kr(5000), date(2026, 1, 31))
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE kk2_case SET debtor_name = 'Nils Nilsen'"))
    for number, known in ((1, kid_of(1)), (2, kid_of(2)), (3, kid_of(77))):
        amount = kr(1500) if number == 1 else kr(10)
        here.drop(here.file(paid(known, amount, debit_account="88881011128")), f"{number}.DAT")
        here.drain()
    return here


def personal(here: Site) -> list[tuple[object, ...]]:
    return here.all("SELECT kid, debit_account, text FROM payment ORDER BY id")


def test_what_is_done_with_is_forgotten_and_the_money_stays(worked: Site) -> None:
    money = worked.one(MONEY)
    with worked.engine.begin() as connection:
        assert "is forgotten" in forget(connection, LATER, person=KARI).sentence

    assert worked.all("SELECT debtor_name FROM kk2_case ORDER BY id") == [("",), ("Nils Nilsen",)]
    assert personal(worked) == [
        (kid_of(1), None, None),
        (kid_of(2), "88881011128", None),
        (kid_of(77), "88881011128", None),
    ]
    assert worked.one(MONEY) == money
    worked.prove()
    with worked.engine.connect() as connection:
        assert audit.verify(connection) is None
        last = audit.latest(connection, "personal data")
    assert last is not None
    assert (last.act, last.actor) == ("forget", "kari")


def test_an_original_goes_only_when_nothing_in_it_waits(worked: Site) -> None:
    archive = worked.hands.settings.archive_folder
    shas = [str(row[0]) for row in worked.all("SELECT sha256 FROM bank_file ORDER BY id")]
    with worked.engine.begin() as connection:
        forget(connection, LATER, person=KARI)

    assert remove_originals(worked.engine, archive) == 1
    assert [path_of(archive, sha).exists() for sha in shas] == [False, True, True]
    assert remove_originals(worked.engine, archive) == 0


def test_nothing_is_forgotten_before_its_time_and_nobody_hears_of_it(worked: Site) -> None:
    before = personal(worked)
    forget_what_is_old(worked.engine, worked.hands.settings, date(2031, 12, 31))
    assert personal(worked) == before
    with worked.engine.connect() as connection:
        assert audit.latest(connection, "personal data") is None


def test_a_clerk_may_not_forget(worked: Site) -> None:
    clerk = Person("ole", "why", frozenset({Role.CLERK}))
    with pytest.raises(NotAllowed), worked.engine.begin() as connection:
        forget(connection, LATER, person=clerk)
    assert worked.all("SELECT DISTINCT debtor_name FROM kk2_case") == [("Nils Nilsen",)]

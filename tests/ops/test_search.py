"""The one search box: what was typed is found as everything that it can be, and the lists find what few rows are."""

import pytest
from sqlalchemy import Engine, text

from ops.desk import listing
from ops.desk.listing import Asked, as_number, as_ore
from ops.desk.payments import PAYMENTS, STATES
from ops.queries.search import Hits, search
from tests.ops.ledger import Standing, standing


@pytest.fixture
def stands(engine: Engine) -> Standing:
    return standing(engine)


def _found(engine: Engine, q: str) -> dict[tuple[str, str], Hits]:
    with engine.begin() as connection:
        return {(h.kind, h.by): h for h in search(connection, q, number=as_number(q), ore=as_ore(q))}


def _one(engine: Engine, sql: str) -> str:
    with engine.begin() as connection:
        return str(connection.execute(text(sql)).scalar_one())


def test_a_kid_finds_its_payments_and_its_case(engine: Engine, stands: Standing) -> None:
    kid = _one(engine, f"SELECT kid FROM kk2_case WHERE id = {stands.case}")
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE payment SET kid = :kid WHERE id = :id"), {"kid": kid, "id": stands.parked}
        )

    found = _found(engine, kid)

    assert stands.parked in [hit.id for hit in found["payment", "KID"].hits]
    assert [hit.id for hit in found["case", "KID"].hits] == [stands.case]


@pytest.mark.parametrize("written", ["88,00", "88.00", "88", "0 088,00", "88 kr"])
def test_an_amount_is_found_as_people_write_it(engine: Engine, stands: Standing, written: str) -> None:
    assert stands.parked in [hit.id for hit in _found(engine, written)["payment", "amount"].hits]


def test_a_case_is_found_by_how_its_number_or_its_debtors_name_begins(
    engine: Engine, stands: Standing
) -> None:
    number = _one(engine, f"SELECT case_no FROM kk2_case WHERE id = {stands.case}")

    assert stands.case in [hit.id for hit in _found(engine, number[:6])["case", "case number"].hits]
    assert stands.case in [hit.id for hit in _found(engine, "ola nord")["case", "name"].hits]


def test_a_voucher_is_found_by_its_reference_its_number_in_visma_and_its_own(
    engine: Engine, stands: Standing
) -> None:
    with engine.begin() as connection:
        row = connection.execute(text("SELECT id, reference, voucher_no FROM voucher LIMIT 1")).one()

    assert [h.id for h in _found(engine, row.reference)["voucher", "reference"].hits] == [row.id]
    assert [h.id for h in _found(engine, row.voucher_no)["voucher", "voucher number"].hits] == [row.id]


def test_a_file_is_found_by_a_part_of_its_name(engine: Engine, stands: Standing) -> None:
    name = _one(engine, f"SELECT name FROM bank_file WHERE id = {stands.file}")

    assert [h.id for h in _found(engine, name[1:4])["file", "file name"].hits] == [stands.file]


def test_a_sign_of_patterns_is_a_sign_like_others(engine: Engine, stands: Standing) -> None:
    assert _found(engine, "%%%") == {}
    assert _found(engine, "____") == {}
    assert _found(engine, "x") == {}


@pytest.mark.parametrize("state", STATES)
def test_a_list_of_one_state_has_all_payments_of_it_and_no_other(
    engine: Engine, stands: Standing, state: str
) -> None:
    with engine.begin() as connection:
        found = listing.page(connection, PAYMENTS, listing.read(PAYMENTS, {"state": state}))
        all_of_it = connection.execute(
            text("SELECT id FROM payment WHERE state = :state ORDER BY id DESC"), {"state": state}
        ).scalars()

        assert [row["id"] for row in found.rows] == list(all_of_it)


def test_beyond_what_is_counted_the_total_comes_from_the_kept_sums(
    engine: Engine, stands: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "COUNTED", 2)
    with engine.begin() as connection:
        found = listing.page(connection, PAYMENTS, Asked())
        whole = connection.execute(text("SELECT count(*), sum(amount)::bigint FROM payment")).one()

        assert (found.count, found.totals["amount"]) == tuple(whole)

"""The pages of cases: found, read as of a day, and corrected by a clerk."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.access import Role
from ops.desk import listing
from ops.desk.cases import CASES
from schemas.events import FetchDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.console.visiting import Visitor, visitor
from tests.site import DAY, Site, kid_of, paid, site


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        made.case(1, kr(1000), date(2026, 1, 31), fee=kr(38))
        made.case(2, kr(500), DAY)
        with engine.begin() as connection:
            connection.execute(text("UPDATE kk2_case SET customer_no = '1', debtor_name = 'Kari Nordmann'"))
        yield made


@pytest.fixture
def kari(town: Site) -> Visitor:
    return visitor(town.engine)


def test_cases_are_found_by_number_kid_customer_and_name_with_what_they_owe_in_all(kari: Visitor) -> None:
    for asked in ("q=0221-00000002", f"q={kid_of(1002)}"):
        page = kari.get(f"/cases?{asked}")
        assert [link for link in page.links() if link.startswith("/cases/")] == ["/cases/2"]
        assert "500,00" in page.text
    for asked in ("q=nordmann", "customer=1", "state=open&company=100&client=KOM", "stopped=followed"):
        assert "1 538,00" in kari.get(f"/cases?{asked}").text.replace("\u00a0", " "), asked
    assert "kk2 list cases state=paid" in kari.get("/cases?state=paid").text


def test_a_case_is_shown_as_of_a_day_with_its_interest_payments_and_movements(
    town: Site, kari: Visitor
) -> None:
    moved = town.with_us(3, kr(700), DAY)
    town.moves(TransactionKind.PAYMENT, -kr(300), 3)
    town.happen(FetchDue("100"))
    town.come(paid(kid_of(1), kr(400)))

    page = kari.get("/cases/1?on=2026-03-16")
    assert "Skyldig per 16.03.2026" in page.text
    assert "14,47" in page.text  # 1 000 kr of 44 days at 12 %
    assert "/payments/1" in page.links()
    assert "kk2 case show id:1 --on 2026-03-16" in page.text
    assert "betaling" in kari.get(f"/cases/{moved}").text
    assert kari.get("/cases/1?on=soon").status == 400
    assert kari.get("/cases/99").status == 404
    assert kari.get(f"/cases/{2**70}").status == 404


def test_a_clerk_adds_a_fee_waives_it_and_takes_both_back(town: Site, kari: Visitor) -> None:
    case = "/cases/1"
    after = kari.send(
        case, f"{case}/add-cost", kind="fee", amount="113,00", due_on="2026-03-20", reason="demand"
    )
    assert after.address.endswith(case)
    assert "owes fee of 113,00 kr" in after.source or "113,00" in after.text
    town.drain()
    (waive,) = [link for link in kari.get(case).links() if "waive?" in link and "part=fee" in link][1:]
    assert kari.get(waive).form(f"{case}/waive")["part"] == "fee"
    assert kari.send(waive, f"{case}/waive", amount="200", reason="goodwill").status == 409
    assert kari.send(waive, f"{case}/waive", reason="goodwill").status == 200
    town.drain()
    (back,) = [link for link in kari.get(case).links() if "withdraw-waiver?" in link]
    assert kari.send(back, f"{case}/withdraw-waiver", reason="not kept").status == 200
    (away,) = [link for link in kari.get(case).links() if "/withdraw?" in link]
    assert kari.send(away, f"{case}/withdraw", reason="sent twice").status == 200
    town.drain()

    page = kari.get(case)
    assert "Krav som er trukket tilbake" in page.text
    assert page.text.count("goodwill") == 2  # the waiver, and the act
    town.prove()


def test_a_case_is_merged_parted_closed_opened_stopped_and_resumed(town: Site, kari: Visitor) -> None:
    case = "/cases/1"
    assert kari.send(case, f"{case}/merge", into="0221-00000009", reason="one debtor").status == 409
    assert kari.send(case, f"{case}/merge", into="0221-00000002", reason="one debtor").status == 200
    town.drain()
    assert "/cases/2" in kari.get(case).links()
    assert "overført ved sammenslåing" in kari.get("/cases/2").text
    for slug in ("unmerge", "close", "reopen", "stop", "resume"):
        assert kari.send(case, f"{case}/{slug}", reason="so it is").status == 200, slug
        town.drain()
    with pytest.raises(AssertionError, match="no form goes to"):
        kari.get(case).form(f"{case}/reopen")
    assert len(kari.get(case).tree.xpath("//h2[@id='acts']/following-sibling::div[1]//tbody/tr")) == 6
    town.prove()


def test_the_number_is_written_again_where_there_is_one(town: Site, kari: Visitor) -> None:
    with pytest.raises(AssertionError, match="no form goes to"):
        kari.get("/cases/1").form("/cases/1/write-number")
    with town.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO invoice (company, invoice_no, customer_no, state, case_id, number_state, number_code, number_note) "
                "VALUES ('100', 'F1-1', '1', 'converted', 1, 'refused', 'E7', 'unknown customer')"
            )
        )
    assert "unknown customer (E7)" in kari.get("/cases/1").text
    assert kari.send("/cases/1", "/cases/1/write-number", reason="put right").status == 200


def test_claims_near_their_limitation_are_found_by_how_near_they_are(
    town: Site, kari: Visitor, today: date
) -> None:
    for number, days in ((5, 20), (6, 80), (7, -3)):
        day = today + timedelta(days=days)
        town.case(number, kr(100), day.replace(year=day.year - 3, day=min(day.day, 28)))

    def found(query: str) -> int:
        return len([link for link in kari.get(f"/limitation{query}").links() if link.startswith("/cases/")])

    assert [found(query) for query in ("", "?within=90_days", "?within=30_days", "?within=barred")] == [
        3,
        3,
        2,
        1,
    ]
    assert "foreldelsesloven § 2" in kari.get("/limitation").text


def test_a_viewer_reads_a_case_and_corrects_nothing(town: Site) -> None:
    viewer = visitor(town.engine, "ole", Role.VIEWER)

    page = viewer.get("/cases/1")
    assert page.status == 200
    assert page.tree.xpath("//main//form[@method='post']") == []
    assert not [link for link in page.links() if "waive" in link]
    assert "gir ikke adgang" in viewer.get("/cases/1/close").text


def test_no_sum_is_told_of_very_many_cases_of_one_customer(
    town: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "COUNTED", 1)

    with town.engine.connect() as connection:
        whole = listing.page(connection, CASES, listing.read(CASES, {"state": "open"}))
        ones = listing.page(connection, CASES, listing.read(CASES, {"customer": "1"}))

    assert (whole.count, whole.totals) == (2, {"balance": kr(1538)})
    assert (ones.count, ones.totals) == (None, {})

"""Today, the flow, the pictures, the search and what stands on every page."""

from datetime import UTC, datetime

from sqlalchemy import Engine, text

from ops import balance
from ops.console import charts, strip
from ops.console.charts import Bar
from ops.health import State
from ops.queries import today
from pipeline.flow import FLOW
from tests.console.visiting import Visitor
from tests.ops.ledger import Standing


def test_today_tells_each_state_in_number_and_kroner_and_leads_to_its_rows(
    kari: Visitor, stands: Standing
) -> None:
    page = kari.get("/")

    assert "/payments?state=parked" in page.links()
    assert "165,00" in page.text  # 77.00 in suspense and 88.00
    assert "kk2 today" in page.text


def test_an_empty_site_says_so_in_words(engine: Engine, kari: Visitor) -> None:
    part = kari.client.get("/today/part")

    assert part.status_code == 200
    assert "Klokken er ikke startet her." in part.text
    assert "<html" not in part.text


def test_the_flow_has_a_box_for_each_stage_of_the_page(kari: Visitor) -> None:
    page = kari.get("/flow")

    boxes = {str(words) for words in page.tree.xpath("//svg//text[@class='strong']/text()")}
    assert boxes == {stage.name for stage in FLOW}
    assert len(page.tree.xpath("//main//table//tbody/tr")) == len(FLOW)


def test_the_pictures_have_their_figures_beside_them(kari: Visitor, engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE work SET made_at = now() WHERE state = 'parked'"))
    page = kari.get("/pictures")

    assert page.tree.xpath("//main//svg")
    assert len(page.tree.xpath("//main//svg")) == len(page.tree.xpath("//main//details//table"))


def test_the_search_box_of_every_page_leads_to_what_it_finds(kari: Visitor, stands: Standing) -> None:
    page = kari.get("/search?q=88,00")

    assert f"/payments/{stands.parked}" in page.links()
    assert "Ingenting passer til det." in kari.get("/search?q=zzzzzz").text


def test_the_strip_says_unknown_of_what_nobody_can_tell(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        beats = {beat.name: beat.state for beat in strip.strip(connection).beats}

        assert beats["watch"] is State.UNKNOWN
        assert beats["Redis"] is State.UNKNOWN
        assert beats["database"] is State.WELL
        assert {b.name: b.state for b in strip.strip(connection, lambda: False).beats}["Redis"] is State.BAD
        assert {b.name: b.state for b in strip.strip(connection, lambda: True).beats}["Redis"] is State.WELL


def test_the_meter_says_when_the_money_agreed_last_and_whether_it_does_now(
    engine: Engine, stands: Standing
) -> None:
    with engine.connect() as connection:
        report = balance.check(connection, None)
    with engine.begin() as connection:
        assert today.meter(connection).proof is None
        balance.keep(connection, report)
        meter = today.meter(connection)

        assert meter.agrees
        assert meter.proof is not None
        assert (meter.proof.result, meter.proof.broken) == ("unknown", ())

        connection.execute(
            text("UPDATE tally SET amount = amount + 1 WHERE of = 'payment' AND state = 'parked'")
        )
        assert not today.meter(connection).agrees


def test_a_missing_file_is_told_by_the_habit_of_its_account(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        now = datetime(2026, 3, 20, 13, 0, tzinfo=UTC)
        found = today.expected(connection, now)

    assert [row.stands.value for row in found] == ["not_expected"]


def test_a_bar_is_as_high_as_its_value_and_what_stands_in_it_is_escaped() -> None:
    picture = charts.bars("<b>", [Bar("a", 1, "1"), Bar("<i>", 2, "2")])

    assert "<b>" not in picture
    assert "<i>" not in picture
    heights = [float(part.split('"')[0]) for part in str(picture).split(' height="')[2:]]
    assert heights[1] == 2 * heights[0] > 0


def test_nothing_to_draw_is_no_picture() -> None:
    assert charts.bars("t", []) == ""
    assert charts.shares("t", []) == ""

"""Visma in the console: what runs by the clock, and a person's word about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.access import Role
from tests.console.visiting import visitor
from tests.site import Site, site
from workers import clock


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose clock has begun."""
    with site(engine, tmp_path) as made:
        clock.tick(made.hands)
        made.drain()
        yield made


def test_each_company_has_its_schedules_and_its_rows(town: Site) -> None:
    page = visitor(town.engine, "ole", Role.VIEWER).get("/visma")

    assert "100 Lillevik kommune" in page.text
    assert [f"/schedules/{kind}.100" for kind in ("control", "fetch", "import", "rest")] == [each for each in page.links() if each.startswith("/schedules/")]  # fmt: skip
    assert "kk2 schedule list" in page.text


def test_a_schedule_is_run_now_paused_skipped_and_goes_on(town: Site) -> None:
    root = visitor(town.engine, "root", Role.ADMIN)
    at = "/schedules/control.100"

    assert "schedule control 100" not in root.get(at).text
    root.send(at, f"{at}/run")
    assert [ring.stage for ring in root.rung] == ["control"]
    town.drain()
    assert "root" in root.get(at).text

    root.send(at, f"{at}/pause", until="2099-01-01T08:00", reason="Visma oppgraderes")
    assert "01.01.2099 08:00 (root)" in root.get(at).text
    assert "satt på pause til 01.01.2099 08:00" in root.get("/visma").text
    root.send(at, f"{at}/resume")
    root.send(at, f"{at}/skip", reason="ferie")
    assert "Hopper over" in root.get(at).text
    assert town.all("SELECT act FROM audit WHERE subject = 'schedule control 100' ORDER BY id") == [
        ("run",),
        ("pause",),
        ("resume",),
        ("skip",),
    ]


def test_only_an_administrator_has_the_acts_and_a_strange_name_is_missing(town: Site) -> None:
    kari = visitor(town.engine, "kari", Role.CLERK)

    assert kari.get("/schedules/control.100").tree.xpath("//main//form") == []
    assert kari.get("/schedules/so.100").status == 404

"""Clients in the console: what holds, what comes, what was; a new row, and the setup held against Visma."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.access import Role
from tests.console.visiting import visitor
from tests.site import Site, site
from tests.stories.controlled import installation


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site with its setup."""
    with site(engine, tmp_path) as made:
        yield made


def _row(town: Site, kind: str) -> str:
    return f"/clients/{town.one('SELECT max(id) FROM setup_row WHERE kind = :kind', kind=kind)[0]}"


def test_a_new_row_is_tried_and_then_written_and_the_old_one_stays(town: Site) -> None:
    root = visitor(town.engine, "root", Role.ADMIN)
    at = _row(town, "client")
    given = root.get(at).form(f"{at}/new-row")["setup"]
    changed = re.sub(r"valid_from = [-0-9]+", "valid_from = 2099-01-01", given).replace(
        'name = "', 'name = "Nye '
    )
    assert changed.count("2099-01-01") == changed.count("Nye ") == 1

    tried = root.send(at, f"{at}/new-row", setup=changed, dry_run="true")
    assert tried.status == 200
    assert len(town.all("SELECT 1 FROM setup_row WHERE kind = 'client'")) == 1
    assert town.all("SELECT 1 FROM audit WHERE act = 'client apply'") == []

    root.send(at, f"{at}/new-row", setup=changed)
    assert town.all("SELECT valid_from::text, made_by FROM setup_row WHERE kind = 'client' ORDER BY id")[1] == ("2099-01-01", "root")  # fmt: skip
    coming = root.get("/clients?stands=coming")
    assert "Nye" in coming.text
    assert len(root.get("/clients?kind=client").tree.xpath("//main//tbody/tr")) == 2
    assert town.one("SELECT actor FROM audit WHERE act = 'client apply'") == ("root",)


def test_a_row_with_a_fault_is_refused_with_every_fault(town: Site) -> None:
    root = visitor(town.engine, "root", Role.ADMIN)
    at = _row(town, "company")

    refused = root.send(at, f"{at}/new-row", setup='[[client]]\nvalid_from = 2026-01-01\ncode = "LANG"\ncompany = "100"\nname = "X"\n')  # fmt: skip

    assert refused.status == 409
    assert "LANG" in refused.text
    assert len(town.all("SELECT 1 FROM setup_row WHERE kind = 'client'")) == 1


def test_a_reader_sees_the_setup_without_where_secrets_are_and_writes_nothing(town: Site) -> None:
    town.set_up(replace(installation(town), password="env:VISMA_PASSWORD"), date(2026, 1, 1))
    ole = visitor(town.engine, "ole", Role.VIEWER, Role.CLERK)
    at = _row(town, "installation")
    page = ole.get(at)

    assert page.status == 200
    assert "VISMA_PASSWORD" not in page.source
    assert page.tree.xpath("//main//form") == []
    assert ole.get(f"{at}/test").status == 403


def test_the_setup_is_held_against_visma(town: Site) -> None:
    root = visitor(town.engine, "root", Role.ADMIN)

    assert root.get(_row(town, "client") + "/test").status == 200
    town.set_up(replace(installation(town), endpoint="http://127.0.0.1:9/wsinkasso"), date(2026, 1, 1))
    assert "Visma svarer ikke på det" in root.get(_row(town, "client") + "/test").text
    assert root.get("/clients/99999").status == 404

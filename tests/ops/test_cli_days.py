"""`kk2 day`: a day is looked at, signed, printed and opened again at the command line, with exit statuses for scripts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from schemas.money import kr
from tests.site import Site, kid_of, paid, site
from tests.stories.controlled import DUE

Kk2 = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site whose case 1 was paid on the day."""
    with site(engine, tmp_path) as made:
        made.with_us(1, kr(1000), DUE)
        made.come(paid(kid_of(1), kr(400)))
        yield made


def test_a_day_is_unknown_until_visma_was_asked_and_then_signed_and_opened_again(
    here: Site, kk2: Kk2
) -> None:
    status, said, _ = kk2("day", "show", "100", "2026-03-16")
    assert status == 3
    assert "vouchers as Visma has them        unknown" in said
    assert kk2("day", "sign", "100", "2026-03-16")[0] == 1

    kk2("visma", "control")
    assert kk2("day", "show", "100", "2026-03-16")[0] == 0
    assert "dry run, nothing is changed: day 100 2026-03-16 is signed" in kk2("day", "sign", "100", "2026-03-16", "--dry-run")[1]  # fmt: skip
    assert kk2("day", "sign", "100", "2026-03-16")[0] == 0
    (told,) = [json.loads(line) for line in kk2("day", "list", "100", "2026-03-01", "--json")[1].splitlines()]
    assert (told["state"], told["balance"]["visma"], told["history"][0]["actor"]) == ("signed", 40000, "kari")
    assert (
        kk2("day", "reopen", "100", "2026-03-16")[2]
        == "kk2: say why: to open a signed day again needs a reason\n"
    )
    assert kk2("day", "reopen", "100", "2026-03-16", "--reason", "late correction")[0] == 0
    assert "late correction" in kk2("day", "show", "100", "2026-03-16")[1]


def test_what_is_unknown_can_be_signed_with_a_reason_for_it(here: Site, kk2: Kk2) -> None:
    assert kk2("day", "sign", "100", "2026-03-16", "--explain", "visma=looked at it in Visma")[0] == 0
    assert "visma: looked at it in Visma" in kk2("day", "show", "100", "2026-03-16")[1]


@pytest.mark.parametrize("written", ["visma", "visma=", "bank=so"])
def test_an_explanation_that_is_none_is_said(here: Site, kk2: Kk2, written: str) -> None:
    status, _, error = kk2("day", "sign", "100", "2026-03-16", "--explain", written)

    assert status == 2
    assert "expected DIFFERENCE=WHY with cases, vouchers, visma" in error


def test_a_day_is_printed(here: Site, kk2: Kk2, tmp_path: Path) -> None:
    out = tmp_path / "day.pdf"

    assert kk2("day", "pdf", "100", "2026-03-16", "--out", str(out))[0] == 0
    assert out.read_bytes().startswith(b"%PDF-")
    assert kk2("day", "show", "100", "2026-03-18")[0] == 1

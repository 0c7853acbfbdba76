"""Pages come in order, one ahead of who reads them and no more; a circle of pages ends."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from schemas.transfer import Exchange
from tests.site import until
from workers.accounting import Trouble
from workers.shell.paging import ahead

EXCHANGE = Exchange("GetTransactions", 200, "", "")


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    next_page: str


def asking(pages: dict[str, Page], asked: list[str]) -> Callable[[str], tuple[Page, Exchange]]:
    def ask(token: str) -> tuple[Page, Exchange]:
        asked.append(token)
        if token not in pages:
            raise Trouble("Http500", "no such page", EXCHANGE)
        return pages[token], EXCHANGE

    return ask


def test_pages_come_in_order_and_one_is_asked_for_ahead() -> None:
    asked: list[str] = []
    pages = {"": Page("1", "b"), "b": Page("2", "c"), "c": Page("3", "")}

    reader = ahead(asking(pages, asked))
    first = next(reader)
    until(lambda: len(asked) == 2)

    assert first.name == "1"
    assert [page.name for page in reader] == ["2", "3"]
    assert asked == ["", "b", "c"]


def test_a_page_that_does_not_come_is_trouble_when_its_turn_comes() -> None:
    reader = ahead(asking({"x": Page("1", "b")}, []), "x")

    assert next(reader).name == "1"
    with pytest.raises(Trouble, match="Http500"):
        next(reader)


def test_a_circle_of_pages_ends() -> None:
    circle = {"": Page("1", "b"), "b": Page("2", "c"), "c": Page("3", "b")}

    reader = ahead(asking(circle, []))

    assert [next(reader).name, next(reader).name] == ["1", "2"]
    with pytest.raises(Trouble, match="EndlessPages"):
        next(reader)


def test_who_leaves_early_asks_for_nothing_more() -> None:
    asked: list[str] = []
    reader = ahead(asking({str(n): Page(str(n), str(n + 1)) for n in range(9)}, asked), "0")

    next(reader)
    reader.close()

    assert len(asked) <= 2

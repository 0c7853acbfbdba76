"""Pages of Visma, the next one fetched by a thread while this one is worked on. Whoever reads pages uses it."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from schemas.transfer import Exchange
from workers.accounting import Trouble


class Page(Protocol):
    """What every page has: the token of the next one, "" on the last."""

    @property
    def next_page(self) -> str:
        """The token of the next page."""


P = TypeVar("P", bound=Page)


def ahead(ask: Callable[[str], tuple[P, Exchange]], first: str = "") -> Generator[P, None, None]:
    """Give the pages from the token `first` on, one of them ahead: at most two are held.

    `ask` is called by one thread, a call at a time. It raises what `ask` raises when that page's turn comes, and `Trouble`
    (EndlessPages) for a token that has been before. Whoever leaves early leaves at most one call to end by itself.
    """
    seen = {first}
    caller = ThreadPoolExecutor(1, "page")
    try:
        coming = caller.submit(ask, first)
        while True:
            page, exchange = coming.result()
            if page.next_page:
                if page.next_page in seen:
                    raise Trouble("EndlessPages", "a page is followed by one that has been before", exchange)
                seen.add(page.next_page)
                coming = caller.submit(ask, page.next_page)
            yield page
            if not page.next_page:
                return
    finally:
        caller.shutdown(wait=False, cancel_futures=True)

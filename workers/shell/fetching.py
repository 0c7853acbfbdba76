"""Stage `fetch`: what happened to a company's invoices in Visma, page by page: called with no transaction open, decided, saved.

Each page is one commit; the cursor is kept with the last. Whoever dies on the way begins at the old cursor, and what is
known changes nothing. The fetch that began last has the turn: an earlier one that is still under way writes no more.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from pipeline.flow import stage_of
from schemas import events
from schemas.transfer import TransactionPage
from workers.accounting import MOST_ROWS, Accounting, CannotTell, Trouble, connect
from workers.journal import Ring, label
from workers.log import logger
from workers.saves import transactions as saves
from workers.secrets import resolve
from workers.shell import Hands, Stand, gave_up_after_crashes, recover, rows, slots, turns
from workers.shell.moving import Moved, decide_again, take_in
from workers.shell.paging import ahead
from workers.store import setup as setup_store
from workers.store.engine import transaction

_LOG = logger(__name__)
_REST_AFTER = 120.0  # a worker's time is limited: the same row goes on from the page it came to
_UNKNOWN_PLACE = "Schema"  # the code for a cursor or a page token that Visma does not know (any more)


@dataclass(frozen=True, slots=True)
class _Fetch:
    company: str
    accounting: Accounting
    lease: float
    turn: int
    cursor: str
    page: str


def fetch(work_id: int, hands: Hands) -> None:
    """Fetch, and decide, what happened to the invoices of one company since its cursor."""
    with recover(work_id, stage_of("fetch"), hands):
        begun = _begin(work_id, hands)
        if begun is None:
            return
        try:
            _read_pages(work_id, begun, hands)
        except CannotTell:
            _not_offered(work_id, begun, hands)
        except Trouble as trouble:
            if trouble.code != _UNKNOWN_PLACE or not (begun.cursor or begun.page):
                raise
            _forget_place(work_id, begun, hands)


def _begin(work_id: int, hands: Hands) -> _Fetch | None:
    """Take the turn, and commit that: the lease on the row, and what parked transactions mean by now."""
    with transaction(hands.engine, "fetch.begin") as connection:
        claimed = rows.claim(connection, work_id, "fetch")
        if claimed is None:
            return None
        stand = Stand(connection, hands, stage_of("fetch"), claimed)
        if gave_up_after_crashes(stand):
            return None
        assert isinstance(claimed.event, events.FetchDue)
        turns.wait_for_recovery(
            connection, "a restore may have lost vouchers of ours: they would look like Visma's"
        )
        company = claimed.event.company
        setup = setup_store.current(connection)
        installation = (
            setup.installations[setup.companies[company].latest().value.installation].latest().value
        )
        accounting = connect(
            installation, resolve
        )  # a fault of the setup shows here, before anything is asked
        rows.count_attempt(hands.engine, work_id)
        lease = slots.lease_for(installation, 1)
        turns.lease(connection, work_id, lease)
        turn, cursor, page = saves.begin(connection, company, work_id)
    return _Fetch(company, accounting, lease, turn, cursor, page)


def _read_pages(work_id: int, begun: _Fetch, hands: Hands) -> None:
    """Decide what waits; then page by page what is told, until the last, a rest, or a fetch that began later."""
    waits: int | None = None if begun.page else 0  # before a rest it was decided already
    while waits is not None:
        waits = _again(work_id, begun, hands, waits)
    started = time.monotonic()
    pages = ahead(lambda page: begun.accounting.transactions(begun.company, begun.cursor, page), begun.page)
    with closing(pages):
        for page in pages:
            rests = time.monotonic() - started > _REST_AFTER
            if not _page(work_id, begun, hands, page, rests=rests) or rests:
                return


def _again(work_id: int, begun: _Fetch, hands: Hands, after: int) -> int | None:
    """Decide the next parked transactions anew; gives the last one's id, None if there are no more."""
    with _commit(work_id, begun, hands) as stand:
        if stand is None:
            return None
        setup = setup_store.current(stand.connection)
        last, moved = decide_again(stand.connection, begun.company, setup, after=after, most=MOST_ROWS)
        _send(stand, moved)
    return last or None


def _page(work_id: int, begun: _Fetch, hands: Hands, page: TransactionPage, *, rests: bool) -> bool:
    """Decide and save one page in one commit; False where the turn is another's."""
    with _commit(work_id, begun, hands) as stand:
        if stand is None:
            return False
        connection = stand.connection
        setup = setup_store.current(connection)
        moved = take_in(connection, begun.company, page.transactions, setup, stage="fetch")
        _send(stand, moved)
        if not page.next_page:
            saves.keep_place(connection, begun.company, cursor=page.cursor)
            rows.done(connection, work_id)
        elif rests:
            saves.keep_place(connection, begun.company, page=page.next_page)
            rows.postpone(connection, work_id, 0.0, "waits")
            stand.rings.append(Ring(work_id, "fetch", label(stand.claimed.event)))
        else:
            turns.lease(connection, work_id, begun.lease)
    return True


@contextmanager
def _commit(work_id: int, begun: _Fetch, hands: Hands) -> Iterator[Stand | None]:
    """A transaction for one page: the work row, then the company's turn, then cases by id are locked. None: not our turn.

    A fetch of another row that began later starts from the same cursor: nothing is left for this one to do.
    """
    with transaction(hands.engine, "fetch.step") as connection:
        claimed = rows.hold(connection, work_id, "fetch")
        stand = None
        if claimed is not None:
            turn, whose = saves.turn(connection, begun.company)
            if turn == begun.turn:
                stand = Stand(connection, hands, stage_of("fetch"), claimed)
            elif whose != work_id:
                rows.done(connection, work_id)
        yield stand
    if stand is not None:
        hands.ringer.ring(stand.rings)


def _send(stand: Stand, moved: Moved) -> None:
    if moved.case_ids:
        stand.send([events.CaseChanged(tuple(sorted(moved.case_ids)))])
    stand.send([events.InquiryAsked(voucher_id) for voucher_id in sorted(moved.asks)])


def _not_offered(work_id: int, begun: _Fetch, hands: Hands) -> None:
    """Nothing waits for a person: it is the setup that says so, and a person who asks for a fetch is told."""
    with _commit(work_id, begun, hands) as stand:
        if stand is not None:
            turns.close_parked(stand.connection, work_id)
            rows.done(stand.connection, work_id)


def _forget_place(work_id: int, begun: _Fetch, hands: Hands) -> None:
    """Begin at the cursor where Visma does not know the page, from the first transaction where it does not know that."""
    with _commit(work_id, begun, hands) as stand:
        if stand is None:
            return
        saves.keep_place(stand.connection, begun.company, cursor=begun.cursor if begun.page else "")
        if not begun.page:
            _LOG.warning("Visma does not know the cursor", company=begun.company)
            stand.send([events.CursorRefused(begun.company)])
        rows.postpone(stand.connection, work_id, 0.0, "waits")

"""Stage `import`: ask Visma for a company's ready invoices, page by page, and open their cases, a commit a page.

Every page is asked for with no transaction open, the next one while this one is applied. A worker that dies leaves whole
pages behind; whoever claims the row next begins at the page that was not applied. A long import takes turns with what
else waits in its queue.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from pipeline.flow import stage_of
from pipeline.stage import Reason
from schemas import events
from schemas.setup import Company, Dated, Installation, NoSuchSetupError
from workers.accounting import Accounting, CannotTell, Trouble, connect
from workers.facts import invoices
from workers.journal import Ring, label
from workers.saves import invoices as invoice_saves
from workers.secrets import resolve
from workers.shell import Hands, Stand, gave_up_after_crashes, recover, rows, slots, turns
from workers.shell.opening import Openings
from workers.shell.paging import ahead
from workers.store import cases
from workers.store import setup as setup_store
from workers.store.engine import transaction

_TURN = 45.0  # seconds, after which others of the queue have theirs
_DEBTORS = 500  # whose cases are opened in one commit
_ELDER_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class _Import:
    """An import under way. `since`: what the listing tells is told after this instant.

    `page`: where the listing goes on, "" at its beginning, None once all of it is told. `ends`: when the turn is over.
    """

    claimed: rows.Claimed
    company: Company
    accounting: Accounting
    lease: float
    since: datetime
    today: date
    page: str | None
    ends: float


def import_invoices(work_id: int, hands: Hands) -> None:
    """Take in all pages of a company's ready invoices, and open a case for each that the setup allows."""
    stage = stage_of("import")
    with recover(work_id, stage, hands):
        begun = _begin(work_id, hands)
        if begun is None:
            return
        try:
            whole = _listed(begun, hands)
        except CannotTell as cannot:
            _not_offered(work_id, hands, str(cannot))
            return
        if whole and _opened_for_debtors(begun, hands):
            _end(begun, hands)
            return
        with transaction(hands.engine, "import.turn") as connection:
            rows.postpone(connection, work_id, 0.0, "turn")
        hands.ringer.ring([Ring(work_id, stage.name, label(begun.claimed.event))])


def _begin(work_id: int, hands: Hands) -> _Import | None:
    """Commit the attempt and the lease. None where nothing is to be imported, or an earlier row of the company will do it."""
    with transaction(hands.engine, "import.begin") as connection:
        claimed = rows.claim(connection, work_id, "import")
        if claimed is None or gave_up_after_crashes(Stand(connection, hands, stage_of("import"), claimed)):
            return None
        event = claimed.event
        assert isinstance(event, events.ImportDue)
        setup = setup_store.current(connection)
        today = hands.today()
        company = _valid(setup.companies[event.company], today)
        if company is None or not company.dunning_code or turns.has_elder(connection, work_id, begun=False):
            rows.done(connection, work_id)
            return None
        if turns.has_elder(connection, work_id, begun=True):
            raise rows.NotYet(
                _ELDER_PAUSE, "an import is under way that weighed some with the setup of before"
            )
        turns.wait_for_recovery(
            connection, "a restore may have lost cases: their numbers would be given again"
        )
        installation: Installation = setup.installations[company.installation].latest().value
        accounting = connect(installation, resolve)
        lease = slots.lease_for(installation, 1)
        rows.count_attempt(hands.engine, work_id)
        turns.lease(connection, work_id, lease)
        kept = turns.remembered(connection, work_id)
        since = datetime.fromisoformat(str(kept.get("since", invoices.now(connection).isoformat())))
        page = None if kept.get("page", "") is None else str(kept.get("page", ""))
    return _Import(claimed, company, accounting, lease, since, today, page, time.monotonic() + _TURN)


def _valid(company: Dated[Company], day: date) -> Company | None:
    """A company that is set up for later imports nothing yet."""
    try:
        return company.on(day).value
    except NoSuchSetupError:
        return None


def _listed(begun: _Import, hands: Hands) -> bool:
    """Apply the pages that are still to come; True once all are, False where the turn is over before."""
    if begun.page is None:
        return True
    work_id, company, ready = begun.claimed.work_id, begun.company, begun.accounting.ready_invoices
    applied = 0
    try:
        with closing(
            ahead(lambda page: ready(company.code, company.dunning_code, page), begun.page)
        ) as pages:
            for page in pages:
                following = page.next_page or None
                with _step(begun, hands) as stand:
                    told = invoice_saves.take(stand.connection, company.code, page.invoices)
                    Openings(stand, company.code, begun.today).each(told)
                    kept: dict[str, object] = {"page": following, "since": begun.since.isoformat()}
                    turns.remember(stand.connection, work_id, kept)
                applied += 1
                if following and time.monotonic() > begun.ends:
                    return False
    except Trouble:
        if (
            begun.page and not applied
        ):  # kept from an earlier attempt, and perhaps no page of Visma's any longer
            with transaction(hands.engine, "import.lost_page") as connection:
                turns.remember(connection, work_id, {"page": ""})
        raise
    return True


@contextmanager
def _step(begun: _Import, hands: Hands) -> Iterator[Stand]:
    """A commit of the import: nobody else opens cases meanwhile, and its lease begins anew."""
    with transaction(hands.engine, "import.step") as connection:
        stand = Stand(connection, hands, stage_of("import"), begun.claimed)
        turns.lease(connection, begun.claimed.work_id, begun.lease)
        cases.one_at_a_time(connection)
        yield stand
    hands.ringer.ring(stand.rings)


def _opened_for_debtors(begun: _Import, hands: Hands) -> bool:
    """Open the cases of clients that want one for all of a debtor's invoices in a proposal: they are all told now.

    False where the turn is over before.
    """
    after: tuple[str, ...] = ("", "", "", "")
    while True:
        with _step(begun, hands) as stand:
            openings = Openings(stand, begun.company.code, begun.today)
            found = invoices.debtors(
                stand.connection, begun.company.code, openings.by_debtor, begun.since, after, _DEBTORS
            )
            openings.together([ids for _, ids in found])
        if not found:
            return True
        if time.monotonic() > begun.ends:
            return False
        after = found[-1][0]


def _end(begun: _Import, hands: Hands) -> None:
    """Close the row, and what waits of earlier ones; case numbers that nobody works on are asked for again."""
    code = begun.company.code
    with _step(begun, hands) as stand:
        connection = stand.connection
        if rows.hold(connection, begun.claimed.work_id, "import") is None:
            return
        invoice_saves.let_go(connection, code, begun.since)
        forgotten = invoices.forgotten(connection, code) if begun.company.posting else []
        stand.send(invoice_saves.numbers_asked(code, forgotten))
        turns.close_parked(connection, begun.claimed.work_id)
        rows.done(connection, begun.claimed.work_id)


def _not_offered(work_id: int, hands: Hands, sentence: str) -> None:
    with transaction(hands.engine, "import.not_offered") as connection:
        claimed = rows.hold(connection, work_id, "import")
        if claimed is not None:
            turns.close_parked(connection, work_id)
            Stand(connection, hands, stage_of("import"), claimed).park(Reason.NOT_OFFERED, sentence)

"""Stage `convert`: cases that were transferred before the bridge get their mark and number in Visma; their payments come once.

A slice of rows is compared with what Visma says, asked with no transaction open, and concluded in one commit. When all are
and their numbers are written, a fetch is asked for; after it those rows are compared once more. Whoever dies on the way
leaves work rows and what each row has become: it goes on from there.
"""

from dataclasses import dataclass

from pipeline import conversion
from pipeline.flow import stage_of
from schemas import events
from workers.accounting import Accounting, connect
from workers.facts import conversions as facts
from workers.facts import invoices
from workers.facts.conversions import Seen
from workers.saves import conversions as saves
from workers.saves.conversions import Decided
from workers.saves.invoices import numbers_asked
from workers.secrets import resolve
from workers.shell import Hands, Stand, gave_up_after_crashes, recover, rows
from workers.store import cases
from workers.store import conversions as store
from workers.store import setup as setup_store
from workers.store.conversions import AFTER, BEFORE, Conversion, Looked
from workers.store.engine import transaction

_LOOK_AGAIN = 20.0  # seconds until what the numbers and the fetch wait for is looked at again
_SHADOW = 600.0  # the same where a company posts nothing, and so writes no numbers


@dataclass(frozen=True, slots=True)
class _Slice:
    of: Conversion
    look: int
    rows: list[Looked]
    accounting: Accounting


def convert(work_id: int, hands: Hands) -> None:
    """Look at a slice of a conversion, or bring one on whose slices are all looked at."""
    stage = stage_of("convert")
    with recover(work_id, stage, hands):
        with transaction(hands.engine, "convert.begin") as connection:
            claimed = rows.claim(connection, work_id, "convert")
            if claimed is None:
                return
            stand = Stand(connection, hands, stage, claimed)
            if gave_up_after_crashes(stand):
                return
            if isinstance(claimed.event, events.ConversionChecked):
                piece = None
                _go_on(stand, claimed.event.conversion_id)
            else:
                rows.count_attempt(hands.engine, work_id)
                if claimed.crashes >= rows.CRASHES_TO_HALVE and rows.halve(connection, claimed):
                    return  # the relay rings for the halves
                piece = _piece(stand)
        if piece is not None:
            looked = [each.row for each in piece.rows]
            seen = facts.seen(piece.accounting, piece.of.company, looked) if looked else {}
            with transaction(hands.engine, "convert.conclude") as connection:
                again = rows.hold(connection, work_id, "convert")
                if again is None:
                    return
                stand = Stand(connection, hands, stage, again)
                _conclude(stand, piece, seen)
                rows.done(connection, work_id)
        hands.ringer.ring(stand.rings)


def _piece(stand: Stand) -> _Slice:
    event = stand.claimed.event
    assert isinstance(event, events.ConversionRequested)
    found = store.standing(stand.connection, event.conversion_id)
    setup = setup_store.current(stand.connection)
    installation = (
        setup.installations[setup.companies[found.company].latest().value.installation].latest().value
    )
    look = AFTER if found.state == "comparing" else BEFORE
    looked = store.to_look_at(stand.connection, found.id, event.first, event.until, look)
    return _Slice(found, look, looked, connect(installation, resolve))


def _conclude(stand: Stand, piece: _Slice, seen: Seen) -> None:
    """Decide row by row and save; the last slice of a look brings the conversion on."""
    connection, event = stand.connection, stand.claimed.event
    assert isinstance(event, events.ConversionRequested)
    cases.one_at_a_time(connection)  # an invoice that is no case's stays so until it is saved whose it is
    now = store.lock(connection, piece.of.id)
    decided = _decide(stand, piece, seen)
    saves.keep(connection, now.id, decided)
    if piece.look == BEFORE:
        asked = saves.take_in(connection, now.company, decided)
        stand.send(numbers_asked(now.company, asked))
    if not store.looked_at(connection, now.id, event.first, event.until, piece.look):
        return
    if piece.look == AFTER and now.state == "comparing":
        store.move(connection, now.id, "done")
    elif piece.look == BEFORE and now.state == "checking":
        store.move(connection, now.id, "numbering")
        stand.send([events.ConversionChecked(now.id)])


def _decide(stand: Stand, piece: _Slice, seen: Seen) -> list[Decided]:
    known = facts.known(
        stand.connection, piece.of.company, piece.of.client, [each.row for each in piece.rows]
    )
    decided: list[Decided] = []
    for each, meant in zip(piece.rows, known, strict=True):
        of_row = facts.of_row(
            each.row, meant, seen, accepts=piece.of.accepts, written=piece.look == AFTER, by_us=each.by_us
        )
        case_id = meant[0].case_id if len(meant) == 1 else None
        open_amount = of_row.seen.open_amount if of_row.seen else None
        decided.append(Decided(each.no, each.row, case_id, open_amount, conversion.link(of_row)))
    return decided


def _go_on(stand: Stand, conversion_id: int) -> None:
    """Wait for the numbers, ask for one fetch, wait for it, then have the written rows looked at once more."""
    connection, work_id = stand.connection, stand.claimed.work_id
    now = store.lock(connection, conversion_id)
    match now.state:
        case "numbering" if store.numbers_wait(connection, now.id):
            posts = setup_store.current(connection).companies[now.company].latest().value.posting
            if posts:  # while it posted nothing, the stage that writes them let them be
                stand.send(numbers_asked(now.company, invoices.forgotten(connection, now.company)))
            rows.postpone(connection, work_id, _LOOK_AGAIN if posts else _SHADOW, "waits")
        case "numbering":
            store.move(connection, now.id, "fetching")
            stand.send([events.FetchDue(now.company)])
            rows.postpone(connection, work_id, 0.0, "waits")
        case "fetching" if store.fetch_waits(connection, now.company):
            rows.postpone(connection, work_id, _LOOK_AGAIN, "waits")
        case "fetching":
            store.move(connection, now.id, "comparing")
            stand.send(
                [
                    events.ConversionRequested(now.id, *each)
                    for each in store.slices(connection, now.id, AFTER)
                ]
            )
            rows.done(connection, work_id)
        case _:
            rows.done(connection, work_id)  # it was begun anew; who looks at its last slice sends another

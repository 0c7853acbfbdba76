"""Stage `read`: prove the whole file, copy its payments, hold twins, and send its slices on."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, text

from pipeline import intake
from pipeline.formats import DEFAULT, Reading, Refusal, read
from pipeline.intake import AcceptFacts
from pipeline.stage import Park, Reason
from schemas import events
from schemas.setup import Setup
from workers import archive
from workers.facts import intake as intake_facts
from workers.journal import ParkedPayment, park_payments
from workers.saves import payments as payment_saves
from workers.shell import Stand
from workers.store import setup as setup_store

_FAULTS_SHOWN = 20


def read_file(stand: Stand) -> None:
    """Read one file that landed: slices to settle, or one clear refusal with line and columns."""
    event = stand.claimed.event
    assert isinstance(event, events.FileLanded)
    row = stand.connection.execute(
        text("SELECT sha256, name, state FROM bank_file WHERE id = :id FOR UPDATE"), {"id": event.file_id}
    ).one()
    if row.state not in {"landed", "held"}:
        return  # read before, or a person has refused it or marked it as known
    if row.state == "held":
        _go_on(stand, event.file_id)
        return
    site = stand.hands.settings
    with archive.open_original(site.archive_folder, row.sha256) as stream:
        reading = read(stream, options=DEFAULT)
        if isinstance(reading, Refusal):
            _refuse(stand, event.file_id, row.sha256, row.name, reading)
        else:
            _accept(stand, event.file_id, reading)


def _accept(stand: Stand, file_id: int, reading: Reading) -> None:
    connection = stand.connection
    setup = setup_store.current(connection)
    site = stand.hands.settings
    payment_saves.lock_accounts(connection, reading)
    company_of = payment_saves.companies(reading, setup)
    payment_saves.copy_payments(connection, file_id, reading, company_of, archive.fingerprint_key(site))
    decision = intake.accept(set_aside(connection, file_id, reading, setup, company_of))
    payment_saves.save_reading(connection, file_id, reading, "held" if isinstance(decision, Park) else "read")
    if isinstance(decision, Park):
        stand.park(decision.reason, decision.note)
        return
    _send_slices(stand, file_id, reading.cuts(stand.hands.settings.slice_size))


def set_aside(
    connection: Connection, file_id: int, reading: Reading, setup: Setup, company_of: Mapping[str, str | None]
) -> AcceptFacts:
    """Hold what may have come before, park what was booked by hand; gives what decides whether the file goes on."""
    held = _parked(
        (twin.payment_id, intake.held(twin.ordinal, twin.alike))
        for twin in intake_facts.possible_twins(connection, file_id)
    )
    payment_saves.set_aside(connection, [parked.payment_id for parked in held], "held")
    told = _parked(
        (twin.payment_id, intake.held_as_told(twin.ordinal, twin.alike))
        for twin in intake_facts.told_in_another_format(
            connection, file_id, reading.format, reading.assignments
        )
    )
    payment_saves.set_aside(connection, [parked.payment_id for parked in told], "held")
    early = _parked(
        (payment.payment_id, intake.before_cut_over(payment.booked_on, payment.cut_over))
        for payment in intake_facts.early_payments(connection, file_id, setup)
    )
    payment_saves.set_aside(connection, [parked.payment_id for parked in early], "parked")
    park_payments(connection, held + told + early, stage="read")
    return AcceptFacts(reading.payments, len(held), len(told), tuple(company_of.items()))


def _parked(decided: Iterable[tuple[int, Park | None]]) -> list[ParkedPayment]:
    return [ParkedPayment(payment_id, no.reason, no.note) for payment_id, no in decided if no is not None]


def _go_on(stand: Stand, file_id: int) -> None:
    """A person has released a file that was held: its payments are in the table already."""
    connection = stand.connection
    number = connection.execute(
        text("UPDATE bank_file SET state = 'read' WHERE id = :id RETURNING payments"), {"id": file_id}
    ).scalar_one()
    size = stand.hands.settings.slice_size
    _send_slices(stand, file_id, [(first, min(first + size, number)) for first in range(0, number, size)])


def _send_slices(stand: Stand, file_id: int, cuts: list[tuple[int, int]]) -> None:
    stand.connection.execute(
        text("UPDATE bank_file SET open_slices = :slices WHERE id = :id"),
        {"slices": len(cuts), "id": file_id},
    )
    stand.send([events.PaymentsReceived(file_id, first, until) for first, until in cuts])
    if not cuts:
        stand.send([events.FileSettled(file_id)])


def _refuse(stand: Stand, file_id: int, sha256: str, name: str, refusal: Refusal) -> None:
    """The file goes to quarantine with its reason beside it; the archive keeps it, byte for byte."""
    shown = [f"{name}:{fault}" for fault in refusal.faults[:_FAULTS_SHOWN]]
    reason = "\n".join(shown)
    site = stand.hands.settings
    archive.refuse(site.quarantine_folder, site.archive_folder, sha256=sha256, name=name, reason=reason)
    stand.connection.execute(
        text("UPDATE bank_file SET state = 'unreadable', reason = 'unreadable', note = :note WHERE id = :id"),
        {"note": reason, "id": file_id},
    )
    stand.send([events.FileRefused(file_id)])
    stand.park(Reason.UNREADABLE, shown[0])

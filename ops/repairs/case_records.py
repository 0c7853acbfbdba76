"""A person's correction of a case goes in by the door of KK2's file of cases: records are staged, proven and taken.

What a person adds has an id that begins with `desk:`. KK2's file may withdraw or waive it by that id, and makes none like it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.queries import asking
from ops.queries import cases as queries
from ops.queries.cases import Standing
from ops.repairs.acts import Refusal
from pipeline.stage import Reason
from schemas.events import CaseChanged, CasesOpened, FetchDue, TransactionParked
from workers.journal import park_each
from workers.store import cases as store
from workers.store.bulk import take_ids
from workers.store.cases import BY_THE_DESK, Taken

_CASES_AN_EVENT = 1_000


@dataclass(frozen=True, slots=True)
class Corrected:
    """A case under lock, as it stands, on the day of whoever corrects it."""

    stands: Standing
    today: date

    @property
    def subject(self) -> str:
        """What the audit calls the case."""
        return f"case {self.stands.case.id}"

    @property
    def name(self) -> str:
        """What people call it."""
        return f"case {self.stands.case.case_no}"

    def record(self, record: str, /, **values: object) -> dict[str, object]:
        """A record of a file of cases about this case."""
        case = self.stands.case
        key = {"company": case.company, "client": case.client, "case_no": case.case_no}
        return {"record": record, **key, **values}


def lock(connection: Connection, *case_ids: int) -> tuple[Corrected, ...]:
    """Lock cases against every other writer, in id order, and read them; in the order asked. Raises `Refusal`."""
    store.one_at_a_time(connection)
    connection.execute(
        text("SELECT id FROM kk2_case WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"),
        {"ids": sorted(case_ids)},
    )
    today = asking.today(connection)
    found = []
    for case_id in case_ids:
        stands = queries.standing(connection, case_id)
        if stands is None:
            raise Refusal(f"there is no case id:{case_id}")
        found.append(Corrected(stands, today))
    return tuple(found)


def open_to_correction(case: Corrected) -> None:
    """Refuse a case whose claims are no longer its own."""
    row = case.stands.case
    if row.state == "merged":
        raise Refusal(f"{case.name} is merged into case id:{row.merged_into}: correct that one, or unmerge")
    if row.state == "recalled":
        raise Refusal(f"{case.name} was recalled by the client: nothing on it is claimed any more")


def new_ids(connection: Connection, table: str, number: int) -> list[str]:
    """Ids that nobody else gives, for items or waivers that a person adds."""
    return [f"{BY_THE_DESK}{each}" for each in take_ids(connection, table, number)]


def take(connection: Connection, records: Sequence[Mapping[str, object]]) -> list[object]:
    """Take the records in as from a file; gives the events. Raises `Refusal` with what the file's door has against them."""
    number = store.stage(connection, [store.staged(record) for record in records])
    faults = store.faults(connection, 1)
    if faults:
        raise Refusal(f"{faults[0].what}: expected {faults[0].expected}, found {faults[0].found}")
    return what_happened(connection, store.take(connection, number))


def what_happened(connection: Connection, taken: Taken) -> list[object]:
    """The events of what was taken in, up to a thousand cases each: each is one piece of work. Homeless transactions park."""
    kinds: tuple[tuple[Callable[[tuple[int, ...]], object], tuple[int, ...]], ...] = (
        (CasesOpened, taken.opened + taken.reachable),
        (CaseChanged, taken.changed),
    )
    happened: list[object] = [
        event(ids[first : first + _CASES_AN_EVENT])
        for event, ids in kinds
        for first in range(0, len(ids), _CASES_AN_EVENT)
    ]
    happened += [FetchDue(company) for company in taken.awaited]
    unheld = "its invoice stands in no case any more: it was withdrawn"
    parked = [(each, Reason.UNKNOWN_INVOICE, unheld) for each in taken.homeless]
    park_each(connection, TransactionParked, "transaction_id", parked, stage="fetch")
    return happened

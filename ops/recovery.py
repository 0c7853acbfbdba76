"""After a restore: what Visma has of ours is told to the database, before anything is sent again.

A voucher that the restored database knows as not yet delivered, and Visma has, is concluded. One that the database has
never heard of is an orphan: what could be the same money is held back until each orphan has ended. It ends when its bank
file has come again and a voucher of the same company, date, total and lines takes its reference, when a
person says which voucher is the same, or that none will be, or when Visma says that it is deleted.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from ops.repairs import passing_over, recovering
from ops.repairs.acts import Person
from ops.repairs.braking import start_delivery
from ops.repairs.recovering import Orphan, Step
from schemas.transfer import LedgerVoucher
from workers.accounting import Accounting, CannotTell, Trouble
from workers.facts import shelves
from workers.facts.shelves import Shelf
from workers.journal import Ring
from workers.store import epoch

Listed = dict[str, list[LedgerVoucher]]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did, or with a dry run would do.

    `unknown`: what Visma could not tell, a sentence each; then delivery stays stopped. `open`: orphans that are left.
    `clashes`: how many vouchers a person must look at.
    """

    steps: tuple[Step, ...]
    unknown: tuple[str, ...]
    open: tuple[Orphan, ...]
    clashes: int
    started: bool


def recover(
    connection: Connection,
    accounting: Mapping[str, Accounting],
    person: Person,
    *,
    dry_run: bool,
) -> tuple[Recovered, tuple[Ring, ...]]:
    """Ask each installation for its list, then tell the database in one transaction; safe to call again.

    No transaction is open while Visma is asked; `connection` must have none. Also gives what to ring for.
    """
    with connection.begin():
        all_shelves, numbers = shelves.shelves(connection, whole=True), shelves.numbers(connection)
    unknown: list[str] = []
    listed = [
        (shelf, found) for shelf in all_shelves if (found := _listed(shelf, accounting, unknown)) is not None
    ]
    transaction = connection.begin()
    steps: list[Step] = []
    rings: list[Ring] = []
    for shelf, found in listed:
        mine = {
            ref: theirs for ref, theirs in found.items() if shelves.is_ours(ref, numbers[shelf.installation])
        }
        for done in recovering.tell(connection, shelf.installation, shelf.company, mine, person):
            steps.append(done[0])
            rings += done[1]
    for done in recovering.adopt_alike(connection, person):
        steps.append(done[0])
        rings += done[1]
    steps += passing_over.rise(connection, person)
    started = not unknown and epoch.restored(connection)
    if started:
        steps += passing_over.pass_over(connection, person)
        rings += start_delivery(connection, "*", person=person).rings
    left = tuple(recovering.open_orphans(connection))
    if dry_run:
        transaction.rollback()
        rings = []
    else:
        transaction.commit()
    clashes = sum(step.clash for step in steps)
    return Recovered(tuple(steps), tuple(unknown), left, clashes, started), tuple(rings)


def _listed(shelf: Shelf, accounting: Mapping[str, Accounting], unknown: list[str]) -> Listed | None:
    found: Listed = defaultdict(list)
    asked = accounting.get(shelf.installation)
    if asked is None:
        unknown.append(f"company {shelf.company}: the setup has no installation {shelf.installation}")
        return None
    try:
        for each in asked.list_vouchers(
            shelf.company, shelf.voucher_type, shelf.registrar, shelf.first, shelf.last
        ):
            found[each.reference].append(each)
    except CannotTell:
        unknown.append(
            f"company {shelf.company}: this Visma can't list its vouchers: look there for {shelf.registrar}, then start "
            "delivery with a reason"
        )
        return None
    except Trouble as trouble:
        unknown.append(f"company {shelf.company}: Visma did not answer: {trouble.note} ({trouble.code})")
        return None
    return found

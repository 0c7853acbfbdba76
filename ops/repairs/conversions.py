"""Begin a conversion, or go on with one: its rows kept, and the work for them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from ops.repairs.acts import Done, Person, leave, need_client, need_company
from schemas.conversion import ConversionRow
from schemas.events import ConversionRequested
from schemas.wording import counted
from workers.store import conversions as store


@dataclass(frozen=True, slots=True)
class ConversionFile:
    """A file of cases transferred earlier. `client`: whose cases it names, "" for those of each client of the company."""

    company: str
    client: str
    sha256: str
    name: str
    rows: Iterable[ConversionRow]


def convert(connection: Connection, file: ConversionFile, *, accepts: bool, person: Person) -> Done:
    """Have a file's rows looked at; the same file again looks once more at those that are not as they should be.

    `accepts`: mark invoices whose amount differs too. Raises what reading the rows raises, and then nothing is kept.
    """
    need_company(connection, file.company)
    if file.client:
        need_client(connection, file.company, file.client)
    conversion_id, is_new = store.begin(
        connection,
        company=file.company,
        client=file.client,
        sha256=file.sha256,
        name=file.name,
        accepts=accepts,
        actor=person.actor,
    )
    if is_new:
        number = store.fill(connection, conversion_id, file.rows)
        sentence = f"conversion {conversion_id}: {counted(number, 'row')} to be looked at"
    else:
        number = store.look_again(connection, conversion_id)
        sentence = (
            f"conversion {conversion_id}, the same file: {counted(number, 'row')} to be looked at again, "
            "the others are done or on their way"
        )
    if not number:
        return Done((), f"conversion {conversion_id}, the same file: each row is done already, or on its way")
    store.move(connection, conversion_id, "checking")
    happened = [
        ConversionRequested(conversion_id, *each)
        for each in store.slices(connection, conversion_id, store.BEFORE)
    ]
    detail = {"rows": number, "accepts": accepts, "sha256": file.sha256}
    return Done(
        leave(connection, person, "convert", f"conversion {conversion_id}", detail, happened), sentence
    )

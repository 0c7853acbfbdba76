"""What a restored database counts past: numbers that the lost hours may have given, to cases, KIDs and vouchers."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from ops.repairs.acts import Person, leave
from ops.repairs.recovering import Step, open_orphans
from schemas.setup import Client
from workers.facts import invoices
from workers.saves.invoices import note_kids
from workers.store import epoch
from workers.store import setup as setup_store

_GAP = 10_000  # more cases than a site opens between two back-ups
_PASSED_OVER = (
    "INSERT INTO case_no_series (company, client, pattern, last) VALUES (:company, :client, :pattern, :last) "
    "ON CONFLICT (company, client, pattern) DO UPDATE SET last = excluded.last"
)


def rise(connection: Connection, person: Person) -> Iterator[Step]:
    """Count this life of the database above each that an orphan is of: no reference of ours may be given twice."""
    lost = max((int(each.reference.split("-")[1]) for each in open_orphans(connection)), default=0)
    number = epoch.rise(connection, lost)
    if number is not None:
        leave(connection, person, "recover", "the database", {"was": lost, "is": number}, [])
        yield Step(
            "", "", f"the back-up was restored before: this is epoch {number} now, above that one's vouchers"
        )


def pass_over(connection: Connection, person: Person) -> Iterator[Step]:
    """Leave a gap in the numbers of new cases and KIDs: the lost hours may have given some, and letters carry them.

    At most a tenth of what is left of a pattern is given up.
    """
    setup = setup_store.current(connection)
    importing = {code for code, dated in setup.companies.items() if dated.latest().value.dunning_code}
    for client in (dated.latest().value for dated in setup.clients.values()):
        if client.company in importing and client.case_no_pattern:
            last = invoices.last_number(connection, client.company, client.code, client.case_no_pattern)
            passed = _gap(last, 10 ** client.case_no_pattern.count("#") - 1)
            connection.execute(text(_PASSED_OVER), {**_names(client), "last": passed})
            name = f"{client.company}/{client.code}"
            leave(connection, person, "recover", f"case numbers {name}", {"was": last, "is": passed}, [])
            yield Step(
                "",
                "",
                f"new cases of {name} are numbered from {passed + 1}: the lost hours may have given {last + 1} on",
            )
    for account in (dated.latest().value for dated in setup.accounts.values()):
        if account.company in importing and account.kid_agreements:
            last = connection.execute(
                text("SELECT coalesce(max(last), 0) FROM kid_series WHERE account = :account"),
                {"account": account.number},
            ).scalar_one()
            passed = _gap(last, 10 ** (account.kid_agreements[0].length - 1) - 1)
            note_kids(connection, {account.number: passed})


def _gap(last: int, most: int) -> int:
    return last + min(_GAP, (most - last) // 10)


def _names(client: Client) -> dict[str, str]:
    return {"company": client.company, "client": client.code, "pattern": client.case_no_pattern}

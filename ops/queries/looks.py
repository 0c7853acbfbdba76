"""What is new in a proposal since a person looked last: the posting groups as they were seen then, against those of now."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from ops.queries.proposals import Proposal
from schemas.money import Money
from workers.facts.proposals import Place


@dataclass(frozen=True, slots=True)
class Since:
    """What came (or went, negative) since `at` of each posting group that differs; `at` is None for who never looked."""

    at: datetime | None
    changes: dict[Place, tuple[int, Money]]

    @property
    def payments(self) -> int:
        """How many payments more, or fewer."""
        return sum(payments for payments, _ in self.changes.values())

    @property
    def amount(self) -> Money:
        """How much more, or less."""
        return sum(amount for _, amount in self.changes.values())


def since(connection: Connection, person: str, now: Proposal) -> Since:
    """Compare a company's proposal with what the person saw last; empty for who never said that he saw it."""
    row = connection.execute(
        text("SELECT at, groups FROM proposal_look WHERE person = :person AND company = :company"),
        {"person": person, "company": now.company},
    ).one_or_none()
    if row is None:
        return Since(None, {})
    before = {tuple(place): (payments, amount) for *place, payments, amount in row.groups}
    after = {_key(g.place): (g.payments, g.amount) for g in now.groups}
    changes = {}
    for key in before.keys() | after.keys():
        (n, kr), (m, was) = after.get(key, (0, 0)), before.get(key, (0, 0))
        if (n, kr) != (m, was):
            account, day, ref = key
            changes[Place(account, datetime.fromisoformat(day).date(), ref)] = (n - m, kr - was)
    return Since(row.at, changes)


def seen(connection: Connection, person: str, now: Proposal) -> None:
    """Keep that the person has seen all of the company's proposal as it is now."""
    groups = [[*_key(g.place), g.payments, g.amount] for g in now.groups]
    connection.execute(
        text(
            "INSERT INTO proposal_look (person, company, groups) VALUES (:person, :company, CAST(:groups AS jsonb)) "
            "ON CONFLICT (person, company) DO UPDATE SET at = now(), groups = excluded.groups"
        ),
        {"person": person, "company": now.company, "groups": json.dumps(groups)},
    )


def _key(place: Place) -> tuple[str, ...]:
    return place.account, place.booked_on.isoformat(), place.statement_ref

"""Who corrected a proposal last, and what of it stands otherwise than the machine had proposed it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ops.queries.asking import TODAY
from ops.queries.proposals import scope_of, subject_of
from schemas.case import Kind
from schemas.money import Money
from workers.facts.proposals import Scope
from workers.store.bulk import rows

MOST = 200
"""Corrected payments of one answer."""


@dataclass(frozen=True, slots=True)
class Corrector:
    """Who changed something of a proposal last, and when."""

    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FourEyes:
    """Whether a second person must approve: `limit` in øre, 0 for none; `last` is who may not, above it.

    `alone`: what `last` has corrected and approved of the company's today without another person; it counts with the sum.
    """

    limit: Money
    over: bool
    last: Corrector | None
    alone: Money

    def forbids(self, actor: str) -> bool:
        """Whether this person corrected last, and the proposal is above the limit."""
        return self.over and self.last is not None and self.last.actor == actor


@dataclass(frozen=True, slots=True)
class Covered:
    """So much of a payment covers this: a kind of claim, with its invoice where it has one, of a case."""

    kind: str
    invoice_no: str
    case_no: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Corrected:
    """A payment that stands otherwise than the machine split it first. `parked_for`: why the machine parked it, if it did."""

    payment_id: int
    file_id: int
    line: int
    amount: Money
    parked_for: str | None
    machine: tuple[Covered, ...]
    person: tuple[Covered, ...]
    last: Corrector | None


# What persons changed of the payments in p: each event by which what a proposal says may change. A remark changes nothing.
_TOUCHED = """
SELECT j.id, j.actor, j.at, p.id AS payment_id FROM journal j CROSS JOIN LATERAL (
    SELECT (j.body->>'payment_id')::bigint AS payment_id WHERE j.event = 'PaymentAssigned'
    UNION ALL SELECT x.id::bigint FROM jsonb_array_elements_text(j.body->'payment_ids') AS x(id)
        WHERE j.event = 'PaymentsReleased'
    UNION ALL SELECT s.payment_id FROM jsonb_array_elements_text(j.body->'case_ids') AS x(id)
        JOIN split s ON s.case_id = x.id::bigint WHERE j.event IN ('CaseChanged', 'VoucherVoided')
    UNION ALL SELECT p.id FROM p WHERE j.event = 'PersonActed' AND j.body->>'act' <> 'comment'
        AND j.body->>'subject' IN ('payment ' || p.id, 'file ' || p.file_id)
) t JOIN p ON p.id = t.payment_id WHERE j.actor <> ''
    AND j.event IN ('PaymentAssigned', 'PaymentsReleased', 'CaseChanged', 'VoucherVoided', 'PersonActed')"""


def last_corrector(connection: Connection, scope: Scope) -> Corrector | None:
    """The last person who changed a payment, a case or a file of the proposal; None if nobody did."""
    found = rows(
        connection,
        f"WITH p AS MATERIALIZED (SELECT p.id, p.file_id FROM payment p WHERE {scope.where()}) "
        f"SELECT actor, at FROM ({_TOUCHED}) t ORDER BY id DESC LIMIT 1",
        scope.values(),
    )
    return Corrector(*found[0]) if found else None


def four_eyes(connection: Connection, company: str, file_id: int | None, absolute: Money) -> FourEyes:
    """Whether a proposal of this sum (without signs) wants a second person.

    Parts of it are not judged by themselves: neither some of its groups, nor one file after another on the same day.
    """
    found = scope_of(connection, company, file_id)
    if found is None:
        return FourEyes(0, False, None, 0)
    scope, setup = found
    last = last_corrector(connection, scope)
    alone = _approved_alone(connection, company, last.actor) if last else 0
    over = bool(setup.four_eyes_limit) and absolute + alone > setup.four_eyes_limit
    return FourEyes(setup.four_eyes_limit, over, last, alone)


def _approved_alone(connection: Connection, company: str, actor: str) -> Money:
    """What a person both corrected last and approved of a company's since midnight in Norway, without signs."""
    found = rows(
        connection,
        "SELECT coalesce(sum((detail->>'alone')::bigint), 0)::bigint FROM audit WHERE subject = %(subject)s AND act = 'approve' "
        f"AND actor = %(actor)s AND (at AT TIME ZONE 'Europe/Oslo')::date = {TODAY}",
        {"subject": subject_of(company), "actor": actor},
    )
    return int(found[0][0])


def corrected(
    connection: Connection, company: str, file_id: int | None, client: str | None = None
) -> tuple[Corrected, ...]:
    """The payments of a proposal that the machine had split otherwise, or parked, with both versions; the first `MOST`.

    With a client only those that are on its cases.
    """
    found = scope_of(connection, company, file_id)
    if found is None:
        return ()
    scope, _ = found
    payments = rows(connection, _payments(scope, client), scope.values() | {"most": MOST, "client": client})
    versions = _versions(connection, [row[0] for row in payments])
    made = []
    for payment_id, file_id_, line, amount, parked_for, actor, at in payments:
        machine, person = versions.get(payment_id, ((), ()))
        if (
            parked_for
        ):  # the machine found no case: what it did with the money was at most to put it in suspense
            machine = tuple(each for each in machine if not each.case_no)
        last = Corrector(actor, at) if actor else None
        made.append(Corrected(payment_id, file_id_, line, amount, parked_for, machine, person, last))
    return tuple(each for each in made if each.machine != each.person)


def _payments(scope: Scope, client: str | None) -> str:
    """Settled payments of which something was superseded, corrected or parked: few of a day's."""
    of_client = (
        "AND EXISTS (SELECT FROM split s JOIN kk2_case c ON c.id = s.case_id WHERE s.payment_id = p.id "
        "AND s.superseded_by IS NULL AND c.client = %(client)s) " if client else ""
    )  # fmt: skip
    return (
        "WITH p AS MATERIALIZED (SELECT p.id, p.file_id, p.line, p.amount, w.reason FROM payment p "
        "LEFT JOIN LATERAL (SELECT nullif(w.reason, 'taken_off') AS reason FROM work w WHERE w.payment_id = p.id AND w.reason IS NOT NULL "
        f"ORDER BY w.id LIMIT 1) w ON true WHERE {scope.where()} AND p.state = 'settled' AND (w.reason IS NOT NULL "
        "OR EXISTS (SELECT FROM split s WHERE s.payment_id = p.id AND (s.superseded_by IS NOT NULL OR s.corrects))) "
        f"{of_client}"
        "ORDER BY p.id LIMIT %(most)s) SELECT p.id, p.file_id, p.line, p.amount, p.reason, t.actor, t.at FROM p "
        f"LEFT JOIN (SELECT DISTINCT ON (payment_id) * FROM ({_TOUCHED}) x ORDER BY payment_id, id DESC) t "
        "ON t.payment_id = p.id ORDER BY p.id"
    )


def _versions(
    connection: Connection, payment_ids: list[int]
) -> dict[int, tuple[tuple[Covered, ...], tuple[Covered, ...]]]:
    """Of each payment what it covered at first, and what it covers now: splits are never changed, so both stand there."""
    # What was made first adds up to the payment, as every set does: the second begins after the split that fills it.
    found = rows(
        connection,
        "WITH s AS (SELECT s.*, p.amount AS whole, abs(sum(s.amount) OVER (PARTITION BY s.payment_id ORDER BY s.id)) AS filled "
        "FROM split s JOIN payment p ON p.id = s.payment_id WHERE s.payment_id = ANY(%(ids)s)), "
        "sets AS (SELECT payment_id, kind, item_id, case_id, amount, superseded_by IS NULL AS now, coalesce(max(filled) OVER "
        "(PARTITION BY payment_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) < abs(whole) AS first FROM s) "
        "SELECT b.payment_id, b.kind, coalesce(i.invoice_no, ''), coalesce(c.case_no, ''), "
        "coalesce(sum(b.amount) FILTER (WHERE first), 0)::bigint, coalesce(sum(b.amount) FILTER (WHERE now), 0)::bigint "
        "FROM sets b LEFT JOIN item i ON i.id = b.item_id LEFT JOIN kk2_case c ON c.id = b.case_id "
        "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        {"ids": payment_ids},
    )
    made: dict[int, tuple[tuple[Covered, ...], tuple[Covered, ...]]] = {}
    for payment_id, kind, invoice_no, case_no, first, now in found:
        name = Kind(kind).name.lower()
        machine, person = made.get(payment_id, ((), ()))
        if first:
            machine += (Covered(name, invoice_no, case_no, first),)
        if now:
            person += (Covered(name, invoice_no, case_no, now),)
        made[payment_id] = machine, person
    return made

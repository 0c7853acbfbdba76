"""A company's posting proposal (bokføringsforslag) as a person sees it, and the digest by which its approval is bound to that."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from ops.queries import asking
from schemas.money import Money
from schemas.setup import Company, NoSuchSetupError, ParkedPolicy
from workers.facts.proposals import Place, Scope
from workers.store import setup as setup_store
from workers.store.bulk import rows


@dataclass(frozen=True, slots=True)
class ProposedGroup:
    """One sum on the bank statement: what of it would be posted now. `parked`: payments that go to suspense with it."""

    account: str
    booked_on: date
    statement_ref: str
    payments: int
    amount: Money
    absolute: Money
    parked: int
    parked_amount: Money

    @property
    def place(self) -> Place:
        """What the group is chosen by."""
        return Place(self.account, self.booked_on, self.statement_ref)


@dataclass(frozen=True, slots=True)
class SentBack:
    """A proposal that waits because somebody sent it back. `file_id` is None for all of the company's."""

    file_id: int | None
    actor: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an approval would post. `digest` changes with every split, parked payment and row of the setup in it.

    `client`: only that client's part is shown, which is not approved by itself: it has no digest.
    """

    company: str
    file_id: int | None
    client: str | None
    groups: tuple[ProposedGroup, ...]
    payments: int
    amount: Money
    absolute: Money
    parked: int
    waits: tuple[str, ...]
    sent_back: tuple[SentBack, ...]
    digest: str


def scope_of(
    connection: Connection, company: str, file_id: int | None, only: tuple[Place, ...] = ()
) -> tuple[Scope, Company] | None:
    """The payments that a person's approval takes, as the cutting of a proposal sees them; None without a setup today."""
    today = asking.today(connection)
    try:
        found = setup_store.current(connection).companies[company].on(today).value
    except (KeyError, NoSuchSetupError):
        return None
    fresh = (
        file_id is not None
        and not connection.execute(
            text("SELECT cut FROM bank_file WHERE id = :id"), {"id": file_id}
        ).scalar_one_or_none()
    )
    suspense = found.parked_policy is ParkedPolicy.SUSPENSE
    return Scope(company, file_id, fresh, suspense, found.payments_per_voucher, True, only), found


def proposal(
    connection: Connection,
    company: str,
    file_id: int | None,
    only: tuple[Place, ...] = (),
    client: str | None = None,
) -> Proposal:
    """What would be posted now, or of it the chosen posting groups, or what is on a client's cases; empty for a company
    without a setup.
    """
    found = scope_of(connection, company, file_id, only)
    if found is None:
        return _made(company, file_id, client, [], "", (), ())
    scope, _ = found
    return _made(
        company,
        file_id,
        client,
        rows(connection, _groups(scope, client), scope.values() | {"client": client}),
        f"{_setup_rows(connection)}|{only}" if only else _setup_rows(connection),
        _waits(connection, company),
        _sent_back(connection, company),
    )


def place_of(written: str) -> Place:
    """Read a posting group as people write it, ACCOUNT/2026-03-16/REF; raises ValueError with what was expected."""
    account, _, rest = written.partition("/")
    day, _, ref = rest.partition("/")
    try:
        return Place(account, date.fromisoformat(day), ref)
    except ValueError:
        pass
    raise ValueError(f"expected ACCOUNT/YYYY-MM-DD/REF, as `kk2 proposal show` lists them; found {written!r}")


def subject_of(company: str, file_id: int | None = None) -> str:
    """What the audit calls a company's proposal, or that of one file."""
    return f"proposal of company {company}" + (f", file {file_id}" if file_id else "")


def companies_with_proposals(connection: Connection, client: str | None = None) -> tuple[str, ...]:
    """The companies that the setup knows, or of them those that have the client."""
    setup = setup_store.current(connection)
    return tuple(sorted(code for code in setup.companies if not client or (code, client) in setup.clients))


def clients_of(connection: Connection, company: str | None = None) -> tuple[str, ...]:
    """The clients that the setup knows, of all companies or of one."""
    known = setup_store.current(connection).clients
    return tuple(sorted({code for of, code in known if company in (None, of)}))


def _groups(scope: Scope, client: str | None) -> str:
    """Per group, and in one statement: what is free of each payment, and what of it is parked and not in suspense yet.

    What is parked is no client's.
    """
    of_client = "JOIN kk2_case c ON c.id = s.case_id AND c.client = %(client)s " if client else ""
    return (
        "WITH p AS (SELECT p.id, p.account, p.booked_on, coalesce(p.statement_ref, '') AS ref, p.state, p.amount "
        f"FROM payment p WHERE {scope.where()}), free AS (SELECT s.payment_id, sum(s.amount) AS amount, "
        "sum(hashint8extended(s.id, 7)::numeric) AS hash, count(*) AS splits FROM split s JOIN p ON p.id = s.payment_id "
        f"{of_client}WHERE s.superseded_by IS NULL AND NOT EXISTS (SELECT FROM voucher_split v WHERE v.split_id = s.id AND NOT v.released) "
        "GROUP BY 1), each AS (SELECT p.*, f.amount AS free, f.hash, coalesce(f.splits, 0) AS splits, "
        f"p.state = 'parked' AND f.amount IS NULL AND {not client} AS to_suspense FROM p LEFT JOIN free f ON f.payment_id = p.id) "
        "SELECT account, booked_on, ref, count(*), sum(CASE WHEN to_suspense THEN amount ELSE coalesce(free, 0) END)::bigint, "
        "sum(abs(CASE WHEN to_suspense THEN amount ELSE coalesce(free, 0) END))::bigint, count(*) FILTER (WHERE to_suspense), "
        "coalesce(sum(amount) FILTER (WHERE to_suspense), 0)::bigint, sum(splits)::bigint, coalesce(sum(hash), 0)::text, "
        "coalesce(sum(hashint8extended(id, 8)::numeric) FILTER (WHERE to_suspense), 0)::text "
        "FROM each WHERE to_suspense OR splits > 0 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )


def _setup_rows(connection: Connection) -> str:
    """Which rows of the setup there are: any new one may change accounts, texts or limits."""
    row = connection.execute(text("SELECT count(*), coalesce(max(id), 0) FROM setup_row")).one()
    return f"{row[0]}/{row[1]}"


def _waits(connection: Connection, company: str) -> tuple[str, ...]:
    """Why the company's proposals wait for a person, oldest first, each with its file."""
    found = connection.execute(
        text(
            "SELECT body->>'file_id', note FROM work WHERE stage = 'propose' AND state = 'parked' "
            "AND body->>'company' = :company ORDER BY id"
        ),
        {"company": company},
    )
    return tuple(
        note if file_id is None else f"file {file_id}: {note.removeprefix(f'{company}: ')}"
        for file_id, note in found
    )


def _sent_back(connection: Connection, company: str) -> tuple[SentBack, ...]:
    """What of the company's is sent back and not taken up, oldest first."""
    found = connection.execute(
        text(
            "SELECT nullif(file_id, 0), actor, at, reason FROM sent_back WHERE company = :company "
            "AND taken_up_at IS NULL ORDER BY id"
        ),
        {"company": company},
    )
    return tuple(SentBack(*row) for row in found)


def _made(
    company: str,
    file_id: int | None,
    client: str | None,
    found: list[tuple[object, ...]],
    setup: str,
    waits: tuple[str, ...],
    sent_back: tuple[SentBack, ...],
) -> Proposal:
    groups = tuple(ProposedGroup(*row[:8]) for row in found)  # type: ignore[arg-type]
    payments, amount = sum(g.payments for g in groups), sum(g.amount for g in groups)
    parked = sum(g.parked for g in groups)
    told = f"{company}|{file_id}|{setup}|{found}"
    digest = f"{hashlib.sha256(told.encode()).hexdigest()[:16]}:{payments}:{amount}:{parked}"
    absolute = sum(g.absolute for g in groups)
    return Proposal(
        company, file_id, client, groups, payments, amount, absolute, parked, waits, sent_back, "" if client else digest
    )  # fmt: skip

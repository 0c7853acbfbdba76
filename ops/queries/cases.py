"""Cases: what is owed on each, part by part, on a day of one's choice."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from ops.queries import transactions
from ops.queries.asking import MOST, ask
from ops.queries.transactions import TransactionRow
from pipeline import allocation
from pipeline.allocation import CaseFacts, Incoming, Movement
from pipeline.rates import RATES, Rates
from schemas.case import KK2_ORDER, CaseState, Kind, OpenItem, Waiver
from schemas.money import Money, kr
from schemas.setup import NoSuchSetupError
from workers.facts.cases import MOVED, Moved
from workers.facts.payments import MINE, ON, SHARED
from workers.store import setup as setup_store
from workers.store.bulk import rows

_RATES = Rates(RATES)
_ALL_THERE_IS = kr(10**12)
_ASKING = 0  # no payment has this id


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list. `balance` is without interest, which runs day by day. `stopped`: left out of the control.

    `closed_on`: the day on which a person closed it, None if nobody did.
    """

    id: int
    case_no: str
    company: str
    client: str
    customer_no: str
    debtor_name: str
    state: str
    opened_on: date
    balance: Money
    being_settled: bool
    merged_into: int | None
    stopped: bool
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class Owed:
    """One claim on the day: what it was, what is open, and the interest on it that nobody has paid.

    `credit`: by how much Visma's movements left it over-covered; it stands in Visma and lowers nothing else.
    """

    item_id: int
    kind: str
    invoice_no: str
    due_on: date
    amount: Money
    open: Money
    interest: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class Balance:
    """What is owed on a day: items less splits less waivers, and interest accrued and not yet taken."""

    day: date
    principal: Money
    costs: Money
    fee: Money
    interest: Money
    claims: tuple[Owed, ...]

    @property
    def total(self) -> Money:
        """All of it."""
        return self.principal + self.costs + self.fee + self.interest


@dataclass(frozen=True, slots=True)
class Covered:
    """What one payment covers of the case, by kind."""

    payment_id: int
    interest_on: date
    booked_on: date
    amount: Money
    principal: Money
    costs: Money
    fee: Money
    interest: Money
    rest: Money


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """One case on a day."""

    case: CaseRow
    kids: tuple[str, ...]
    balance: Balance
    payments: tuple[Covered, ...]
    waivers: tuple[Waiver, ...]
    moved: tuple[TransactionRow, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts of a case as the rule wants them, and of each payment the row of the setup that gave its order."""

    case: CaseRow
    facts: CaseFacts
    client_rows: dict[int, int]


_ROW = (
    "SELECT c.id, c.case_no, c.company, c.client, c.customer_no, c.debtor_name, c.state, c.opened_on, c.balance, c.dirty, "
    "c.merged_into, c.stopped, c.closed_on FROM kk2_case c"
)


def listed(
    connection: Connection,
    *,
    company: str | None,
    client: str | None,
    state: str | None,
    kid: str | None,
    customer_no: str | None,
    debtor: str | None = None,
    most: int = MOST,
) -> tuple[CaseRow, ...]:
    """Cases by their number."""
    conditions = [
        ("c.company = :company", "company", company),
        ("c.client = :client", "client", client),
        ("c.state = :state", "state", state),
        ("EXISTS (SELECT FROM case_kid k WHERE k.case_id = c.id AND k.kid = :kid)", "kid", kid),
        ("c.customer_no = :customer", "customer", customer_no),
        ("c.debtor_name ILIKE '%' || :debtor || '%'", "debtor", debtor),
    ]
    return tuple(CaseRow(*row) for row in ask(connection, _ROW, conditions, "c.case_no, c.id", most))


def shown(connection: Connection, case_id: int, day: date) -> CaseDetail | None:
    """One case on a day; None if there is none."""
    stands = standing(connection, case_id)
    if stands is None:
        return None
    kids = rows(connection, "SELECT kid FROM case_kid WHERE case_id = %(id)s ORDER BY kid", {"id": case_id})
    payments = rows(
        connection,
        "SELECT p.id, p.interest_on, p.booked_on, p.amount, "
        + ", ".join(
            f"coalesce(sum(s.amount) FILTER (WHERE s.kind = {kind}), 0)::bigint" for kind in range(1, 6)
        )
        + " FROM split s JOIN payment p ON p.id = s.payment_id WHERE s.case_id = %(id)s AND s.superseded_by IS NULL "
        "GROUP BY p.id ORDER BY p.interest_on, p.booked_on, p.file_id, p.line",
        {"id": case_id},
    )
    return CaseDetail(
        stands.case,
        tuple(row[0] for row in kids),
        balance(stands.facts, day),
        tuple(Covered(*row) for row in payments),
        stands.facts.waivers,
        transactions.on_case(connection, case_id),
    )


def balance(facts: CaseFacts, day: date) -> Balance:
    """What is owed on `day`: exactly what a payment of all money in the world would cover on it."""
    asking = Incoming(_ASKING, _ALL_THERE_IS, day, date.max, 2**31, 0, None, KK2_ORDER, 0, frozen=True)
    before = facts._replace(
        payments=(*(p for p in facts.payments if p.interest_on <= day), asking),
        waivers=tuple(w for w in facts.waivers if w.day <= day),
        movements=tuple(m for m in facts.movements if m.day <= day),
    )
    settled = allocation.settle(before)
    owed = {
        (split.item_id, split.kind): split.amount for split in settled.splits if split.payment_id == _ASKING
    }
    credits_of = dict(settled.credits)
    claims = tuple(
        Owed(
            item.id,
            item.kind.name.lower(),
            item.invoice_no,
            item.due_on,
            item.amount,
            owed.get((item.id, item.kind), 0),
            owed.get((item.id, Kind.INTEREST), 0),
            credits_of.get(item.id, 0) if item.kind is Kind.PRINCIPAL else 0,
        )
        for item in sorted(facts.items, key=lambda item: (item.kind, item.due_on, item.id))
    )

    def of(kind: Kind) -> Money:
        return sum(amount for (_, k), amount in owed.items() if k is kind)

    return Balance(day, of(Kind.PRINCIPAL), of(Kind.COSTS), of(Kind.FEE), of(Kind.INTEREST), claims)


def standing(connection: Connection, case_id: int) -> Standing | None:
    """Everything of a case, its settled payments with their orders; None if there is none.

    A payment whose client had no setup on its day covers in KK2's own order.
    """
    found = ask(connection, _ROW, [("c.id = :id", "id", case_id)], "c.id", 1)
    if not found:
        return None
    case = CaseRow(*found[0])
    of: dict[str, object] = {"id": case_id}
    items = rows(
        connection,
        "SELECT id, kind, amount, due_on, invoice_no FROM item WHERE case_id = %(id)s AND withdrawn_at IS NULL",
        of,
    )
    waivers = rows(
        connection,
        "SELECT id, item_id, kind, amount, day FROM waiver WHERE case_id = %(id)s AND withdrawn_at IS NULL ORDER BY day",
        of,
    )
    moved = [Moved(*row[1:]) for row in rows(connection, MOVED, {"ids": [case_id]})]
    payments = rows(
        connection,
        f"SELECT p.id, {MINE}, p.interest_on, p.booked_on, p.file_id, p.line, p.reverses, p.cover_choice, "
        "h.case_id IS NOT NULL OR EXISTS (SELECT FROM split s JOIN voucher_split t ON t.split_id = s.id AND NOT t.released "
        f"WHERE s.payment_id = p.id AND s.case_id = %(id)s) FROM {SHARED} WHERE p.state = 'settled' AND {ON} = %(id)s "
        "AND p.id IN (SELECT payment_id FROM split WHERE case_id = %(id)s)",
        of,
    )
    client = setup_store.current(connection).clients.get((case.company, case.client))

    def threshold_on(day: date) -> Money:
        try:
            return client.on(day).value.closing_threshold if client is not None else 0
        except NoSuchSetupError:
            return 0

    incoming: list[Incoming] = []
    client_rows: dict[int, int] = {}
    for payment_id, amount, interest_on, booked_on, file_id, line, reverses, choice, frozen in payments:
        order, threshold = KK2_ORDER, 0
        try:
            if client is not None:
                row = client.on(interest_on)
                order, threshold = row.value.cover_order, row.value.closing_threshold
                client_rows[payment_id] = row.id
        except NoSuchSetupError:
            pass
        order = tuple(Kind(kind) for kind in choice) if choice else order
        incoming.append(
            Incoming(
                payment_id, amount, interest_on, booked_on, file_id, line, reverses, order, threshold, frozen
            )
        )
    facts = CaseFacts(
        case.id,
        case.case_no,
        CaseState(case.state),
        tuple(OpenItem(row[0], Kind(row[1]), row[2], row[3], row[4]) for row in items),
        tuple(Waiver(row[0], row[1], Kind(row[2]), row[3], row[4]) for row in waivers),
        tuple(Movement(*move, threshold_on(move.day)) for move in moved),
        tuple(incoming),
        _RATES,
        case.closed_on is not None,
    )
    return Standing(case, facts, client_rows)

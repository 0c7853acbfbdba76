"""Controls of companies against Visma: the last runs, and what differs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from ops.queries.asking import MOST, ask
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class RunRow:
    """A control: how much was held against Visma, which cases were left out as stopped, what Visma could not tell."""

    id: int
    company: str
    begun_at: datetime
    ended_at: datetime
    vouchers: int
    sums: int
    invoices: int
    differences: int
    stopped: list[str]
    unknown: list[str]


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A difference as it stands. `ours`, `theirs`: øre, or words where it is no amount; None: that side has nothing."""

    id: int
    company: str
    part: str
    kind: str
    subject: str
    ours: Money | str | None
    theirs: Money | str | None
    cause: str
    act: str
    state: str
    first_seen: datetime
    last_seen: datetime
    last_run: int
    voucher_id: int | None
    case_id: int | None
    explained_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ControlReport:
    """A company's control that was just made (`run` None: Visma did not answer), and what is open."""

    company: str
    run: RunRow | None
    differences: tuple[DifferenceRow, ...]


_DIFFERENCE = (
    "SELECT id, company, part, kind, subject, ours, theirs, cause, act, state, first_seen, last_seen, last_run, voucher_id, "
    "case_id, explained_by, reason FROM difference"
)


def differences(
    connection: Connection,
    *,
    company: str | None = None,
    part: str | None = None,
    state: str | None = None,
    most: int = MOST,
) -> tuple[DifferenceRow, ...]:
    """What differs, the oldest first; what is gone only where it is asked for."""
    rows = ask(
        connection,
        _DIFFERENCE,
        [
            ("company = :company", "company", company),
            ("part = :part", "part", part),
            ("state = :state", "state", state),
            ("state <> :gone", "gone", "gone" if state is None else None),
        ],
        "first_seen, id",
        most,
    )
    return tuple(DifferenceRow(*row) for row in rows)


def difference(connection: Connection, difference_id: int) -> DifferenceRow | None:
    """One difference, whatever its state; None if there is none."""
    row = connection.execute(text(f"{_DIFFERENCE} WHERE id = :id"), {"id": difference_id}).one_or_none()
    return None if row is None else DifferenceRow(*row)


def last_run(connection: Connection, company: str, *, after: int = 0) -> RunRow | None:
    """A company's last control, of those with a higher id than `after`; None if there is none."""
    row = connection.execute(
        text(
            "SELECT id, company, begun_at, ended_at, vouchers, sums, invoices, differences, "
            "ARRAY(SELECT case_no FROM kk2_case c WHERE c.id = ANY(r.stopped) ORDER BY case_no), unknown "
            "FROM control_run r WHERE company = :company AND id > :after ORDER BY id DESC LIMIT 1"
        ),
        {"company": company, "after": after},
    ).one_or_none()
    return None if row is None else RunRow(*row)

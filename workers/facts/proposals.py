"""What a proposal is cut from and what its parts freeze."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, text

from pipeline.posting import Group, VoucherSum
from schemas.money import Money
from workers.store.bulk import rows

# A payment belongs to the proposal if a live split of it is in no voucher, or if it is parked and its money is not on
# the suspense account yet. A file that was never cut has no splits in vouchers, and need not be asked split by split.
_UNTAKEN = (
    "EXISTS (SELECT FROM split s WHERE s.payment_id = p.id AND s.superseded_by IS NULL AND (NOT s.held OR %(person)s) "
    "AND NOT EXISTS (SELECT FROM voucher_split v WHERE v.split_id = s.id AND NOT v.released))"
)
_NOT_IN_SUSPENSE = (
    "(SELECT coalesce(sum(s.amount), 0) FROM split s WHERE s.payment_id = p.id AND s.kind = 6 "
    "AND s.superseded_by IS NULL) = 0"
)
# What came before the cut-over was booked by hand: on the suspense account it would stand in Visma twice.
NOT_BOOKED_BY_HAND = "NOT EXISTS (SELECT FROM work w WHERE w.state = 'parked' AND w.reason = 'before_cut_over' AND w.payment_id = p.id)"
_PARKED = (
    f"(p.state = 'parked' AND p.company IS NOT NULL AND p.amount <> 0 AND %(suspense)s AND {NOT_BOOKED_BY_HAND} "
    f"AND ({_NOT_IN_SUSPENSE} OR {_UNTAKEN}))"
)

_FREE = (
    "SELECT s.payment_id FROM split s LEFT JOIN voucher_split v ON v.split_id = s.id AND NOT v.released "
    "WHERE v.split_id IS NULL AND s.superseded_by IS NULL AND (NOT s.held OR %(person)s)"
)
_WAITING = "SELECT w.payment_id FROM work w WHERE w.state = 'parked' AND w.payment_id IS NOT NULL"

# What was cut already, and its part is being made into vouchers or waits for a person, is not cut and counted again.
_IN_NO_PART = (
    "(%(person)s OR p.id NOT IN (SELECT of_part.id::bigint FROM work w "
    "CROSS JOIN LATERAL jsonb_path_query(w.body, '$.vouchers[*].payment_ids[*]') AS of_part(id) "
    "WHERE w.stage = 'approve' AND w.state IN ('due', 'parked') AND w.body->>'company' = %(company)s))"
)


# A file's proposal that a person sent back is in no other proposal either.
_NOT_SENT_BACK = "p.file_id NOT IN (SELECT b.file_id FROM sent_back b WHERE b.company = %(company)s AND b.taken_up_at IS NULL)"

CHOSEN = (
    "(p.account, p.booked_on, coalesce(p.statement_ref, '')) IN "
    "(SELECT * FROM unnest(%(accounts)s::text[], %(days)s::date[], %(refs)s::text[]))"
)
"""Which payments are of the groups that were chosen, in SQL, with what `Scope.values` binds."""


class Place(NamedTuple):
    """Which sum on which bank statement: what a posting group of a company is known by."""

    account: str
    booked_on: date
    statement_ref: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which payments a proposal is about: a file's, or all of a company's that no file under way has.

    `only`: of these posting groups; none named is all.
    """

    company: str
    file_id: int | None
    fresh: bool
    suspense: bool
    per_voucher: int
    by_person: bool
    only: tuple[Place, ...] = ()

    def values(self) -> dict[str, object]:
        """Give what the statements bind."""
        return {
            "company": self.company,
            "file": self.file_id,
            "suspense": self.suspense,
            "person": self.by_person,
            "accounts": [place.account for place in self.only],
            "days": [place.booked_on for place in self.only],
            "refs": [place.statement_ref for place in self.only],
        }

    def where(self) -> str:
        """Say which payments, in SQL."""
        return f"{self._whole()} AND {CHOSEN}" if self.only else self._whole()

    def _whole(self) -> str:
        if self.file_id is None:
            # What no file under way has: corrections, repairs, released money, and what parked after its file was cut.
            # Found from the side of the splits and of the work that waits, for both are few.
            which = (
                f"p.id IN ({_FREE} UNION ALL {_WAITING}) "
                f"AND (p.state IN ('settled', 'parked') AND {_UNTAKEN} OR {_PARKED})"
            )
            return (
                f"p.company = %(company)s AND {which} AND {_IN_NO_PART} AND {_NOT_SENT_BACK} "
                "AND NOT EXISTS (SELECT FROM bank_file f WHERE f.id = p.file_id AND (f.open_slices > 0 OR NOT f.cut)) "
                # what policy has said no to waits for a person, and is not let in by the back door
                "AND (%(person)s OR p.file_id NOT IN (SELECT (w.body->>'file_id')::int FROM work w WHERE w.state = 'parked' "
                "AND w.stage = 'propose' AND w.body->>'file_id' IS NOT NULL "
                "AND coalesce(w.body->>'company', %(company)s) = %(company)s))"
            )
        state = (
            "(p.state = 'settled' AND p.amount <> 0)"
            if self.fresh
            else f"(p.state IN ('settled', 'parked') AND {_UNTAKEN})"
        )
        of_file = f"p.file_id = %(file)s AND p.company = %(company)s AND ({state} OR {_PARKED})"
        return of_file if self.fresh else f"{of_file} AND {_IN_NO_PART}"


@dataclass(frozen=True, slots=True)
class ToCut:
    """A voucher to be: its sums, and exactly the payments that they are the sums of, in (KID, line) order."""

    sums: VoucherSum
    payment_ids: tuple[int, ...]


def to_cut(connection: Connection, scope: Scope) -> list[ToCut]:
    """The vouchers to be, group by group.

    Sums and payments come from one statement: what another transaction commits between two would give the money of
    one statement line to another.
    """
    found = rows(
        connection,
        "SELECT account, booked_on, coalesce(statement_ref, '') AS ref, array_agg(id ORDER BY file_id, position), "
        f"array_agg(abs(amount) ORDER BY file_id, position) FROM payment p WHERE {scope.where()} "
        "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        scope.values(),
    )
    size = scope.per_voucher
    cut: list[ToCut] = []
    for account, booked_on, ref, ids, amounts in found:
        group = Group(scope.company, account, booked_on, ref)
        of = -(-len(ids) // size)
        for number in range(of):
            mine = slice(number * size, (number + 1) * size)
            payment_ids = tuple(ids[mine])
            sums = VoucherSum(group, number + 1, of, len(payment_ids), sum(amounts[mine]))
            cut.append(ToCut(sums, payment_ids))
    return cut


@dataclass(frozen=True, slots=True)
class FileCounts:
    """A company's payments of a file, and the median of its earlier files (0 if there is none)."""

    payments: int
    matched: int
    held: int
    usual: int


def counts(connection: Connection, company: str, file_id: int) -> FileCounts:
    """Count a file's payments of a company by what became of them."""
    row = connection.execute(
        text(
            "SELECT count(*), count(*) FILTER (WHERE state = 'settled'), count(*) FILTER (WHERE state = 'held'), "
            "(SELECT coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY payments), 0) FROM (SELECT payments "
            "FROM bank_file WHERE id <> :file AND state = 'read' AND cut ORDER BY id DESC LIMIT 30) f) "
            "FROM payment WHERE file_id = :file AND company = :company"
        ),
        {"file": file_id, "company": company},
    ).one()
    return FileCounts(row[0], row[1], row[2], row[3])


def lock_company(connection: Connection, company: str) -> None:
    """Until the commit nobody else cuts the company's proposal, approves it, sends it back or takes it up."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(7203031, hashtext(:company))"), {"company": company}
    )


def lock_file(connection: Connection, file_id: int) -> bool:
    """Lock a file until the commit: one cuts it, and who comes at the same moment then sees that it is cut.

    Gives whether it was cut before.
    """
    return bool(
        connection.execute(
            text("SELECT cut FROM bank_file WHERE id = :id FOR UPDATE"), {"id": file_id}
        ).scalar_one()
    )


def day_sum(connection: Connection, company: str, day: date) -> Money:
    """Lock a company's day and give what was approved by policy on it so far."""
    return int(
        connection.execute(
            text(
                "INSERT INTO company_day (company, day, absolute) VALUES (:company, :day, 0) "
                "ON CONFLICT (company, day) DO UPDATE SET absolute = company_day.absolute RETURNING absolute"
            ),
            {"company": company, "day": day},
        ).scalar_one()
    )


def sent_back_by(connection: Connection, company: str, file_id: int | None) -> str:
    """Who sent the company's proposal back, or the file's, and it is not taken up; empty for nobody."""
    found: str | None = connection.execute(
        text(
            "SELECT actor FROM sent_back WHERE company = :company AND file_id IN (0, coalesce(:file, 0)) "
            "AND taken_up_at IS NULL ORDER BY id LIMIT 1"
        ),
        {"company": company, "file": file_id},
    ).scalar()
    return found or ""


def companies_of(connection: Connection, file_id: int) -> list[str]:
    """The companies that a file's payments are for."""
    return [
        row[0]
        for row in rows(
            connection,
            "SELECT DISTINCT company FROM payment WHERE file_id = %(file)s AND company IS NOT NULL ORDER BY 1",
            {"file": file_id},
        )
    ]

"""Our vouchers, by the shelves on which Visma lists them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, text

from schemas.money import Money

_MARGIN = timedelta(days=31)  # a voucher that stands under another date than ours is found there
_TEN_YEARS = timedelta(days=3653)  # longer than a voucher is kept


@dataclass(frozen=True, slots=True)
class OurVoucher:
    """A voucher of ours as the database has it."""

    id: int
    reference: str
    company: str
    state: str
    voucher_no: str | None
    total: Money
    lines: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """What Visma lists together: a registrar's vouchers of a type in a company, between two days."""

    installation: str
    company: str
    voucher_type: str
    registrar: str
    first: date
    last: date


def shelves(connection: Connection, *, whole: bool = False) -> list[Shelf]:
    """Every shelf that a voucher of ours was ever put on, or by the setup could be; `whole`: ten years of it.

    Without `whole`, between the days of the vouchers that the database knows.
    """
    margin = _TEN_YEARS if whole else _MARGIN
    rows = connection.execute(
        text(
            "SELECT installation, company, voucher_type, registrar, coalesce(min(day), current_date) AS first, "
            "greatest(coalesce(max(day), current_date), current_date) AS last FROM ("
            "SELECT installation, company, voucher_type, registrar, voucher_on AS day FROM voucher UNION ALL "
            "SELECT body->>'installation', key, body->>'voucher_type', body->>'registrar', NULL FROM setup_row "
            "WHERE kind = 'company' AND valid_from <= current_date) s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
    )
    return [
        Shelf(
            row.installation,
            row.company,
            row.voucher_type,
            row.registrar,
            row.first - margin,
            row.last + _MARGIN,
        )
        for row in rows
    ]


def numbers(connection: Connection) -> dict[str, set[str]]:
    """By installation: the numbers that our references have begun with."""
    found: dict[str, set[str]] = defaultdict(set)
    for installation, number in connection.execute(
        text("SELECT key, body->>'number' FROM setup_row WHERE kind = 'installation'")
    ):
        found[installation].add(number)
    return found


def ours(connection: Connection, shelf: Shelf) -> list[OurVoucher]:
    """Our vouchers that belong on a shelf."""
    rows = connection.execute(
        text(
            "SELECT id, reference, company, state, voucher_no, total, lines FROM voucher WHERE installation = :installation "
            "AND company = :company AND voucher_type = :type AND registrar = :registrar ORDER BY id"
        ),
        {
            "installation": shelf.installation,
            "company": shelf.company,
            "type": shelf.voucher_type,
            "registrar": shelf.registrar,
        },
    )
    return [OurVoucher(*row) for row in rows]

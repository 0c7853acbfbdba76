"""Our vouchers by the shelves on which Visma lists them, each with what Visma has under its reference."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, text

from pipeline.reconciliation import OurVoucher, VoucherFacts
from schemas.transfer import LedgerVoucher
from schemas.voucher import VoucherState

_MARGIN = timedelta(days=31)  # a voucher that stands under another date than ours is found there
_TEN_YEARS = timedelta(days=3653)  # longer than a voucher is kept
_OURS = re.compile(r"K(\d+)-\d+-\d+")


@dataclass(frozen=True, slots=True)
class Shelf:
    """What Visma lists together: a registrar's vouchers of a type in a company, between two days.

    `since`: the date of our oldest voucher of it that is looked at.
    """

    installation: str
    company: str
    voucher_type: str
    registrar: str
    since: date
    first: date
    last: date


def is_ours(reference: str, numbers: Collection[str]) -> bool:
    """Whether a reference is of the form that ours have, under one of the installation's numbers."""
    ours = _OURS.fullmatch(reference)
    return ours is not None and ours[1] in numbers


def shelves(
    connection: Connection, *, company: str | None = None, since: date = date.min, whole: bool = False
) -> list[Shelf]:
    """Every shelf that a voucher of ours was ever put on, or by the setup could be; of one company, from a day on.

    Between the days of the vouchers that the database knows; `whole`: ten years of it.
    """
    margin = _TEN_YEARS if whole else _MARGIN
    rows = connection.execute(
        text(
            "SELECT installation, company, voucher_type, registrar, coalesce(min(day), current_date) AS since, "
            "greatest(coalesce(max(day), current_date), current_date) AS last FROM ("
            "SELECT installation, company, voucher_type, registrar, voucher_on AS day FROM voucher "
            "WHERE voucher_on >= :since UNION ALL "
            "SELECT body->>'installation', key, body->>'voucher_type', body->>'registrar', NULL FROM setup_row "
            "WHERE kind = 'company' AND valid_from <= current_date) s WHERE company = :company OR :company IS NULL "
            "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        ),
        {"company": company, "since": since},
    )
    return [
        Shelf(*row[:5], first=row.since - margin, last=row.last + _MARGIN)  # type: ignore[misc]
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
            "SELECT id, reference, company, state, coalesce(voucher_no, ''), voucher_on, total, lines, "
            "(delivered_at AT TIME ZONE 'Europe/Oslo')::date FROM voucher WHERE installation = :installation "
            "AND company = :company AND voucher_type = :type AND registrar = :registrar AND voucher_on >= :since ORDER BY id"
        ),
        {**_place(shelf), "since": shelf.since},
    )
    return [OurVoucher(row[0], row[1], row[2], VoucherState(row[3]), *row[4:]) for row in rows]


def by_reference(listed: Iterable[LedgerVoucher]) -> dict[str, list[LedgerVoucher]]:
    """What Visma lists, by reference; what has none is nobody's."""
    found: dict[str, list[LedgerVoucher]] = defaultdict(list)
    for voucher in listed:
        if voucher.reference:
            found[voucher.reference].append(voucher)
    return found


def paired(
    ours: Sequence[OurVoucher], listed: Mapping[str, list[LedgerVoucher]], today: date, patience: int
) -> list[VoucherFacts]:
    """Each voucher of ours with all that Visma lists under its reference."""
    return [
        VoucherFacts(each.reference, each, None, tuple(listed.get(each.reference, ())), today, patience)
        for each in ours
    ]


def strangers(
    connection: Connection,
    shelf: Shelf,
    listed: Mapping[str, list[LedgerVoucher]],
    ours: Sequence[OurVoucher],
    today: date,
) -> list[VoucherFacts]:
    """What Visma lists under a reference of ours that no voucher of the shelf has; one that is only older is none."""
    numbered, mine = numbers(connection)[shelf.installation], {each.reference for each in ours}
    left = [reference for reference in listed if reference not in mine and is_ours(reference, numbered)]
    known = {
        row.reference: row.id if row.elsewhere else None
        for row in connection.execute(
            text(
                "SELECT reference, id, (installation, company, voucher_type, registrar) IS DISTINCT FROM "
                "(:installation, :company, :type, :registrar) AS elsewhere FROM voucher WHERE reference = ANY(:references)"
            ),
            {**_place(shelf), "references": left},
        )
    }
    return [
        VoucherFacts(reference, None, known.get(reference), tuple(listed[reference]), today, 0)
        for reference in left
        if reference not in known or known[reference] is not None
    ]


def _place(shelf: Shelf) -> dict[str, str]:
    return {
        "installation": shelf.installation,
        "company": shelf.company,
        "type": shelf.voucher_type,
        "registrar": shelf.registrar,
    }

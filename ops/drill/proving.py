"""What must hold after a drill, each asked for where it stands: our database, Visma's own ledger, the money check."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, text

from ops import balance
from ops.balance import Exit
from ops.demo import comparing, finding
from ops.demo.finding import LedgerRow
from ops.drill.bank import Brought
from ops.drill.ground import OF_FILE, Ground
from schemas.money import in_kroner
from workers.accounting import Accounting


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was to hold: what, whether it does, and what was found."""

    what: str
    holds: bool
    found: str


def all_of_it(ground: Ground, brought: Brought) -> list[Check]:
    """Each payment of the file, each voucher of it, Visma's ledger, the money check."""
    return [_payments(ground, brought), _vouchers(ground, brought), *of_the_site(ground)]


def of_the_site(ground: Ground) -> list[Check]:
    """What holds before a drill as well."""
    return [
        _check(
            "Visma has each voucher of ours once",
            against_visma(ground.engine, finding.vouchers(ground.visma)),
        ),
        _check("kk2 balance agrees", money(ground.engine, ground.accounting)),
    ]


def against_visma(engine: Engine, there: Iterable[LedgerRow]) -> list[str]:
    """What Visma's own ledger has otherwise than we: twice, only there, only here, with another total."""
    rows = list(there)
    with engine.connect() as connection:
        delivered = connection.execute(text("SELECT reference, total FROM voucher WHERE state = 'delivered'"))
        ours: dict[str, int] = {row.reference: row.total for row in delivered}
    times = Counter(row.reference for row in rows)
    said = comparing.booked_twice(rows)
    said += [
        f"{reference}: delivered here, and not in Visma" for reference in sorted(ours.keys() - times.keys())
    ]
    said += [
        f"{reference}: in Visma, and not delivered here" for reference in sorted(times.keys() - ours.keys())
    ]
    return said + [
        f"{row.reference}: {in_kroner(row.total)} kr in Visma, {in_kroner(ours[row.reference])} kr here"
        for row in rows
        if ours.get(row.reference, row.total) != row.total
    ]


def money(engine: Engine, accounting: Mapping[str, Accounting]) -> list[str]:
    """What `kk2 balance` says against it; unknown is no agreement."""
    with engine.connect() as connection:
        report = balance.check(connection, accounting)
    if report.exit_status is Exit.AGREES:
        return []
    broken = [f"{each.name}: {each.broken} broken" for each in report.findings if not each.holds]
    return broken + [f"unknown: {what}" for what in report.unknown]


def _payments(ground: Ground, brought: Brought) -> Check:
    files, count, total, waiting = ground.one(
        "SELECT count(DISTINCT f.id), count(p.id), coalesce(sum(p.amount), 0)::bigint, count(p.id) FILTER (WHERE p.state = 'waiting') "
        "FROM bank_file f LEFT JOIN payment p ON p.file_id = f.id WHERE f.sha256 = :sha",
        sha=brought.sha256,
    )
    found = f"{files} file, {count} payments, {in_kroner(total)} kr, {waiting} undecided"
    right = (files, count, total, waiting) == (1, len(brought.amounts), brought.total, 0)
    return Check("each payment of the file is there once and decided", right, found)


def _vouchers(ground: Ground, brought: Brought) -> Check:
    delivered, count, posted = ground.one(
        "SELECT count(*) FILTER (WHERE v.state = 'delivered'), count(*), coalesce((SELECT sum(s.amount) FROM voucher_split vs "
        "JOIN voucher d ON d.id = vs.voucher_id AND d.state = 'delivered' JOIN split s ON s.id = vs.split_id "
        "JOIN payment p ON p.id = s.payment_id JOIN bank_file f ON f.id = p.file_id WHERE f.sha256 = :sha "
        "AND NOT vs.released), 0)::bigint "
        f"FROM voucher v WHERE v.id IN ({OF_FILE})",
        sha=brought.sha256,
    )
    found = f"{delivered} of {count} delivered, {in_kroner(posted)} kr of the file posted"
    right = 0 < delivered == count and posted == brought.total
    return Check("all money of the file is in vouchers that Visma has", right, found)


def _check(what: str, against: list[str]) -> Check:
    shown = "; ".join(against[:5]) + (f"; and {len(against) - 5} more" if len(against) > 5 else "")
    return Check(what, not against, shown or "yes")

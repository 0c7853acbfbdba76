"""Vouchers on their way to Visma: locked, leased, slotted; and the brake that stops them."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from schemas.setup import Installation
from schemas.voucher import Voucher, VoucherLine, VoucherState
from workers.store.bulk import execute, rows

ALL = "*"
"""The scope of a brake that stops everything."""
STANDS = "coalesce(until > now(), true)"
"""SQL: whether a brake holds now. One whose time has come has ended by itself."""


@dataclass(frozen=True, slots=True)
class ToSend:
    """A voucher with where it stands. `attempt`: the number that the next, or the present, attempt has."""

    id: int
    installation: str
    state: VoucherState
    attempt: int
    absent: int
    leased: bool
    voucher: Voucher


def lock(connection: Connection, voucher_ids: Sequence[int]) -> list[ToSend]:
    """Lock vouchers in id order and read them whole."""
    heads = rows(
        connection,
        "SELECT id, installation, state, attempts, absent, coalesce(lease_until > now(), false), reference, company, "
        "division, voucher_type, voucher_on, registrar, approve, text FROM voucher WHERE id = ANY(%(ids)s) "
        "ORDER BY id FOR NO KEY UPDATE",
        {"ids": list(voucher_ids)},
    )
    lines: dict[int, list[VoucherLine]] = defaultdict(list)
    for row in rows(
        connection,
        "SELECT voucher_id, account, text, amount, tax_code, dimensions, customer_no, invoice_no, kid "
        "FROM voucher_line WHERE voucher_id = ANY(%(ids)s) ORDER BY voucher_id, no",
        {"ids": list(voucher_ids)},
    ):
        lines[row[0]].append(
            VoucherLine(row[1], row[2], row[3], row[4], tuple(row[5]), row[6], row[7], row[8])
        )
    found: list[ToSend] = []
    for voucher_id, installation, state, attempts, absent, leased, *head in heads:
        voucher = Voucher(*head, lines=tuple(lines[voucher_id]))  # type: ignore[misc]
        attempt = attempts + 1 if state == "approved" else attempts
        found.append(ToSend(voucher_id, installation, VoucherState(state), attempt, absent, leased, voucher))
    return found


def begin(connection: Connection, voucher_ids: Sequence[int], lease: float) -> None:
    """Note that the vouchers are being sent, under a lease of so many seconds, before one byte leaves."""
    execute(
        connection,
        "UPDATE voucher SET state = 'sending', attempts = attempts + 1, absent = 0, "
        "lease_until = now() + make_interval(secs => %(lease)s) WHERE id = ANY(%(ids)s)",
        {"ids": list(voucher_ids), "lease": lease},
    )
    execute(
        connection,
        "INSERT INTO exchange (voucher_id, attempt, what, verdict) "
        "SELECT id, attempts, 'send', 'begun' FROM voucher WHERE id = ANY(%(ids)s) ORDER BY id",
        {"ids": list(voucher_ids)},
    )


def heard_of_lately(connection: Connection, voucher_id: int, pause: float) -> bool:
    """Whether the voucher was sent, or asked for and absent, less than `pause` seconds ago."""
    found = rows(
        connection,
        "SELECT EXISTS (SELECT FROM exchange WHERE voucher_id = %(id)s AND at > now() - make_interval(secs => %(pause)s) "
        "AND (what = 'send' OR verdict = 'in_doubt'))",
        {"id": voucher_id, "pause": pause},
    )
    return bool(found[0][0])


@dataclass(frozen=True, slots=True)
class Brake:
    """Delivery that is stopped. `seconds`: until it goes on by itself, None until a person starts it."""

    says: str
    seconds: float | None


def of_installation(code: str) -> str:
    """Give the scope of a brake that stops one installation; that of a company is its code."""
    return f"installation {code}"


def brake(connection: Connection, companies: Collection[str], installation: str) -> Brake | None:
    """Say who has stopped delivery for one of these companies, for their installation or for all; None if nobody has."""
    found = rows(
        connection,
        "SELECT scope, actor, reason, extract(epoch FROM until - now())::float FROM brake "
        f"WHERE scope = ANY(%(scopes)s) AND {STANDS} ORDER BY until DESC NULLS FIRST LIMIT 1",
        {"scopes": [ALL, of_installation(installation), *companies]},
    )
    if not found:
        return None
    scope, actor, reason, seconds = found[0]
    return Brake(f"delivery of {scope} is stopped by {actor}: {reason}", seconds)


def orphans(connection: Connection, voucher_ids: Collection[int]) -> str:
    """Say which of these vouchers could be money that Visma has already from before a restore; empty if none could.

    Alike is one of the same company with the same date or the same total.
    """
    found = rows(
        connection,
        "SELECT v.reference, o.reference, o.voucher_no FROM voucher v JOIN orphan o ON o.ended IS NULL "
        "AND o.installation = v.installation AND o.company = v.company "
        "AND (o.voucher_on = v.voucher_on OR o.total = v.total) WHERE v.id = ANY(%(ids)s) ORDER BY v.id LIMIT 1",
        {"ids": list(voucher_ids)},
    )
    if not found:
        return ""
    ours, theirs, number = found[0]
    return (
        f"{ours} may be the money of {theirs}, which Visma has as no. {number} since before the restore: "
        "kk2 visma recover"
    )


def take_slot(connection: Connection, installation: Installation, lease: float, holder: str) -> int | None:
    """Take one of the installation's `max_calls` places, by lease; None if all are taken."""
    for slot in range(1, installation.max_calls + 1):
        taken = connection.execute(
            text(
                "INSERT INTO call_slot (installation, slot, lease_until, holder) "
                "VALUES (:installation, :slot, now() + make_interval(secs => :lease), :holder) "
                "ON CONFLICT (installation, slot) DO UPDATE SET lease_until = excluded.lease_until, holder = excluded.holder "
                "WHERE call_slot.lease_until <= now() RETURNING slot"
            ),
            {"installation": installation.code, "slot": slot, "lease": lease, "holder": holder},
        ).scalar_one_or_none()
        if taken is not None:
            return slot
    return None


def release_slot(connection: Connection, installation: str, slot: int, holder: str) -> None:
    """Give the place back, unless it ran out and is another's now. Should this be lost, the lease ends by itself."""
    connection.execute(
        text(
            "UPDATE call_slot SET lease_until = now() WHERE installation = :installation AND slot = :slot "
            "AND holder = :holder"
        ),
        {"installation": installation, "slot": slot, "holder": holder},
    )

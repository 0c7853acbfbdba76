"""The rules of payers for the payments whose KID leads to no case, known by a keyed hash of the payer's account."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection

from workers import archive
from workers.facts.payments import CasesOfKids, Waiting
from workers.settings import Settings
from workers.store.bulk import rows


def payer_hash(key: bytes, company: str, debit_account: str) -> str:
    """32 hexadecimal digits that say "the same payer to the same company", and give nothing away without the key."""
    return hashlib.blake2b(f"{company} {debit_account}".encode(), key=key, digest_size=16).hexdigest()


def by_rule(
    connection: Connection, payments: Sequence[Waiting], by_kid: CasesOfKids, site: Settings
) -> dict[int, tuple[int, int]]:
    """By payment: the rule of its payer that is on, and that rule's case. Two statements for a batch, none for most."""
    strangers = {
        p.id: p.company
        for p in payments
        if p.amount > 0 and p.company is not None and not (p.kid and by_kid.get((p.account, p.kid)))
    }
    if not strangers:
        return {}
    found = rows(
        connection,
        "SELECT id, debit_account FROM payment WHERE id = ANY(%(ids)s) AND debit_account <> '' "
        "AND EXISTS (SELECT FROM payer_rule WHERE off_at IS NULL)",
        {"ids": list(strangers)},
    )
    if not found:
        return {}
    key = archive.fingerprint_key(site)
    payers = {row[0]: payer_hash(key, str(strangers[row[0]]), row[1]) for row in found}
    rules = {
        row[0]: (row[1], row[2])
        for row in rows(
            connection,
            "SELECT payer, id, case_id FROM payer_rule WHERE off_at IS NULL AND payer = ANY(%(payers)s)",
            {"payers": sorted(set(payers.values()))},
        )
    }
    return {payment_id: rules[payer] for payment_id, payer in payers.items() if payer in rules}

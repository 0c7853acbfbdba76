"""The one oracle of the fault suite: the town comes to rest by itself, and then every invariant holds.

I1 each payment of each file is there once, in a final or an open state   I2 no payment is posted twice
I3 control sum = lines = postings and suspense                            I4 debit = credit
I5 each reference once in Visma's ledger                                  I6 sent here <=> in the ledger there
I7 a case's balance = what it owed - what was paid                        I8 originals byte for byte
I9 each state has its events, once                                           I10 rest without a person
I11 no float in money (`tests/house`)                                     I12 nothing outside the inbox is read or moved
"""

from ops import balance
from ops.demo import finding
from ops.drill.proving import against_visma
from tests.faults.town import SEED, Town
from workers.accounting import connect
from workers.archive import prove
from workers.secrets import resolve
from workers.store import setup as setup_store

_MAY_PARK = {"unknown_kid", "no_setup", "period_closed", "unreadable"}
"""Why a thing may wait for a person: what the rounds bring that is amiss. A `bug` or `gave_up` never is."""


TOLD = {
    "a file that did not land once": (
        "SELECT f.id FROM bank_file f LEFT JOIN journal j ON j.event = 'FileLanded' AND (j.body->>'file_id')::int = f.id "
        "GROUP BY f.id HAVING count(j.id) <> 1"
    ),
    "a file whose reading was not told once": (
        "SELECT f.id, f.state FROM bank_file f LEFT JOIN journal j ON (j.body->>'file_id')::int = f.id "
        "AND j.event = CASE f.state WHEN 'read' THEN 'FileSettled' ELSE 'FileRefused' END "
        "GROUP BY f.id HAVING count(j.id) <> 1"
    ),
    "a file whose slices are not its payments": (
        "SELECT f.id, f.payments, sum((j.body->>'until')::int - (j.body->>'first')::int) FROM bank_file f "
        "LEFT JOIN journal j ON j.event = 'PaymentsReceived' AND (j.body->>'file_id')::int = f.id WHERE f.state = 'read' "
        "GROUP BY f.id HAVING f.payments IS DISTINCT FROM sum((j.body->>'until')::int - (j.body->>'first')::int) "
        "OR min((j.body->>'first')::int) <> 0 OR max((j.body->>'until')::int) <> f.payments"
    ),
    "a parked payment that was not told": (
        "SELECT p.id FROM payment p LEFT JOIN journal j ON j.event = 'PaymentParked' "
        "AND (j.body->>'payment_id')::bigint = p.id WHERE p.state = 'parked' GROUP BY p.id HAVING count(j.id) <> 1"
    ),
    "a voucher that was not approved once": (
        "SELECT v.id FROM voucher v LEFT JOIN (SELECT x.id::bigint AS id FROM journal j CROSS JOIN LATERAL "
        "jsonb_array_elements_text(j.body->'voucher_ids') AS x(id) WHERE j.event = 'VouchersApproved') a ON a.id = v.id "
        "GROUP BY v.id HAVING count(a.id) <> 1"
    ),
    "a voucher whose end was not told once": (
        "SELECT v.id, v.state FROM voucher v LEFT JOIN journal j ON (j.body->>'voucher_id')::bigint = v.id "
        "AND j.event = CASE v.state WHEN 'delivered' THEN 'VoucherDelivered' ELSE 'VoucherVoided' END "
        "WHERE v.state IN ('delivered', 'void') GROUP BY v.id HAVING count(j.id) <> 1"
    ),
    "a refusal that was not told once": (
        "SELECT v.id FROM voucher v WHERE (SELECT count(*) FROM exchange e WHERE e.voucher_id = v.id "
        "AND e.verdict = 'refused') <> (SELECT count(*) FROM journal j WHERE j.event = 'VoucherRefused' "
        "AND (j.body->>'voucher_id')::bigint = v.id)"
    ),
    "a doubt that was not told": (
        "SELECT v.id FROM voucher v WHERE (SELECT count(*) FROM exchange e WHERE e.voucher_id = v.id AND e.what = 'send' "
        "AND e.verdict = 'unknown') > (SELECT count(*) FROM journal j WHERE j.event = 'VoucherInDoubt' "
        "AND (j.body->>'voucher_id')::bigint = v.id)"
    ),
    "a voucher with another number of calls than it counts": (
        "SELECT v.id, v.attempts FROM voucher v WHERE v.attempts < (SELECT count(DISTINCT e.attempt) FROM exchange e "
        "WHERE e.voucher_id = v.id AND e.what = 'send')"
    ),
    "an invoice whose number is in Visma, untold": (
        "SELECT v.id FROM invoice v LEFT JOIN (SELECT x.id::bigint AS id FROM journal j CROSS JOIN LATERAL "
        "jsonb_array_elements_text(j.body->'invoice_ids') AS x(id) WHERE j.event = 'NumbersWritten') w ON w.id = v.id "
        "WHERE v.number_state = 'written' GROUP BY v.id HAVING count(w.id) < 1"
    ),
    "controls told otherwise than made": (
        "SELECT r.made, j.told FROM (SELECT count(*) AS made FROM control_run) r, (SELECT count(*) AS told FROM journal "
        "WHERE event = 'Compared') j WHERE r.made <> j.told"
    ),
}
"""I9: by what is amiss, the rows of which it is so."""


def settled(town: Town, *, seconds: float = 240.0) -> None:
    """Wait until the town is at rest (I10), and see that the money is right; the message names seed and invariant."""
    town.until(town.is_quiet, "the town comes to rest", seconds=seconds)
    broken = [*_files(town), *_cases(town), *_vouchers(town), *_journal(town), *_work(town), *_money(town)]
    assert not broken, f"seed {SEED}: {broken}"


def _files(town: Town) -> list[str]:
    """I1, I8, I12."""
    found: dict[str, list[int]] = {}
    for sha, amount in town.site.all(
        "SELECT f.sha256, p.amount FROM bank_file f LEFT JOIN payment p ON p.file_id = f.id ORDER BY f.id, p.position"
    ):
        found.setdefault(str(sha), []).extend([] if amount is None else [int(str(amount))])
    wanted = {sha: list(amounts) for sha, amounts in town.given.items()} | {sha: [] for sha in town.refused}
    archive = town.home / "archive"
    broken = [
        f"I1 file {sha[:8]}" for sha in wanted.keys() | found.keys() if wanted.get(sha) != found.get(sha)
    ]
    broken += [f"I8 original {sha[:8]}" for sha in wanted if not prove(archive, sha)]
    if (town.folder / "beside").read_text("ascii") != "not ours":
        broken.append("I12 the file beside the inbox")
    return broken


def _cases(town: Town) -> list[str]:
    """I7: beside what each case was given to owe and what the files brought, by KID; and each, by items less splits."""
    stands = {
        str(kid): (int(str(balance)), int(str(beyond)))
        for kid, balance, beyond in town.site.all(
            "SELECT c.kid, c.balance, coalesce((SELECT sum(s.amount) FROM split s WHERE s.case_id = c.id "
            "AND s.superseded_by IS NULL AND s.kind > 3), 0) FROM kk2_case c"
        )
    }
    broken = [
        f"I7 KID {kid}: owed {owed}, paid {town.paid[kid]}, stands {stands[kid]}"
        for kid, owed in town.owed.items()
        if stands[kid][0] != owed - town.paid[kid] + stands[kid][1]
    ]
    differ = town.site.all(
        "SELECT c.id, c.balance FROM kk2_case c WHERE c.balance <> (SELECT coalesce(sum(amount), 0) FROM item WHERE "
        "case_id = c.id AND withdrawn_at IS NULL) - (SELECT coalesce(sum(amount), 0) FROM split WHERE case_id = c.id "
        "AND superseded_by IS NULL AND kind <= 3) + (SELECT coalesce(sum(amount), 0) FROM ledger_transaction "
        "WHERE case_id = c.id AND state = 'applied')"
    )
    return broken + [
        f"I7 case {row[0]} has {row[1]}, which is not its items less its splits" for row in differ
    ]


def _journal(town: Town) -> list[str]:
    """I9: each state has the events that led to it, and none is told twice."""
    return [f"I9 {what}: {rows}" for what, query in TOLD.items() if (rows := town.site.all(query))]


def _vouchers(town: Town) -> list[str]:
    """I2, I5, I6: beside Visma's own ledger, read from Visma and not from us."""
    broken = [f"I5 I6 {said}" for said in against_visma(town.engine, finding.vouchers(town.visma.url))]
    twice = town.site.all(
        "SELECT split_id FROM voucher_split WHERE NOT released GROUP BY 1 HAVING count(*) > 1"
    )
    broken += [f"I2 split {row[0]} in two vouchers" for row in twice]
    return broken


def _work(town: Town) -> list[str]:
    """I10: what waits for a person waits for one of the reasons that were brought."""
    parked = town.site.all("SELECT DISTINCT stage, reason, note FROM work WHERE state = 'parked'")
    return [
        f"I10 {stage} parked {reason}: {note}" for stage, reason, note in parked if reason not in _MAY_PARK
    ]


def _money(town: Town) -> list[str]:
    """I3, I4, I7: `kk2 balance`, every promise on every row, Visma asked; and nothing unknown."""
    with town.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
        connection.rollback()
        report = balance.check(connection, connect(installation, resolve))
    broken = [f"I3/I4/I7 {f.name}: {f.differences}" for f in report.findings if not f.holds]
    return broken + [f"I3 unknown: {what}" for what in report.unknown]

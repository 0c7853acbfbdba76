"""The one oracle of the fault suite: the town comes to rest by itself, and then every invariant holds.

I1 each payment of each file is there once, in a final or an open state   I2 no payment is posted twice
I3 control sum = lines = postings and suspense                            I4 debit = credit
I5 each reference once in Visma's ledger                                  I6 sent here <=> in the ledger there
I7 a case's balance = what it owed - what was paid                        I8 originals byte for byte
I9 the journal explains each state                                        I10 rest without a person
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


def settled(town: Town, *, seconds: float = 240.0) -> None:
    """Wait until the town is at rest (I10), and see that the money is right; the message names seed and invariant."""
    town.until(town.is_quiet, "the town comes to rest", seconds=seconds)
    broken = [*_files(town), *_vouchers(town), *_work(town), *_money(town)]
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


def _vouchers(town: Town) -> list[str]:
    """I2, I5, I6, I9: beside Visma's own ledger, read from Visma and not from us."""
    broken = [f"I5 I6 {said}" for said in against_visma(town.engine, finding.vouchers(town.visma.url))]
    twice = town.site.all(
        "SELECT split_id FROM voucher_split WHERE NOT released GROUP BY 1 HAVING count(*) > 1"
    )
    broken += [f"I2 split {row[0]} in two vouchers" for row in twice]
    untold = town.site.all(
        "SELECT v.id FROM voucher v WHERE v.state = 'delivered' AND 1 <> (SELECT count(*) FROM journal j "
        "WHERE j.event = 'VoucherDelivered' AND (j.body->>'voucher_id')::bigint = v.id)"
    )
    return broken + [
        f"I9 voucher {row[0]} was delivered, and the journal does not say so once" for row in untold
    ]


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

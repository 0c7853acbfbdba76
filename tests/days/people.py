"""What people may do in random days: each act picks what it acts on from what stands there; a refusal is an answer."""

import random
from collections.abc import Callable, Sequence
from datetime import date

from ops import repairs
from ops.access import ALL_ROLES
from ops.queries import rules as rule_queries
from ops.queries.proposals import proposal
from ops.repairs import Claim, LetGo, Person, Refusal, rules, transactions
from schemas.case import Kind
from schemas.money import kr
from tests.site import Site

NOTHING, REFUSED, DONE = "nothing to do", "refused", "done"
PAYER = "88881011128"


class People:
    """The desk. Each method is an act; it gives whether it was done, refused, or found nothing to do."""

    def __init__(self, here: Site) -> None:
        self.here = here

    def act(
        self, chance: random.Random, repair: Callable[..., repairs.Done], *of: object, **more: object
    ) -> str:
        """One of two people does it."""
        person = Person(chance.choice(("kari", "ola")), "it is so", ALL_ROLES)
        try:
            with self.here.engine.begin() as connection:
                done = repair(connection, *of, person=person, **more)
        except Refusal:
            return REFUSED
        self.here.hands.ringer.ring(done.rings)
        return DONE

    def one(self, chance: random.Random, sql: str) -> Sequence[object] | None:
        """One of the rows, or none."""
        rows = self.here.all(sql)
        return chance.choice(rows) if rows else None

    def case(self, chance: random.Random) -> int:
        return int(str(chance.choice(self.here.all("SELECT id FROM kk2_case ORDER BY id"))[0]))

    def assign(self, chance: random.Random) -> str:
        row = self.one(
            chance, "SELECT id, amount FROM payment WHERE state IN ('parked', 'settled') ORDER BY id"
        )
        if row is None:
            return NOTHING
        to, original = self.case(chance), None
        if int(str(row[1])) < 0:
            found = self.one(
                chance, f"SELECT id FROM payment WHERE case_id = {to} AND amount = {-int(str(row[1]))}"
            )
            original = found[0] if found else None
        return self.act(chance, repairs.assign, row[0], to, original=original)

    def assign_the_payers(self, chance: random.Random) -> str:
        row = self.one(
            chance,
            f"SELECT id FROM payment WHERE state = 'parked' AND debit_account = '{PAYER}' AND amount > 0 ORDER BY id",
        )
        (first,) = self.here.one("SELECT min(id) FROM kk2_case WHERE state = 'open'")
        return self.act(chance, repairs.assign, row[0], first, original=None) if row and first else NOTHING

    def share_out(self, chance: random.Random) -> str:
        row = self.one(
            chance,
            "SELECT id, amount FROM payment WHERE state IN ('parked', 'settled') AND amount > 1 ORDER BY id",
        )
        if row is None:
            return NOTHING
        amount = int(str(row[1]))
        part = chance.randrange(1, amount)
        return self.act(
            chance, repairs.share_out, row[0], [(self.case(chance), part), (self.case(chance), amount - part)]
        )

    def undo(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM payment WHERE state = 'settled' ORDER BY id")
        return self.act(chance, repairs.undo, row[0]) if row else NOTHING

    def release(self, chance: random.Random) -> str:
        rows = self.here.all("SELECT id FROM payment WHERE state IN ('parked', 'held') ORDER BY id")
        some = [row[0] for row in chance.sample(rows, min(len(rows), chance.randrange(1, 4)))]
        return self.act(chance, repairs.release, some) if some else NOTHING

    def refuse(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM payment WHERE state IN ('parked', 'held') ORDER BY id")
        return self.act(chance, repairs.refuse, row[0]) if row else NOTHING

    def choose_order(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM payment WHERE state = 'settled' AND amount > 0 ORDER BY id")
        order = tuple(chance.sample([Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST], 4))
        return self.act(chance, repairs.choose_order, row[0], order) if row else NOTHING

    def propose_refund(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM payment WHERE state IN ('parked', 'settled') ORDER BY id")
        return self.act(chance, repairs.propose_refund, row[0]) if row else NOTHING

    def end_refund(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM refund WHERE state = 'proposed' ORDER BY id")
        if row is None:
            return NOTHING
        if chance.random() < 0.5:
            return self.act(chance, repairs.withdraw_refund, row[0])
        return self.act(chance, repairs.refunded, row[0], paid_on=date(2026, 3, 20), reference="B-1")

    def add_cost(self, chance: random.Random) -> str:
        amount = kr(chance.randrange(1, 200))
        claim = Claim(chance.choice((Kind.COSTS, Kind.FEE)), amount, date(2026, 2, chance.randrange(1, 28)))
        return self.act(chance, repairs.add_cost, self.case(chance), claim)

    def withdraw_cost(self, chance: random.Random) -> str:
        row = self.one(
            chance,
            "SELECT case_id, id FROM item WHERE kk2_id LIKE 'desk:%' AND withdrawn_at IS NULL ORDER BY id",
        )
        return self.act(chance, repairs.withdraw, *row) if row else NOTHING

    def waive(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT case_id, id, kind FROM item WHERE withdrawn_at IS NULL ORDER BY id")
        if row is None:
            return NOTHING
        kind = chance.choice((Kind(int(str(row[2]))), Kind.INTEREST))
        day = date(2026, 3, chance.randrange(1, 29))
        amount = chance.choice((None, kr(10)))
        return self.act(chance, repairs.waive, row[0], LetGo(int(str(row[1])), kind, amount, day))

    def withdraw_waiver(self, chance: random.Random) -> str:
        row = self.one(
            chance,
            "SELECT case_id, id FROM waiver WHERE kk2_id LIKE 'desk:%' AND withdrawn_at IS NULL ORDER BY id",
        )
        return self.act(chance, repairs.withdraw_waiver, *row) if row else NOTHING

    def close_case(self, chance: random.Random) -> str:
        return self.act(chance, repairs.close, self.case(chance))

    def reopen_case(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM kk2_case WHERE closed_on IS NOT NULL ORDER BY id")
        return self.act(chance, repairs.reopen, row[0]) if row else NOTHING

    def merge(self, chance: random.Random) -> str:
        row = self.one(
            chance, "SELECT a.id, b.id FROM kk2_case a JOIN kk2_case b ON a.customer_no = b.customer_no AND a.id <> b.id "
            "WHERE a.state <> 'merged' ORDER BY 1, 2",
        )  # fmt: skip
        return self.act(chance, repairs.merge, *row) if row else NOTHING

    def unmerge(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM kk2_case WHERE state = 'merged' ORDER BY id")
        return self.act(chance, repairs.unmerge, row[0]) if row else NOTHING

    def stop_case(self, chance: random.Random) -> str:
        return self.act(chance, repairs.stop_case, self.case(chance))

    def resume_case(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM kk2_case WHERE stopped ORDER BY id")
        return self.act(chance, repairs.resume_case, row[0]) if row else NOTHING

    def approve(self, chance: random.Random) -> str:
        with self.here.engine.connect() as connection:
            shown = proposal(connection, "100", None)
        return self.act(chance, repairs.approve, "100", None, shown.digest) if shown.payments else NOTHING

    def approve_one_group(self, chance: random.Random) -> str:
        with self.here.engine.connect() as connection:
            whole = proposal(connection, "100", None)
            if not whole.groups:
                return NOTHING
            only = (chance.choice(whole.groups).place,)
            shown = proposal(connection, "100", None, only)
        return self.act(chance, repairs.approve, "100", None, shown.digest, only=only)

    def send_back(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM bank_file WHERE state = 'read' ORDER BY id")
        return self.act(chance, repairs.send_back, "100", row[0] if row and chance.random() < 0.5 else None)

    def take_up(self, chance: random.Random) -> str:
        row = self.one(
            chance, "SELECT nullif(file_id, 0) FROM sent_back WHERE taken_up_at IS NULL ORDER BY id"
        )
        return self.act(chance, repairs.take_up, "100", row[0]) if row else NOTHING

    def retry(self, chance: random.Random) -> str:
        row = self.one(
            chance, "SELECT id FROM voucher WHERE state IN ('refused', 'approved', 'in_doubt') ORDER BY id"
        )
        return self.act(chance, repairs.retry, row[0]) if row else NOTHING

    def retry_all(self, chance: random.Random) -> str:
        which = repairs.Which(None, None, None, None)
        with self.here.engine.connect() as connection:
            number, total = repairs.matching(connection, which)
        return self.act(chance, repairs.retry_all, which, vouchers=number, total=total) if number else NOTHING

    def discard(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM voucher WHERE state IN ('refused', 'approved') ORDER BY id")
        return self.act(chance, repairs.void, row[0]) if row else NOTHING

    def restore(self, chance: random.Random) -> str:
        """The newest that was discarded, perhaps just now: soon its money is proposed again, and it is too late."""
        if chance.random() < 0.7:
            self.discard(chance)
        row = self.one(chance, "SELECT id FROM voucher WHERE state = 'void' ORDER BY id DESC LIMIT 1")
        return self.act(chance, repairs.restore, row[0]) if row else NOTHING

    def end_a_doubt(self, chance: random.Random) -> str:
        """Somebody looks in Visma, and says what is there."""
        row = self.one(chance, "SELECT id, reference FROM voucher WHERE state = 'in_doubt' ORDER BY id")
        if row is None:
            return NOTHING
        return self.end_doubt(chance, int(str(row[0])), str(row[1]))

    def end_doubt(self, chance: random.Random, voucher_id: int, reference: str) -> str:
        there = [v for v in self.here.simulator.vouchers("100") if v.reference == reference]
        if there:
            return self.act(chance, repairs.confirm, voucher_id, str(there[0].number))
        return self.act(chance, repairs.absent, voucher_id)

    def stop_delivery(self, chance: random.Random) -> str:
        return self.act(chance, repairs.stop_delivery, chance.choice(("*", "100")))

    def start_delivery(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT scope FROM brake ORDER BY scope")
        return self.act(chance, repairs.start_delivery, row[0]) if row else NOTHING

    def rule_on(self, chance: random.Random) -> str:
        with self.here.engine.connect() as connection:
            proposed = rule_queries.rules(connection, state="proposed")
        if not proposed:
            return NOTHING
        return self.act(chance, rules.switch_on, proposed[0].payment_id, lambda: self.here.hands.settings)

    def rule_off(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM payer_rule WHERE off_at IS NULL ORDER BY id")
        return self.act(chance, rules.switch_off, row[0]) if row else NOTHING

    def release_file(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM bank_file WHERE state = 'held' ORDER BY id")
        return self.act(chance, repairs.release_file, row[0]) if row else NOTHING

    def refuse_file(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM bank_file WHERE state IN ('held', 'unreadable') ORDER BY id")
        return self.act(chance, repairs.refuse_file, row[0]) if row else NOTHING

    def try_again(self, chance: random.Random) -> str:
        row = self.one(
            chance,
            "SELECT id FROM work WHERE state = 'parked' AND payment_id IS NULL AND transaction_id IS NULL ORDER BY id",
        )
        return self.act(chance, repairs.try_again, row[0]) if row else NOTHING

    def apply_transaction(self, chance: random.Random) -> str:
        row = self.one(
            chance, "SELECT id FROM ledger_transaction WHERE state IN ('parked', 'set_aside') ORDER BY id"
        )
        return self.act(chance, transactions.apply, row[0], None) if row else NOTHING

    def set_transaction_aside(self, chance: random.Random) -> str:
        row = self.one(
            chance, "SELECT id FROM ledger_transaction WHERE state IN ('parked', 'applied') ORDER BY id"
        )
        return self.act(chance, transactions.set_aside, row[0]) if row else NOTHING

    def decide_again(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM ledger_transaction WHERE state = 'parked' ORDER BY id")
        return self.act(chance, transactions.retry, [row[0]]) if row else NOTHING

    def reject_suggestion(self, chance: random.Random) -> str:
        row = self.one(chance, "SELECT id FROM payment WHERE state = 'parked' ORDER BY id")
        return self.act(chance, repairs.reject_suggestion, row[0], self.case(chance)) if row else NOTHING


RARE = (
    "apply_transaction", "decide_again", "set_transaction_aside", "discard", "restore", "retry_all", "end_a_doubt", "approve",
)  # fmt: skip
"""What seldom finds something to act on comes more often."""
ACTS = tuple(name for name, it in vars(People).items() if callable(it) and name not in {
    "__init__", "act", "one", "case", "end_doubt",
}) + 2 * RARE  # fmt: skip

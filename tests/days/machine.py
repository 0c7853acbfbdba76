"""Random days: a state machine of hypothesis plays them on a whole site in one process; at rest the model must hold."""

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import create_engine, text

from ops import repairs
from ops.embedded import Postgres
from schemas.events import FetchDue
from schemas.money import kr
from schemas.setup import OverpaymentPolicy, ParkedPolicy, SubLedger
from tests.days import model
from tests.days.bank import BANK, FIRST, Bank
from tests.days.people import ACTS, DONE, NOTHING, PAYER, People
from tests.days.visma import VISMA, Visma
from tests.days.workers import CLOCK, MESSAGES, Clock, Messages
from tests.servers import named, new_database
from tests.site import kid_of, paid, site
from workers.store import epoch

SEEDS = st.integers(0, 2**32 - 1)
NOT_WHOLE = (
    "SELECT p.id FROM payment p LEFT JOIN split s ON s.payment_id = p.id AND s.superseded_by IS NULL GROUP BY p.id "
    "HAVING p.state = 'settled' AND coalesce(sum(s.amount), 0) <> p.amount "
    "OR p.state <> 'settled' AND coalesce(sum(s.amount), 0) NOT IN (0, p.amount)"
)
BUGS = "SELECT stage, note FROM work WHERE state = 'parked' AND reason = 'bug' AND note NOT LIKE 'the worker died%'"


class Days(RuleBasedStateMachine):
    """One site and its days. `ran`: how often each thing happened, and how it ended; over all sites."""

    ran: Counter[tuple[str, str]]
    postgres: Postgres
    template: str
    folder: Path
    sites = 0

    def __init__(self) -> None:
        super().__init__()
        self.until_the_end = ExitStack()
        self.failed = True
        self.steps = 0

    @initialize(
        policy=st.booleans(),
        parked=st.sampled_from(ParkedPolicy),
        over=st.sampled_from(OverpaymentPolicy),
        at_once=st.sampled_from((1, 5)),
    )
    def set_up(self, policy: bool, parked: ParkedPolicy, over: OverpaymentPolicy, at_once: int) -> None:
        type(self).sites += 1
        url = self.until_the_end.enter_context(new_database(self.postgres, template=self.template))
        engine = create_engine(self.postgres.processes_url_of(named(url)))
        self.until_the_end.callback(engine.dispose)
        folder = self.folder / str(self.sites)
        folder.mkdir()
        with engine.begin() as connection:
            epoch.rise(connection, 1)
        made = site(
            engine,
            folder,
            auto_approve=policy,
            parked_policy=parked,
            payments_per_voucher=at_once,
            dunning_code="EWS",
        )
        self.here = self.until_the_end.enter_context(made)
        self.here.set_up_client(case_no_pattern="NY-####", overpayment_policy=over)
        self.here.set_up(SubLedger("KOM", "100", "10", "1510", "EGEN"))
        self.people = People(self.here)
        self.bank = Bank(self.here)
        self.broker = Messages(self.here)
        self.time = Clock(self.here)
        far_side = Visma(self.here, self.people, self.bank)
        self.parties: dict[str, object] = {
            "bank": self.bank, "messages": self.broker, "person": self.people, "visma": far_side, "clock": self.time,
        }  # fmt: skip
        for number in range(6):
            far_side.case_of_kk2(random.Random(number))
        with engine.begin() as connection:
            connection.execute(text("UPDATE kk2_case SET customer_no = '1' WHERE id IN (2, 3)"))
        for number in (51, 52):
            self.here.with_us(number, kr(400 * (number - 50)), FIRST)
        self._day_before(random.Random(at_once))
        self.failed = False

    def _day_before(self, chance: random.Random) -> None:
        """There is something on each list: money on cases, delivered and parked, and what one payer's is always for."""
        strays = [
            paid(kid_of(90), kr(10 + n), ref=model.reference_of(kid_of(90)), debit_account=PAYER)
            for n in range(5)
        ]
        for _ in range(2):
            self.bank.send((*(self.bank.payment(chance) for _ in range(6)), *strays[:3]))
            strays.reverse()
        self.here.drain()
        for _ in range(4):
            self.people.assign_the_payers(chance)
        self.people.approve(chance)
        self.here.drain()

    # --- what may happen ---

    @rule(what=st.sampled_from(BANK), seed=SEEDS)
    def bank_sends(self, what: str, seed: int) -> None:
        self._do("bank", what, BANK, seed)

    @rule(what=st.sampled_from(MESSAGES), seed=SEEDS)
    def messages(self, what: str, seed: int) -> None:
        self._do("messages", what, MESSAGES, seed)

    @rule(what=st.sampled_from(ACTS), seed=SEEDS)
    def a_person(self, what: str, seed: int) -> None:
        self._do("person", what, ACTS, seed)

    @rule(what=st.sampled_from(ACTS), seed=SEEDS)
    def another_person(self, what: str, seed: int) -> None:
        self._do("person", what, ACTS, seed)

    @rule(what=st.sampled_from(VISMA), seed=SEEDS)
    def visma(self, what: str, seed: int) -> None:
        self._do("visma", what, VISMA, seed)

    @rule(what=st.sampled_from(CLOCK), seed=SEEDS)
    def clock(self, what: str, seed: int) -> None:
        self._do("clock", what, CLOCK, seed)

    def _do(self, who: str, what: str, all_of_it: Sequence[str], seed: int) -> None:
        """Do it; where there is nothing to do, another one of its kind; and if that is so of all, the bank sends more."""
        self.failed = True
        self.steps += 1  # hypothesis likes to repeat itself: the same seed is another chance each time
        chance = random.Random(f"{what} {seed} {self.steps}")
        others = ((who, each) for each in (what, *chance.sample(all_of_it, len(all_of_it))))
        for party, each in (*others, ("bank", "new")):
            ended = getattr(self.parties[party], each)(chance) or DONE
            if ended != NOTHING:
                break
        self.ran[f"{party} {each}", ended] += 1
        self.broker.take_in()
        self.look()
        self.failed = False

    def look(self) -> None:
        """After each step: what was read is what the bank sent, each payment is whole, Visma has each voucher once."""
        here = self.here
        for sha256, number, total in here.all(
            "SELECT sha256, payments, total FROM bank_file WHERE format IS NOT NULL"
        ):
            payments = self.bank.said.files[str(sha256)]
            assert (number, total) == (
                len(payments),
                sum(-p.amount if p.type == 18 else p.amount for p in payments),
            )
        assert here.all(NOT_WHOLE) == []
        references = Counter(v.reference for v in here.simulator.vouchers("100") if v.reference)
        assert set(references.values()) <= {1}, references
        assert here.all(BUGS) == []

    # --- the end of all days ---

    def teardown(self) -> None:
        try:
            if not self.failed:
                self.come_to_rest()
                self.here.prove()
                model.prove(self.bank.said, self.here)
        finally:
            self.until_the_end.close()

    def come_to_rest(self) -> None:
        """The world is well, people do what waits for a decision of theirs, until nothing moves any more."""
        here, chance = self.here, random.Random(0)
        here.simulator.clear_faults()
        for month in ("2026-02", "2026-03", "2026-04"):
            here.simulator.open_period("100", month)
        for _ in range(12):
            self.time.leases_end(chance)
            here.drain()
            here.rest()
            here.happen(FetchDue("100"))
            here.drain()
            if not self._people_decide(chance):
                break
        else:
            raise AssertionError(f"it does not come to rest: {here.parked()}")
        self.look()
        assert here.all("SELECT stage FROM work WHERE state = 'due'") == []
        assert here.all("SELECT DISTINCT state FROM voucher WHERE state NOT IN ('delivered', 'void')") == []
        assert (
            here.all(
                "SELECT p.id FROM payment p WHERE p.state = 'waiting' AND p.file_id NOT IN (SELECT id FROM bank_file WHERE state = 'held')"
            )
            == []
        )

    def _people_decide(self, chance: random.Random) -> bool:
        """What only a person can end, ended; says whether there was anything."""
        here, people_, acted = self.here, self.people, False
        for act in (people_.start_delivery, people_.take_up):
            while act(chance) == DONE:
                acted = True
        for voucher_id, reference in here.all(
            "SELECT id, reference FROM voucher WHERE state = 'in_doubt' ORDER BY id"
        ):
            acted |= people_.end_doubt(chance, int(str(voucher_id)), str(reference)) == DONE
        for (voucher_id,) in here.all("SELECT id FROM voucher WHERE state = 'refused' ORDER BY id"):
            acted |= people_.act(chance, repairs.retry, voucher_id) == DONE
        for (work_id,) in here.all(
            "SELECT id FROM work WHERE state = 'parked' AND reason IN ('gave_up', 'bug', 'no_setup') ORDER BY id"
        ):
            acted |= people_.act(chance, repairs.try_again, work_id) == DONE
        return acted | (people_.approve(chance) == DONE)

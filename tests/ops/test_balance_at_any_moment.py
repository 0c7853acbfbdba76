"""The promises hold after every single commit of a day, and not only when all is done: the check may be asked at any time."""

import random
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from ops import repairs
from ops.simulator import Fault, FaultKind
from schemas.events import RestDue
from schemas.money import kr
from tests.ops.acting import KARI, disagreements
from tests.site import Site, kid_of, paid, site

DUE = date(2026, 1, 31)


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        yield made


def step_by_step(here: Site, chance: random.Random) -> int:
    """Do what is due in any order, each message perhaps twice, and look after each; gives how many messages."""
    steps = 0
    while due := here.due():
        chance.shuffle(due)
        for work_id, stage in [*due, *due[:2]]:
            here.work(work_id, stage)
            steps += 1
            with here.engine.connect() as connection:
                assert disagreements(connection) == {}, f"after step {steps}, {stage} {work_id}"
        assert steps < 500
    return steps


@pytest.mark.parametrize("seed", [1, 2])
def test_the_promises_hold_after_every_commit(here: Site, seed: int) -> None:
    chance = random.Random(seed)
    cases = [here.case(number, kr(1000), DUE, fee=kr(38)) for number in range(1, 13)]
    first = [paid(kid_of(number), kr(100 * number)) for number in range(1, 12)]
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))

    here.drop(here.file(*first, paid(kid_of(77), kr(55)), paid(kid_of(1), kr(5000))))
    steps = step_by_step(here, chance)
    here.drop(
        here.file(
            paid(kid_of(2), kr(200), kind=18, back=True), paid(kid_of(3), kr(300)), paid(kid_of(4), kr(1))
        )
    )
    steps += step_by_step(here, chance)
    (parked,) = here.one("SELECT id FROM payment WHERE kid = :kid", kid=kid_of(77))
    (twin,) = here.one("SELECT id FROM payment WHERE state = 'held'")
    here.owe_more(cases[4], kr(75))
    with here.engine.begin() as connection:
        repairs.assign(connection, int(str(parked)), cases[11], original=None, person=KARI)
    with here.engine.begin() as connection:
        repairs.release(connection, [int(str(twin))], person=KARI)
    steps += step_by_step(here, chance)
    (delivered,) = here.one("SELECT min(payment_id) FROM split WHERE case_id = :id", id=cases[5])
    acts: tuple[Callable[[Connection, int], repairs.Done], ...] = (
        lambda c, i: repairs.share_out(c, i, [(cases[5], kr(1)), (cases[11], kr(599))], person=KARI),
        lambda c, i: repairs.assign(c, i, cases[7], original=None, person=KARI),
        lambda c, i: repairs.undo(c, i, person=KARI),
    )
    for act in acts:
        with here.engine.begin() as connection:
            act(connection, int(str(delivered)))
            assert disagreements(connection) == {}
        steps += step_by_step(here, chance)
        if chance.random() < 0.5:
            here.happen(RestDue("100"))
            steps += step_by_step(here, chance)

    assert steps > 15
    here.pass_leases()
    here.rest()
    here.prove()

"""Random days: the same few in each run of the suite; `make soak` plays 10,000 steps of others. KK2_SEED repeats them."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from ops.embedded import Postgres
from tests.days.bank import BANK
from tests.days.machine import Days
from tests.days.people import ACTS
from tests.days.visma import VISMA
from tests.days.workers import CLOCK, MESSAGES

STEPS = int(os.environ.get("KK2_STEPS", "200"))
A_SITE = 80  # steps until a site comes to rest and the next one begins
SOAK = "KK2_STEPS" in os.environ
SEED = int(os.environ.get("KK2_SEED") or (random.SystemRandom().randrange(2**32) if SOAK else 1))


@pytest.mark.timeout(0 if SOAK else 180)
def test_whatever_happens_in_whatever_order_the_model_of_the_money_holds(
    postgres: Postgres, template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: Counter[tuple[str, str]] = Counter()
    machine = type(
        "DaysOfThisRun", (Days,), {"ran": ran, "postgres": postgres, "template": template, "folder": tmp_path}
    )

    def one_site() -> RuleBasedStateMachine:
        if SOAK:
            with capsys.disabled():
                print(f"site {machine.sites + 1}, after {sum(ran.values())} steps", flush=True)  # type: ignore[attr-defined]
        return machine()  # type: ignore[no-any-return]

    with capsys.disabled():
        print(f"\nrandom days: KK2_SEED={SEED} KK2_STEPS={STEPS}", flush=True)
    run_state_machine_as_test(
        seed(SEED)(one_site),  # type: ignore[arg-type]
        settings=settings(
            max_examples=-(-STEPS * 11 // (A_SITE * 10)), stateful_step_count=A_SITE, deadline=None, database=None,
            print_blob=False, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink][: 1 + ("KK2_SHRINK" in os.environ)],
        ),
    )  # fmt: skip

    if SOAK:
        with capsys.disabled():
            _tell(ran)
    if STEPS >= 10_000:
        named = {
            *(f"bank {each}" for each in BANK), *(f"messages {each}" for each in MESSAGES),
            *(f"person {each}" for each in ACTS), *(f"visma {each}" for each in VISMA), *(f"clock {each}" for each in CLOCK),
        }  # fmt: skip
        done = {what for what, how in ran if how not in {"refused", "nothing to do", "lived"}}
        assert named - done == set(), "these were never done"


def _tell(ran: Counter[tuple[str, str]]) -> None:
    """How often each thing happened, and how it ended."""
    print(f"{sum(ran.values())} steps")
    for what in sorted({name for name, _ in ran}):
        ends = {how: number for (name, how), number in sorted(ran.items()) if name == what}
        print(f"  {what:<32}{', '.join(f'{how} {number}' for how, number in ends.items())}")

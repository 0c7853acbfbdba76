"""`kk2 drill` on real processes: it passes where the product holds, fails where a guard is taken out, and asks for training."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ops.drill import DRILLS
from schemas.money import kr
from tests.faults.town import Town, town

DUE = date(2026, 1, 31)
QUICK = ("visma-drops-the-answer", "broker-flushed")


def drill(here: Town, name: str, training: str = "true") -> "tuple[int, dict[str, Any], str]":
    """`kk2 drill` in another process, while the town's supervisor works on; gives status, result and standard error."""
    environment = {
        **os.environ,
        **here.environment,
        "KK2_TRAINING": training,
        "KK2_OWNER_URL": here.servers.owner_url,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "drill", name, "--limit", "150", "--as", "kari", "--json"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as played:  # fmt: skip
        here.until(lambda: played.poll() is not None, f"drill {name} ends")
        out, err = played.communicate()
    return played.returncode, json.loads(out) if out else {}, err


def ready(here: Town) -> None:
    """Cases to pay on, and the status file where `kk2 up` has it: in the product's own folder."""
    for number in range(1, 6):
        here.site.case(number, kr(500), DUE)
    (here.home / "processes.json").symlink_to(here.folder / "processes.json")


def test_drills_pass_where_the_product_holds_and_only_training_is_struck(tmp_path: Path) -> None:
    with town(tmp_path) as here:
        ready(here)

        status, _, said = drill(here, "worker-killed", training="false")
        assert (status, "this is no training site" in said) == (2, True)
        assert here.site.one("SELECT count(*) FROM bank_file") == (0,)

        for name in QUICK:
            status, result, said = drill(here, name)
            assert (status, result.get("passed")) == (0, True), (name, result, said)
            assert all(check["holds"] for check in result["checks"])


@pytest.mark.faults
def test_a_drill_fails_where_a_voucher_is_sent_again_without_asking(tmp_path: Path) -> None:
    with town(tmp_path, sabotage="ask") as here:
        ready(here)

        status, result, said = drill(here, "visma-drops-the-answer")

        assert (status, result.get("passed")) == (1, False), said
        broken = {check["what"]: check["found"] for check in result["checks"] if not check["holds"]}
        assert "booked 2 times" in broken["Visma has each voucher of ours once"]


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_every_other_drill_passes(tmp_path: Path) -> None:
    with town(tmp_path) as here:
        ready(here)
        for each in DRILLS:
            if each.name not in QUICK:
                status, result, said = drill(here, each.name)
                assert (status, result.get("passed")) == (0, True), (each.name, result, said)

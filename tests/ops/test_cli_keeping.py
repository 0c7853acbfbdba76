"""`kk2 doctor --progress`: what a container's health check asks."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine, text


def _doctor(engine: Engine, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "KK2_DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "KK2_BROKER_URL": "redis://127.0.0.1:1/0",
        "KK2_FOLDER": str(folder),
    }
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", "doctor", "--progress"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_site_where_nothing_waits_is_healthy(engine: Engine, tmp_path: Path) -> None:
    assert _doctor(engine, tmp_path).returncode == 0


def test_rung_work_that_nobody_claims_is_not(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO work (event_id, stage, body, state, due_at, rung_at) VALUES "
                "(1, 'settle', '{}', 'due', now() - interval '5 minutes', now() - interval '5 minutes')"
            )
        )

    found = _doctor(engine, tmp_path)

    assert found.returncode == 1
    assert "queue payments" in found.stderr

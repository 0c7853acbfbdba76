"""`kk2 client test` against the simulated Visma over HTTP: what it says, and how it ends."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops import cli, setup_file
from ops.simulator import Fault, FaultKind, Simulator
from tests.ops.test_setup_file import changed
from workers.settings import settings


@pytest.fixture(autouse=True)
def _site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str) -> None:
    monkeypatch.setenv("KK2_DATABASE_URL", migrated_url)
    monkeypatch.setenv("KK2_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("KK2_FOLDER", str(tmp_path))
    settings.cache_clear()


def tried(
    engine: Engine, capsys: pytest.CaptureFixture[str], url: str, *swaps: tuple[str, str]
) -> tuple[int, str]:
    written = changed(("http://127.0.0.1:8088/wsinkasso", url), *swaps)
    setup_file.apply_text(engine, written, name="f.toml", actor="kari", dry_run=False)
    capsys.readouterr()
    return cli.main(["client", "test"]), capsys.readouterr().out


def test_the_demos_setup_would_not_be_refused(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Simulator(tmp_path / "visma") as simulator:
        status, out = tried(engine, capsys, simulator.url, ('case_no_pattern = "0222-########"', ""))

        assert status == 0
        assert out.splitlines()[-1] == "nothing would be refused"
        assert "[[client]] 100/EIE: case_no_pattern" in out
        assert simulator.vouchers() == ()


def test_each_thing_that_visma_lacks_is_said_with_its_place(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Simulator(tmp_path / "visma", balances=False) as simulator:
        status, out = tried(
            engine,
            capsys,
            simulator.url,
            ('voucher_type = "OC"', 'voucher_type = "OX"'),
            ('bank = "1920"', 'bank = "1999"'),
            ('dunning_code = "PWS"', 'dunning_code = "PWX"'),
        )

        assert status == 1
        refused = [line for line in out.splitlines() if line.startswith("refused")]
        assert [line.split(": ")[:2] for line in refused] == [
            ["refused [[installation]] main", "balances"],
            ["refused [[company]] 100", "voucher_type"],
            ["refused [[company]] 100", "accounts.bank"],
            ["refused [[company]] 100", "dunning_code"],
        ]
        assert "ours OX, Visma: BI, IB, OC: set up voucher type OX in Visma" in out
        assert cli.main(["client", "test", "--client", "SFO", "--json"]) == 1
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert {each["weight"] for each in found} == {"refused"}
        assert not any("KOM" in each["place"] for each in found)


def test_a_visma_that_does_not_answer_is_unknown_and_said_in_a_sentence(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Simulator(tmp_path / "visma") as simulator:
        simulator.fault(Fault(FaultKind.ACCESS_DENIED, "GetInstallation"))
        status, out = tried(engine, capsys, simulator.url)
        url = simulator.url

    assert (status, "unknown [[installation]] main: endpoint" in out) == (3, True)
    assert "see username, password and client_certificate" in out
    status, out = tried(engine, capsys, url)
    assert (status, "see the endpoint's name and port" in out) == (3, True)


def test_a_secret_or_certificate_that_is_not_there_is_refused_before_anything_is_sent(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://127.0.0.1:9/ws"

    status, out = tried(engine, capsys, url, ('password = ""', 'password = "env:NOT_THERE"'),
                        ('username = ""', 'username = "kk2"'))  # fmt: skip

    assert status == 1
    assert "NOT_THERE" in out
    assert "Visma: not asked" in out


def test_a_folder_of_files_cannot_tell(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bilag").mkdir()
    swaps = (
        ("payments_per_voucher = 100", "payments_per_voucher = 1"),
        ("lists = true", "lists = false\nimports = false\ntransacts = false\nbalances = false"),
    )

    status, out = tried(engine, capsys, f"file://{tmp_path}/bilag", *swaps)

    assert (status, out.splitlines()[-1]) == (3, "not all could be told")

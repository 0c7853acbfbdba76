"""`kk2 system`, `kk2 bundle` and `kk2 audit export`: what they say, and what they refuse."""

import csv
import hashlib
import io
import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import Engine, text

from tests.ops.acting import Kk2


def test_the_system_is_shown_with_its_secrets_hidden(kk2: Kk2, engine: Engine) -> None:
    status, said, _ = kk2("system", "--json")
    found = json.loads(said)

    assert status == 0
    settings = {each["name"]: each for each in found["settings"]}
    assert settings["KK2_BROKER_URL"]["value"] == "redis://***@127.0.0.1:1/0"
    assert settings["KK2_BROKER_URL"]["origin"] == "environment"
    assert {each["name"] for each in found["versions"]} >= {"kk2-visma", "Python", "PostgreSQL", "migration"}
    assert found["broker"]["fault"] == "ConnectionError"
    assert "KK2_FOLDER" in kk2("system")[1]


def test_a_bundle_is_taken_once_with_a_name_on_it(kk2: Kk2, engine: Engine, tmp_path: Path) -> None:
    out = tmp_path / "site.zip"

    assert kk2("bundle", "--out", str(out), "--reason", "asked for")[0] == 0
    with ZipFile(out) as zipped:
        assert {"README.txt", "doctor.jsonl", "settings.json"} <= set(zipped.namelist())
    assert out.stat().st_mode & 0o077 == 0
    status, _, said = kk2("bundle", "--out", str(out))
    assert (status, "is there already" in said) == (2, True)
    with engine.connect() as connection:
        acts = connection.execute(text("SELECT actor, act, reason FROM audit")).all()
    assert [tuple(act) for act in acts] == [("kari", "take bundle", "asked for")]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_an_exported_audit_is_verified_by_who_knows_nothing_of_ours(
    kk2: Kk2, engine: Engine, form: str
) -> None:
    for reason in ("first, «så»", 'second "quoted"'):
        assert kk2("stop", "delivery", "--reason", reason)[0] == 0
        assert kk2("start", "delivery", "--reason", reason)[0] == 0

    status, said, _ = kk2("audit", "export", "--format", form)
    found = (
        list(csv.DictReader(io.StringIO(said)))
        if form == "csv"
        else [json.loads(line) for line in said.splitlines()]
    )
    before = "0" * 64

    assert (status, len(found)) == (0, 4)
    for row in found:
        detail = json.loads(row["detail"]) if form == "csv" else row["detail"]
        values = [row["at"], row["actor"], row["act"], row["subject"], row["reason"], detail]
        written = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert row["previous"] == before
        before = hashlib.sha256(bytes.fromhex(before) + written.encode()).hexdigest()
        assert row["hash"] == before

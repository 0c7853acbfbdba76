"""`kk2 system`, `kk2 bundle` and `kk2 audit export`: what they say, and what they refuse."""

import json
from pathlib import Path
from zipfile import ZipFile

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

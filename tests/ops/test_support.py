"""The bundle for support: what it says, what it never holds, and whose name is on it."""

import dataclasses
import itertools
import json
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from urllib.parse import quote
from zipfile import ZipFile

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from ops import repairs, support
from ops.access import ALL_ROLES, Role
from ops.embedded import Postgres
from ops.repairs import Person
from ops.repairs.acts import NotAllowed
from ops.support.redacting import Redactor
from ops.support.settings import shown
from schemas.money import kr
from tests.servers import new_database
from tests.site import Site, kid_of, paid, site
from workers.accounting import connect
from workers.settings import Settings
from workers.store import setup as setup_store

SECRETS = {
    "broker_url": "redis-Pa55&word", "fingerprint_key": "fingerprint-Key-0815", "flower_auth": "flower-Pa55word",
    "oidc_client_secret": "oidc-Secret-4711", "alarm_urls": "alarm-T0ken-123",
}  # fmt: skip
DATABASE, VISMA, SESSION = "database-Pa55#word", "visma-Pa55word", "console-Session-Secret"
NAME, ACCOUNT, BIRTH = "Nordmann Ola", "12345678903", "01019012345"


@pytest.fixture(scope="module")
def here(
    postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Settings]]:
    """A site with a day's work done, in which secrets and what is of a debtor stand wherever they can."""
    folder: Path = tmp_path_factory.mktemp("support")
    with new_database(postgres, template=template) as url, pytest.MonkeyPatch.context() as patched:
        engine = create_engine(url)
        with site(engine, folder) as made:
            patched.setenv("KK2_VISMA_PASSWORD", VISMA)
            yield made, _planted(made, folder)
        engine.dispose()


def _planted(made: Site, folder: Path) -> Settings:
    for number in (1, 2):
        made.case(number, kr(500), date(2026, 1, 31))
    made.drop(made.file(paid(kid_of(1), kr(500)), paid(kid_of(77), kr(40))), f"{NAME} {BIRTH}.DAT")
    made.drain()
    with made.engine.begin() as connection:
        connection.execute(text("UPDATE kk2_case SET debtor_name = :name"), {"name": NAME})
        connection.execute(text("UPDATE payment SET debit_account = :account"), {"account": ACCOUNT})
        installation = setup_store.current(connection).installations["visma"].latest().value

        secret = dataclasses.replace(installation, password="env:KK2_VISMA_PASSWORD")
        kind, key = setup_store.key_of(secret)
        setup_store.add_row(connection, kind, key, date(2026, 1, 1), secret, "test")
        clerk = Person("kari", f"{NAME}, {BIRTH}, rang", ALL_ROLES)
        repairs.people.add(connection, "kari", [Role.ADMIN], None, None, person=clerk)
        repairs.stop_delivery(connection, "installation visma", None, person=clerk)
        connection.execute(
            text("INSERT INTO session (token, person, secret) VALUES ('x', 'kari', :secret)"),
            {"secret": SESSION},
        )
    settings = made.hands.settings.model_copy(
        update={
            "database_url": SecretStr(f"postgresql+psycopg://kk2:{quote(DATABASE)}@127.0.0.1:1/kk2?password={quote(DATABASE)}"),
            "broker_url": SecretStr(f"redis://:{quote(SECRETS['broker_url'])}@127.0.0.1:1/0"),
            "fingerprint_key": SecretStr(SECRETS["fingerprint_key"]),
            "flower_auth": SecretStr(f"kk2:{SECRETS['flower_auth']}"),
            "oidc_client_secret": SecretStr(SECRETS["oidc_client_secret"]),
            "alarm_urls": SecretStr(f"json://user:{SECRETS['alarm_urls']}@127.0.0.1:1/"),
            "flower_url": f"http://kk2:{SECRETS['flower_auth']}@127.0.0.1:5555",
        }
    )  # fmt: skip
    logs = settings.folder / "logs"
    logs.mkdir(parents=True)
    secrets = " ".join((DATABASE, VISMA, *SECRETS.values()))
    exception = f'Traceback:\n  File "x.py", line 3, in settle\n    {NAME}\nValueError: {NAME} {BIRTH}'
    entry = {"level": "error", "logger": "kombu", "event": f"{NAME} of {ACCOUNT} by {secrets}", "name": NAME,
             "work": 17, "exception": exception, NAME: 1}  # fmt: skip
    (logs / "relay.log").write_text(
        f'{json.dumps(entry)}\nERROR: invalid input: "{NAME}"\nDETAIL:  Key (kid)=({ACCOUNT})\n\t{NAME.lower()}\n'
        f"1234.56.78903 paid by {NAME}, 010190 12345: {secrets}\n",
        "utf-8",
    )
    return settings


@pytest.fixture(scope="module")
def bundle(here: tuple[Site, Settings]) -> dict[str, str]:
    """Each part of the bundle, as text."""
    made, settings = here
    file = BytesIO()
    support.make(file, settings, made.engine, connect)
    with ZipFile(file) as zipped:
        return {name: zipped.read(name).decode() for name in zipped.namelist()}


@pytest.mark.parametrize(
    "planted", [DATABASE, quote(DATABASE), VISMA, SESSION, *SECRETS.values(), quote(SECRETS["broker_url"])]
)
def test_no_secret_is_in_a_bundle(bundle: dict[str, str], planted: str) -> None:
    assert [name for name, written in bundle.items() if planted in written] == []


@pytest.mark.parametrize(
    "planted", ["ordmann", "ORDMANN", ACCOUNT, "1234.56.78903", BIRTH, "010190", "rang", kid_of(77)]
)
def test_nothing_of_a_debtor_is_in_a_bundle(bundle: dict[str, str], planted: str) -> None:
    assert [name for name, written in bundle.items() if planted in written] == []


def test_a_bundle_says_how_the_site_is(bundle: dict[str, str]) -> None:
    system, counts = json.loads(bundle["system.json"]), json.loads(bundle["counts.json"])
    doctor = [json.loads(line) for line in bundle["doctor.jsonl"].splitlines()]
    journal = [json.loads(line) for line in bundle["journal.jsonl"].splitlines()]
    (entry, error, paid_by) = bundle["logs/relay.log"].splitlines()

    assert counts["payment"] == {"parked": 1, "settled": 1}
    assert {"what": "case", "state": "open", "number": 1} in counts["other"]
    assert [brake["scope"] for brake in system["health"]["brakes"]]
    assert {sign["name"]: sign["state"] for sign in doctor}["broker"] == "bad"
    assert "FileLanded" in {row["event"] for row in journal}
    assert json.loads(entry)["work"] == 17
    assert json.loads(entry)["exception"] == ['File "x.py", line 3, in settle', "ValueError"]
    assert error.startswith("ERROR: invalid input")
    assert "paid by" in paid_by
    assert json.loads(bundle["migrations.json"])["at"] == json.loads(bundle["migrations.json"])["newest"]


def test_the_acts_in_a_bundle_hang_together_and_name_nobody(bundle: dict[str, str]) -> None:
    acts = [json.loads(line) for line in bundle["audit.jsonl"].splitlines()]

    assert all(later["previous"] == earlier["hash"] for later, earlier in itertools.pairwise(acts))
    assert {act["act"] for act in acts} >= {"add user", "stop delivery"}
    assert "kari" not in bundle["audit.jsonl"]


def test_where_a_setting_comes_from_is_said(here: tuple[Site, Settings], tmp_path: Path) -> None:
    (tmp_path / "kk2_flower_auth").write_text("kk2:word", "ascii")
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("SECRETS", str(tmp_path)), ("LOG_LEVEL", "DEBUG"), ("DATABASE_URL", "postgresql+psycopg://a:b@h/d"),
                            ("BROKER_URL", "redis://h"), ("FOLDER", str(tmp_path))):  # fmt: skip
            patched.setenv(f"KK2_{name}", value)
        found = {each.name: (each.value, each.origin) for each in shown(Settings(_secrets_dir=str(tmp_path)))}  # type: ignore[call-arg]

    assert found["KK2_LOG_LEVEL"] == ("DEBUG", "environment")
    assert found["KK2_FLOWER_AUTH"] == ("***", "secret file")
    assert found["KK2_DATABASE_URL"] == ("postgresql+psycopg://***@h/d", "environment")
    assert found["KK2_OIDC_CLIENT_SECRET"] == ("", "default")


def test_who_takes_a_bundle_stands_in_the_audit_and_only_an_administrator_does(
    here: tuple[Site, Settings],
) -> None:
    made, _ = here
    with made.engine.begin() as connection:
        repairs.take_bundle(connection, person=Person("arne", "asked for", frozenset({Role.ADMIN})))
        with pytest.raises(NotAllowed):
            repairs.take_bundle(connection, person=Person("anne", "", frozenset({Role.CLERK, Role.OPERATOR})))

    assert made.one("SELECT actor, reason FROM audit WHERE act = 'take bundle'") == ("arne", "asked for")


def test_a_hash_and_a_moment_stay_whole() -> None:
    kept = {"hash": "ab12345678901234cd", "at": "2026-11-24T20:42:24.915123+00:00", "number": 12345678901}

    assert Redactor(()).value(kept) == kept

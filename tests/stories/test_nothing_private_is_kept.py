"""Planted names, accounts, KIDs, birth numbers and secrets: none of them in what is kept, said in a log or shown."""

import logging
from dataclasses import replace
from datetime import date

import pytest
from pydantic import SecretStr

from ops import repairs
from ops.repairs import tokens
from ops.simulator import Fault, FaultKind
from schemas.money import kr
from schemas.setup import Installation
from tests.console.visiting import PASSWORD, SETTER_UP, visitor
from tests.site import Site, kid_of, paid, setup_of

KID = kid_of(3_141_592)
NAME, BIRTH, DEBTORS_ACCOUNT = "Planta Hemmeligsen", "01017012345", "12345678903"
_KEPT = (
    "SELECT string_agg(t, chr(10)) FROM (SELECT concat_ws(' ', request, answer, note, code) AS t FROM exchange "
    "UNION ALL SELECT concat_ws(' ', note, code) FROM voucher UNION ALL SELECT concat_ws(' ', body, note) FROM work "
    "UNION ALL SELECT body::text FROM journal UNION ALL SELECT concat_ws(' ', subject, detail) FROM audit "
    "UNION ALL SELECT concat_ws(' ', \"filter\") FROM job) kept"
)


def test_what_is_planted_is_found_nowhere(here: Site) -> None:
    case = here.case(3_141_592, kr(1000), date(2026, 1, 31))
    here.change(f"UPDATE kk2_case SET debtor_name = '{NAME} {BIRTH}' WHERE id = :case", case)
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.come(paid(KID, kr(400), debit_account=DEBTORS_ACCOUNT))
    which = repairs.Which(None, None, None, None)
    here.act(repairs.retry_all, which, vouchers=1, total=kr(400))

    (kept,) = here.one(_KEPT)

    assert here.all("SELECT state FROM voucher") == [("delivered",)]
    assert "RegisterVouchers" in str(kept)
    assert "UnknownAccount" in str(kept)
    assert not [planted for planted in (KID, NAME, BIRTH, DEBTORS_ACCOUNT) if planted in str(kept)]


def test_a_planted_secret_is_in_no_table_log_page_or_answer(
    here: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    planted = {
        name: f"planted-{name}-7319"
        for name in ("broker", "visma", "fingerprint", "oidc", "alarm", "flower", "wrong")
    }
    monkeypatch.setenv("VISMA_PASSWORD", planted["visma"])
    (installation,) = [noun for noun in setup_of(here.simulator.url) if isinstance(noun, Installation)]
    here.set_up(replace(installation, username="kk2", password="env:VISMA_PASSWORD"), date(2020, 1, 2))
    secrets = {
        "broker_url": SecretStr(f"redis://:{planted['broker']}@127.0.0.1:1/0"),
        "fingerprint_key": SecretStr(planted["fingerprint"]),
        "oidc_client_secret": SecretStr(planted["oidc"]),
        "alarm_urls": SecretStr(f"json://kk2:{planted['alarm']}@127.0.0.1:1"),
        "flower_auth": SecretStr(f"kk2:{planted['flower']}"),
    }
    here.hands = replace(here.hands, settings=here.hands.settings.model_copy(update=secrets))
    here.case(3_141_592, kr(1000), date(2026, 1, 31))
    here.simulator.fault(Fault(FaultKind.CUT_BEFORE_READING, "RegisterVouchers", times=1))
    here.simulator.fault(Fault(FaultKind.ACCESS_DENIED, "RegisterVouchers", times=1))
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.come(paid(KID, kr(400)))
    here.drop(b"this is no bank file", "TBOC0002.DAT")
    here.drain()

    kari = visitor(here.engine, site=here.hands.settings)
    planted["user"], planted["session"] = PASSWORD, max(kari.client.cookies.values(), key=len)
    with here.engine.begin() as connection:
        planted["token"] = tokens.make_token(connection, "kari", "a test", 1, person=SETTER_UP)[1]
    kari.client.post("/sign-in", data={"name": "kari", "password": planted["wrong"], "back": "/"})
    pages = ["/", "/payments", "/files", "/vouchers", "/visma", "/users", "/audit", "/no-such-page"]
    shown = [kari.get(page) for page in [*pages, "/payments/999999", "/payments?state=nonsense"]]
    bearer = {"Authorization": f"Bearer {planted['token']}"}
    told = [kari.client.get(path, headers=bearer) for path in ("/api/payments", "/api/vouchers", "/api/none")]

    tables = here.all("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    rows = [str(row[0]) for (table,) in tables for row in here.all(f"SELECT t::text FROM {table} t")]
    everything = "\n".join([*rows, caplog.text, *(s.source for s in shown), *(t.text for t in told)])
    assert [s.status for s in shown].count(200) >= 6
    assert [t.status_code for t in told] == [200, 200, 404]
    assert "AccessDenied" in everything
    assert [name for name, v in planted.items() if v in everything or v.encode().hex() in everything] == []

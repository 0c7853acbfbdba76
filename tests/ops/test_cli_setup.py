"""`kk2 client` and `kk2 case` on a real database: what they print, what they leave, how they end."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import cli
from ops.access import Role
from tests.console.visiting import user
from tests.ops.test_case_file import a_case, a_fee, an_invoice, own_kid
from tests.ops.test_setup_file import MUNICIPALITY
from workers import audit
from workers.settings import settings


@pytest.fixture(autouse=True)
def _site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str) -> None:
    """A site whose broker does not answer: what is done stands all the same."""
    monkeypatch.setenv("KK2_DATABASE_URL", migrated_url)
    monkeypatch.setenv("KK2_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("KK2_FOLDER", str(tmp_path))
    monkeypatch.setenv("KK2_ACTOR", "kari")
    settings.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *line: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = cli.main([*line])
    out = capsys.readouterr()
    return status, out.out, out.err


def cases_file(folder: Path, *records: object) -> str:
    file = folder / "cases.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in records), "utf-8")
    return str(file)


def test_a_setup_is_applied_shown_and_leaves_its_name(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = str(MUNICIPALITY)

    assert said(capsys, "client", "apply", setup, "--dry-run") == (
        0,
        "10 rows would be added, 0 there already\n",
        "",
    )
    assert said(capsys, "client", "apply", setup) == (0, "10 rows added, 0 there already\n", "")
    status, out, _ = said(capsys, "client", "apply", setup, "--json")
    assert (status, json.loads(out)) == (0, {"added": 0, "unchanged": 10})
    status, out, _ = said(capsys, "client", "show", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (status, len(rows), rows[1]["value"]["name"]) == (0, 10, "Fjordvik kommune")
    with engine.connect() as connection:
        acts = connection.execute(text("SELECT actor, act, subject FROM audit")).all()
        assert [tuple(act) for act in acts] == [("kari", "client apply", "municipality.toml")]
        assert audit.verify(connection) is None


def test_a_setup_with_faults_is_status_1_and_a_line_for_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "f.toml"
    file.write_text("[[company]]\ncode = '1'\n[[clients]]\n", "utf-8")

    status, out, err = said(capsys, "client", "apply", str(file))

    assert (status, out) == (1, "")
    assert f"{file}: [[company]] 1 (1): limit_day: expected a value, found nothing" in err
    assert "clients" in err
    assert "Traceback" not in err


def test_cases_are_applied_exported_and_again_change_nothing(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "client", "apply", str(MUNICIPALITY))
    file = cases_file(tmp_path, a_case(1), an_invoice(1), a_fee(1), a_case(2))

    status, out, err = said(capsys, "case", "apply", file)

    assert (status, out) == (0, "4 records: 2 cases opened, 0 changed, 0 renamed\n")
    assert err.startswith("kk2: the broker was not reached; what was done stands")
    status, out, err = said(capsys, "case", "apply", file, "--json")
    assert json.loads(out) == {"records": 4, "opened": 0, "changed": 0, "renamed": 0, "done": True}
    assert (status, err) == (0, "")
    status, out, _ = said(capsys, "case", "export", "--since", "2026-03-02")
    assert out.splitlines() == [
        "record;company;client;case_no;day;payment_id;kind;amount;state;transaction_id;id",
        "opened;100;KOM;0221-00000001;2026-03-02;;;;open;;",
        "opened;100;KOM;0221-00000002;2026-03-02;;;;open;;",
    ]
    assert said(capsys, "case", "export", "--since", "2026-03-03", "--json") == (0, "", "")


def test_payments_and_closed_cases_are_exported_by_part(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "client", "apply", str(MUNICIPALITY))
    said(capsys, "case", "apply", cases_file(tmp_path, a_case(1), an_invoice(1), a_fee(1)))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO payment (file_id, position, line, account, booked_on, interest_on, amount, is_reversal, "
                "fingerprint, state, case_id) SELECT 1, 0, 3, account, '2026-04-01', '2026-04-01', 103800, false, 1, "
                "'settled', id FROM kk2_case"
            )
        )
        connection.execute(
            text(
                "INSERT INTO split (payment_id, case_id, item_id, kind, amount, corrects, held) "
                "SELECT p.id, p.case_id, i.id, i.kind, i.amount, false, false FROM payment p JOIN item i USING (case_id)"
            )
        )
        connection.execute(text("UPDATE kk2_case SET state = 'paid', balance = 0"))

    status, out, _ = said(capsys, "case", "export", "--since", "2026-04-01")

    assert status == 0
    assert [line.split(";", 4)[4].split(";", 2) for line in out.splitlines()[1:]] == [
        ["2026-04-01", "1", "principal;1000.00;paid;;"],
        ["2026-04-01", "1", "fee;38.00;paid;;"],
        ["2026-04-01", "", ";;paid;;"],
    ]


def test_a_file_of_cases_with_faults_is_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "client", "apply", str(MUNICIPALITY))
    file = cases_file(tmp_path, a_case(1, kid=own_kid(1)[:-1]))

    status, out, err = said(capsys, "case", "apply", file)

    assert (status, out) == (1, "")
    assert err.startswith(f"kk2: {file}:1: kid: expected a KID that passes the control of account")


def test_the_records_of_a_case_file_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys, "case", "records")

    assert status == 0
    assert "withdrawn_item" in out


def test_delivery_is_stopped_and_started_with_a_name(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "client", "apply", str(MUNICIPALITY))
    assert said(capsys, "stop", "delivery", "100")[0] == 1
    why = ("--reason", "Visma is upgraded")
    assert said(capsys, "stop", "delivery", "100", *why, "--dry-run")[1].startswith(
        "dry run, nothing is changed"
    )
    assert said(capsys, "stop", "delivery", "100", *why, "--as", "ola") == (
        0,
        "delivery of company 100 is stopped\n",
        "",
    )
    status, _, err = said(capsys, "stop", "delivery", "100", *why)
    assert (status, err[:31]) == (1, "kk2: stopped already by ola on ")
    assert said(capsys, "start", "delivery", "100")[0] == 0
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM brake")).scalar_one() == 0
        assert connection.execute(text("SELECT actor FROM audit ORDER BY id")).scalars().all() == [
            "kari",
            "ola",
            "kari",
        ]


def test_delivery_of_a_company_that_is_not_set_up_cannot_be_stopped(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ("stop", "delivery", "999", "--reason", "Visma is upgraded")
    assert said(capsys, *line)[::2] == (1, "kk2: the setup has no company 999; it has none\n")
    said(capsys, "client", "apply", str(MUNICIPALITY))

    assert said(capsys, *line)[::2] == (1, "kk2: the setup has no company 999; it has 100\n")
    assert said(capsys, "stop", "delivery", "--reason", "the whole of Visma is upgraded")[0] == 0
    with engine.connect() as connection:
        assert connection.execute(text("SELECT scope FROM brake")).scalars().all() == ["*"]


def test_an_act_on_what_is_not_there_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "payment", "refuse", "17", "--reason", "twice") == (
        1,
        "",
        "kk2: there is no payment 17\n",
    )
    assert said(capsys, "file", "release", "17")[::2] == (1, "kk2: there is no file 17\n")
    assert said(capsys, "voucher", "retry", "17")[::2] == (1, "kk2: there is no voucher 17\n")
    assert said(capsys, "work", "retry", "17")[::2] == (1, "kk2: there is no work row 17\n")
    assert said(capsys, "payment", "assign", "17", "--case", "0221-9")[::2] == (
        1,
        "kk2: there is no case 0221-9\n",
    )


def test_a_file_is_taken_from_anywhere_and_its_copy_is_refused(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.ocr"
    file.write_bytes(b"NY")

    assert said(capsys, "file", "add", str(file), "--dry-run")[0] == 1  # it is no bank file
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM bank_file")).scalar_one() == 0
    status, out, _ = said(capsys, "file", "add", str(file), "--reason", "sent by e-mail")
    assert (status, out) == (0, "file 1 (a.ocr, 2 bytes) is taken and will be read\n")
    status, out, err = said(capsys, "file", "add", str(file))
    assert (status, out) == (1, "")
    assert "It is a copy of file 1" in err
    assert said(capsys, "file", "add", str(tmp_path))[0] == 1
    assert said(capsys, "file", "add", str(tmp_path / "none"))[0] == 2
    with engine.connect() as connection:
        acts = connection.execute(text("SELECT actor, act, subject, reason FROM audit")).all()
    assert [tuple(act) for act in acts] == [("kari", "add file", "file 1", "sent by e-mail")]


def test_who_may_not_add_a_file_leaves_nothing_of_it(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.ocr"
    file.write_bytes(b"NY")
    with engine.begin() as connection:
        user(connection, "kari", Role.VIEWER, password=None)

    for who in ("kari", "nobody"):
        status, _, err = said(capsys, "file", "add", str(file), "--as", who)
        assert status == 1
        assert "may not do this (add file)" in err or "is none of them" in err
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM bank_file")).scalar_one() == 0


def test_files_are_known_before_they_come(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.ocr").write_bytes(b"A")
    (tmp_path / "b.ocr").write_bytes(b"B")

    status, out, _ = said(
        capsys,
        "file",
        "mark-known",
        str(tmp_path / "a.ocr"),
        str(tmp_path / "b.ocr"),
        "--reason",
        "before the start",
    )

    assert (status, len(out.splitlines())) == (0, 2)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT name, state FROM bank_file ORDER BY id")).all() == [
            ("a.ocr", "known"),
            ("b.ocr", "known"),
        ]


def test_a_balance_without_visma_is_unknown_and_with_an_empty_site_agrees(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said(capsys, "balance")[0] == 0
    said(capsys, "client", "apply", str(MUNICIPALITY))
    status, out, _ = said(capsys, "balance", "--no-visma")
    assert (status, out.splitlines()[-1]) == (3, "the money agrees; not all could be told")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [(("case", "list", "--company", "101"), "the setup has no company 101; it has 100"),
     (("payment", "list", "--company", "101"), "the setup has no company 101; it has 100"),
     (("payment", "parked", "--company", "101"), "the setup has no company 101; it has 100"),
     (("voucher", "list", "--company", "101"), "the setup has no company 101; it has 100"),
     (("voucher", "retry", "--all", "--company", "101"), "the setup has no company 101; it has 100"),
     (("case", "list", "--client", "KOMM"), "the setup has no client KOMM; it has 100/EIE, 100/KOM, 100/SFO"),
     (("case", "list", "--company", "100", "--client", "K"), "no client K in company 100; it has 100/EIE")],
    ids=lambda line: " ".join(line) if isinstance(line, tuple) else "",
)  # fmt: skip
def test_a_list_of_a_company_or_client_that_the_setup_lacks_is_refused_and_not_empty(
    line: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said(capsys, "client", "apply", str(MUNICIPALITY))

    status, out, err = said(capsys, *line)

    assert (status, out) == (1, "")
    assert sentence in err
    assert said(capsys, "case", "list", "--company", "100", "--client", "KOM")[0] == 0

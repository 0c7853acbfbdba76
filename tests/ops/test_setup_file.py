"""The setup's file against a real database: what is applied, what is refused, and how a fault is said."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import setup_file
from ops.setup_file import Applied, BadSetupFileError
from schemas.kid import KidAgreement, Modulus
from schemas.money import kr
from schemas.setup import CasePer
from workers.store import setup as store

MUNICIPALITY = Path(setup_file.__file__).parent / "demo" / "municipality.toml"
ENDPOINT = 'endpoint = "http://127.0.0.1:8088/wsinkasso"'


def faults_of(engine: Engine, written: str) -> list[str]:
    with pytest.raises(BadSetupFileError) as refused:
        setup_file.apply_text(engine, written, name="f.toml", actor="kari", dry_run=False)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM setup_row")).scalar_one() == 0
    return [str(fault) for fault in refused.value.faults]


def changed(*swaps: tuple[str, str]) -> str:
    written = MUNICIPALITY.read_text("utf-8")
    for old, new in swaps:
        assert old in written
        written = written.replace(old, new, 1)
    return written


def test_the_demos_municipality_is_applied_once_and_then_stands(engine: Engine) -> None:
    first = setup_file.apply(engine, MUNICIPALITY, actor="kari", dry_run=False)
    second = setup_file.apply(engine, MUNICIPALITY, actor="kari", dry_run=False)

    assert (first, second) == (Applied(10, 0), Applied(0, 10))
    with engine.connect() as connection:
        setup = store.load(connection)
        made_by = connection.execute(text("SELECT DISTINCT made_by FROM setup_row")).scalars().all()
    assert made_by == ["kari"]
    assert setup.installations["main"].latest().value.inquiry_pause == 180.0
    assert setup.accounts["97100110427"].latest().value.kid_agreements[0] == KidAgreement(11, Modulus.MOD11)
    assert setup.clients["100", "KOM"].on(date(2020, 1, 1)).value.closing_threshold == kr(210)
    assert setup.sub_ledgers["100", "SFO", "30"].latest().value.account == "1530"


def test_a_dry_run_says_what_would_be_added_and_adds_nothing(engine: Engine) -> None:
    assert setup_file.apply(engine, MUNICIPALITY, actor="kari", dry_run=True) == Applied(10, 0)
    assert setup_file.apply(engine, MUNICIPALITY, actor="kari", dry_run=True) == Applied(10, 0)


def test_a_change_of_the_same_day_is_its_next_version(engine: Engine) -> None:
    setup_file.apply(engine, MUNICIPALITY, actor="kari", dry_run=False)
    written = changed(("limit_day = 0.00", "limit_day = 50000.00"))

    applied = setup_file.apply_text(engine, written, name="f.toml", actor="ola", dry_run=False)

    assert applied == Applied(1, 9)
    with engine.connect() as connection:
        row = store.load(connection).companies["100"].latest()
    assert (row.version, row.value.limit_day) == (2, kr(50_000))


def test_all_faults_are_said_at_once_with_table_and_key(engine: Engine) -> None:
    found = faults_of(
        engine,
        changed(
            ('number = "97100110427"', 'number = "97100110428"'),
            ("limit_day = 0.00", "limit_day = 50000"),
            ('bank = "1920"', 'bnak = "1920"'),
            ('"costs", "fee"', '"costs", "costs"'),
            ('code = "SFO"', 'code = "SFOX"'),
            ('parked_policy = "suspense"', 'parked_policy = "keep"'),
            ("posting = true", "posting = 1"),
        ),
    )

    assert found[:2] == [
        (
            "[[company]] 1 (100): accounts.bnak: expected one of the keys bank, interest, costs, fee, suspense, "
            "overpayment, tax_code, dimensions, found a key that is not known"
        ),
        "[[company]] 1 (100): accounts.bank: expected a value, found nothing",
    ]
    assert (
        "[[company]] 1 (100): limit_day: expected kroner with two decimals, as 50000.00, found 50000" in found
    )
    assert any(
        "(97100110428): number: expected a bank account" in fault and "here 7" in fault for fault in found
    )
    assert any(
        "(KOM): cover_order: expected each of principal, costs, fee, interest once" in f for f in found
    )
    assert any("(SFOX): code: expected a client's code of 3 characters" in fault for fault in found)
    assert any(
        'parked_policy: expected one of "suspense", "wait", found \'keep\'' in fault for fault in found
    )
    assert any("posting: expected true or false, found 1" in fault for fault in found)


def test_a_secret_in_the_file_is_refused_and_not_shown(engine: Engine) -> None:
    found = faults_of(engine, changed(('password = ""', 'password = "hunter2"')))

    assert any("password: expected a reference to a secret" in fault for fault in found)
    assert not any("hunter2" in fault for fault in found)


def test_a_table_that_names_what_is_not_set_up_is_refused(engine: Engine) -> None:
    found = faults_of(engine, changed(('client = "SFO"', 'client = "SFI"')))

    assert found == ["[[sub_ledger]] 3 (30): client: expected client 100/SFI by 2020-01-01, found none"]


def test_a_table_that_is_not_known_is_refused(engine: Engine) -> None:
    found = faults_of(engine, changed() + "\n[[kompany]]\ncode = '1'\n")

    assert found == [
        (
            "file: kompany: expected valid_from, or tables [[installation]], [[company]], [[account]], [[client]], "
            "[[sub_ledger]], found something else"
        )
    ]


def test_the_same_key_twice_for_one_day_is_refused(engine: Engine) -> None:
    found = faults_of(
        engine,
        changed(
            ('number = "97100110508"', 'number = "97100110427"'),
            ('case_account = "97100110508"', 'case_account = "97100110427"'),
        ),
    )

    assert found == [
        (
            "[[account]] 2 (97100110427): valid_from: expected another day than [[account]] 1 (97100110427) has, "
            "found 2020-01-01"
        )
    ]


def test_what_is_not_toml_is_said_with_its_line(engine: Engine) -> None:
    assert "line 1" in faults_of(engine, "valid_from 2020")[0]


def test_http_is_refused_beyond_the_machine(engine: Engine) -> None:
    found = faults_of(engine, changed(("http://127.0.0.1:8088/wsinkasso", "http://visma.example.no/ws")))

    assert any("endpoint: expected https" in fault for fault in found)


def test_show_gives_what_is_valid_on_a_day(engine: Engine) -> None:
    setup_file.apply(engine, MUNICIPALITY, actor="kari", dry_run=False)

    with engine.connect() as connection:
        rows = setup_file.show(connection, date(2026, 1, 1))

    assert [row[:2] for row in rows][:2] == [("installation", "main"), ("company", "100")]
    assert len(rows) == 10


@pytest.mark.parametrize("pattern", ["0221-###", "0221-#########-#####", "0221 ####", "##-####", 221])
def test_a_pattern_of_case_numbers_that_visma_or_counting_would_not_bear_is_refused(
    pattern: object, engine: Engine
) -> None:
    written = f'"{pattern}"' if isinstance(pattern, str) else str(pattern)

    found = faults_of(engine, changed(('case_no_pattern = "0221-########"', f"case_no_pattern = {written}")))

    assert "(KOM): case_no_pattern: expected a pattern of at most 16 characters" in found[0]


def test_what_the_import_needs_is_read_and_may_be_left_out(engine: Engine) -> None:
    setup_file.apply_text(
        engine, changed(('case_no_pattern = "0222-########"', "")), name="f", actor="kari", dry_run=False
    )

    with engine.connect() as connection:
        setup = store.load(connection)
    full, plain = (setup.clients["100", code].latest().value for code in ("KOM", "EIE"))
    assert setup.companies["100"].latest().value.dunning_code == "PWS"
    assert (full.case_no_pattern, full.case_per, full.case_account) == (
        "0221-########",
        CasePer.INVOICE,
        "97100110427",
    )
    assert (plain.case_no_pattern, plain.case_per, plain.case_account) == ("", CasePer.INVOICE, "")


def test_an_account_for_new_cases_that_is_not_set_up_is_refused(engine: Engine) -> None:
    found = faults_of(engine, changed(('case_account = "97100110427"', 'case_account = "12345678903"')))

    assert found == [
        "[[client]] 1 (KOM): case_account: expected account 12345678903 by 2020-01-01, found none"
    ]


def by_file(*swaps: tuple[str, str]) -> str:
    """The municipality with its vouchers as files."""
    told = "".join(f"\n{name} = false" for name in ("imports", "transacts", "balances"))
    return changed(
        (ENDPOINT, f'endpoint = "file:///srv/visma/bilag"{told}'), ("lists = true", "lists = false"), *swaps
    )


def test_files_of_vouchers_hold_one_payment_each_and_tell_nothing(engine: Engine) -> None:
    more = changed((ENDPOINT, 'endpoint = "file:///srv/visma/bilag"'))

    faults = faults_of(engine, more)

    assert [fault.split(": expected ")[0] for fault in faults] == [
        *(f"[[installation]] 1 (main): {name}" for name in ("lists", "imports", "transacts", "balances")),
        "[[company]] 1 (100): payments_per_voucher",
    ]
    assert "each payment has its own, found 100 of company 100" in faults[4]


def test_an_installation_that_turns_to_files_finds_the_companies_that_stand(engine: Engine) -> None:
    setup_file.apply(engine, MUNICIPALITY, actor="kari", dry_run=False)
    turned = by_file().split("[[company]]")[0]

    with pytest.raises(BadSetupFileError) as refused:
        setup_file.apply_text(engine, turned, name="f.toml", actor="kari", dry_run=False)

    (fault,) = refused.value.faults
    assert (fault.place, fault.found) == ("[[installation]] 1 (main)", "100 of company 100")


def test_a_site_of_files_is_applied(engine: Engine) -> None:
    written = by_file(("payments_per_voucher = 100", "payments_per_voucher = 1"))

    setup_file.apply_text(engine, written, name="f.toml", actor="kari", dry_run=False)

    with engine.connect() as connection:
        assert store.load(connection).installations["main"].latest().value.by_file


@pytest.mark.parametrize(
    "folder", ["srv/x", "file://host/srv", "file:///srv/../etc", "file:///srv/%2e", "file:///", "file:///."]
)
def test_a_folder_is_named_whole_and_plainly(engine: Engine, folder: str) -> None:
    (fault, *_) = faults_of(engine, changed((ENDPOINT, f'endpoint = "{folder}"')))

    assert "endpoint: expected" in fault

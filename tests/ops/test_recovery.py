"""A restored database and a Visma that has more: nothing is sent twice, nothing is lost, and the balance says so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from ops import cli, recovery, repairs
from ops.access import ALL_ROLES
from ops.embedded import Postgres
from ops.health import State, examining
from ops.recovery import Recovered
from ops.repairs import braking, recovering, transactions
from ops.repairs.acts import Refusal
from ops.simulator import Habits
from schemas.events import FetchDue, ImportDue
from schemas.money import kr
from schemas.setup import SubLedger
from schemas.voucher import LedgerState
from tests.servers import new_database
from tests.site import DAY, Site, first_life, hands_on, kid_of, paid
from workers import audit
from workers.accounting import connect
from workers.secrets import resolve
from workers.settings import settings
from workers.store import epoch
from workers.store import setup as setup_store

DUE = date(2026, 3, 1)
KARI = repairs.Person("kari", "after a restore", ALL_ROLES)


@pytest.fixture
def before(engine: Engine, owner: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site in its first life, with four cases."""
    with first_life(engine, owner, tmp_path, DUE) as made:
        yield made


@pytest.fixture
def after(before: Site, postgres: Postgres) -> Iterator[tuple[Site, bytes]]:
    """The site restored: delivered before the back-up is case 1, after it case 2 (approved before) and case 3.

    Gives the bytes of the bank file that came after the back-up, too.
    """
    before.come(paid(kid_of(1), kr(1000)))
    before.come(paid(kid_of(2), kr(2000), ref="0106100002"), but=("deliver",))
    name = before.engine.url.database or ""
    before.engine.dispose()
    with new_database(postgres, template=name) as url:
        lost = before.file(paid(kid_of(3), kr(3000), ref="0106100003"))
        before.drop(lost)
        before.drain()
        before.engine.dispose()
        restored = create_engine(url)
        made = replace(before, engine=restored, hands=hands_on(restored, before.folder, before.rung))
        assert epoch.look(restored, made.hands.settings.archive_folder) == 2
        made.drain()
        yield made, lost
        restored.dispose()


def recover(restored: Site, *, dry_run: bool = False) -> Recovered:
    with restored.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    with restored.engine.connect() as connection:
        return recovery.recover(connection, {"visma": connect(installation, resolve)}, KARI, dry_run=dry_run)[
            0
        ]


def sent(restored: Site) -> list[str]:
    return sorted(booked.reference for booked in restored.simulator.vouchers())


def states(restored: Site) -> list[tuple[object, ...]]:
    return restored.all("SELECT reference, state FROM voucher ORDER BY id")


def test_after_a_restore_nothing_is_sent_twice_and_nothing_is_lost(after: tuple[Site, bytes]) -> None:
    restored, lost = after
    assert sent(restored) == ["K1-1-1", "K1-1-2", "K1-1-3"]
    assert states(restored) == [("K1-1-1", "delivered"), ("K1-1-2", "approved")]

    looked = recover(restored, dry_run=True)
    assert (len(looked.steps), len(looked.open), looked.started) == (2, 1, True)
    assert states(restored) == [("K1-1-1", "delivered"), ("K1-1-2", "approved")]

    found = recover(restored)
    assert found == looked
    assert states(restored) == [("K1-1-1", "delivered"), ("K1-1-2", "delivered")]
    assert [(orphan.reference, orphan.total) for orphan in found.open] == [("K1-1-3", kr(3000))]
    assert restored.all("SELECT scope FROM brake") == []

    restored.drop(lost)
    restored.drain()
    restored.come(paid(kid_of(4), kr(4000), ref="0106100004", day=DAY + timedelta(days=1)))
    assert sent(restored) == ["K1-1-1", "K1-1-2", "K1-1-3", "K1-2-4"]
    assert states(restored)[2:] == [("K1-2-3", "approved"), ("K1-2-4", "delivered")]

    again = recover(restored)
    assert [step.says for step in again.steps] == ["is voucher 3, which is delivered"]
    assert (again.open, again.clashes, again.unknown) == ((), 0, ())
    assert states(restored)[2:] == [("K1-1-3", "delivered"), ("K1-2-4", "delivered")]
    restored.drain()
    restored.prove()
    assert len(sent(restored)) == 4
    assert recover(restored).steps == ()


def test_of_a_call_of_several_vouchers_only_what_may_be_a_double_is_held(after: tuple[Site, bytes]) -> None:
    restored, _ = after
    recover(restored)
    with restored.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    restored.set_up(replace(installation, vouchers_per_call=5))

    restored.come(
        paid(kid_of(3), kr(100), ref="0106100007"),
        paid(kid_of(4), kr(200), ref="0106100008", day=DAY + timedelta(days=1)),
        paid(kid_of(4), kr(3000), ref="0106100009", day=DAY + timedelta(days=2)),
    )
    restored.drain()

    held = "SELECT voucher_on, total, state FROM voucher WHERE id > 2 ORDER BY voucher_on"
    assert restored.all(held) == [
        (DAY, kr(100), "approved"),  # the orphan's date
        (DAY + timedelta(days=1), kr(200), "delivered"),
        (DAY + timedelta(days=2), kr(3000), "approved"),  # the orphan's sum
    ]


def test_the_doctor_names_orphans_and_a_restore_that_nobody_has_accounted_for(
    after: tuple[Site, bytes],
) -> None:
    restored, _ = after

    def said() -> tuple[State, str]:
        with restored.engine.connect() as connection:
            sign = examining.of_epoch(connection)
        return sign.state, sign.says

    assert said() == (State.BAD, "restored, and nothing is sent: kk2 visma recover")
    recover(restored)
    assert said()[1].startswith("1 voucher of ours in Visma that this database never made")
    with restored.engine.begin() as connection:
        recovering.apart(connection, "K1-1-3", person=KARI)
    assert said()[0] is State.WELL


def test_an_orphans_lines_that_visma_tells_of_are_known_as_ours(before: Site, postgres: Postgres) -> None:
    case_id = before.with_us(11, kr(1000), DUE)
    before.simulator.set_habits(Habits(tells_registrar=False, tells_reference=False))
    name = before.engine.url.database or ""
    before.engine.dispose()
    with new_database(postgres, template=name) as url:
        lost = before.file(paid(kid_of(11), kr(1000)))
        before.drop(lost)
        before.drain()
        before.engine.dispose()
        engine = create_engine(url)
        restored = replace(before, engine=engine, hands=hands_on(engine, before.folder, before.rung))
        epoch.look(engine, restored.hands.settings.archive_folder)
        restored.happen(FetchDue("100"))
        restored.drain()
        assert restored.one("SELECT count(*) FROM ledger_transaction") == (0,)

        recover(restored)
        with engine.begin() as connection:
            connection.execute(text("UPDATE work SET due_at = now() WHERE state = 'due'"))
        restored.drain()

        owed = "SELECT balance, state FROM kk2_case WHERE id = :id"
        assert restored.one("SELECT count(*) FROM ledger_transaction") == (1,)
        assert restored.one(owed, id=case_id) == (kr(1000), "open")
        restored.drop(lost)
        restored.drain()
        assert recover(restored).open == ()
        assert restored.one(owed, id=case_id) == (0, "closed_with_rest")
        restored.prove()
        engine.dispose()


def test_the_money_of_a_voucher_that_is_let_go_may_still_count_on_its_invoice(
    before: Site, postgres: Postgres
) -> None:
    case_id = before.with_us(11, kr(1000), DUE)
    name = before.engine.url.database or ""
    before.engine.dispose()
    with new_database(postgres, template=name) as url:
        before.come(paid(kid_of(11), kr(400)))
        before.engine.dispose()
        engine = create_engine(url)
        restored = replace(before, engine=engine, hands=hands_on(engine, before.folder, before.rung))
        epoch.look(engine, restored.hands.settings.archive_folder)
        (orphan,) = recover(restored).open
        restored.happen(FetchDue("100"))
        restored.drain()
        assert restored.all("SELECT id, state FROM ledger_transaction") == [(1, "ours")]
        with pytest.raises(Refusal, match="is ours"):
            restored.act(transactions.apply, 1, None)

        with engine.begin() as connection:
            step, _ = recovering.apart(connection, orphan.reference, person=KARI)
        restored.act(transactions.apply, 1, None)

        assert "kk2 transaction apply" in step.says
        assert restored.one("SELECT balance FROM kk2_case WHERE id = :id", id=case_id) == (kr(600),)
        engine.dispose()


def test_a_voucher_that_was_altered_in_visma_is_not_believed(after: tuple[Site, bytes]) -> None:
    restored, _ = after
    booked = next(each for each in restored.simulator.vouchers() if each.reference == "K1-1-2")
    restored.simulator.alter("100", booked.year, booked.number, {1: kr(1900), 2: -kr(1900)})

    found = recover(restored)

    assert found.clashes == 1
    assert [step.clash for step in found.steps] == [True, False]
    restored.drain()
    assert states(restored)[1] == ("K1-1-2", "in_doubt")
    assert restored.parked() == ["reference_clash"]
    assert recover(restored).clashes == 1


def test_an_orphan_that_is_deleted_in_visma_holds_nothing_back(after: tuple[Site, bytes]) -> None:
    restored, lost = after
    recover(restored)
    booked = next(each for each in restored.simulator.vouchers() if each.reference == "K1-1-3")
    restored.simulator.set_state("100", booked.year, booked.number, LedgerState.DELETED)

    found = recover(restored)

    assert (found.open, [step.says for step in found.steps]) == (
        (),
        ["is deleted in Visma and holds nothing back"],
    )
    restored.drop(lost)
    restored.drain()
    assert states(restored)[2] == ("K1-2-3", "delivered")
    restored.prove()


def test_a_person_says_which_voucher_is_the_one_in_visma(after: tuple[Site, bytes]) -> None:
    restored, lost = after
    recover(restored)
    restored.owe_more(3, kr(38))  # another split than in the lost life: the same money in one more line
    restored.drain()
    restored.drop(lost)
    restored.drain()

    with restored.engine.begin() as connection:
        with pytest.raises(Refusal, match="no voucher K1-1-9"):
            recovering.same(connection, 3, "K1-1-9", person=KARI)
        recovering.same(connection, 3, "K1-1-3", person=KARI)

    assert states(restored)[2] == ("K1-1-3", "delivered")
    assert len(sent(restored)) == 3
    restored.drain()


def test_a_voucher_of_another_sum_is_not_said_to_be_the_same(after: tuple[Site, bytes]) -> None:
    restored, _ = after
    recover(restored)
    restored.come(paid(kid_of(4), kr(4000), ref="0106100004"))  # the orphan's date: held
    assert states(restored)[2] == ("K1-2-3", "approved")

    with restored.engine.begin() as connection:
        with pytest.raises(Refusal, match="they are not the same"):
            recovering.same(connection, 3, "K1-1-3", person=KARI)
        recovering.apart(connection, "K1-1-3", person=KARI)
        connection.execute(text("UPDATE work SET due_at = now() WHERE state = 'due'"))

    restored.drain()
    assert states(restored)[2] == ("K1-2-3", "delivered")


def test_where_visma_cannot_list_delivery_stays_stopped_until_a_person_gives_a_reason(
    after: tuple[Site, bytes],
) -> None:
    restored, _ = after
    with restored.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    restored.set_up(replace(installation, lists=False))

    found = recover(restored)

    assert (found.started, len(found.unknown)) == (False, 1)
    assert restored.all("SELECT scope FROM brake") == [("*",)]
    with restored.engine.begin() as connection:
        with pytest.raises(Refusal, match="without kk2 visma recover needs a reason"):
            braking.start_delivery(connection, "*", person=repairs.Person("kari", "", ALL_ROLES))
        braking.start_delivery(connection, "*", person=KARI)
    assert restored.all("SELECT scope FROM brake") == []


def test_the_command_says_what_it_found_and_ends_by_it(
    after: tuple[Site, bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    restored, _ = after
    monkeypatch.setenv("KK2_DATABASE_URL", restored.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("KK2_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("KK2_FOLDER", str(restored.folder))
    monkeypatch.setenv("KK2_ACTOR", "kari")
    settings.cache_clear()

    assert cli.main(["visma", "recover", "--dry-run"]) == 1
    assert "delivery would go on" in capsys.readouterr().out
    assert cli.main(["visma", "recover"]) == 1
    said = capsys.readouterr().out
    assert "K1-1-2 (Visma's no. 100002) was approved here, is delivered" in said
    assert "K1-1-3 (Visma's no. 100003) is not known here: drop its bank file again" in said
    assert "delivery goes on" in said
    assert cli.main(["visma", "recover", "--apart", "K1-1-3", "--reason", "its file is gone"]) == 0
    assert cli.main(["visma", "recover", "--same", "x"]) == 2
    capsys.readouterr()
    assert cli.main(["visma", "recover"]) == 0
    assert capsys.readouterr().out == "each voucher that Visma has of us is accounted for\n"
    with restored.engine.connect() as connection:
        assert audit.verify(connection) is None


def test_a_restored_site_opens_no_case_before_it_is_recovered_and_gives_no_number_twice(
    before: Site, postgres: Postgres
) -> None:
    before.set_up_company(dunning_code="EWS")
    before.set_up_client(case_no_pattern="0221-########")
    before.set_up(SubLedger("KOM", "100", "10", "1510", "EGEN"))
    name = before.engine.url.database or ""
    before.engine.dispose()
    with new_database(postgres, template=name) as url:
        before.simulator.propose("100", "EWS", invoices=[an_invoice(41)])
        before.happen(ImportDue("100"))
        before.drain()
        lost = before.one("SELECT case_no, kid FROM kk2_case WHERE id > 4")
        before.engine.dispose()
        engine = create_engine(url)
        restored = replace(before, engine=engine, hands=hands_on(engine, before.folder, before.rung))
        epoch.look(engine, restored.hands.settings.archive_folder)
        restored.simulator.propose("100", "EWS", invoices=[an_invoice(51)])
        restored.happen(ImportDue("100"))
        restored.drain()
        assert restored.one("SELECT count(*) FROM kk2_case") == (4,)

        steps = recover(restored).steps

        assert [step.says for step in steps if "numbered from 10005" in step.says]
        with engine.begin() as connection:
            connection.execute(text("UPDATE work SET due_at = now() WHERE state = 'due'"))
        restored.drain()
        opened = restored.one("SELECT case_no, kid FROM kk2_case WHERE id > 4")
        assert opened[0] == "0221-00010005"
        assert lost[0] == "0221-00000005"
        assert opened[1] != lost[1]
        assert recover(restored).steps == ()
        engine.dispose()


def an_invoice(number: int) -> dict[str, object]:
    return {
        "invoice_no": str(number), "customer_no": str(number), "original": "1000.00", "due_on": "2026-01-31",
        "kid": kid_of(number), "sub_ledger_type": "10",
    }  # fmt: skip

"""How a work row ends: done once, tried again, halved until the one that is at fault stands alone, or a person's."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from ops import repairs
from pipeline.flow import stage_of
from schemas.events import FileLanded, FileSettled, RestDue
from schemas.money import kr
from tests.site import INSIDE_STAGES, Site, kid_of, paid, site
from workers.shell import NotYet, Stand, inside

DUE = date(2026, 1, 31)
CLAIMS = "SELECT coalesce(result, '') FROM claim ORDER BY at"
POISON = '["Ola Nordmann"]'  # an order of cover that no rule can read, with a name in it


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path) as made:
        yield made


def change(here: Site, sql: str, **values: object) -> None:
    with here.engine.begin() as connection:
        connection.execute(text(sql), values)


def settling(here: Site, payments: int) -> int:
    """A file of so many payments is read; gives the work row of its one slice."""
    for number in range(1, payments + 1):
        here.case(number, kr(1000), DUE)
    here.drop(here.file(*(paid(kid_of(n), kr(100)) for n in range(1, payments + 1))))
    here.drain(but=("settle",))
    return int(str(here.one("SELECT id FROM work WHERE stage = 'settle'")[0]))


def test_a_message_that_comes_again_does_nothing_and_counts_nothing(here: Site) -> None:
    work_id = settling(here, 2)
    here.work(work_id, "settle")

    here.work(work_id, "settle")

    assert here.one("SELECT count(*) FROM claim WHERE work_id = :id", id=work_id) == (1,)
    assert here.one("SELECT count(*), sum(amount) FROM split") == (2, kr(200))
    assert here.one("SELECT open_slices FROM bank_file") == (0,)


def test_a_message_for_a_row_that_another_worker_has_is_left_alone(here: Site) -> None:
    work_id = settling(here, 1)
    with here.engine.begin() as other:
        other.execute(text("SELECT FROM work WHERE id = :id FOR UPDATE"), {"id": work_id})
        here.work(work_id, "settle")

    assert here.one("SELECT count(*) FROM claim WHERE work_id = :id", id=work_id) == (0,)
    assert here.one("SELECT state FROM payment") == ("waiting",)


def test_messages_for_rows_of_other_stages_or_of_none_do_nothing(here: Site) -> None:
    work_id = settling(here, 1)

    here.work(work_id, "approve")
    here.work(work_id, "deliver")
    here.work(999_999, "settle")

    assert here.one("SELECT state FROM work WHERE id = :id", id=work_id) == ("due",)
    assert here.one("SELECT count(*) FROM claim WHERE work_id = :id", id=work_id) == (0,)


def test_workers_at_once_settle_a_slice_once(here: Site) -> None:
    work_id = settling(here, 3)
    start = threading.Barrier(4)

    def one_worker() -> None:
        start.wait()
        here.work(work_id, "settle")

    workers = [threading.Thread(target=one_worker) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert here.one("SELECT count(*), sum(amount) FROM split") == (3, kr(300))
    assert here.one("SELECT count(*) FROM journal WHERE event = 'FileSettled'") == (1,)


def test_two_claims_without_a_result_halve_the_slice(here: Site) -> None:
    work_id = settling(here, 4)
    change(here, "INSERT INTO claim (work_id) SELECT :id FROM generate_series(1, 2)", id=work_id)

    here.work(work_id, "settle")

    assert here.one("SELECT state FROM work WHERE id = :id", id=work_id) == ("halved",)
    assert here.all(
        "SELECT w.part, w.event_id = h.event_id, w.body->>'first', w.body->>'until' FROM work w JOIN work h ON h.id = :id "
        "WHERE w.stage = 'settle' AND w.state = 'due' ORDER BY w.part",
        id=work_id,
    ) == [("a", True, "0", "2"), ("b", True, "2", "4")]
    assert here.one("SELECT open_slices FROM bank_file") == (2,)
    here.drain()
    assert here.one("SELECT count(*) FROM journal WHERE event = 'FileSettled'") == (1,)
    here.prove()


def test_claims_before_the_database_was_started_are_no_crash_of_ours(here: Site) -> None:
    work_id = settling(here, 4)
    change(
        here,
        "INSERT INTO claim (work_id, at) SELECT :id, pg_postmaster_start_time() - interval '1 s' FROM generate_series(1, 5)",
        id=work_id,
    )

    here.work(work_id, "settle")

    assert here.one("SELECT state FROM work WHERE id = :id", id=work_id) == ("done",)


def test_a_payment_that_no_rule_can_read_stands_alone_and_its_neighbours_go_on(here: Site) -> None:
    settling(here, 4)
    change(here, "UPDATE payment SET cover_choice = CAST(:poison AS jsonb) WHERE position = 2", poison=POISON)

    here.drain()

    assert here.all("SELECT state FROM payment ORDER BY position") == [
        ("settled",),
        ("settled",),
        ("waiting",),
        ("settled",),
    ]
    assert here.all("SELECT DISTINCT state FROM voucher") == [("delivered",)]
    (stands,) = here.all(
        "SELECT reason, part, body->>'first', body->>'until', note FROM work WHERE state = 'parked'"
    )
    assert stands[:4] == ("bug", "ba", "2", "3")
    note = str(stands[4])
    assert note.startswith("ValueError\n")
    assert "workers/shell/settling.py" in note
    assert "Ola" not in note
    assert here.one("SELECT count(*) FROM claim c JOIN work w ON w.id = c.work_id WHERE w.part = 'ba'") == (
        5,
    )
    here.prove()


def test_after_the_fault_is_mended_a_person_has_it_tried_again(here: Site) -> None:
    settling(here, 4)
    change(here, "UPDATE payment SET cover_choice = CAST(:poison AS jsonb) WHERE position = 2", poison=POISON)
    here.drain()
    change(here, "UPDATE payment SET cover_choice = NULL")

    here.act(repairs.try_again, here.one("SELECT id FROM work WHERE state = 'parked'")[0])

    assert here.all("SELECT DISTINCT state FROM payment") == [("settled",)]
    assert here.one("SELECT sum(total) FROM voucher") == (kr(400),)
    assert here.parked() == []
    here.prove()


def test_ten_deaths_over_one_payment_park_it(here: Site) -> None:
    work_id = settling(here, 1)
    change(here, "INSERT INTO claim (work_id) SELECT :id FROM generate_series(1, 10)", id=work_id)

    here.work(work_id, "settle")

    assert here.one("SELECT state, reason, note FROM work WHERE id = :id", id=work_id) == (
        "parked",
        "bug",
        "the worker died 10 times over this",
    )
    assert here.one("SELECT open_slices FROM bank_file") == (0,)
    here.prove()


def test_a_database_that_takes_nothing_for_long_is_no_death_of_ours(here: Site, owner: Engine) -> None:
    """What is said over a full disk is lost as well: how an attempt ended may not be told for an hour."""
    work_id = settling(here, 1)
    with owner.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$"
            )
        )
        connection.execute(
            text("CREATE TRIGGER full_disk BEFORE UPDATE ON work FOR EACH ROW EXECUTE FUNCTION full_disk()")
        )
    for _ in range(12):
        with pytest.raises(OperationalError, match="No space left"):
            here.work(work_id, "settle")
    with owner.begin() as connection:
        connection.execute(text("DROP FUNCTION full_disk CASCADE"))

    here.drain()

    assert here.all("SELECT state FROM work WHERE stage = 'settle'") == [("done",)]
    assert here.parked() == []
    here.prove()


def lost_original(here: Site) -> tuple[int, Path, bytes]:
    """A file lands and its original is gone from the archive: the disk does not answer."""
    here.drop(here.file(paid(kid_of(1), kr(100))))
    (work_id, _), *_ = here.due()
    (original,) = (
        p for p in here.hands.settings.archive_folder.rglob("*") if p.is_file() and len(p.stem) >= 60
    )
    content = original.read_bytes()
    original.parent.chmod(0o755)
    original.unlink()
    return work_id, original, content


def test_trouble_is_tried_again_with_pauses_that_grow(here: Site) -> None:
    work_id, _, _ = lost_original(here)
    pauses = []
    for _ in range(4):
        change(here, "UPDATE work SET due_at = now()")
        here.work(work_id, "read")
        pauses.append(float(str(here.one("SELECT extract(epoch FROM due_at - now()) FROM work")[0])))

    assert here.all("SELECT DISTINCT result FROM claim") == [("trouble",)]
    retry = stage_of("read").retry
    for number, pause in enumerate(pauses, 1):
        assert retry.pause(number, 0.0) - 0.5 < pause <= retry.pause(number, 1.0)
    assert here.one("SELECT state, rung_at FROM work") == ("due", None)


def test_trouble_that_lasts_longer_than_the_stage_s_patience_is_a_person_s(here: Site) -> None:
    work_id, original, content = lost_original(here)
    here.work(work_id, "read")
    change(here, "UPDATE work SET due_at = now(), troubled_since = now() - interval '25 hours'")

    here.work(work_id, "read")

    assert here.one("SELECT state, reason FROM work") == ("parked", "gave_up")
    assert "25 hours" in str(here.one("SELECT note FROM work")[0])
    original.write_bytes(content)
    here.case(1, kr(1000), DUE)
    here.act(repairs.try_again, work_id)
    assert here.one("SELECT state FROM payment") == ("settled",)
    here.prove()


def rest_due(here: Site) -> int:
    here.happen(RestDue("100"))
    return here.due()[0][0]


def test_a_stage_cannot_send_what_the_page_does_not_allow(here: Site) -> None:
    work_id = rest_due(here)

    def sends_other(stand: Stand) -> None:
        stand.send([FileSettled(1)])

    inside(work_id, "propose", here.hands, sends_other)

    assert here.all("SELECT event FROM journal") == [("RestDue",)]
    assert here.all(CLAIMS) == [("bug",)]
    assert here.one("SELECT state FROM work") == ("due",)


def test_what_must_wait_for_other_work_is_due_again_and_counts_as_nothing(here: Site) -> None:
    work_id = rest_due(here)
    change(here, "UPDATE work SET troubled_since = now() - interval '1 hour'")

    def waits(_: Stand) -> None:
        raise NotYet(20.0, "something of ours")

    for _ in range(12):
        change(here, "UPDATE work SET due_at = now()")
        inside(work_id, "propose", here.hands, waits)

    assert here.all("SELECT DISTINCT result FROM claim") == [("waits",)]
    assert here.one(
        "SELECT state, due_at > now() + interval '10 s', troubled_since < now() - interval '59 minutes' FROM work"
    ) == ("due", True, True)


def test_what_a_stage_wrote_goes_with_its_bug(here: Site) -> None:
    work_id = rest_due(here)

    def writes_and_fails(stand: Stand) -> None:
        stand.connection.execute(text("INSERT INTO company_day VALUES ('100', '2026-01-01', 7)"))
        raise LookupError("no such thing")

    inside(work_id, "propose", here.hands, writes_and_fails)

    assert here.all("SELECT * FROM company_day") == []
    assert here.all(CLAIMS) == [("bug",)]


def test_after_a_commit_all_that_was_sent_is_rung(here: Site) -> None:
    work_id = settling(here, 1)
    here.rung.clear()

    here.work(work_id, "settle")

    assert [(ring.stage, ring.label) for ring in here.rung] == [("propose", "file 1")]


def test_a_broker_that_is_down_fails_no_stage(here: Site) -> None:
    work_id = settling(here, 1)

    def no_broker(_: object) -> None:
        raise OSError("no broker")

    here.hands.ringer.bell = no_broker

    here.work(work_id, "settle")

    assert here.one("SELECT state FROM work WHERE id = :id", id=work_id) == ("done",)
    assert here.one("SELECT state FROM work WHERE stage = 'propose'") == ("due",)


def test_the_stages_of_the_tests_are_those_of_the_page() -> None:
    assert {stage for stage in INSIDE_STAGES if stage_of(stage).shell == "inside"} == set(INSIDE_STAGES)
    assert FileLanded in stage_of("read").wakes_on

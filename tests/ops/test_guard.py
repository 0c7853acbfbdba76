"""The guard: each condition is raised once, told once to each receiver, and once when it is over; the money is checked by the clock."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, text

from ops.access import ALL_ROLES
from ops.guard import Guard
from ops.guard.proving import prove
from ops.guard.telling import receivers
from ops.guard.wording import Told, message
from ops.health.conditions import Condition
from ops.health.examining import examine
from ops.queries import alarms, schedules, today
from ops.repairs import Person, Refusal, run_now, skip_next
from ops.repairs.alarms import acknowledge
from pipeline.bankdays import is_bank_day
from schemas.schedule import OSLO
from tests.ops import ledger
from tests.ops.acting import Kk2
from tests.ops.ledger import Standing
from workers.accounting import connect
from workers.clock import BALANCE
from workers.settings import Settings
from workers.store import epoch
from workers.store import schedules as schedule_store

KARI = Person("kari", "Visma is upgraded", ALL_ROLES)


class Post(ThreadingHTTPServer):
    """Somebody who is told: takes what is posted, or answers that it can't."""

    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        self.taken: list[tuple[str, str]] = []
        self.asked = 0
        self.well = True
        super().__init__(("127.0.0.1", port), _Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://guard:geheim@127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: Post

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        if self.server.well:
            self.server.taken.append((told["title"], told["message"]))
        self.send_response(200 if self.server.well else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(autouse=True)
def not_restored(engine: Engine) -> None:
    """The copy that a test has counts as the database that its vouchers' references began in."""
    with engine.begin() as connection:
        epoch.rise(connection, 1)


@pytest.fixture
def stands(engine: Engine) -> Standing:
    return ledger.standing(engine)


def site_of(engine: Engine, folder: Path, *urls: str, **other: object) -> Settings:
    given: dict[str, object] = {
        "database_url": SecretStr(engine.url.render_as_string(hide_password=False)),
        "broker_url": SecretStr("redis://127.0.0.1:1/0"),
        "folder": folder,
        "alarm_urls": SecretStr("\n".join(urls)),
        "alarm_calm": 0.0,
        "alarm_retry": 0.001,
        "schedule_balance": "never",
        "console_url": "https://kk2.example.no/",
    }
    return Settings(**(given | other))  # type: ignore[arg-type]


def guard_of(engine: Engine, site: Settings, *, broker: bool = True) -> Guard:
    return Guard(engine, site, receivers(site), lambda: broker, dict)


def silent(engine: Engine, name: str, seconds: int) -> None:
    """A process whose last sign of life is so old; 0 for one that is alive."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO heartbeat (name, at) VALUES (:name, now() - make_interval(secs => :ago)) "
                "ON CONFLICT (name) DO UPDATE SET at = excluded.at"
            ),
            {"name": name, "ago": seconds},
        )


def standing(engine: Engine) -> set[tuple[str, str]]:
    with engine.connect() as connection:
        return {(row.condition, row.subject) for row in alarms.standing(connection)}


RELAY = ("process_silent", "relay")

# --- told once ---


def test_an_alarm_is_told_once_when_it_begins_and_once_when_it_is_over(
    engine: Engine, tmp_path: Path, post: Post
) -> None:
    silent(engine, "relay", 400)
    guard = guard_of(engine, site_of(engine, tmp_path, post.url))
    for _ in range(3):
        guard.round()

    [(title, body)] = post.taken
    assert title == "KK2–Visma: prosess uten livstegn (videreformidler)"
    assert "siste livstegn var for 7 minutter siden" in body
    assert "https://kk2.example.no/alarms/1" in body
    assert "kk2 doctor" in body
    assert standing(engine) == {RELAY}

    guard_of(engine, site_of(engine, tmp_path, post.url)).round()  # started again
    assert len(post.taken) == 1

    silent(engine, "relay", 0)
    for _ in range(3):
        guard.round()
    assert [title for title, _ in post.taken[1:]] == [
        "KK2–Visma: over: prosess uten livstegn (videreformidler)"
    ]
    assert standing(engine) == set()

    silent(engine, "relay", 400)  # the same again is another
    guard.round()
    assert len(post.taken) == 3


def test_what_comes_and_goes_is_one_alarm(engine: Engine, tmp_path: Path, post: Post) -> None:
    guard = guard_of(engine, site_of(engine, tmp_path, post.url, alarm_calm=300.0))
    for ago in (400, 0, 400, 0, 400):
        silent(engine, "relay", ago)
        guard.round()

    assert len(post.taken) == 1


def test_of_two_guards_at_once_one_tells(engine: Engine, tmp_path: Path, post: Post) -> None:
    for name in ("relay", "beat", "watch"):
        silent(engine, name, 4_000)
    site = site_of(engine, tmp_path, post.url)
    for ago in (4_000, 0):
        for name in ("relay", "beat", "watch"):
            silent(engine, name, ago)
        start = threading.Barrier(2)

        def rounds(start: threading.Barrier = start) -> None:
            guard = guard_of(engine, site.model_copy(update={"alarm_retry": 30.0}))
            start.wait()
            for _ in range(4):
                guard.round()

        both = [threading.Thread(target=rounds) for _ in range(2)]
        for each in both:
            each.start()
        for each in both:
            each.join()

    said = [line for _, body in post.taken for line in body.splitlines() if "prosess uten livstegn" in line]
    assert sorted(said) == sorted(
        f"{over}prosess uten livstegn ({name})"
        for name in ("videreformidler", "klokke", "mappevakt")
        for over in ("", "over: ")
    )


def test_a_receiver_that_is_down_is_told_when_it_is_up_and_the_other_only_once(
    engine: Engine, tmp_path: Path, post: Post, kk2: Kk2
) -> None:
    other = Post()
    post.well = False
    site = site_of(engine, tmp_path, post.url, other.url)
    silent(engine, "relay", 400)
    for _ in range(3):
        guard_of(engine, site).round()

    assert (post.asked, other.asked) == (3, 1)
    with engine.connect() as connection:
        [untold] = alarms.untold(connection)
    assert (untold.receiver, untold.number, untold.fault) == ("1 json", 1, "the receiver did not take it")
    status, out, err = kk2("alarm", "show", "1")
    assert (status, "1 json" in out, "2 json" in out) == (0, True, True)
    assert "kk2: receiver 1 json has not been told of 1" in kk2("alarm", "list")[2]
    assert "geheim" not in out + err
    signs = {sign.name: sign.says for sign in examine(site, engine, connect)}
    assert signs["receiver 1 json"].startswith("not told of 1 message, ")

    post.well = True
    guard_of(engine, site).round()
    assert (len(post.taken), len(other.taken)) == (1, 1)
    with engine.connect() as connection:
        assert alarms.untold(connection) == ()
    other.shutdown()
    other.server_close()


def test_the_pause_before_the_next_try_doubles_up_to_an_hour(
    engine: Engine, tmp_path: Path, post: Post
) -> None:
    post.well = False
    site = site_of(engine, tmp_path, post.url, "nowhere://x", alarm_retry=30.0)
    silent(engine, "relay", 400)
    pauses = []
    for _ in range(9):
        guard_of(engine, site).round()
        with engine.begin() as connection:
            pauses.append(
                connection.execute(
                    text(
                        "SELECT round(extract(epoch FROM next_at - clock_timestamp()) / 10)::int * 10 FROM alarm_message "
                        "WHERE receiver = '1 json'"
                    )
                ).scalar_one()
            )
            connection.execute(text("UPDATE alarm_message SET next_at = now()"))

    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    with engine.connect() as connection:
        told = {each.receiver: each.fault for each in alarms.untold(connection)}
    assert told["2 nowhere"] == "its address is none that Apprise knows"


def test_a_database_that_does_not_answer_is_told_of_without_it(
    engine: Engine, tmp_path: Path, post: Post
) -> None:
    site = site_of(engine, tmp_path, post.url)
    gone = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    now = [0.0]
    guard = Guard(gone, site, receivers(site), lambda: True, dict, clock=lambda: now[0])
    guard.round()
    assert not post.taken  # it may be starting
    for seconds in (61.0, 120.0):
        now[0] = seconds
        guard.round()
    assert [title for title, _ in post.taken] == ["KK2–Visma: databasen svarer ikke"]

    guard.engine = engine
    guard.round()
    guard.round()
    assert [title for title, _ in post.taken[1:]] == ["KK2–Visma: databasen svarer igjen"]


# --- what is told ---


def test_each_condition_is_seen_in_what_stands_in_the_database(
    engine: Engine, tmp_path: Path, stands: Standing
) -> None:
    hour = datetime.now(UTC) - timedelta(hours=2)
    silent(engine, "beat", 4_000)
    with engine.begin() as connection:
        there = ledger.Ledger(connection)
        there.voucher(stands.proposed, state="in_doubt")
        rung = there.work("settle", "FileLanded", {"file_id": 1}, state="due")
        tried = there.work("fetch", "FileLanded", {"file_id": 1}, state="due")
        for sql in (
            "UPDATE voucher SET approved_at = now() - interval '16 min' WHERE state = 'in_doubt'",
            "UPDATE voucher SET state = 'refused', voucher_no = NULL WHERE state = 'delivered'",
            f"UPDATE work SET due_at = now() - interval '2 hours', rung_at = now() WHERE id = {rung}",
            f"UPDATE work SET due_at = now() - interval '2 hours', troubled_since = now() - interval '20 min' WHERE id = {tried}",
            "INSERT INTO epoch (number, database) VALUES (3, 'another')",
            "UPDATE tally SET day = day - 30 WHERE of = 'parked'",
            "UPDATE tally SET amount = amount + 1 WHERE of = 'payment'",
            "INSERT INTO proof (taken_at, result, broken, unknown, payments, amount, note) "
            "VALUES (now(), 'unknown', '{}', 1, 0, 0, 'OperationalError')",
            "INSERT INTO control_run (company, begun_at, ended_at, vouchers, sums, invoices, differences, stopped, unknown) "
            "VALUES ('100', now() - interval '3 days', now() - interval '3 days', 0, 0, 0, 0, '{}', '{}')",
            "INSERT INTO invoice (company, invoice_no, customer_no, came_at, state, case_id, number_state) "
            "SELECT '100', '1', '1', now() - interval '2 days', 'opened', min(id), 'waiting' FROM kk2_case",
        ):
            connection.execute(text(sql))
        schedule_store.keep(connection, {"rest 100": "every 3600 s"}, hour)
    guard_of(engine, site_of(engine, tmp_path), broker=False).round()

    found = standing(engine)
    assert {condition for condition, _ in found} == set(Condition) - {Condition.FILE_MISSING}
    assert {
        ("queue_stands", "payments"),
        ("work_waits", "delivery"),
        ("no_answer_for_long", "fetch"),
    } <= found
    assert ("money_differs", "sums") in found


def test_a_missing_file_is_an_alarm_of_its_account_until_one_comes(
    engine: Engine, owner: Engine, tmp_path: Path, stands: Standing
) -> None:
    with owner.begin() as connection:
        now = today.now_here(connection)
        days = [now.date() - timedelta(days=n) for n in range(30)]
        before = [day for day in days if is_bank_day(day)][1:11]
        connection.execute(text("DELETE FROM bank_file WHERE id <> :stands"), {"stands": stands.file})
        connection.execute(text("UPDATE bank_file SET landed_at = now() - interval '90 days'"))
        for day in before:
            a_file(connection, datetime.combine(day, time(8, 0), OSLO))
    guard = guard_of(engine, site_of(engine, tmp_path, files_by=time(0, 0)))
    guard.round()
    assert ("file_missing", ledger.ACCOUNT) in standing(engine)

    with engine.begin() as connection:
        a_file(connection, now)
    guard.round()
    assert ("file_missing", ledger.ACCOUNT) not in standing(engine)


def a_file(connection: Connection, landed: datetime) -> None:
    """A bank file with the ledger's account came at a moment."""
    connection.execute(
        text(
            "INSERT INTO bank_file (sha256, name, size, state, landed_at, assignments) VALUES (md5(random()::text) || "
            "md5(random()::text), 'TBOC', 1, 'read', :at, jsonb_build_array(jsonb_build_object('account', CAST(:account AS text))))"
        ),
        {"at": landed, "account": ledger.ACCOUNT},
    )


def test_a_message_of_many_alarms_names_the_first_and_counts_the_others() -> None:
    now = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
    told = [
        Told(n, False, "file_missing", f"9999111{n:04d}", "no bank file on 2026-03-02 by 12:00, where one comes each bank day", now, None)
        for n in range(1, 31)
    ]  # fmt: skip

    title, body = message(told, "en", "")

    assert title == "KK2–Visma: 30 alarms begin or end"
    assert body.count("file missing (") == 20
    assert "and more: 10." in body
    assert "2 Mar 2026 12:00" in body


def test_every_condition_says_in_both_languages_what_it_is_and_where_to_look() -> None:
    now = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
    for condition in Condition:
        english, bokmaal = (
            message([Told(1, False, condition, "", "", now, None)], language, "https://x")
            for language in ("en", "nb")
        )
        assert condition.replace("_", " ") in english[0]
        assert english[0] != bokmaal[0], condition
        assert "\nkk2 " in english[1]


# --- acknowledged ---


def test_an_alarm_is_acknowledged_once_by_name_and_with_a_reason(
    engine: Engine, tmp_path: Path, kk2: Kk2
) -> None:
    silent(engine, "relay", 400)
    guard_of(engine, site_of(engine, tmp_path)).round()

    assert kk2("alarm", "acknowledge", "1")[0] == 1
    assert kk2("alarm", "acknowledge", "1", "--reason", "started again")[:2] == (
        0,
        "alarm 1 is acknowledged\n",
    )
    with (
        pytest.raises(Refusal, match="is acknowledged already; last: acknowledge by kari"),
        engine.begin() as connection,
    ):
        acknowledge(connection, 1, person=KARI)
    row = json.loads(kk2("alarm", "list", "--json")[1])
    assert (row["seen_by"], row["seen_why"]) == ("kari", "started again")

    silent(engine, "relay", 0)
    guard_of(engine, site_of(engine, tmp_path)).round()
    assert json.loads(kk2("alarm", "list", "--all", "--json")[1])["ended_at"]
    assert "(none)" in kk2("alarm", "list")[1]


# --- the money check by the clock ---


def a_night(engine: Engine) -> None:
    """The schedule of the money check has been there since yesterday: a slot is due."""
    with engine.begin() as connection:
        schedule_store.keep(connection, {BALANCE: "04:30"}, datetime.now(UTC) - timedelta(days=2))


def test_the_money_is_checked_once_a_slot_and_the_pages_say_when(
    engine: Engine, tmp_path: Path, stands: Standing
) -> None:
    a_night(engine)
    site = site_of(engine, tmp_path, schedule_balance="04:30")
    start = threading.Barrier(2)
    made: list[bool] = []

    def one() -> None:
        start.wait()
        made.append(prove(engine, dict, site))

    both = [threading.Thread(target=one) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert sorted(made) == [False, True]
    assert not prove(engine, dict, site)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM proof WHERE slot IS NOT NULL")).scalar_one() == 1
        proof = today.meter(connection).proof
        [row] = schedules.listed(connection)
        [run] = schedules.shown(connection, BALANCE)
    assert proof is not None
    assert (proof.result, proof.note) == ("unknown", "")  # no Visma was there to be asked
    assert (row.name, row.late) == (BALANCE, False)
    assert (run.by, run.result, run.why, run.seconds is not None) == ("guard", "done", "unknown", True)


def test_a_new_site_checks_its_money_soon_after_its_start_and_then_in_the_night(
    engine: Engine, tmp_path: Path, stands: Standing
) -> None:
    other_time = f"{(datetime.now(OSLO) + timedelta(hours=12)):%H:%M}"
    site = site_of(engine, tmp_path, schedule_balance=other_time)
    with engine.begin() as connection:
        schedule_store.keep(connection, {BALANCE: other_time}, datetime.now(UTC) - timedelta(minutes=2))

    assert prove(engine, dict, site)
    assert not prove(engine, dict, site)
    with engine.connect() as connection:
        [row] = schedules.listed(connection)
        assert today.meter(connection).proof is not None
    assert row.next is not None
    assert (row.late, f"{row.next.astimezone(OSLO):%H:%M}") == (False, other_time)


def test_a_check_that_cannot_be_made_takes_its_slot_is_unknown_and_an_alarm(
    engine: Engine, tmp_path: Path, stands: Standing
) -> None:
    a_night(engine)
    site = site_of(engine, tmp_path, schedule_balance="04:30")
    hurried = create_engine(engine.url, connect_args={"options": "-c lock_timeout=200ms"})
    with engine.begin() as connection:
        connection.execute(text("LOCK TABLE payment IN ACCESS EXCLUSIVE MODE"))
        assert prove(hurried, dict, site)
    hurried.dispose()

    guard_of(engine, site_of(engine, tmp_path)).round()
    with engine.connect() as connection:
        [alarm] = [row for row in alarms.standing(connection) if row.condition == Condition.MONEY_UNPROVEN]
    assert alarm.says == "the money check could not be made: OperationalError"
    assert not prove(engine, dict, site)


def test_a_person_skips_a_check_and_runs_one_by_another_command(engine: Engine, tmp_path: Path) -> None:
    site = site_of(engine, tmp_path, schedule_balance="04:30")
    assert not prove(engine, dict, site)  # the schedule begins now
    with engine.begin() as connection:
        assert skip_next(connection, BALANCE, "", person=KARI).sentence.startswith(
            "schedule balance skips 20"
        )
    for kind, company, says in (
        (BALANCE, "", "kk2 balance"),
        (BALANCE, "100", "name no company"),
        ("rest", "", "name one"),
    ):
        with pytest.raises(Refusal, match=says), engine.begin() as connection:
            run_now(connection, kind, company, person=KARI)

"""Health is judged by what has moved, and the doctor finds each thing that is not as it must be."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis import Redis
from sqlalchemy import Engine, create_engine, text

from ops.embedded import Broker
from ops.health import Sign, State, health, progress, pulses
from ops.health.examining import examine, worst
from schemas.money import kr
from schemas.setup import Installation
from schemas.transfer import CompanyFacts, Exchange, InstallationFacts
from tests.ops.ledger import INSTALLATION, Ledger, Room, Standing
from workers import audit
from workers.accounting import Accounting, CannotTell, Trouble, connect
from workers.settings import Settings
from workers.store import epoch
from workers.store import setup as setup_store

# --- pulse ---


def beats(here: Room, name: str, seconds_ago: int) -> None:
    here.connection.execute(
        text(
            "INSERT INTO heartbeat (name, at, note) VALUES (:name, now() - make_interval(secs => :ago), 'swept')"
        ),
        {"name": name, "ago": seconds_ago},
    )


def test_a_process_that_never_gave_a_sign_is_unknown_and_not_well(here: Room) -> None:
    assert {p.name: p.state for p in pulses(here.connection)} == {
        "relay": State.UNKNOWN,
        "beat": State.UNKNOWN,
        "watch": State.UNKNOWN,
        "guard": State.UNKNOWN,
    }
    assert health(here.connection).state is State.UNKNOWN


def test_a_process_is_late_when_its_rounds_are(here: Room) -> None:
    beats(here, "relay", 61)
    beats(here, "beat", 61)
    beats(here, "watch", 1)
    beats(here, "guard", 181)

    assert {p.name: p.state for p in pulses(here.connection)} == {
        "relay": State.BAD,
        "beat": State.WELL,
        "watch": State.WELL,
        "guard": State.BAD,
    }
    assert health(here.connection).state is State.BAD


def due(here: Room, stage: str, seconds: int, *, rung: bool = True) -> int:
    row = Ledger(here.connection).work(stage, "FileLanded", {"file_id": 1}, state="due")
    here.connection.execute(
        text(
            "UPDATE work SET due_at = now() - make_interval(secs => :ago), rung_at = CASE WHEN :rung THEN now() END "
            "WHERE id = :id"
        ),
        {"ago": seconds, "rung": rung, "id": row},
    )
    return row


def queue(here: Room, name: str) -> State:
    return next(q.state for q in progress(here.connection, idle=60) if q.queue == name)


def test_a_queue_where_rung_work_waits_and_nothing_moves_is_stuck(here: Room) -> None:
    due(here, "settle", 90)

    assert queue(here, "payments") is State.BAD
    assert queue(here, "files") is State.WELL


def test_a_queue_that_is_behind_and_moves_is_well(here: Room) -> None:
    due(here, "settle", 900)
    other = due(here, "resettle", 1)
    here.connection.execute(text("INSERT INTO claim (work_id) VALUES (:id)"), {"id": other})

    assert queue(here, "payments") is State.WELL


def test_work_that_nobody_was_told_of_is_the_relays_and_not_the_workers(here: Room) -> None:
    due(here, "settle", 900, rung=False)

    assert queue(here, "payments") is State.WELL


def test_a_doubt_that_lasts_is_bad(here: Room, stands: Standing) -> None:
    voucher = Ledger(here.connection).voucher(stands.proposed, state="in_doubt")
    assert health(here.connection).doubt.state is State.WELL

    here.connection.execute(
        text("UPDATE voucher SET approved_at = now() - interval '16 min' WHERE id = :id"), {"id": voucher}
    )

    doubt = health(here.connection).doubt
    assert (doubt.state, doubt.vouchers, doubt.total) == (State.BAD, 1, kr(650))


def test_a_file_that_lies_unread_is_no_alarm_before_days_have_passed(here: Room, stands: Standing) -> None:
    voucher = Ledger(here.connection).voucher(stands.proposed, state="in_doubt")

    def after(days: int) -> State:
        here.connection.execute(
            text(
                "UPDATE voucher SET code = 'Unread', approved_at = now() - make_interval(days => :days) WHERE id = :id"
            ),
            {"id": voucher, "days": days},
        )
        return health(here.connection).doubt.state

    assert (after(3), after(5)) == (State.WELL, State.BAD)


def test_what_people_parked_or_stopped_is_shown_and_makes_nothing_bad(here: Room, stands: Standing) -> None:
    for name in ("relay", "beat", "watch", "guard"):
        beats(here, name, 1)
    here.connection.execute(
        text("INSERT INTO brake (scope, actor, reason) VALUES ('*', 'kari', 'avstemming')")
    )

    found = health(here.connection)

    assert found.state is State.WELL
    assert [(b.scope, b.actor) for b in found.brakes] == [("*", "kari")]
    assert found.last_file is not None


# --- the doctor ---


class Saying:
    """A Visma of which only what it says of itself is asked."""

    def __init__(self, says: InstallationFacts | Exception) -> None:
        self.says = says

    def installation(self) -> InstallationFacts:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


COMPANY = CompanyFacts(
    code="100",
    name="Storvik kommune",
    clients=frozenset({"KOM"}),
    voucher_types=frozenset({"KK"}),
    registrars=frozenset({"WS-Inf"}),
    accounts=frozenset({"1920", "8050", "3930", "3940", "2990", "2980"}),
    sub_ledger_types=frozenset({"K"}),
    open_periods=frozenset({(2026, 3)}),
    dunning_routines=(),
)
VISMA = InstallationFacts("1", (COMPANY,), frozenset())


def reached(
    says: InstallationFacts | Exception,
) -> Callable[[Installation, Callable[[str], str]], Accounting]:
    return lambda installation, secret: Saying(says)  # type: ignore[return-value]


def a_site(folder: Path, engine: Engine, broker: str) -> Settings:
    database = engine.url.render_as_string(hide_password=False)
    return Settings(database_url=SecretStr(database), broker_url=SecretStr(broker), folder=folder)


def looked(
    written: tuple[Engine, Standing], folder: Path, broker: str, says: InstallationFacts | Exception = VISMA
) -> dict[str, Sign]:
    return {
        sign.name: sign for sign in examine(a_site(folder, written[0], broker), written[0], reached(says))
    }


def test_a_site_that_is_well_is_found_well(
    written: tuple[Engine, Standing], tmp_path: Path, broker_url: str
) -> None:
    with written[0].begin() as connection:  # a test's database is a copy, and would say so
        epoch.rise(connection, 1)

    signs = looked(written, tmp_path, broker_url)

    not_started = {"relay", "beat", "watch", "guard", "control 100"}
    unsafe = {"broker appendonly", "broker maxmemory-policy"}  # the tests' broker may lose everything
    assert {
        s.name: s.says
        for s in signs.values()
        if s.state is not State.WELL and s.name not in not_started | unsafe
    } == {}
    assert {
        "database",
        "migrations",
        "epoch",
        "setup",
        "audit",
        "Visma main",
        "company 100",
        "inbox",
    } <= signs.keys()
    assert worst(tuple(signs.values())) is not State.WELL


def test_a_broker_that_may_lose_its_queues_is_named(
    written: tuple[Engine, Standing], tmp_path: Path, broker: Broker, broker_url: str
) -> None:
    with Redis.from_url(broker.admin_url) as redis:
        before = redis.config_get("maxmemory-policy")["maxmemory-policy"]
        redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            sign = looked(written, tmp_path, broker_url)["broker maxmemory-policy"]
        finally:
            redis.config_set("maxmemory-policy", before)

    assert (sign.state, "must be noeviction" in sign.says) == (State.BAD, True)


def test_a_broker_that_is_down_stops_nothing_else(written: tuple[Engine, Standing], tmp_path: Path) -> None:
    signs = looked(written, tmp_path, "redis://127.0.0.1:1/0")

    assert signs["broker"].state is State.BAD
    assert signs["database"].state is State.WELL


def test_a_database_that_is_down_is_said(tmp_path: Path, broker_url: str) -> None:
    engine = create_engine("postgresql+psycopg://kk2:kk2@127.0.0.1:1/kk2")
    signs = {s.name: s for s in examine(a_site(tmp_path, engine, broker_url), engine, reached(VISMA))}

    assert signs["database"].state is State.BAD


def test_a_database_that_is_not_migrated_is_said(database_url: str, tmp_path: Path, broker_url: str) -> None:
    engine = create_engine(database_url)
    signs = {s.name: s for s in examine(a_site(tmp_path, engine, broker_url), engine, reached(VISMA))}
    engine.dispose()

    assert (signs["migrations"].state, "kk2 migrate" in signs["migrations"].says) == (State.BAD, True)


@pytest.mark.parametrize(
    ("says", "sign", "state"),
    [
        (
            Trouble("TimedOut", "no answer", Exchange("GetInstallation", None, "", "")),
            "Visma main",
            State.BAD,
        ),
        (CannotTell(), "Visma main", State.UNKNOWN),
        (OSError("no such certificate"), "Visma main", State.BAD),
        (replace(VISMA, companies=()), "company 100", State.BAD),
        (
            replace(VISMA, companies=(replace(COMPANY, accounts=frozenset({"1920"})),)),
            "company 100",
            State.BAD,
        ),
        (replace(VISMA, companies=(replace(COMPANY, registrars=frozenset()),)), "company 100", State.BAD),
    ],
)
def test_a_visma_that_is_not_as_it_must_be_is_said(
    written: tuple[Engine, Standing],
    tmp_path: Path,
    broker_url: str,
    says: InstallationFacts | Exception,
    sign: str,
    state: State,
) -> None:
    assert looked(written, tmp_path, broker_url, says)[sign].state is state


def test_a_folder_that_can_not_be_made_is_said(
    written: tuple[Engine, Standing], tmp_path: Path, broker_url: str
) -> None:
    file = tmp_path / "a file"
    file.write_text("in the way")

    assert looked(written, file, broker_url)["inbox"].state is State.BAD


def test_a_restored_database_is_seen(engine: Engine, tmp_path: Path, broker_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO epoch (number, database) VALUES (2, 'another/1')"))

    signs = {s.name: s for s in examine(a_site(tmp_path, engine, broker_url), engine, reached(VISMA))}

    assert (signs["epoch"].state, "restored or copied" in signs["epoch"].says) == (State.BAD, True)
    assert "kk2 client apply" in signs["setup"].says


def test_a_setup_that_begins_later_or_names_what_is_not_there_is_said(
    engine: Engine, tmp_path: Path, broker_url: str
) -> None:
    with engine.begin() as connection:
        ledger = Ledger(connection)
        company = replace(ledger.company, installation="elsewhere")
        setup_store.add_row(connection, "company", "100", date(2999, 1, 1), company, "kari")
        wrong = replace(INSTALLATION, password="env:KK2_NOT_SET_ANYWHERE")
        setup_store.add_row(connection, "installation", "main", date(2020, 1, 1), wrong, "kari")

    said = [
        s.says
        for s in examine(a_site(tmp_path, engine, broker_url), engine, reached(VISMA))
        if s.name == "setup"
    ]

    assert any("no row of the setup is valid" in each for each in said)
    assert any("elsewhere, which is not set up" in each for each in said)
    assert any("KK2_NOT_SET_ANYWHERE" in each for each in said)


def test_a_company_whose_vouchers_can_not_go_as_files_is_said(
    engine: Engine, tmp_path: Path, broker_url: str
) -> None:
    (tmp_path / "bilag" / "kk2").mkdir(parents=True)
    with engine.begin() as connection:
        company = replace(Ledger(connection).company, payments_per_voucher=500)
        setup_store.add_row(connection, "company", "100", date(2020, 1, 1), company, "kari")
        by_file = replace(INSTALLATION, endpoint=(tmp_path / "bilag").as_uri())
        setup_store.add_row(connection, "installation", "main", date(2020, 1, 1), by_file, "kari")

    signs = {s.name: s for s in examine(a_site(tmp_path, engine, broker_url), engine, connect)}

    assert signs["setup"].state is State.BAD
    assert "payments_per_voucher" in signs["setup"].says
    assert (signs["Visma main"].state, "its folder is there" in signs["Visma main"].says) == (
        State.UNKNOWN,
        True,
    )


def test_a_broken_chain_of_acts_is_said(
    engine: Engine, owner: Engine, tmp_path: Path, broker_url: str
) -> None:
    with owner.begin() as connection:
        act = audit.note(connection, "kari", "assign", "payment 1", "", {})
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER append_only"))
        connection.execute(text("UPDATE audit SET actor = 'ola'"))

    signs = {s.name: s for s in examine(a_site(tmp_path, engine, broker_url), engine, reached(VISMA))}

    assert (signs["audit"].state, signs["audit"].says) == (State.BAD, f"the chain is broken at act {act}")

"""`kk2 doctor`: whether everything that the site needs is there and as it must be, each found by trying it."""

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ops import migrations
from ops.health import controls, machine
from ops.health.far_side import visma
from ops.health.pulse import Sign, State, health
from ops.health.roles import of_role
from ops.queries import alarms, asking
from ops.setup_file import ONE_PAYMENT, fits
from schemas.schedule import OSLO
from schemas.setup import Dated, Installation, NoSuchSetupError, Setup
from schemas.wording import counted
from workers import audit
from workers.accounting import Accounting
from workers.secrets import NoSuchSecretError, resolve
from workers.settings import Settings
from workers.store import epoch
from workers.store import setup as setup_store

OLDEST_POSTGRESQL = 14
OLDEST_REDIS = (6, 2)


def examine(
    site: Settings, engine: Engine, connect: Callable[[Installation, Callable[[str], str]], Accounting]
) -> Iterator[Sign]:
    """Look at everything, one thing after the other; what can't be looked at is unknown, and stops nothing else."""
    yield from _folders(site)
    yield from _broker(site.broker_url.get_secret_value())
    try:
        with engine.connect() as connection:
            yield from _database(connection)
            migrated = migrations.current(connection) == migrations.newest()
            setup, signs = _setup(connection) if migrated else (None, ())
            yield from signs
            yield from _life(connection) if migrated else ()
    except SQLAlchemyError as error:
        yield Sign("database", State.BAD, f"can't be reached: {type(error).__name__}")
        return
    for installation in setup.installations.values() if setup else ():
        yield from visma(installation.latest().value, setup, connect) if setup else ()


def worst(signs: tuple[Sign, ...]) -> State:
    """The worst of all signs."""
    states = {sign.state for sign in signs}
    return next((state for state in (State.BAD, State.UNKNOWN) if state in states), State.WELL)


def _folders(site: Settings) -> Iterator[Sign]:
    for name, folder in (
        ("inbox", site.inbox_folder),
        ("archive", site.archive_folder),
        ("quarantine", site.quarantine_folder),
    ):
        yield _folder(name, folder)
    for space in machine.spaces(site):
        if space.state is State.BAD and space.free is not None:
            left = f"{space.free // 1_048_576} MiB are left for {space.folder}"
            yield Sign(
                f"disk of the {space.name}", State.BAD, f"{left}: make room before files and vouchers stop"
            )


def _folder(name: str, folder: Path) -> Sign:
    if folder.is_dir():
        fit = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
        says = "is there and can be written" if fit else "can't be written by this user"
        return Sign(name, State.WELL if fit else State.BAD, f"{folder} {says}")
    above = next((parent for parent in folder.parents if parent.exists()), folder)
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        return Sign(name, State.WELL, f"{folder} is made when it is first needed")
    return Sign(name, State.BAD, f"{folder} is not there and can't be made")


def _broker(url: str) -> Iterator[Sign]:
    with Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as redis:
        try:
            version = machine.version_of(redis)
        except (RedisError, OSError) as error:
            yield Sign("broker", State.BAD, f"can't be reached: {machine.why_not(error)}")
            return
        old = tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS
        needed = f", {OLDEST_REDIS[0]}.{OLDEST_REDIS[1]} or newer is needed" if old else ""
        yield Sign("broker", State.BAD if old else State.WELL, f"answers, version {version}{needed}")
        for setting, wanted, why in (
            (
                "appendonly",
                "yes",
                "else a crash of the broker empties its queues; the relay finds the work again, later",
            ),
            ("maxmemory-policy", "noeviction", "else a full broker throws work away in silence"),
        ):
            yield _broker_setting(redis, setting, wanted, why)


def _broker_setting(redis: "Redis", setting: str, wanted: str, why: str) -> Sign:
    name = f"broker {setting}"
    try:
        found = cast(dict[str, str], redis.config_get(setting)).get(setting)
    except ResponseError:
        return Sign(name, State.UNKNOWN, f"this user may not ask; it must be {wanted}")
    if found == wanted:
        return Sign(name, State.WELL, str(found))
    return Sign(name, State.BAD, f"is {found}, must be {wanted}: {why}")


def _database(connection: Connection) -> Iterator[Sign]:
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    old = number < OLDEST_POSTGRESQL * 10_000
    needed = f", {OLDEST_POSTGRESQL} or newer is needed" if old else ""
    yield Sign("database", State.BAD if old else State.WELL, f"PostgreSQL {number // 10_000}{needed}")
    revision, newest = migrations.current(connection), migrations.newest()
    if revision != newest:
        yield Sign(
            "migrations", State.BAD, f"is at {revision or 'nothing'}, must be at {newest}: run kk2 migrate"
        )
        return
    yield Sign("migrations", State.WELL, f"at {revision}")
    yield of_role(connection)
    yield of_epoch(connection)


def of_epoch(connection: Connection) -> Sign:
    """A database that was restored or copied has another identity than the one that its epoch began in."""
    begun = connection.execute(text("SELECT database FROM epoch ORDER BY number DESC LIMIT 1")).scalar()
    try:
        with connection.begin_nested():
            now = connection.execute(text(f"SELECT {epoch.IDENTITY}")).scalar_one()
    except SQLAlchemyError:
        return Sign("epoch", State.UNKNOWN, "this user may not ask for the database's identity")
    orphans = connection.execute(text("SELECT count(*) FROM orphan WHERE ended IS NULL")).scalar_one()
    if begun == now and orphans:
        left = counted(orphans, "voucher")
        return Sign(
            "epoch",
            State.BAD,
            f"{left} of ours in Visma that this database never made: kk2 visma recover --dry-run",
        )
    if begun == now and epoch.restored(connection):
        return Sign("epoch", State.BAD, "restored, and nothing is sent: kk2 visma recover")
    if begun == now:
        return Sign("epoch", State.WELL, "the database is the one that its vouchers' references began in")
    return Sign(
        "epoch",
        State.BAD,
        "the database was restored or copied: Visma may have vouchers that it does not know",
    )


def _setup(connection: Connection) -> tuple[Setup | None, tuple[Sign, ...]]:
    """What of the setup is not valid today, one sign for each fault."""
    today = asking.today(connection)
    try:
        setup = setup_store.load(connection)
    except setup_store.UnreadableSetupError as fault:
        return None, (Sign("setup", State.BAD, str(fault)),)
    if not setup.companies:
        return setup, (
            Sign("setup", State.BAD, "there is none: write a file and run kk2 client apply FILE.toml"),
        )
    faults = tuple(_faults(setup, today))
    if faults:
        return setup, tuple(Sign("setup", State.BAD, fault) for fault in faults)
    there = (
        f"{counted(len(setup.companies), 'company', 'companies')}, {counted(len(setup.accounts), 'account')}, "
        f"{counted(len(setup.clients), 'client')}"
    )
    return setup, (Sign("setup", State.WELL, f"valid today: {there}"),)


def _faults(setup: Setup, today: date) -> Iterator[str]:
    for kind, key, dated in _rows(setup):
        try:
            dated.on(today)
        except NoSuchSetupError as fault:
            yield f"{kind} {key}: {fault}"
    for company in setup.companies.values():
        value = company.latest().value
        if value.installation not in setup.installations:
            yield f"company {value.code} names the installation {value.installation}, which is not set up"
        elif not fits(value, setup.installations[value.installation].latest().value):
            more = value.payments_per_voucher
            yield f"company {value.code} has payments_per_voucher {more}, must be 1: {ONE_PAYMENT}"
    for account in setup.accounts.values():
        if account.latest().value.company not in setup.companies:
            yield f"account {account.latest().value.number} is of a company that is not set up"
    for installation in setup.installations.values():
        try:
            resolve(installation.latest().value.password)
        except NoSuchSecretError as fault:
            yield str(fault)


def _rows(setup: Setup) -> Iterator[tuple[str, str, Dated[Any]]]:
    yield from (("company", code, dated) for code, dated in setup.companies.items())
    yield from (("account", number, dated) for number, dated in setup.accounts.items())
    yield from (("client", "/".join(key), dated) for key, dated in setup.clients.items())
    yield from (("sub-ledger", "/".join(key), dated) for key, dated in setup.sub_ledgers.items())


def _life(connection: Connection) -> Iterator[Sign]:
    """Processes and queues, and the chain of people's acts."""
    found = health(connection)
    for pulse in found.pulses:
        age = f"{pulse.age:.0f} s ago: " if pulse.age is not None else ""
        yield Sign(pulse.name, pulse.state, f"{age}{pulse.note}")
    for queue in found.queues:
        waits = (
            f"{queue.due} due, the oldest for {queue.oldest:.0f} s"
            if queue.oldest is not None
            else "nothing is due"
        )
        stuck = ", and nobody works on it" if queue.state is State.BAD else ""
        yield Sign(f"queue {queue.queue}", queue.state, f"{waits}{stuck}")
    doubt = found.doubt
    since = f", the oldest for {doubt.oldest:.0f} s: kk2 voucher list" if doubt.oldest is not None else ""
    yield Sign("in doubt", doubt.state, f"{counted(doubt.vouchers, 'voucher')}{since}")
    yield Sign("case numbers", found.numbers.state, found.numbers.says)
    for brake in found.brakes:
        ends = f" until {brake.until.astimezone(OSLO):%Y-%m-%d at %H:%M}" if brake.until else ""
        says = f"of {brake.scope} is stopped by {brake.actor}{ends}: {brake.reason}"
        yield Sign("delivery", State.WELL, says)
    for schedule in found.schedules:
        if schedule.note:
            state = State.BAD if schedule.late else State.WELL
            yield Sign(f"schedule {schedule.name}", state, schedule.note)
    yield from controls.signs(connection)
    for each in alarms.untold(connection):
        says = f"not told of {counted(each.number, 'message')}, {each.fault}: kk2 alarm list"
        yield Sign(f"receiver {each.receiver}", State.BAD, says)
    broken = audit.verify(connection)
    says = "the chain of people's acts holds" if broken is None else f"the chain is broken at act {broken}"
    yield Sign("audit", State.WELL if broken is None else State.BAD, says)

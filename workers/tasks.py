"""One Celery task a stage, named as the stage; each takes a work row's id and nothing else. And beat's tick."""

from functools import lru_cache

from workers import clock
from workers.app import app
from workers.relay import Ringer, celery_bell
from workers.settings import settings
from workers.shell import Hands, inside
from workers.shell.approving import approve
from workers.shell.controlling import control
from workers.shell.converting import convert
from workers.shell.delivering import deliver
from workers.shell.fetching import fetch
from workers.shell.importing import import_invoices
from workers.shell.inquiring import inquire
from workers.shell.numbering import number
from workers.shell.proposing import propose
from workers.shell.reading import read_file
from workers.shell.retrying import retry
from workers.shell.settling import resettle, settle
from workers.store.engine import engine_for


@lru_cache(maxsize=1)
def hands() -> Hands:
    """Make this process's hands when they are first needed, after the fork."""
    site = settings()
    return Hands(engine_for(site.database_url.get_secret_value()), Ringer(celery_bell(app)), site)


@app.task(name="read")
def _read(work_id: int) -> None:
    inside(work_id, "read", hands(), read_file)


@app.task(name="settle")
def _settle(work_id: int) -> None:
    inside(work_id, "settle", hands(), settle)


@app.task(name="resettle")
def _resettle(work_id: int) -> None:
    inside(work_id, "resettle", hands(), resettle)


@app.task(name="propose")
def _propose(work_id: int) -> None:
    inside(work_id, "propose", hands(), propose)


@app.task(name="approve")
def _approve(work_id: int) -> None:
    inside(work_id, "approve", hands(), approve)


@app.task(name="retry")
def _retry(work_id: int) -> None:
    inside(work_id, "retry", hands(), retry)


@app.task(name="deliver")
def _deliver(work_id: int) -> None:
    deliver(work_id, hands())


@app.task(name="inquire")
def _inquire(work_id: int) -> None:
    inquire(work_id, hands())


@app.task(name="import")
def _import(work_id: int) -> None:
    import_invoices(work_id, hands())


@app.task(name="number")
def _number(work_id: int) -> None:
    number(work_id, hands())


@app.task(name="fetch")
def _fetch(work_id: int) -> None:
    fetch(work_id, hands())


@app.task(name="control")
def _control(work_id: int) -> None:
    control(work_id, hands())


@app.task(name="convert")
def _convert(work_id: int) -> None:
    convert(work_id, hands())


@app.task(name="tick")
def _tick() -> None:
    clock.tick(hands())

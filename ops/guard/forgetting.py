"""After the years that the law wants it kept, personal data goes by itself: rows first, then the originals in the archive."""

from datetime import date
from pathlib import Path

from sqlalchemy import Engine, text

from ops.access import ALL_ROLES
from ops.repairs import Person
from ops.repairs.forgetting import forget
from pipeline.retention import kept_from
from workers.archive import path_of
from workers.log import logger
from workers.settings import Settings

_LOG = logger(__name__)


def forget_what_is_old(engine: Engine, site: Settings, today: date) -> None:
    """Forget what is of before the years that the site keeps, in the guard's name."""
    person = Person("guard", f"kept for {site.keep_years} years after the end of its year", ALL_ROLES)
    with engine.begin() as connection:
        done = forget(connection, kept_from(today, site.keep_years), person=person)
    removed = remove_originals(engine, site.archive_folder)
    _LOG.info("personal data", done=done.sentence, originals=removed)


def remove_originals(engine: Engine, archive: Path) -> int:
    """Take the originals of forgotten files out of the archive, those too that a killed process left; gives how many."""
    with engine.connect() as connection:
        names = (
            connection.execute(text("SELECT sha256 FROM bank_file WHERE forgotten_at IS NOT NULL"))
            .scalars()
            .all()
        )
    there = [original for original in (path_of(archive, name) for name in names) if original.exists()]
    for original in there:
        original.unlink(missing_ok=True)
    return len(there)

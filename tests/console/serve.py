"""A console to look at while its pages are written: `python -m tests.console.serve PORT`, until Ctrl-C.

A throw-away database with the small ledger of the tests, and with some days of an invented town worked off by the real
stages. Sign in as `kari` with the password of `tests.console.visiting`. All roles.
"""

import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import uvicorn
from sqlalchemy import create_engine

from ops import migrations
from ops.access import Role
from ops.console import Desk, create
from ops.embedded import Postgres
from ops.repairs import people
from schemas.money import kr
from tests.console.visiting import PASSWORD, SETTER_UP
from tests.servers import new_database
from tests.site import Site, kid_of, paid, site


def live(here: Site) -> None:
    """Forty cases, and two files with payments of every kind."""
    for number in range(1, 41):
        here.case(number, kr(500 + 37 * number), date(2026, 1, 31) + timedelta(days=number % 7), fee=kr(38))
    several = [paid(kid_of(n), kr(538 + 37 * n)) for n in range(1, 21)] + [
        paid(kid_of(n), kr(200)) for n in range(21, 30)
    ]
    strangers = [paid(kid_of(900 + n), kr(111 * n)) for n in range(1, 8)]
    here.drop(here.file(*several, *strangers), "TBOC0001.DAT")
    here.drain()
    here.drop(here.file(*[paid(kid_of(n), kr(100 + n)) for n in range(25, 36)]), "TBOC0002.DAT")
    here.drain()


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    folder = Path(tempfile.mkdtemp(prefix="kk2-console-"))
    folder.chmod(0o711)
    server = Postgres(folder, durable=False, machine=True)
    server.start()
    try:
        with new_database(server, template="template0") as url:
            engine = create_engine(url)
            migrations.migrate(engine)
            with site(engine, folder / "site") as here:
                live(here)
                with engine.begin() as connection:
                    people.add(connection, "kari", tuple(Role), PASSWORD, None, person=SETTER_UP)
                sys.stderr.write(f"http://127.0.0.1:{port}  kari / {PASSWORD}\n")
                uvicorn.run(
                    create(Desk(engine, lambda _: True, secure=False)), port=port, log_level="warning"
                )
            engine.dispose()
    finally:
        server.stop()


if __name__ == "__main__":
    main()

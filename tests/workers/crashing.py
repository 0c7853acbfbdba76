"""A process that makes workers to be killed: it forks one for each line, and says how that one ended.

A line is `crash point, database, folder`, with tabs between. What is large and not ours is loaded before the forks.
"""

import os
import sys
from pathlib import Path

import lxml.etree  # noqa: F401
import numpy as np  # noqa: F401
import psycopg  # noqa: F401
import pydantic_settings  # noqa: F401
import sqlalchemy
import zeep  # noqa: F401


def work_off(url: str, folder: Path, point: str) -> None:
    """Do all that is due, as a worker does; one that is to die as its turn ends has none."""
    from tests.site import Site, hands_on
    from workers.shell import importing

    if point.startswith("import.turn"):
        importing._TURN = 0.0

    engine = sqlalchemy.create_engine(url)
    # its Visma is the test's, found by the address in the setup
    Site(engine, folder, None, hands_on(engine, folder, [])).drain()  # type: ignore[arg-type]


def main() -> None:
    """Fork for each line; a worker that was not killed ends with status 0."""
    for line in sys.stdin:
        point, url, folder = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os.environ["KK2_CRASH_AT"] = point  # read when `workers.crash` is loaded, which it is not yet
            work_off(url, Path(folder), point)
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()

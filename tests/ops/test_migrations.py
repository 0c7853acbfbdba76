"""What the migrations make is what the code's tables say."""

import warnings

from sqlalchemy import Engine
from sqlalchemy.exc import SAWarning

from ops import migrations


def test_the_database_has_the_tables_of_the_code(engine: Engine) -> None:
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type 'xid8'", SAWarning)
        assert migrations.differences(connection) == []
        assert migrations.current(connection) == migrations.newest()

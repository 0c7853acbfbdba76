"""What this process may do to the tables, beside what it should be able to do."""

from sqlalchemy import Connection, text

from ops import migrations
from ops.health.pulse import Sign, State


def of_role(connection: Connection) -> Sign:
    """Who owns the tables may change what is only to be added to, and is told so; another role has the code's rights."""
    role, owns = connection.execute(
        text(
            "SELECT current_user, pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('journal')"
        )
    ).one()
    if owns:
        alone = "triggers alone keep what is append-only, give the processes a role of their own"
        return Sign("role", State.WELL, f"{role} owns the tables: {alone}")
    wrong = migrations.differing(connection, role)
    if wrong:
        return Sign("role", State.BAD, f"{role} {wrong[0]}: run kk2 migrate with KK2_OWNER_URL")
    return Sign("role", State.WELL, f"{role} owns no table, and changes none that is append-only")

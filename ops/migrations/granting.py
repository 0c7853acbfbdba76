"""Give the role that the product's processes connect as its rights, and no more: `workers/store/rights.py` says which."""

from psycopg import Connection as Driver
from psycopg import sql
from sqlalchemy import Connection, make_url, text

from workers.store.bulk import driver
from workers.store.rights import RIGHTS

_RIGHTS = {**RIGHTS, "alembic_version": frozenset({"SELECT"})}
_DIFFERING = """
SELECT c.relname, r.name, NOT r.has FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL (
    SELECT name, has_table_privilege(:role, c.oid, name) AS has
    FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) name
) r WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname = ANY(:tables)
    AND r.has <> (c.relname || ' ' || r.name = ANY(:rights))
UNION ALL
SELECT c.relname, r.name, true FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY['SELECT', 'USAGE']) r (name)
WHERE n.nspname = current_schema() AND c.relkind = 'S' AND NOT has_sequence_privilege(:role, c.oid, r.name)
ORDER BY 1, 2"""


class RoleError(RuntimeError):
    """The processes' role can't be made or held to its rights; the message says what an administrator does."""


def differing(connection: Connection, role: str) -> list[str]:
    """What a role has and should not, or lacks, by table; none where it is as the code wants it."""
    rights = [f"{table} {right}" for table, rights in _RIGHTS.items() for right in rights]
    found = connection.execute(
        text(_DIFFERING), {"role": role, "tables": list(_RIGHTS), "rights": rights}
    ).all()
    return [f"{'lacks' if lacks else 'has'} {right} on {table}" for table, right, lacks in found]


def grant(connection: Connection, processes: str) -> None:
    """Give the role in an address its rights; a role that is not there is made, with the address's password.

    Nothing where it is as it should be, or where the processes connect as who owns the tables. Raises `RoleError`.
    """
    address, under = make_url(processes), driver(connection)
    role = address.username or ""
    if role == connection.execute(text("SELECT current_user")).scalar_one():
        return
    if not connection.execute(text("SELECT FROM pg_roles WHERE rolname = :role"), {"role": role}).all():
        _make(under, role, str(address.password or ""))
    if not differing(connection, role):
        return
    for table, rights in _RIGHTS.items():
        names = (sql.Identifier(table), sql.Identifier(role))
        under.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(*names))
        allowed = sql.SQL(", ").join(map(sql.SQL, sorted(rights)))
        under.execute(sql.SQL("GRANT {} ON {} TO {}").format(allowed, *names))
    schema = sql.Identifier(str(connection.execute(text("SELECT current_schema()")).scalar_one()))
    counts = sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}")
    under.execute(counts.format(schema, sql.Identifier(role)))
    left = differing(connection, role)
    if left:
        raise RoleError(
            f"the role {role} {left[0]}, and not by a grant of ours: it must be a plain role, no superuser, and member of no "
            "other; let KK2_DATABASE_URL name another"
        )


def _make(under: "Driver[tuple[object, ...]]", role: str, password: str) -> None:
    """Only what proves the password goes to the server, which may log the statement."""
    mine = under.execute(
        "SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if mine is None or not mine[0]:
        raise RoleError(
            f"there is no role {role}, and the owner may not make one. As an administrator of the server: "
            f"CREATE ROLE {role} LOGIN PASSWORD '…', with the password of KK2_DATABASE_URL; then kk2 migrate again"
        )
    proof = under.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    under.execute(create.format(sql.Identifier(role), sql.Literal(proof)))

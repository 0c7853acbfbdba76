"""Known faults of the world and of people, said in one sentence with the exit status that goes with it.

Libraries are looked for among those that the command has loaded: asking for one here would load it for all.
"""

import sys
from dataclasses import dataclass

NO, WRONG, UNKNOWN = 1, 2, 3
_NOT_MIGRATED = {"42P01", "42703", "3F000"}  # a table, column or schema that is not there


class CommandError(Exception):
    """A command can't go on; the message is the whole sentence.

    CommandError      status 2: wrong use, or something is not there
      SaidNoError     status 1: the business says no
    """

    status = WRONG


class SaidNoError(CommandError):
    """The business says no: nothing is broken, and trying again is of no use."""

    status = NO


@dataclass(frozen=True, slots=True)
class Said:
    """What goes to standard error, and the exit status."""

    sentence: str
    status: int


def said(error: BaseException) -> Said | None:
    """Give the sentence for a known fault; None for one that is ours, to be shown with its traceback."""
    if isinstance(error, CommandError):
        return Said(str(error), error.status)
    for module, name, status in _REFUSALS:
        known = getattr(sys.modules.get(module), name, None)
        if known is not None and isinstance(error, known):
            return Said(str(error), status)
    return _of_database(error) or _of_broker(error) or _of_system(error)


_REFUSALS = (
    ("ops.repairs.acts", "Refusal", NO),
    ("ops.backup", "BackupError", NO),
    ("ops.migrations", "RoleError", WRONG),
    ("ops.drill", "NotPlayedError", WRONG),
    ("workers.archive", "ArchiveError", WRONG),
    ("ops.setup_file", "BadSetupFileError", NO),
    ("ops.case_rows", "BadFileError", NO),
    ("workers.store.setup", "UnreadableSetupError", NO),
    ("workers.secrets", "NoSuchSecretError", WRONG),
    ("ops.embedded", "EmbeddedError", WRONG),
    ("ops.simulator", "BadFaultError", WRONG),
    ("ops.simulator", "BusyPortError", WRONG),
    ("ops.simulator", "BadMunicipalityError", WRONG),
    ("workers.accounting", "Trouble", WRONG),
    ("workers.accounting", "CannotTell", UNKNOWN),
)


def _of_database(error: BaseException) -> Said | None:
    exc = sys.modules.get("sqlalchemy.exc")
    if exc is None or not isinstance(error, exc.DBAPIError | exc.TimeoutError):
        return None
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state in _NOT_MIGRATED:
        return Said("the database is not migrated to this version: run `kk2 migrate`", WRONG)
    if state is None or state.startswith(("08", "28", "3D", "57P0")):
        first = str(getattr(error, "orig", error)).strip().split("\n")[0]
        return Said(
            f"the database is not reachable ({first}): is it running, and is KK2_DATABASE_URL right?", WRONG
        )
    if state.startswith(("40", "53", "55", "57")):
        return Said(
            f"the database is busy ({str(error.orig).strip().splitlines()[0]}): try again in a moment", WRONG
        )
    return None


def _of_broker(error: BaseException) -> Said | None:
    for module, name in (("kombu.exceptions", "OperationalError"), ("redis.exceptions", "RedisError")):
        known = getattr(sys.modules.get(module), name, None)
        if known is not None and isinstance(error, known):
            return Said(
                f"the broker is not reachable ({error}): is it running, and is KK2_BROKER_URL right?", WRONG
            )
    return None


def _of_system(error: BaseException) -> Said | None:
    if isinstance(error, BrokenPipeError):
        return Said("the reader of our output went away", WRONG)
    if isinstance(error, OSError):
        return Said(f"{error.filename or 'the system'}: {error.strerror or error}", WRONG)
    return None

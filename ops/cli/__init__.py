"""`kk2`, the command line: one small module for each group of commands, and one way in which all of them end.

Exit statuses: 0 fine, 1 a business "no" or a difference, 2 wrong use or something not reachable, 3 unknown.
Heavy libraries are imported inside the commands, so that `kk2 --help` and `kk2 read` start at once.
"""

import sys

from ops.cli import (
    alarms,
    auditing,
    backups,
    cases,
    clients,
    controlling,
    converting,
    correcting,
    days,
    delivery,
    drilling,
    failing,
    files,
    glancing,
    importing,
    inventing,
    jobs,
    keeping,
    listings,
    moving,
    payments,
    proposals,
    reaching,
    recording,
    rules,
    running,
    schedules,
    shadows,
    supporting,
    transactions,
    users,
    visma,
    vouchers,
    work,
)
from ops.cli.errors import said
from ops.cli.making import group

app = group(
    "The bridge between KK2 and Visma: bank files in, vouchers out, and what a person may do about them."
)
vouchers.app.registered_commands += failing.commands.registered_commands
visma.app.registered_commands += controlling.commands.registered_commands
cases.app.registered_commands += importing.commands.registered_commands
cases.app.registered_commands += correcting.commands.registered_commands
files.app.registered_commands += recording.commands.registered_commands
payments.app.registered_commands += moving.commands.registered_commands
visma.app.registered_commands += converting.commands.registered_commands
# What is asked of Visma is found under `kk2 visma` too, by the name of its stage.
visma.app.command("import", epilog="Example: kk2 visma import 100")(importing.import_)
visma.app.command(
    "number", epilog="Example: kk2 visma number --client KOM --reason 'the customer is put right'"
)(importing.retry_numbers)
visma.app.command("fetch", epilog="Example: kk2 visma fetch 100")(transactions.fetch)
for each in (
    alarms.app, files.app, payments.app, rules.app, cases.app, proposals.app, vouchers.app, jobs.app, transactions.app, work.app, clients.app, visma.app, schedules.app,
    shadows.app, auditing.app, users.app, days.app, delivery.stop, delivery.start, inventing.simulate, inventing.generate,
):  # fmt: skip
    app.add_typer(each)
for commands in (
    glancing.commands,
    listings.commands,
    keeping.commands,
    supporting.commands,
    backups.commands,
    inventing.commands,
    drilling.commands,
    running.commands,
):
    app.registered_commands += commands.registered_commands


def main(arguments: list[str] | None = None) -> int:
    """Run one command line, `sys.argv` without `arguments`; gives its exit status and never a traceback for a known fault."""
    try:
        app(args=arguments, prog_name="kk2")
    except SystemExit as end:
        if isinstance(end.code, str):  # the settings' faults, one a line
            sys.stderr.write(f"{end.code}\n")
            return 2
        return end.code or 0
    except KeyboardInterrupt:
        return 130
    except BaseException as error:
        known = said(error)
        if known is None:
            raise
        sys.stderr.write(f"kk2: {known.sentence}\n")
        return known.status
    finally:
        reaching.close()
    return 0

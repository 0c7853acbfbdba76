"""`kk2 client`: the setup, from installation to sub-ledger, as dated rows."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.errors import NO, UNKNOWN
from ops.cli.making import DryRun, InFile, Json, Name, day, group
from schemas.wording import counted

if TYPE_CHECKING:
    from pipeline.readiness import Lack

app = group(
    "The setup: installations, companies, accounts, clients and sub-ledgers, as dated rows.", "client"
)
_Day = Annotated[
    date | None, typer.Option("--on", parser=day, metavar="DAY", help="As it is valid on this day.")
]


@app.command(epilog="Example: kk2 client apply fjordvik.toml --dry-run")
def apply(file: InFile, dry_run: DryRun = False, name: Name = "", json: Json = False) -> None:
    """Apply a setup file: what it says anew becomes rows; what stands already is left alone."""
    from ops import setup_file

    applied = setup_file.apply(reaching.database(), file, actor=reaching.actor(name), dry_run=dry_run)
    if json:
        printing.as_json([applied])
        return
    would = "would be " if dry_run else ""
    typer.echo(f"{counted(applied.added, 'row')} {would}added, {applied.unchanged} there already")


@app.command(epilog="Example: kk2 client show --on 2027-01-01")
def show(on: _Day = None, json: Json = False) -> None:
    """Show the setup that is valid today or on another day, or first becomes valid after it."""
    _show(on, json=json)


@app.command("list", epilog="Example: kk2 client list --json")
def list_(on: _Day = None, json: Json = False) -> None:
    """List the setup; the same as `kk2 client show`."""
    _show(on, json=json)


@app.command("test", epilog="Example: kk2 client test --company 100")
def try_out(
    company: Annotated[str | None, typer.Option(help="Only this company.")] = None,
    client: Annotated[str | None, typer.Option(help="Only this client.")] = None,
    on: _Day = None,
    json: Json = False,
) -> None:
    """Ask Visma what it has, and say what it would refuse of the setup; changes nothing, books nothing.

    Exit status 0: nothing would be refused; 1: something would; 3: Visma does not answer or does not tell.
    """
    from ops import setup_trial
    from ops.queries import asking
    from pipeline.readiness import Weight
    from workers.accounting import connect
    from workers.secrets import resolve
    from workers.store.setup import current

    with reaching.reading(company=company, client=client) as connection:
        setup = current(connection)
        on = on or asking.today(connection)
    found = setup_trial.trial(
        setup,
        lambda installation: connect(installation, resolve),
        on,
        company=company,
        client=client,
    )
    if json:
        printing.as_json(found)
    else:
        for lack in found:
            typer.echo(f"{lack.weight:<7} {lack.place}: {lack.key}: {_told(lack)}: {lack.act}")
    weights = {lack.weight for lack in found}
    if not json and Weight.REFUSED not in weights:
        typer.echo("not all could be told" if Weight.UNKNOWN in weights else "nothing would be refused")
    raise typer.Exit(NO if Weight.REFUSED in weights else UNKNOWN if Weight.UNKNOWN in weights else 0)


def _told(lack: "Lack") -> str:
    ours = f"ours {lack.ours}, " if lack.ours else ""
    return f"{ours}Visma: {lack.visma or 'does not tell'}"


def _show(on: date | None, *, json: bool) -> None:
    from dataclasses import asdict

    from ops import setup_file
    from ops.queries import asking

    with reaching.reading() as connection:
        rows = setup_file.show(connection, on or asking.today(connection))
    if json:
        printing.as_json(
            {"kind": kind, "key": key, "valid_from": valid_from, "version": version, "value": asdict(value)}
            for kind, key, valid_from, version, value in rows
        )
        return
    printing.table(
        ("kind", "key", "valid from", "version", "what"),
        [
            (
                kind,
                key,
                valid_from,
                version,
                _what(value),
            )
            for kind, key, valid_from, version, value in rows
        ],
    )


def _what(value: object) -> str:
    from schemas.setup import BankAccount, Client, Company, Installation, SubLedger

    match value:
        case Installation(endpoint=endpoint):
            return endpoint
        case Company(name=name, posting=posting, dunning_code=code):
            return ", ".join(
                [name, *(["imports " + code] if code else []), *([] if posting else ["in shadow"])]
            )
        case BankAccount(company=company, cut_over=cut_over):
            return f"company {company}" + (f", booked from {cut_over}" if cut_over else "")
        case Client(name=name, case_no_pattern=pattern, case_per=per):
            return f"{name}, a case {pattern} per {per}" if pattern else name
        case SubLedger(account=account):
            return f"ledger account {account}"
    return ""

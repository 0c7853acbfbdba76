"""`kk2 backup` and `kk2 restore`: a site in a folder, and the site again on a new machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.errors import NO
from ops.cli.making import DryRun, Json, Name, Why, group
from schemas.wording import counted

if TYPE_CHECKING:
    from ops.backup import Manifest, Restored
    from workers.settings import Settings

commands = group("Back-up and restore.")


@commands.command(epilog='Example: kk2 backup --to "/backup/kk2-$(date +%F-%H%M)"')
def backup(
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="A new folder for this back-up alone.")],
    json: Json = False,
) -> None:
    """Back up the database and the originals of bank files while the site runs; it holds personal data, but no secrets.

    Exit status 1: the archive lacks an original, or it is not what was kept; all else is in the back-up.
    """
    from ops.backup import take
    from ops.cli import standing

    with standing.servers_of_the_folder():
        site = reaching.site()
        taken = take(reaching.database(), site.archive_folder, to.resolve(), key=_key(site) or b"")
        reaching.close()
    if json:
        printing.as_json([taken])
    else:
        _print(taken)
        typer.echo(
            f"backed up to {to}: {counted(sum(taken.rows.values()), 'row')}, {counted(len(taken.originals), 'original')}"
        )
    for sha256 in taken.lacks:
        typer.echo(f"LOOK the archive has no whole original {sha256}", err=True)
    raise typer.Exit(NO if taken.lacks else 0)


@commands.command(epilog="Example: kk2 restore --from /backup/kk2-2026-03-16 --dry-run")
def restore(
    source: Annotated[Path, typer.Option("--from", metavar="FOLDER", help="The back-up.")],
    reason: Why = "restored from a back-up",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Restore a back-up into an empty database; nothing is sent until `kk2 visma recover` has looked.

    With --dry-run the back-up is read whole and proven, and nothing is written.
    """
    from ops.access import ALL_ROLES
    from ops.backup import check
    from ops.backup import restore as bring_back
    from ops.cli import standing
    from ops.repairs.acts import Person

    if dry_run:
        found = check(source.resolve())
        if json:
            printing.as_json([found])
        else:
            _print(found)
            typer.echo("the back-up is whole; nothing was restored")
        return
    with standing.servers_of_the_folder():
        site = reaching.site()
        # who reaches an empty database may bring it back: the users are in the back-up
        person = Person(reaching.actor(name), reason, ALL_ROLES)
        engine, processes = reaching.owned()
        done = bring_back(
            engine, site.archive_folder, source.resolve(), key=_key(site), person=person, processes=processes
        )
        reaching.close()
    if json:
        printing.as_json([done])
    else:
        _tell(done, site)


def _key(site: "Settings") -> bytes | None:
    """The fingerprint key, if there is one: asking for it must not make one."""
    from workers.archive import fingerprint_key

    there = site.fingerprint_key.get_secret_value() or (site.archive_folder / "fingerprint.key").exists()
    return fingerprint_key(site) if there else None


def _print(manifest: "Manifest") -> None:
    printing.pairs(
        [
            ("taken", manifest.made_at),
            ("version", f"{manifest.version}, database at {manifest.migration}"),
            ("epoch", manifest.epoch),
            ("acts of people", manifest.acts),
            ("last act's hash", manifest.audit),
        ]
    )
    printing.table(
        ("what", "number", "kroner"),
        [(what, number, printing.kroner(total)) for what, (number, total) in manifest.money.items()],
        right="number kroner",
    )


def _tell(done: "Restored", site: "Settings") -> None:
    _print(done.manifest)
    typer.echo(f"restored, and nothing is sent: this is epoch {done.epoch}. Now:")
    if not done.same_key:
        there = "is another than before" if done.same_key is False else "is missing"
        typer.echo(
            f"- the fingerprint key {there}: bring KK2_FINGERPRINT_KEY, or {site.archive_folder / 'fingerprint.key'}, from the "
            "old machine before anything starts; without it payments that came before are not known again"
        )
    typer.echo("- bring the secrets that the setup names, start everything, and run kk2 doctor")
    typer.echo("- kk2 visma recover --dry-run, then without")
    for file in done.later:
        typer.echo(f"- came after the back-up: kk2 file add {file}")
    if not done.later:
        typer.echo("- drop the bank files that came after the back-up once more, and kk2 visma recover again")

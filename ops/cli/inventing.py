"""What needs no site: read a file by itself, invent one, simulate a Visma, see the demo."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from ops.cli.making import InFile, Json, group
from schemas.wording import counted

commands = group("What needs no site.")
simulate = group("Stand in for somebody else.", "simulate")
generate = group("Invent files for tests and training.", "generate")
_Payments = Annotated[int, typer.Option(min=1, max=10_000_000, help="How many.")]
_Out = Annotated[Path, typer.Option(help="The file to write; it must not be there.")]
_Seed = Annotated[int, typer.Option(help="The same seed gives the same file.")]


@commands.command(epilog="Example: kk2 read OCR.D240112 --json | jq .amount_ore")
def read(
    file: InFile,
    json: Json = False,
    payments: Annotated[
        bool, typer.Option("--payments", help="Each payment too, not only the sums.")
    ] = False,
    encoding: Annotated[
        str | None, typer.Option(help="Of the text in the file, if it is not ISO-8859-1.")
    ] = None,
) -> None:
    """Read a bank file and print what it says, without database and setup; a refused file exits 1 and says where."""
    from ops.reading import print_reading

    raise typer.Exit(print_reading(file, as_json=json, payments=payments, encoding=encoding))


@generate.command("ocr", epilog="Example: kk2 generate ocr --payments 1000 --seed 7 --out /tmp/test.ocr")
def generate_ocr(payments: _Payments, out: _Out, seed: _Seed = 1) -> None:
    """Write an invented OCR giro file that follows the bank's specification."""
    from ops.bank_writer import generate as write

    _write(write, payments, seed, out)


@generate.command(
    "camt054", epilog="Example: kk2 generate camt054 --payments 1000 --seed 7 --out /tmp/test.xml"
)
def generate_camt054(payments: _Payments, out: _Out, seed: _Seed = 1) -> None:
    """Write an invented camt.054 file, as Norwegian banks send it."""
    from ops.notification_writer import generate_notification

    _write(generate_notification, payments, seed, out)


def _write(write: Callable[[int, int, BinaryIO], None], payments: int, seed: int, out: Path) -> None:
    with out.open("xb") as file:
        write(payments, seed, file)
    typer.echo(f"{counted(payments, 'payment')} in {out}")


@simulate.callback()
def _simulate() -> None:
    """Stand in for somebody else."""


@generate.callback()
def _generate() -> None:
    """Invent files for tests and training."""


@simulate.command(
    "visma", epilog="Example: kk2 simulate visma --port 8088 --folder /tmp/visma --faults slow:seconds=2"
)
def simulate_visma(
    folder: Annotated[Path, typer.Option(help="Where its ledger is kept.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where it listens; 0 takes a free one and says which.")
    ] = 0,
    host: Annotated[str, typer.Option(help="On which address.")] = "127.0.0.1",
    municipality: Annotated[
        Path | None, typer.Option(help="Its setup, as TOML; else the seeded one.")
    ] = None,
    faults: Annotated[str, typer.Option(help="Faults, as slow:seconds=2:times=3,busy:probability=0.1.")] = "",
    seed: Annotated[int, typer.Option(help="Of the faults that have a probability.")] = 0,
    deduplicates: Annotated[bool, typer.Option("--deduplicates", help="Know its references again.")] = False,
    finds: Annotated[
        bool, typer.Option("--finds/--no-find", help="Whether it can be asked for a reference.")
    ] = True,
    lists: Annotated[bool, typer.Option("--lists/--no-list", help="Whether it lists its vouchers.")] = True,
    imports: Annotated[
        bool,
        typer.Option("--imports/--no-import", help="Whether it has ready invoices and takes case numbers."),
    ] = True,
    transacts: Annotated[
        bool, typer.Option("--transactions/--no-transactions", help="Whether it tells transactions.")
    ] = True,
    balances: Annotated[
        bool, typer.Option("--balances/--no-balances", help="Whether it tells how invoices stand.")
    ] = True,
    consumes: Annotated[
        bool,
        typer.Option(
            "--consumes/--keeps-ready", help="Whether an invoice with a case number is no longer ready."
        ),
    ] = True,
    registrar: Annotated[
        bool, typer.Option("--registrar/--hide-registrar", help="Whether transactions name their registrar.")
    ] = True,
    reference: Annotated[
        bool, typer.Option("--reference/--hide-reference", help="Whether transactions name our reference.")
    ] = True,
    proposals: Annotated[
        bool, typer.Option("--proposals/--no-proposals", help="Begin with the setup's dunning proposals.")
    ] = True,
    files: Annotated[
        Path | None, typer.Option(help="A folder from which it imports vouchers too, each second.")
    ] = None,
    sign_in: Annotated[
        str, typer.Option(envvar="KK2_VISMA_SIGN_IN", help="USER:PASSWORD that it demands.")
    ] = "",
) -> None:
    """Run a Visma that answers WSinkasso, keeps a ledger and shows it on a page, until SIGTERM."""
    from ops import simulator

    visma = simulator.Simulator(
        folder, port=port, host=host, municipality=municipality, faults=simulator.read_faults(faults), seed=seed,
        deduplicates=deduplicates, finds=finds, lists=lists, imports=imports, transacts=transacts, balances=balances,
        habits=simulator.Habits(consumes=consumes, tells_registrar=registrar, tells_reference=reference),
        seeded=proposals, sign_in=sign_in, files=files,
    )  # fmt: skip
    simulator.run(visma)


@commands.command(epilog="Example: kk2 demo --keep")
def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave it running until Ctrl-C, and print addresses.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed is another municipality.")] = 1,
    folder: Annotated[Path | None, typer.Option(help="Leave everything in this folder.")] = None,
    kills: Annotated[
        int, typer.Option(min=0, help="Kill processes so often in the middle, and see that it holds.")
    ] = 0,
) -> None:
    """Show the whole way on this machine, from bank files to vouchers in a simulated Visma; 1 if an øre is elsewhere."""
    if kills:
        from ops.demo import kill

        raise typer.Exit(kill.run(seed, kills, folder=folder))
    from ops.demo import run

    raise typer.Exit(run(keep, seed, folder))

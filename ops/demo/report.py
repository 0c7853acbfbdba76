"""What the demo tells when all is quiet: a screen or two, each number beside the oracle's."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from ops.balance import BalanceReport
from ops.demo import comparing
from ops.demo.expected import Expected
from ops.demo.finding import FoundPayment, LedgerRow
from ops.demo.town import Town
from schemas.money import Money, in_kroner
from schemas.wording import counted

_NAMED = 12
_WIDTH = 110
_HEAD = "KK2 innbetalinger "


def console() -> Console:
    """The terminal; where there is none, as wide as the tables want."""
    made = Console()
    return made if made.is_terminal else Console(width=_WIDTH)


def _table(title: str, *columns: str, right: str = "") -> Table:
    """A table without a frame; the columns named in `right` hold numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in right.split() else "left", overflow="fold")
    return table


def files(console: Console, town: Town, seconds: Sequence[float]) -> None:
    """The files, and how long each took from the folder to rest."""
    table = _table(
        "Bank files (OCR giro)", "file", "payments", "kroner", "seconds", right="payments kroner seconds"
    )
    for file, took in zip(town.files, seconds, strict=True):
        total = sum(payment.amount for payment in file.payments)
        table.add_row(file.name, str(len(file.payments)), in_kroner(total), f"{took:.1f}")
    console.print(table, "")


def both_ways(
    console: Console, told: Sequence[tuple[str, str]], differences: Sequence[Mapping[str, object]]
) -> None:
    """What went between the bridge and Visma before and after the files, and what the control found."""
    table = _table("Visma, before the files and after them", "what", "how many")
    for what, how_many in told:
        table.add_row(what, how_many)
    console.print(table, "")
    found = _table(
        "What the control of both sides found", "what", "number", "the first of them", right="number"
    )
    kinds = Counter(str(each["kind"]) for each in differences)
    for kind, number in kinds.items():
        first = next(each for each in differences if each["kind"] == kind)
        found.add_row(kind.replace("_", " "), str(number), f"{first['subject']}: {first['cause']}")
    console.print(found, "")


def outcomes(console: Console, expected: Expected, found: Iterable[FoundPayment]) -> None:
    """Payments by outcome, as found and as foretold."""
    foretold, there = comparing.by_outcome(expected.payments), comparing.by_outcome(found)
    table = _table("Payments by outcome", "outcome", "number", "kroner", "oracle", right="number kroner")
    for outcome in sorted(
        foretold.keys() | there.keys(), key=lambda name: (not name.startswith("settled"), name)
    ):
        count, amount = there.get(outcome, (0, 0))
        is_right = foretold.get(outcome) == (count, amount)
        table.add_row(
            outcome, str(count), in_kroner(amount), "equal" if is_right else _other(foretold.get(outcome))
        )
    every = tuple(there.values())
    table.add_row("all", str(sum(n for n, _ in every)), in_kroner(sum(ore for _, ore in every)), "")
    console.print(table, "")


def _other(foretold: tuple[int, Money] | None) -> str:
    count, amount = foretold or (0, 0)
    return f"[red]{count} of {in_kroner(amount)}[/red]"


def covered(console: Console, found: Iterable[FoundPayment]) -> None:
    """What the settled money covered, kind by kind."""
    sums: Counter[str] = Counter()
    for payment in found:
        for part in payment.parts:
            sums[part.kind] += part.amount
    said = "   ".join(
        f"{kind} {in_kroner(sums[kind])}" for kind in ("principal", "costs", "fee", "interest", "rest")
    )
    console.print(f"[bold]Settled money covers, in kroner[/bold]\n{said}\n", highlight=False)


def vouchers(console: Console, rows: Sequence[LedgerRow]) -> None:
    """The vouchers as Visma has them, asked from Visma."""
    table = _table(
        "Vouchers (bilag) as Visma has them", "no.", "reference", "date", "OCR account, date, statement reference",
        "lines", "debits", "state", right="lines debits",
    )  # fmt: skip
    for row in rows:
        table.add_row(
            str(row.number), row.reference, f"{row.voucher_date}", row.text.removeprefix(_HEAD), str(row.lines),
            in_kroner(row.total), row.state,
        )  # fmt: skip
    console.print(table, "")


def parked(console: Console, found: Iterable[FoundPayment], proposals: Sequence[tuple[str, str]]) -> None:
    """What waits for a person, with the sentence of one of each kind."""
    groups: dict[str, list[FoundPayment]] = defaultdict(list)
    for payment in found:
        if payment.reason:
            groups[payment.reason].append(payment)
    table = _table(
        "Waits for a person", "reason", "number", "kroner", "the first of them", right="number kroner"
    )
    for reason, payments in sorted(groups.items()):
        amount = sum(payment.amount for payment in payments)
        table.add_row(reason, str(len(payments)), in_kroner(amount), payments[0].note)
    console.print(table)
    for reason, note in proposals:
        console.print(f"{reason}: the proposal of company {note}", highlight=False)
    console.print()


def tasks(console: Console, succeeded: Mapping[str, int], failed: Mapping[str, int]) -> None:
    """The workers' own event log: nothing else has touched the files on their way."""
    console.print("[bold]Celery tasks that succeeded, by the workers' own events[/bold]")
    console.print("   ".join(f"{name} {count}" for name, count in sorted(succeeded.items())), highlight=False)
    if failed:
        console.print("failed:", "   ".join(f"{name} {count}" for name, count in sorted(failed.items())))
    console.print()


def balance(console: Console, report: BalanceReport) -> None:
    """The money check: where the money is, and which promises do not hold."""
    table = _table(
        "Money that must agree (kk2 balance)", "where", "payments", "kroner", right="payments kroner"
    )
    for sums in report.sums:
        if sums.scope == "all":
            for place in sums.places:
                table.add_row(f"{place.where} {place.state}", str(place.payments), in_kroner(place.amount))
            table.add_row("all that the bank sent", str(sums.payments), in_kroner(sums.amount))
    console.print(table)
    broken = [finding for finding in report.findings if not finding.holds]
    console.print(
        f"{counted(len(report.findings), 'promise')} tried on every row, {len(broken)} broken.",
        highlight=False,
    )
    for finding in broken:
        console.print(f"[red]{finding.name}[/red]: {finding.promise}: {finding.broken} {finding.unit}")
        for difference in finding.differences[:3]:
            said = f"expected {difference.expected}, found {difference.found}: {difference.cause}"
            console.print(f"  {difference.subject}: {said}", highlight=False, markup=False)
    for what in report.unknown:
        console.print(f"unknown: {what}")
    console.print()


def differences(console: Console, named: Sequence[str]) -> None:
    """Each difference from the oracle, the first of them in words."""
    if not named:
        console.print(
            "[bold green]All of it equals what the oracle wrote before the start, to the øre.[/bold green]"
        )
        return
    console.print(f"[bold red]{counted(len(named), 'difference')} from the oracle:[/bold red]")
    for sentence in named[:_NAMED]:
        console.print(f"  {sentence}", highlight=False, markup=False)
    if len(named) > _NAMED:
        console.print(f"  and {len(named) - _NAMED} more")


def kills(console: Console, killed: Mapping[str, int], restarts: Mapping[str, int]) -> None:
    """Who was killed how often, and how often the supervisor started it again."""
    table = _table("Kills (SIGKILL)", "process", "kills", "restarts", right="kills restarts")
    for name in sorted(killed.keys() | restarts.keys()):
        table.add_row(name, str(killed.get(name, 0)), str(restarts.get(name, "by its parent")))
    console.print(table, "")

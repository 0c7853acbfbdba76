"""How `kk2 case show` tells who brought what to a case."""

from typing import TYPE_CHECKING

import typer

from ops.cli import printing

if TYPE_CHECKING:
    from ops.queries.corrections import Corrections


def print_brought(brought: "Corrections") -> None:
    """What was waived, what people added, and what they did with the case."""
    added = [claim for claim in brought.claims if claim.by or claim.origin == "merge"]
    for heads, rows, right in (
        (
            ("waiver", "day", "item", "part", "kroner", "by", "reason", "withdrawn"),
            [
                (
                    w.id,
                    w.day,
                    w.item_id,
                    w.kind,
                    printing.kroner(w.amount),
                    w.by or w.origin,
                    w.reason,
                    w.withdrawn_at,
                )
                for w in brought.waivers
            ],
            "waiver item kroner",
        ),
        (
            ("added", "of", "kroner", "due", "by", "withdrawn"),
            [
                (a.id, a.kind, printing.kroner(a.amount), a.due_on, a.by or a.origin, a.withdrawn_at)
                for a in added
            ],
            "added kroner",
        ),
        (
            ("when", "who", "did", "why"),
            [(done.at, done.actor, done.act, done.reason) for done in brought.acts],
            "",
        ),
    ):
        if rows:
            typer.echo("")
            printing.table(heads, rows, right=right)

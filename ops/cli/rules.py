"""`kk2 rule`: what a payer's account sends is for one case, learned from what people assign."""

from typing import TYPE_CHECKING, Annotated

import typer

from ops.cli import printing, reaching
from ops.cli.acting import act
from ops.cli.choosing import StateOfRule
from ops.cli.errors import CommandError, SaidNoError
from ops.cli.making import DryRun, Json, Name, Why, group
from schemas.wording import counted

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ops.queries.rules import Parked, RuleDetail, RuleRow
    from ops.repairs import Done, Person

app = group("Rules: a payer's account is always one case, learned from what people assign.", "rule")
_Rule = Annotated[
    int | None, typer.Argument(metavar="[RULE]", help="The rule's id, as `kk2 rule list` shows it.")
]
_PayerOf = Annotated[
    int | None,
    typer.Option("--payer-of", metavar="PAYMENT", help="The rule proposed for this payment's payer."),
]


@app.command("list", epilog="Example: kk2 rule list --state proposed")
def list_(
    state: StateOfRule = None,
    company: Annotated[str | None, typer.Option(help="Of this company.")] = None,
    json: Json = False,
) -> None:
    """List the rules: proposed by what people assigned, on, and switched off. An account is shown by its last digits."""
    from ops.queries import rules

    with reaching.reading(company=company) as connection:
        found = rules.rules(connection, state=state, company=company)
    if json:
        printing.as_json(found)
        return
    printing.table(
        ("rule", "state", "company", "payer", "payer of", "case", "which is", "assigned", "sent", "kroner", "by", "reason"),
        [
            (r.id, r.state, r.company, r.payer, r.payment_id, r.case_no, r.case_state, r.times or None, r.sent,
             printing.kroner(r.sent_total), r.made_by, r.reason)
            for r in found
        ],
        right="rule assigned sent kroner",
    )  # fmt: skip


@app.command(epilog="Example: kk2 rule show --payer-of 17")
def show(
    rule: _Rule = None,
    payer_of: _PayerOf = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="So many days back.")] = 30,
    json: Json = False,
) -> None:
    """Show a rule, and what it would have done with the payer's payments of the last days, beside where they went."""
    from ops.queries import asking, rules

    with reaching.reading() as connection:
        found = rules.shown(
            connection,
            rule_id=rule,
            payment_id=_one(rule, payer_of),
            today=asking.today(connection),
            days=days,
        )
    if found is None:
        raise SaidNoError(
            f"there is no rule {rule}" if rule else f"no rule is proposed for the payer of payment {payer_of}"
        )
    if json:
        printing.as_json([found])
        return
    _print(found.rule, found)


def _print(rule: "RuleRow", found: "RuleDetail") -> None:
    printing.pairs(
        [("rule", rule.id), ("state", rule.state), ("company", rule.company), ("payer", rule.payer),
         ("payer of payment", rule.payment_id), ("case", f"{rule.case_no}, {rule.case_state}"),
         ("assigned by people", rule.times or None), ("sent", rule.sent), ("kroner", printing.kroner(rule.sent_total)),
         ("on since", rule.made_at), ("by", rule.made_by), ("reason", rule.reason), ("off since", rule.off_at),
         ("off by", rule.off_by), ("waiting", len(found.parked.payment_ids) or None),
         ("kroner waiting", printing.kroner(found.parked.amount))]
    )  # fmt: skip
    typer.echo(f"\nwhat it says of the payer's payments since {found.since}:")
    printing.table(
        ("payment", "booked", "kroner", "parked for", "state", "case", "outcome"),
        [
            (
                t.payment_id,
                t.booked_on,
                printing.kroner(t.amount),
                t.parked_for,
                t.state,
                t.case_no,
                t.outcome,
            )
            for t in found.trial
        ],
        right="payment kroner",
    )


@app.command(epilog='Example: kk2 rule on --payer-of 17 --reason "the bank of the debtor gives no KID"')
def on(
    payer_of: Annotated[
        int, typer.Option("--payer-of", metavar="PAYMENT", help="The rule proposed for this payment's payer.")
    ],
    also: Annotated[bool, typer.Option("--release", help="Release what waits of the payer, too.")] = False,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Switch on a proposed rule: what its payer sends, and no KID finds a case for, goes to the rule's case if open."""
    from ops.queries import rules as queries
    from ops.repairs import rules

    done: list[int | None] = []

    def switch_on(connection: "Connection", who: "Person") -> "Done":
        made = rules.switch_on(connection, payer_of, reaching.site, person=who)
        done.append(made.made)
        return made

    act(switch_on, name=name, reason=reason, dry_run=dry_run, json=json)
    with reaching.reading() as connection:
        rule = queries.stored(connection, done[0] or 0) or queries.of_payer(connection, payer_of)
        waits = queries.parked(connection, rule) if rule else None
    if waits is None or not waits.payment_ids:
        return
    typer.echo(_waiting(waits), err=json)
    if also and not dry_run and done[0]:
        _release(done[0], waits, name=name, reason=reason, dry_run=False, json=json)


@app.command(epilog="Example: kk2 rule release 3")
def release(
    rule: Annotated[int, typer.Argument(metavar="RULE", help="The rule's id, as `kk2 rule list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask after showing what waits.")] = False,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Release what waits of a rule's payer, after showing how much it is: the rule sends it to its case."""
    from ops.queries import rules

    with reaching.reading() as connection:
        found = rules.stored(connection, rule)
        waits = rules.parked(connection, found) if found else None
    if waits is not None and waits.payment_ids:
        typer.echo(_waiting(waits), err=json)
        if not yes and not dry_run:
            typer.confirm("Release them?", abort=True, err=True)
    _release(rule, waits, name=name, reason=reason, dry_run=dry_run, json=json)


@app.command(epilog='Example: kk2 rule off 3 --reason "the debtor has another case now"')
def off(
    rule: _Rule = None,
    payer_of: _PayerOf = None,
    reason: Why = "",
    dry_run: DryRun = False,
    name: Name = "",
    json: Json = False,
) -> None:
    """Switch a rule off, or turn a proposed one down (--payer-of): it comes back after as many new assigns."""
    from ops.repairs import rules

    payment = _one(rule, payer_of)
    if rule is not None:
        act(lambda c, who: rules.switch_off(c, rule, person=who),
            name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip
    elif payment is not None:
        act(lambda c, who: rules.turn_down(c, payment, reaching.site, person=who),
            name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


def _waiting(parked: "Parked") -> str:
    return f"{counted(len(parked.payment_ids), 'payment')} of the payer {'wait' if len(parked.payment_ids) > 1 else 'waits'}, {printing.kroner(parked.amount)} kr"


def _release(
    rule: int, parked: "Parked | None", *, name: str, reason: str, dry_run: bool, json: bool
) -> None:
    from ops.repairs import rules

    shown = (len(parked.payment_ids), parked.amount) if parked else (0, 0)
    act(lambda c, who: rules.release_parked(c, rule, *shown, person=who),
        name=name, reason=reason, dry_run=dry_run, json=json)  # fmt: skip


def _one(rule: int | None, payer_of: int | None) -> int | None:
    if (rule is None) == (payer_of is None):
        raise CommandError("say which rule: its id, or for a proposed one --payer-of PAYMENT")
    return payer_of

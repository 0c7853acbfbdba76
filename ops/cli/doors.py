"""Which act of `ops.access` each command is: who may not is refused before it looks, as on the pages and by the API."""

from collections.abc import Mapping
from typing import Any

import typer

from ops.cli import reaching

ACTS_OF: Mapping[str, tuple[str, ...]] = {
    "alarm acknowledge": ("acknowledge",),
    "case add-cost": ("add cost",),
    "bundle": ("take bundle",),
    "case apply": ("case apply",),
    "case close": ("close case",),
    "case import": ("import",),
    "case merge": ("merge case",),
    "case reopen": ("reopen case",),
    "case resume": ("resume case",),
    "case retry-numbers": ("write numbers again",),
    "case stop": ("stop case",),
    "case unmerge": ("unmerge case",),
    "case waive": ("waive",),
    "case withdraw": ("withdraw item",),
    "case withdraw-waiver": ("withdraw waiver",),
    "client apply": ("client apply",),
    "day reopen": ("reopen day",),
    "day sign": ("sign day",),
    "file add": ("add file",),
    "file mark-known": ("mark known",),
    "file read-again": ("read again",),
    "file refuse": ("refuse file",),
    "file release": ("release file",),
    "forget": ("forget",),
    "job stop": ("stop job",),
    "payment assign": ("assign",),
    "payment comment": ("comment",),
    "payment cover": ("choose order",),
    "payment refund": ("propose refund",),
    "payment refunded": ("refunded",),
    "payment refuse": ("refuse",),
    "payment reject-suggestion": ("reject suggestion",),
    "payment release": ("release",),
    "payment split": ("share out",),
    "payment undo": ("undo",),
    "payment withdraw-refund": ("withdraw refund",),
    "proposal approve": ("approve",),
    "proposal send-back": ("send back",),
    "proposal take-up": ("take up",),
    "rule off": ("rule off",),
    "rule on": ("rule on",),
    "rule release": ("release",),
    "schedule pause": ("pause",),
    "schedule resume": ("resume",),
    "schedule run": ("run",),
    "schedule skip": ("skip",),
    "shadow end": ("end shadow",),
    "start delivery": ("start delivery",),
    "stop delivery": ("stop delivery",),
    "transaction apply": ("apply",),
    "transaction fetch": ("fetch",),
    "transaction retry": ("decide again",),
    "transaction set-aside": ("set aside",),
    "user add": ("add user",),
    "user disable": ("disable user",),
    "user enable": ("enable user",),
    "user end-sessions": ("end sessions",),
    "user end-token": ("end token", "end own token"),
    "user link": ("link user",),
    "user own-password": ("change own password",),
    "user password": ("set password",),
    "user roles": ("change roles",),
    "user token": ("make token", "make own token"),
    "visma convert": ("convert",),
    "visma explain": ("explain",),
    "visma fetch": ("fetch",),
    "visma import": ("import",),
    "visma number": ("write numbers again",),
    "visma recover": ("recover",),
    "voucher absent": ("declare absent",),
    "voucher confirm": ("confirm",),
    "voucher correct": ("void",),
    "voucher discard": ("post by hand", "void"),
    "voucher restore": ("restore",),
    "voucher retry": ("retry", "retry all", "ask"),
    "work retry": ("try again",),
}
"""By the words after `kk2`. Of several acts the command's options say which; a person who has none of them is refused."""


def need_role(context: typer.Context, name: str) -> str:
    """Refuse who may do none of the acts of the command that is about to run; gives the name as it was said."""
    words: list[str] = []
    here: Any = context
    while here.parent is not None:
        words, here = [str(here.info_name), *words], here.parent
    acts = ACTS_OF.get(" ".join(words), ())
    if acts and not context.resilient_parsing:
        from ops.access import may
        from ops.repairs import acts as repairs
        from ops.repairs.people import named

        with reaching.reading() as connection:
            person = named(connection, reaching.actor(name), "")
        if not any(may(person.roles, act) for act in acts):
            repairs.need_role(person.actor, person.roles, acts[0])
    return name

"""What people did, for who must account for it: the acts in the order of their chain."""

from ops.access import ACTS as ALL_ACTS
from ops.access import Role
from ops.desk.acting import AnyAct
from ops.desk.listing import Column, Facet, Listing, Shape
from ops.desk.words import N_

AUDIT = Listing(
    name="audit",
    title=N_("Audit"),
    path="/audit",
    source="audit a",
    columns=(
        Column("id", N_("No."), "a.id", Shape.CODE, sorts=True),
        Column("at", N_("When"), "a.at", Shape.MOMENT),
        Column("actor", N_("Who"), "a.actor", Shape.WRITTEN),
        Column("act", N_("Act"), "a.act", Shape.WORD),
        Column("subject", N_("Of"), "a.subject"),
        Column("reason", N_("Reason"), "a.reason", Shape.WRITTEN),
        Column("detail", N_("Detail"), "a.detail::text", Shape.CODE, shown=False),
    ),
    facets=(
        Facet("act", N_("Act"), "a.act", tuple(sorted(ALL_ACTS))),
        Facet("actor", N_("Who"), "a.actor"),
    ),
    search="a.subject = :q OR a.actor = :q",
    search_hint=N_("Subject as payment 17, or a name"),
    days="(a.at AT TIME ZONE 'Europe/Oslo')::date",
    order="a.id DESC",
    empty=N_("Nobody has done anything like that."),
    readers=frozenset({Role.AUDITOR, Role.ADMIN}),
)

LISTINGS = (AUDIT,)
ACTS: tuple[AnyAct, ...] = ()

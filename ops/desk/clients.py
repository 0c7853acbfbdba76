"""Clients: the setup from installation to sub-ledger, as rows that hold from a day; a change is a new row."""

from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from ops import setup_file
from ops.desk.acting import Act, AnyAct, LongText, Wanted
from ops.desk.listing import Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.queries.asking import TODAY
from ops.repairs import Done, Person, Refusal
from ops.setup_tables import FIELDS

_STANDS = (
    "CASE WHEN EXISTS (SELECT FROM setup_row s WHERE s.kind = r.kind AND s.key = r.key AND s.valid_from = r.valid_from "
    f"AND s.version > r.version) THEN 'superseded' WHEN r.valid_from > {TODAY} THEN 'coming' "
    "WHEN EXISTS (SELECT FROM setup_row s WHERE s.kind = r.kind AND s.key = r.key AND s.valid_from > r.valid_from "
    f"AND s.valid_from <= {TODAY}) THEN 'past' ELSE 'valid' END"
)
SETUP = Listing(
    name="clients",
    title=N_("Clients and setup"),
    path="/clients",
    source="setup_row r",
    columns=(
        Column("id", N_("Row"), "r.id", Shape.CODE, link="/clients/{id}"),
        Column("kind", N_("Kind"), "r.kind", Shape.WORD),
        Column("key", N_("Key"), "r.key", Shape.CODE, link="/clients/{id}"),
        Column("name", N_("Name"), "coalesce(r.body->>'name', '')", Shape.WRITTEN),
        Column("stands", N_("State"), _STANDS, Shape.WORD),
        Column("valid_from", N_("Valid from"), "r.valid_from", Shape.DAY),
        Column("version", N_("Version"), "r.version", Shape.NUMBER),
        Column("made_at", N_("Made"), "r.made_at", Shape.MOMENT),
        Column("made_by", N_("By"), "r.made_by", Shape.WRITTEN),
    ),
    facets=(
        Facet("stands", N_("State"), _STANDS, ("valid", "coming", "past", "superseded")),
        Facet("kind", N_("Kind"), "r.kind", tuple(FIELDS)),
    ),
    search="r.key ILIKE '%' || :q || '%' OR r.body->>'name' ILIKE '%' || :q || '%'",
    search_hint=N_("Key or name"),
    order="array_position(ARRAY['installation','company','account','client','sub_ledger'], r.kind), r.key, "
    "r.valid_from DESC, r.version DESC",
    empty=N_("No row of the setup is like that. The first setup is applied with kk2 client apply."),
)


class NewRows(Wanted):
    """Rows as the setup's file has them, and whether they are only tried."""

    model_config = ConfigDict(extra="forbid", str_max_length=200_000)

    setup: LongText = Field(title=N_("Rows, as in the setup's file"), min_length=1)
    dry_run: bool = Field(False, title=N_("Only try it: nothing is kept"))


def _apply(connection: Connection, subject: str, asked: NewRows, person: Person) -> Done:
    try:
        return setup_file.apply_rows(
            connection, asked.setup, name=f"row {subject}", person=person, dry_run=asked.dry_run
        )
    except setup_file.BadSetupFileError as bad:
        raise Refusal(str(bad)) from None


LISTINGS = (SETUP,)
ACTS: tuple[AnyAct, ...] = (
    Act(
        "client apply", "clients", "new-row", N_("Write a new row"), NewRows, _apply,
        N_("No row is ever edited. Change what is to be other, set the day from which it holds, and try it first. With another code it is a new client, account or sub-ledger."),
    ),
)  # fmt: skip

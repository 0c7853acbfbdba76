"""An act as a value: what it is called, what it asks of the person, and the repair that does it.

The console makes a form of it and the API an operation; the command line calls the same repair. Who may do it stands in
`ops.access`, by the same name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, Protocol, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection

from ops.desk.listing import as_ore
from ops.desk.words import N_
from ops.queries.naming import called
from ops.repairs import Done, Person, Refusal
from schemas.schedule import OSLO


class Wanted(BaseModel):
    """What an act asks of a person, each field with its `title`. Fields that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=2_000)

    @field_validator("*", mode="before")
    @classmethod
    def _no_nul(cls, value: object) -> object:
        """No text of the database holds the character NUL."""
        if isinstance(value, str) and "\0" in value:
            raise PydanticCustomError("not_understood", "expected text, found the character NUL")
        return value


class WithReason(Wanted):
    """An act that asks why."""

    reason: str = Field(title=N_("Reason"), min_length=1, max_length=500)


class MayGiveReason(Wanted):
    """An act that may be explained."""

    reason: str = Field("", title=N_("Reason (may be empty)"), max_length=500)


F = TypeVar("F", bound=Wanted)


@dataclass(frozen=True, slots=True)
class Act(Generic[F]):
    """An act on one subject. `name` is the audit's and that of `ops.access`; `on` the first part of the subject's path, as
    `payments`, `title` what its button says, `fields` what it asks; `do(connection, id, asked, person)` is the repair.

    `slug` is the last part of its path. `explains`: what happens, said above the form. `grave`: its button warns. `named`:
    its subjects are known by a name or a code; all others by a number. `then`: the page after it, with `{made}` for the id
    of what it made; else the page that one came from.
    """

    name: str
    on: str
    slug: str
    title: str
    fields: type[F]
    do: Callable[[Connection, str, F, Person], Done]
    explains: str = ""
    grave: bool = False
    named: bool = False
    then: str = ""

    def can_be(self, subject: str) -> bool:
        """Whether anything of this kind can be called so."""
        return bool(subject.isprintable() if self.named else re.fullmatch(r"[0-9]{1,18}", subject))

    def path(self, subject: object) -> str:
        """Give the act's path for a subject."""
        return f"/{self.on}/{subject}/{self.slug}"


AnyAct: TypeAlias = Act[Any]


class _OfOne(Protocol):
    """A repair that asks nothing beyond its subject."""

    def __call__(self, connection: Connection, subject: int, /, *, person: Person) -> Done: ...


def simply(repair: _OfOne) -> Callable[[Connection, str, Any, Person], Done]:
    """Make what an act does of a repair that asks nothing beyond its subject, and the person's reason."""
    return lambda connection, subject, _, person: repair(connection, int(subject), person=person)


def _kroner(written: object) -> object:
    """Kroner as people write them; a whole number is øre already, as programs say it."""
    if isinstance(written, str):
        ore = as_ore(written)
        if ore is None:
            raise ValueError("not_kroner")
        return ore
    return written


def _moment(written: object) -> object:
    """A moment by the clock in Norway, where nothing else is said."""
    if isinstance(written, str):
        found = datetime.fromisoformat(written)
        return found if found.tzinfo else found.replace(tzinfo=OSLO)
    return written


class _Mark(StrEnum):
    """How a form asks for a value."""

    KRONER = "kroner"
    CASE = "case"
    LONG = "long"
    HIDDEN = "secret"


Kroner = Annotated[int, BeforeValidator(_kroner), Field(json_schema_extra={"asks": _Mark.KRONER})]
"""An amount in øre; a text is read as kroner."""
CaseNo = Annotated[str, Field(json_schema_extra={"asks": _Mark.CASE}, min_length=1, max_length=60)]
"""A case by its number, or as `id:17`; `case_id` finds it."""
LongText = Annotated[str, Field(json_schema_extra={"asks": _Mark.LONG})]
Secret = Annotated[
    str, StringConstraints(strip_whitespace=False), Field(json_schema_extra={"asks": _Mark.HIDDEN})
]
"""A password: taken with its blanks, as the door takes it, and never written into a form again."""
Moment = Annotated[datetime, BeforeValidator(_moment)]


@dataclass(frozen=True, slots=True)
class Input:
    """A field of a form. `kind`: text, long, secret, kroner, case, day, moment, number, check, choice. `fault` is said beside it."""

    name: str
    title: str
    kind: str
    required: bool
    value: str
    choices: tuple[str, ...] = ()
    fault: str = ""


def inputs(
    fields: type[Wanted], values: Mapping[str, str], faults: Mapping[str, str] | None = None
) -> tuple[Input, ...]:
    """Give the fields of an act's form, filled with what the person wrote or what is known before."""
    return tuple(
        _input(name, field, values.get(name), (faults or {}).get(name, ""))
        for name, field in fields.model_fields.items()
    )


def _input(name: str, field: Any, value: str | None, fault: str) -> Input:
    kind, choices = "text", tuple[str, ...]()
    annotation = field.annotation
    options = [arg for arg in getattr(annotation, "__args__", ()) if arg is not type(None)]
    plain = options[0] if type(None) in getattr(annotation, "__args__", ()) else annotation
    plain = plain if isinstance(plain, type) else getattr(plain, "__origin__", plain)  # `Moment | None`
    asks = (field.json_schema_extra or {}).get("asks")
    if asks:
        kind = str(asks)
    elif isinstance(plain, type) and issubclass(plain, StrEnum):
        kind, choices = "choice", tuple(plain)
    elif plain is bool:
        kind = "check"
    elif plain is int:
        kind = "number"
    elif plain is datetime:
        kind = "moment"
    elif plain is date:
        kind = "day"
    default = "" if field.is_required() or field.default in {None, False} else str(field.default)
    return Input(
        name,
        field.title or name,
        kind,
        field.is_required(),
        default if value is None else value,
        choices,
        fault,
    )


def ask(act: AnyAct, given: Mapping[str, object]) -> Any:
    """Make what the act asks for out of a form; what is left empty was not given. Raises pydantic's ValidationError."""
    return act.fields.model_validate(
        {name: value for name, value in given.items() if value not in {"", None}}
    )


_FAULTS = {
    "missing": N_("must be filled in"),
    "string_too_short": N_("must be filled in"),
    "string_too_long": N_("is too long"),
    "value_error": N_("expected an amount in kroner, as 1234.50, or a day and a time, as 2026-01-31 08:00"),
    "date_from_datetime_parsing": N_("expected a day, as 2026-01-31"),
    "date_parsing": N_("expected a day, as 2026-01-31"),
    "int_parsing": N_("expected a whole number"),
    "enum": N_("choose one of the list"),
    "extra_forbidden": N_("is not asked for"),
    "greater_than": N_("is too small"),
    "greater_than_equal": N_("is too small"),
    "less_than_equal": N_("is too large"),
}


def faults(error: ValidationError) -> dict[str, str]:
    """Say of each field what was expected, in a text that has a translation."""
    return {
        ".".join(map(str, each["loc"])) or "form": _FAULTS.get(each["type"], N_("is not understood"))
        for each in error.errors(include_input=False, include_url=False)
    }


def case_id(connection: Connection, case: str) -> int:
    """Find the case that a person names: by its number, if only one client has it, or as `id:17`."""
    found = called(connection, case)
    if not found:
        raise Refusal(f"there is no case {case}")
    if len(found) > 1:
        several = ", ".join(f"id:{each} ({client})" for each, client in found)
        raise Refusal(f"several clients have a case {case}: name one of {several}")
    return found[0][0]

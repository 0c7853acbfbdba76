"""A list as a value: its columns, its filters and its search, asked of the database the same way everywhere.

A list has a permanent address: whatever is chosen stands in it. Counts are exact up to `COUNTED`, and then say so.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, text

from ops.access import ALL_ROLES, Role
from schemas.money import Money, from_decimal_text

COUNTED = 10_000
"""Up to so many rows a count is exact, and a list can be paged through; beyond that it is filtered, or exported."""
ON_A_PAGE = 50
PAGES = COUNTED // ON_A_PAGE
_EXPORTED_AT_ONCE = 2_000


class Shape(StrEnum):
    """How a value is written, and where it stands in its cell."""

    TEXT = "text"
    CODE = "code"  # KID, account, case number: never a number, whatever it looks like
    WRITTEN = "written"  # a name, or what a person wrote: as it stands, also where it is a word that has a translation
    WORD = "word"  # one of a known set, translated where it is shown
    WORDS = "words"  # some of a known set
    MONEY = "money"  # øre
    NUMBER = "number"
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `sql` over the list's source. `link` is a path with `{column}` for a value of the row, as `/cases/{case_id}`.

    `shown` False: there for links, and in exports. `act`: only for who may do that act. `total`: summed below. `sorts`: an index makes its order cheap.
    """

    name: str
    title: str
    sql: str
    shape: Shape = Shape.TEXT
    link: str = ""
    total: bool = False
    sorts: bool = False
    shown: bool = True
    act: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter with a known set of words, or (none given) any text that must be equal.

    `narrow`: for a word, a condition that holds for all its rows, by which an index finds them. `numeric`: `sql` is an id.
    """

    name: str
    title: str
    sql: str
    words: tuple[str, ...] = ()
    narrow: Mapping[str, str] = field(default_factory=dict)
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list. `source` is FROM with its joins, `where` what always holds, `search` a condition on :q, :number and :ore.

    `days` is the SQL of the day that `from` and `to` speak of. `order` is what stands when nobody chose. `note` says above the list what it is. `leads` is a page that begins something here: its path,
    what leads there, and the act that one must have. `sums` gives the totals of a choice out of kept sums, where it can, for
    more than `COUNTED` rows: (rows, total by column name).
    """

    name: str
    title: str
    path: str
    source: str
    columns: tuple[Column, ...]
    facets: tuple[Facet, ...] = ()
    where: str = "true"
    search: str = ""
    search_hint: str = ""
    days: str = ""
    order: str = "1 DESC"
    empty: str = ""
    readers: frozenset[Role] = ALL_ROLES
    note: str = ""
    leads: tuple[str, str, str] | None = None
    sums: "Callable[[Connection, Asked], tuple[int, Mapping[str, Money]] | None] | None" = None

    def for_roles(self, roles: frozenset[Role]) -> bool:
        """Whether somebody with these roles reads this list."""
        return bool(self.readers & roles)

    def column(self, name: str) -> Column:
        """Give a column by its name; KeyError for none."""
        return {column.name: column for column in self.columns}[name]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a list. `sort` is a column's name, `-` before it for downwards; `page` counts from 1."""

    q: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    sort: str = ""
    page: int = 1

    def address(self, **other: Any) -> str:
        """Give the query of the list's address, with something else than what is asked now."""
        now = replace(self, **other)
        pairs: list[tuple[str, object]] = [
            ("q", now.q),
            *now.facets.items(),
            ("from", now.first),
            ("to", now.last),
        ]
        pairs += [("sort", now.sort), ("page", now.page if now.page > 1 else "")]
        return urlencode([(name, str(value)) for name, value in pairs if value])


class BadQuestion(Exception):  # noqa: N818 - said to a person
    """A list was asked for what it does not have; the message says what it has."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: rows as mappings by column name. `count` None: more than `COUNTED`. `totals` may lack what is not known."""

    rows: tuple[Mapping[str, Any], ...]
    count: int | None
    totals: Mapping[str, Money]
    more: bool


def read(listing: Listing, query: Mapping[str, str]) -> Asked:
    """Read what is asked from the query of an address; raises `BadQuestion` with what was expected."""
    if strange := [name for name, value in query.items() if "\0" in value]:
        raise BadQuestion(f"{', '.join(strange)}: expected text, found the character NUL")
    facets = {}
    for facet in listing.facets:
        value = query.get(facet.name, "").strip()
        if value and facet.words and value not in facet.words:
            raise BadQuestion(f"{facet.name}: expected one of {', '.join(facet.words)}; found {value!r}")
        if value and facet.numeric and as_number(value) is None:
            raise BadQuestion(f"{facet.name}: expected a number; found {value!r}")
        if value:
            facets[facet.name] = value
    sort = query.get("sort", "")
    if sort and sort.lstrip("-") not in {column.name for column in listing.columns if column.sorts}:
        raise BadQuestion(f"sort: this list is not sorted by {sort!r}")
    page = query.get("page", "1")
    if not re.fullmatch(r"[0-9]{1,6}", page) or not 1 <= int(page) <= PAGES:
        raise BadQuestion(f"page: expected 1 to {PAGES}; found {page!r}: filter the list, or export it")
    return Asked(
        query.get("q", "").strip()[:200], facets, _day(query, "from"), _day(query, "to"), sort, int(page)
    )  # fmt: skip


def page(connection: Connection, listing: Listing, asked: Asked) -> Page:
    """Give a page of the list, its count and its totals."""
    where, values = _where(listing, asked)
    rows = _rows(
        connection, listing, asked, where, values, limit=ON_A_PAGE + 1, offset=(asked.page - 1) * ON_A_PAGE
    )
    summed = [column for column in listing.columns if column.total]
    inner = ", ".join(f"{column.sql} AS {column.name}" for column in summed) or "1"
    outer = "".join(f", coalesce(sum({column.name}), 0)::bigint" for column in summed)
    found = connection.execute(
        text(
            f"SELECT count(*){outer} FROM (SELECT {inner} FROM {listing.source} WHERE {where} LIMIT {COUNTED + 1}) x"
        ),
        values,
    ).one()
    shown = tuple(rows[:ON_A_PAGE])
    if found[0] <= COUNTED:
        exact = {column.name: total for column, total in zip(summed, found[1:], strict=True)}
        return Page(shown, found[0], exact, len(rows) > ON_A_PAGE)
    kept = listing.sums(connection, asked) if listing.sums else None
    count, totals = kept if kept is not None else (None, {})
    return Page(shown, count, totals, len(rows) > ON_A_PAGE and asked.page < PAGES)


def everything(connection: Connection, listing: Listing, asked: Asked) -> Iterator[Mapping[str, Any]]:
    """Stream every row that is asked for, in the list's order, with bounded memory."""
    where, values = _where(listing, asked)
    found = connection.execution_options(yield_per=_EXPORTED_AT_ONCE).execute(
        text(_select(listing, asked, where)), values
    )
    for row in found.mappings():
        yield dict(row)


def more_than(connection: Connection, listing: Listing, asked: Asked, most: int) -> bool:
    """Whether more rows are asked for than so many."""
    where, values = _where(listing, asked)
    found = text(f"SELECT count(*) FROM (SELECT 1 FROM {listing.source} WHERE {where} LIMIT {most + 1}) x")
    return bool(connection.execute(found, values).scalar_one() > most)


def command(listing: Listing, asked: Asked) -> str:
    """Give the command line that shows the same rows."""
    words = ["kk2", "list", listing.name, *(f"{name}={value}" for name, value in asked.facets.items())]
    options: list[tuple[str, object]] = [("search", asked.q), ("from", asked.first), ("to", asked.last)]
    options += [("sort", asked.sort), ("page", asked.page if asked.page > 1 else "")]
    return shlex.join([*words, *(f"--{name}={value}" for name, value in options if value)])


def _rows(
    connection: Connection, listing: Listing, asked: Asked, where: str, values: Mapping[str, Any], *, limit: int, offset: int
) -> Sequence[Mapping[str, Any]]:  # fmt: skip
    query = text(f"{_select(listing, asked, where)} LIMIT :limit OFFSET :offset")
    return [
        dict(row)
        for row in connection.execute(query, {**values, "limit": limit, "offset": offset}).mappings()
    ]


def _select(listing: Listing, asked: Asked, where: str) -> str:
    columns = ", ".join(f"{column.sql} AS {column.name}" for column in listing.columns)
    order = listing.order
    if asked.sort:
        sql = listing.column(asked.sort.lstrip("-")).sql
        order = f"{sql} {'DESC' if asked.sort.startswith('-') else 'ASC'} NULLS LAST, {listing.columns[0].sql} DESC"
    return f"SELECT {columns} FROM {listing.source} WHERE {where} ORDER BY {order}"


def _where(listing: Listing, asked: Asked) -> tuple[str, dict[str, Any]]:
    conditions, values = [listing.where], dict[str, Any]()
    for facet in listing.facets:
        if facet.name in asked.facets:
            value = asked.facets[facet.name]
            conditions.append(f"{facet.sql} = :facet_{facet.name}")
            conditions += [facet.narrow[value]] if value in facet.narrow else []
            values[f"facet_{facet.name}"] = as_number(value) if facet.numeric else value
    if asked.q and listing.search:
        conditions.append(f"({listing.search})")
        values |= {"q": asked.q, "number": as_number(asked.q), "ore": as_ore(asked.q)}
    for sign, name, day in ((">=", "first", asked.first), ("<=", "last", asked.last)):
        if day is not None and listing.days:
            conditions.append(f"{listing.days} {sign} :{name}")
            values[name] = day
    return " AND ".join(conditions), {k: v for k, v in values.items() if f":{k}" in " ".join(conditions)}


def as_number(written: str) -> int | None:
    """An id, if it can be one."""
    return int(written) if re.fullmatch(r"[0-9]{1,18}", written) else None


def as_ore(written: str) -> Money | None:
    """An amount as people write it (1 234,50 or 1234.50 or 1234), if it can be one."""
    plain = re.sub(r"[\s\u00a0\u202f]", "", written).replace(",", ".").removesuffix("kr")
    try:
        return from_decimal_text(plain) if len(plain) <= 16 else None
    except ValueError:
        return None


def _day(query: Mapping[str, str], name: str) -> date | None:
    if not (written := query.get(name, "").strip()):
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise BadQuestion(f"{name}: expected a day, as 2026-01-31; found {written!r}") from None

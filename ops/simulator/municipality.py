"""What the simulated Visma has set up: companies, their codes and their first proposals, from a TOML file."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from schemas.transfer import CompanyFacts, DunningRoutine, InstallationFacts


class BadMunicipalityError(ValueError):
    """The file lacks a key or holds a value of another kind; the sentence names it."""


def read(path: Path | None, capabilities: frozenset[str]) -> InstallationFacts:
    """Read a set-up file, None for the seeded municipality. Raises `BadMunicipalityError`, OSError."""
    with _table(path) as table:
        companies = tuple(_company(company) for company in table["company"])
        return InstallationFacts(str(table["version"]), companies, capabilities)


@dataclass(frozen=True, slots=True)
class SeededProposal:
    """A dunning proposal that stands in the ledger from the beginning, with so many invented invoices."""

    company: str
    number: str
    dunning_code: str
    approved: bool
    invoices: int
    day: date


def proposals(path: Path | None) -> tuple[SeededProposal, ...]:
    """The proposals of a set-up file, None for the seeded municipality. Raises `BadMunicipalityError`, OSError."""
    with _table(path) as table:
        return tuple(
            SeededProposal(
                company["code"],
                row["number"],
                row["dunning_code"],
                row["approved"],
                int(row["invoices"]),
                row["day"],
            )
            for company in table["company"]
            for row in company.get("proposal", [])
        )


def period(text: str) -> tuple[int, int]:
    """`2026-11` as (2026, 11); ValueError for anything else. Period 13 is the one for closing a year."""
    year, dash, month = text.partition("-")
    if not (dash and year.isdigit() and month.isdigit() and len(year) == 4 and 1 <= int(month) <= 13):
        raise ValueError(f"{text!r} is not a period: expected year and month, as 2026-11")
    return int(year), int(month)


@contextmanager
def _table(path: Path | None) -> Iterator[dict[str, Any]]:
    """A set-up file's content; what goes wrong while it is read, in the block too, is said of the file."""
    where = "the seeded municipality" if path is None else str(path)
    source = files("ops.simulator") / "municipality.toml" if path is None else path
    text = source.read_text("utf-8")
    try:
        yield tomllib.loads(text)
    except KeyError as missing:
        raise BadMunicipalityError(f"{where}: the key {missing} is missing") from missing
    except (tomllib.TOMLDecodeError, TypeError, ValueError) as fault:
        raise BadMunicipalityError(f"{where}: {fault}") from fault


def _company(table: Mapping[str, Any]) -> CompanyFacts:
    first, last = (period(text) for text in table["open_periods"])
    return CompanyFacts(
        code=table["code"],
        name=table["name"],
        clients=frozenset(table["clients"]),
        voucher_types=frozenset(table["voucher_types"]),
        registrars=frozenset(table["registrars"]),
        accounts=frozenset(table["accounts"]),
        sub_ledger_types=frozenset(table["sub_ledger_types"]),
        open_periods=frozenset(
            (year, month)
            for year in range(first[0], last[0] + 1)
            for month in range(1, 13)
            if first <= (year, month) <= last
        ),
        dunning_routines=tuple(
            DunningRoutine(row["code"], tuple(row["clients"])) for row in table.get("dunning", [])
        ),
    )

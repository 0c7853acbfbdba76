"""What Visma would refuse of a setup, said before money finds out: our rows against what the installation says of itself."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.setup import Client, ClosedPeriodPolicy, Company, Installation, PostingAccounts, SubLedger
from schemas.transfer import CompanyFacts, InstallationFacts

_SHOWN = 8
_ACCOUNTS = ("bank", "interest", "costs", "fee", "suspense", "overpayment")
_OPERATIONS = (
    ("finds", "FindVoucher"),
    ("lists", "ListVouchers"),
    ("deduplicates", "deduplicates"),
    ("imports", "GetReadyInvoices"),
    ("imports", "UpdateCaseNumbers"),
    ("transacts", "GetTransactions"),
    ("balances", "GetBalances"),
)


class Weight(StrEnum):
    """What a finding means."""

    REFUSED = "refused"  # Visma would refuse it, or the import would never bring it
    UNKNOWN = "unknown"  # Visma does not tell
    HINT = "hint"  # nothing is refused; look whether it is meant so


@dataclass(frozen=True, slots=True)
class ReadinessFacts:
    """One installation: its setup as valid on `day`, with its companies, clients and sub-ledgers, and Visma's word."""

    day: date
    installation: Installation
    companies: tuple[Company, ...]
    clients: tuple[Client, ...]
    sub_ledgers: tuple[SubLedger, ...]
    visma: InstallationFacts


@dataclass(frozen=True, slots=True)
class Lack:
    """One finding: `place` and `key` say where in the setup it stands; what we have, what Visma has, what to do."""

    weight: Weight
    place: str
    key: str
    ours: str
    visma: str
    act: str


def lacks(facts: ReadinessFacts) -> tuple[Lack, ...]:
    """Give every finding, in the order of the setup: the installation first, then company by company."""
    found = list(_capabilities(facts))
    theirs = {company.code: company for company in facts.visma.companies}
    for company in facts.companies:
        there = theirs.get(company.code)
        if there is None:
            found += _code(_at(company), "code", company.code, theirs, "company")
            continue
        found += _company(facts, company, there)
        clients = [client for client in facts.clients if client.company == company.code]
        found += _dunning(facts.installation, company, clients, there)
        for client in clients:
            found += _client(client, there)
        for sub_ledger in facts.sub_ledgers:
            if sub_ledger.company == company.code:
                found += _sub_ledger(sub_ledger, there)
    return tuple(found)


def _at(row: Company | Client | SubLedger) -> str:
    match row:
        case Company():
            return f"[[company]] {row.code}"
        case Client():
            return f"[[client]] {row.company}/{row.code}"
        case SubLedger():
            return f"[[sub_ledger]] {row.company}/{row.client}/{row.sub_ledger_type}"


def _capabilities(facts: ReadinessFacts) -> Iterator[Lack]:
    place = f"[[installation]] {facts.installation.code}"
    has = facts.visma.capabilities
    if not has:
        yield Lack(Weight.UNKNOWN, place, "capabilities", "", "", "Visma does not say what it can: ask")
        return
    if "RegisterVouchers" not in has:
        yield Lack(
            Weight.REFUSED,
            place,
            "endpoint",
            "RegisterVouchers",
            _some(has),
            "no voucher can be sent: ask Visma",
        )
    for key, operation in _OPERATIONS:
        claimed = getattr(facts.installation, key)
        if claimed and operation not in has:
            yield Lack(Weight.REFUSED, place, key, operation, _some(has), f"set {key} = false, or ask for it")
    for key in dict.fromkeys(key for key, _ in _OPERATIONS):
        needed = [operation for of, operation in _OPERATIONS if of == key]
        if not getattr(facts.installation, key) and has.issuperset(needed):
            yield Lack(Weight.HINT, place, key, "false", ", ".join(needed), f"set {key} = true to use it")


def _company(facts: ReadinessFacts, company: Company, there: CompanyFacts) -> Iterator[Lack]:
    place = _at(company)
    yield from _code(place, "voucher_type", company.voucher_type, there.voucher_types, "voucher type")
    yield from _code(place, "registrar", company.registrar, there.registrars, "registrar")
    yield from _accounts(place, company.accounts, there)
    yield from _period(facts.day, company, there)


def _period(day: date, company: Company, there: CompanyFacts) -> Iterator[Lack]:
    ours, place, key = (day.year, day.month), _at(company), "closed_period_policy"
    if not there.open_periods:
        yield Lack(Weight.UNKNOWN, place, key, f"{day:%Y-%m}", "", "Visma names no open period: look there")
    elif ours not in there.open_periods:
        later = min((each for each in there.open_periods if each > ours), default=None)
        shown = f"next open {later[0]}-{later[1]:02d}" if later else "none later"
        moves = later is not None and company.closed_period_policy is ClosedPeriodPolicy.NEXT_OPEN
        act = "vouchers go to the next open period" if moves else "open the period in Visma"
        yield Lack(Weight.HINT if moves else Weight.REFUSED, place, key, f"{day:%Y-%m} is closed", shown, act)


def _dunning(
    installation: Installation, company: Company, clients: list[Client], there: CompanyFacts
) -> Iterator[Lack]:
    code, place = company.dunning_code, _at(company)
    importing = [client for client in clients if client.case_no_pattern]
    if not code:
        return
    if not installation.imports:
        act = "set dunning_code to nothing, or imports = true"
        yield Lack(Weight.REFUSED, place, "dunning_code", code, "imports = false", act)
    if not importing:
        yield Lack(
            Weight.HINT, place, "dunning_code", code, "", "no client has a case_no_pattern: no case is opened"
        )
    routines = {routine.code: routine.clients for routine in there.dunning_routines}
    missing = list(_code(place, "dunning_code", code, routines, "dunning routine"))
    yield from missing
    if missing:
        return
    for client in clients:
        linked = client.code in routines[code]
        if client.case_no_pattern and not linked:
            act = f"link dunning routine {code} to client {client.code} in Visma"
            yield Lack(
                Weight.REFUSED, _at(client), "case_no_pattern", client.code, _some(routines[code]), act
            )
        elif linked and not client.case_no_pattern:
            act = "give it a case_no_pattern, or its invoices open no case"
            yield Lack(Weight.HINT, _at(client), "case_no_pattern", "", f"linked to {code}", act)


def _client(client: Client, there: CompanyFacts) -> Iterator[Lack]:
    yield from _code(_at(client), "code", client.code, there.clients, "client")
    if client.accounts is not None:
        yield from _accounts(_at(client), client.accounts, there)


def _sub_ledger(row: SubLedger, there: CompanyFacts) -> Iterator[Lack]:
    yield from _code(
        _at(row), "sub_ledger_type", row.sub_ledger_type, there.sub_ledger_types, "sub-ledger type"
    )
    yield from _code(_at(row), "account", row.account, there.accounts, "account")


def _accounts(place: str, accounts: PostingAccounts, there: CompanyFacts) -> Iterator[Lack]:
    if not there.accounts:
        yield Lack(Weight.UNKNOWN, place, "accounts", "", "", "Visma names no accounts: look there for ours")
        return
    for name in _ACCOUNTS:
        yield from _code(place, f"accounts.{name}", getattr(accounts, name), there.accounts, "account")


def _code(place: str, key: str, ours: str, theirs: Collection[str], what: str) -> Iterator[Lack]:
    """A code of ours that must be one of theirs. A list that is empty is one that Visma does not give."""
    if not theirs:
        yield Lack(Weight.UNKNOWN, place, key, ours, "", f"Visma names no {what}: look there for {ours}")
    elif ours not in theirs:
        act = f"set up {what} {ours} in Visma, or write one that it has"
        yield Lack(Weight.REFUSED, place, key, ours, _some(theirs), act)


def _some(codes: Collection[str]) -> str:
    shown = sorted(codes)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more

"""The answer to GetInstallation as our noun."""

from collections.abc import Iterable
from typing import Any

from schemas.transfer import CompanyFacts, DunningRoutine, InstallationFacts


def facts_of(said: Any) -> InstallationFacts:
    """Read the answer, which is valid by the XSD, as zeep gives it."""
    return InstallationFacts(
        version=said.version,
        companies=tuple(_company(company) for company in said.company),
        capabilities=_set(said.capability),
    )


def _company(company: Any) -> CompanyFacts:
    return CompanyFacts(
        code=company.code,
        name=company.name,
        clients=_set(company.client),
        voucher_types=_set(company.voucherType),
        registrars=_set(company.registrar),
        accounts=_set(company.account),
        sub_ledger_types=_set(company.subLedgerType),
        open_periods=frozenset(
            (year.year, period) for year in company.openPeriods or [] for period in year.period
        ),
        dunning_routines=tuple(
            DunningRoutine(routine.code, tuple(routine.client or [])) for routine in company.dunningCode or []
        ),
    )


def _set(values: Iterable[str] | None) -> frozenset[str]:
    return frozenset(values or ())

"""What an installation says of itself, as our noun."""

from lxml import etree

from schemas.transfer import CompanyFacts, DunningRoutine, InstallationFacts
from workers.accounting.contract import Contract, text_at
from workers.accounting.reading import cells_of, count, needed, texts_of


def facts_of(said: etree._Element, contract: Contract) -> InstallationFacts:
    """Read an answer that the XSD has proven. Raises `OffContractError`."""
    names = contract.table.installation
    words = texts_of(said, contract.part(names.capability))
    return InstallationFacts(
        version=text_at(said, contract.part(names.version)),
        companies=tuple(_company(row, contract) for row in said.iterfind(contract.part(names.companies))),
        capabilities=frozenset(names.means.get(word, word) for word in words),
    )


def _company(row: etree._Element, contract: Contract) -> CompanyFacts:
    names = contract.fields(contract.table.installation.company)
    cells = cells_of(row)

    def all_of(path: str) -> frozenset[str]:
        return frozenset(texts_of(row, path))

    return CompanyFacts(
        code=needed(cells, names.code),
        name=cells.get(names.name, ""),
        clients=all_of(names.client),
        voucher_types=all_of(names.voucher_type),
        registrars=all_of(names.registrar),
        accounts=all_of(names.account),
        sub_ledger_types=all_of(names.sub_ledger_type),
        open_periods=frozenset(
            (count(year), count(period))
            for opened in row.iterfind(names.open_year)
            for year in texts_of(opened, names.year)
            for period in texts_of(opened, names.period)
        ),
        dunning_routines=tuple(
            DunningRoutine(code, texts_of(routine, names.dunning_client))
            for routine in row.iterfind(names.dunning_routine)
            for code in texts_of(routine, names.dunning_code)
        ),
    )

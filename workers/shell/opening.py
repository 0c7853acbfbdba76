"""Weigh invoices under lock, open their cases, park the rest: a part of the stage `import`, inside one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from pipeline import opening
from pipeline.opening import CaseFacts, Fit, InvoiceFacts, Linked
from pipeline.stage import Park
from schemas import events
from schemas.kid import Kid
from schemas.setup import BankAccount, CasePer, Client, Dated, NoSuchSetupError, SubLedger
from workers.facts import invoices
from workers.facts.invoices import Told
from workers.saves import invoices as saves
from workers.saves.invoices import Opened
from workers.shell import Stand
from workers.store import setup as setup_store
from workers.store.bulk import by_keys

R = TypeVar("R", Client, SubLedger, BankAccount)


@dataclass(slots=True)
class _Series:
    """What the next cases get: a client's number, and an account's KIDs, which are taken from the end."""

    numbers: dict[str, int] = field(default_factory=dict)
    kids: dict[str, list[tuple[int, Kid]]] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)


class Openings:
    """Opens cases of one company in one transaction, with the setup that is valid today."""

    def __init__(self, stand: Stand, company: str, today: date) -> None:
        """Read the setup; whoever makes it has seen to it that nobody else opens cases meanwhile."""
        self._stand = stand
        self._connection = stand.connection
        self._company = company
        self._today = today
        self._setup = setup_store.current(stand.connection)
        self._accounts = tuple(
            account
            for dated in self._setup.accounts.values()
            if (account := self._on(dated)) is not None and account.company == company
        )

    @property
    def by_debtor(self) -> list[str]:
        """The clients that want one case for all of a debtor's invoices in a proposal."""
        clients = (self._client(code) for company, code in self._setup.clients if company == self._company)
        return [c.code for c in clients if c is not None and c.case_per is CasePer.DEBTOR]

    def each(self, invoice_ids: Sequence[int]) -> None:
        """Open a case for each invoice, but not for those of clients that want one for all of a debtor's."""
        by_debtor = set(self.by_debtor)
        told = invoices.lock(self._connection, invoice_ids)
        self._decide([[one] for one in told if one.invoice.client not in by_debtor])

    def together(self, groups: Sequence[Sequence[int]]) -> None:
        """Open a case for each group of invoices."""
        told = {one.id: one for one in invoices.lock(self._connection, [i for ids in groups for i in ids])}
        self._decide([[told[i] for i in sorted(ids) if i in told] for ids in groups])

    def _decide(self, groups: Sequence[Sequence[Told]]) -> None:
        told = [one for group in groups for one in group]
        if not told:
            return
        by_keys(self._connection)
        standing = invoices.standing(
            self._connection, self._company, [one.invoice.invoice_no for one in told]
        )
        series = self._series(told, len(groups))
        opened: list[Opened] = []
        linked: list[tuple[Told, int]] = []
        parked: list[tuple[Told, Park]] = []
        for group in groups:
            fit: list[Told] = []
            for one in group:
                facts = self._facts(one, standing, series)
                match opening.weigh(facts):
                    case Fit():
                        fit.append(one)
                    case Linked(case_id):
                        linked.append((one, case_id))
                    case Park() as no:
                        parked.append((one, no))
            if fit:
                opened.append(self._opened(fit, series))
        self._save(opened, linked, parked, series)

    def _facts(
        self, one: Told, standing: dict[str, tuple[opening.Standing, ...]], series: _Series
    ) -> InvoiceFacts:
        invoice = one.invoice
        client = self._client(invoice.client)
        account = self._account(client)
        kids = series.kids.get(account.number) if account else None
        return InvoiceFacts(
            invoice,
            client,
            self._sub_ledger(invoice.client, invoice.sub_ledger_type),
            account,
            standing.get(invoice.invoice_no, ()),
            series.numbers.get(invoice.client, 0),
            kids[-1][1] if kids else None,
        )

    def _opened(self, fit: Sequence[Told], series: _Series) -> Opened:
        first = fit[0].invoice
        client, sub_ledger = self._client(first.client), self._sub_ledger(first.client, first.sub_ledger_type)
        account = self._account(client)
        assert client is not None
        assert sub_ledger is not None
        assert account is not None
        number = series.numbers[client.code]
        series.numbers[client.code] += 1
        series.last[account.number], kid = series.kids[account.number].pop()
        facts = CaseFacts(
            tuple(one.invoice for one in fit),
            client,
            sub_ledger,
            account,
            self._accounts,
            number,
            kid,
            self._today,
        )
        return Opened(opening.open_case(facts), tuple(fit))

    def _series(self, told: Sequence[Told], cases: int) -> _Series:
        """The numbers and KIDs of at most so many cases."""
        series = _Series()
        theirs = {
            one.invoice.kid for one in told
        }  # an invoice of this page may have a KID that is free so far
        for code in {one.invoice.client for one in told}:
            client = self._client(code)
            if client is None or not client.case_no_pattern:
                continue
            last = invoices.last_number(self._connection, self._company, code, client.case_no_pattern)
            series.numbers[code] = last + 1
            account = self._account(client)
            if account is not None and account.number not in series.kids:
                free = invoices.free_kids(
                    self._connection, account.number, account.kid_agreements[0], cases + len(theirs)
                )
                series.kids[account.number] = [each for each in free[::-1] if each[1] not in theirs]
        return series

    def _save(
        self,
        opened: Sequence[Opened],
        linked: Sequence[tuple[Told, int]],
        parked: Sequence[tuple[Told, Park]],
        series: _Series,
    ) -> None:
        connection = self._connection
        case_ids = saves.open_cases(connection, opened)
        saves.note_kids(connection, series.last)
        reached = saves.link(connection, linked, [account.number for account in self._accounts])
        saves.unpark(connection, [*(one for o in opened for one in o.invoices), *(one for one, _ in linked)])
        saves.park(connection, parked)
        numbered = [one.id for o in opened for one in o.invoices] + [one.id for one, _ in linked]
        asked = saves.numbers_asked(self._company, numbered)
        payable = case_ids + reached
        self._stand.send([*([events.CasesOpened(payable)] if payable else ()), *asked])

    def _client(self, code: str) -> Client | None:
        return self._on(self._setup.clients.get((self._company, code)))

    def _sub_ledger(self, client: str, sub_ledger_type: str) -> SubLedger | None:
        return self._on(self._setup.sub_ledgers.get((self._company, client, sub_ledger_type)))

    def _account(self, client: Client | None) -> BankAccount | None:
        """The client's account for new cases; else the company's first that has a KID agreement."""
        if client is None:
            return None
        fit: Iterable[BankAccount] = (a for a in self._accounts if a.kid_agreements)
        return next((a for a in fit if client.case_account in ("", a.number)), None)

    def _on(self, dated: Dated[R] | None) -> R | None:
        try:
            return dated.on(self._today).value if dated is not None else None
        except NoSuchSetupError:
            return None

"""What the simulated Visma answers to each operation of the contract."""

from collections.abc import Callable, Sequence
from datetime import date

from lxml import etree

from ops.simulator.checking import Checked, check
from ops.simulator.collection import PAGE_SIZE, Collection, Habits
from ops.simulator.contract import NAMESPACE, BusinessFaultError, RowError, element, invalid, q, text_of
from ops.simulator.faults import Fault, FaultKind
from ops.simulator.ledger import Booked, Ledger
from schemas.money import decimal_text
from schemas.transfer import CompanyFacts, InstallationFacts


class NotOfferedError(Exception):
    """This installation has no such operation."""


class Visma:
    """An installation: its set-up, its ledger, and whether it answers a reference that it has already booked."""

    def __init__(self, facts: InstallationFacts, ledger: Ledger, habits: Habits) -> None:
        """Answer for `facts` with what stands in `ledger`."""
        self.facts = facts
        self.ledger = ledger
        self._companies = {company.code: company for company in facts.companies}
        self.collection = Collection(ledger.disk, self._companies, habits)
        self._by_hand = ledger.periods()
        self._operations: dict[str, Callable[[etree._Element, Fault | None], etree._Element]] = {
            "RegisterVouchers": self._register,
            "FindVoucher": self._find,
            "ListVouchers": self._list,
            "GetInstallation": self._installation,
            "GetReadyInvoices": lambda asked, _: self.collection.ready(asked),
            "UpdateCaseNumbers": lambda asked, _: self.collection.number(asked),
            "GetTransactions": lambda asked, _: self.collection.told(asked),
            "GetBalances": lambda asked, _: self.collection.balances(asked),
        }

    def answer(self, asked: etree._Element, fault: Fault | None) -> etree._Element:
        """The answer to a valid question. Raises `BusinessFaultError`, `NotOfferedError`."""
        operation = etree.QName(asked).localname
        if operation not in self._operations or operation not in self.facts.capabilities:
            raise NotOfferedError(f"this installation does not offer {operation}")
        return self._operations[operation](asked, fault)

    def company(self, code: str) -> CompanyFacts:
        """A company by its code. KeyError for one that does not exist."""
        if code not in self._companies:
            raise KeyError(f"company {code} does not exist")
        return self._companies[code]

    def is_open(self, company: str, year: int, period: int) -> bool:
        """Whether vouchers may be registered in a period."""
        by_hand = self._by_hand.get((company, year, period))
        return (year, period) in self._companies[company].open_periods if by_hand is None else by_hand

    def set_period(self, company: str, period: tuple[int, int], *, is_open: bool) -> None:
        """Open or close a period. KeyError for a company that does not exist."""
        self.company(company)
        self.ledger.set_period(company, period, is_open=is_open)
        self._by_hand = self.ledger.periods()

    def open_periods(self, company: CompanyFacts) -> list[tuple[int, int]]:
        """A company's open periods as they are now, in order."""
        by_hand = {
            (year, period): is_open
            for (code, year, period), is_open in self._by_hand.items()
            if code == company.code
        }
        standing = {period for period in company.open_periods if by_hand.get(period, True)}
        return sorted(standing | {period for period, is_open in by_hand.items() if is_open})

    def _register(self, asked: etree._Element, fault: Fault | None) -> etree._Element:
        looked_at = [check(voucher, self._companies, self.is_open) for voucher in asked]
        calls = [(each.entry.company, each.entry.reference) for each in looked_at]
        if fault is not None:
            try:
                looked_at = [
                    _spoil(each, voucher, fault) for each, voucher in zip(looked_at, asked, strict=True)
                ]
            except BusinessFaultError:
                self.ledger.count_calls(calls)
                raise
        good = [each.entry for each in looked_at if not each.errors]
        booked = iter(
            self.ledger.book(good, deduplicates="deduplicates" in self.facts.capabilities, calls=calls)
        )
        answer = etree.Element(q("RegisterVouchersResponse"), nsmap={"w": NAMESPACE})
        for each in looked_at:
            answer.append(_refusal(each) if each.errors else _acceptance(each.entry.reference, next(booked)))
        return answer

    def _find(self, asked: etree._Element, _fault: Fault | None) -> etree._Element:
        found = self.ledger.find(text_of(asked, "company"), text_of(asked, "externalReference"))
        return _listing("FindVoucherResponse", found)

    def _list(self, asked: etree._Element, _fault: Fault | None) -> etree._Element:
        span = date.fromisoformat(text_of(asked, "from")[:10]), date.fromisoformat(text_of(asked, "to")[:10])
        after = text_of(asked, "pageToken")
        if after and not _is_token(after):
            raise invalid("Schema", f"no such page: {after}")
        rows, following = self.ledger.page(
            text_of(asked, "company"),
            text_of(asked, "voucherType"),
            text_of(asked, "registrar"),
            span,
            after=after,
            size=PAGE_SIZE,
        )
        answer = _listing("ListVouchersResponse", rows)
        if following:
            etree.SubElement(answer, q("nextPageToken")).text = following
        return answer

    def _installation(self, _asked: etree._Element, _fault: Fault | None) -> etree._Element:
        answer = element("GetInstallationResponse", (("version", self.facts.version),))
        for company in self.facts.companies:
            answer.append(self._company(company))
        for capability in sorted(self.facts.capabilities):
            etree.SubElement(answer, q("capability")).text = capability
        return answer

    def _company(self, company: CompanyFacts) -> etree._Element:
        codes = (
            ("client", company.clients),
            ("voucherType", company.voucher_types),
            ("registrar", company.registrars),
            ("account", company.accounts),
            ("subLedgerType", company.sub_ledger_types),
        )
        fields = tuple((name, value) for name, values in codes for value in sorted(values))
        made = element("company", (("code", company.code), ("name", company.name), *fields))
        years: dict[int, list[int]] = {}
        for year, period in self.open_periods(company):
            years.setdefault(year, []).append(period)
        for year, periods in years.items():
            months = tuple(("period", str(period)) for period in periods)
            made.append(element("openPeriods", (("year", str(year)), *months)))
        for routine in company.dunning_routines:
            linked = tuple(("client", client) for client in routine.clients)
            made.append(element("dunningCode", (("code", routine.code), *linked)))
        return made


def _spoil(each: Checked, voucher: etree._Element, fault: Fault) -> Checked:
    """A fault that is a business answer: a period that is closed, an account that is gone."""
    period = f"{text_of(voucher, 'year')}-{int(text_of(voucher, 'period')):02}"
    if fault.kind is FaultKind.PERIOD_CLOSED and fault.period in ("", period):
        year, month = period.split("-")
        text = f"period {period} of company {each.entry.company} is closed"
        raise BusinessFaultError(
            "PeriodClosedFault",
            (("company", each.entry.company), ("year", year), ("period", str(int(month))), ("text", text)),
        )
    if fault.kind is FaultKind.UNKNOWN_ACCOUNT:
        accounts = [line.text or "" for line in voucher.iterfind(f"{q('line')}/{q('account')}")]
        account = fault.account or accounts[0]
        if account in accounts:
            error = RowError(
                "UnknownAccount", accounts.index(account) + 1, f"account {account} does not exist"
            )
            return Checked(each.entry, (*each.errors, error))
    return each


def _acceptance(reference: str, booked: Booked) -> etree._Element:
    return element(
        "result",
        (
            ("externalReference", reference),
            ("voucherNo", str(booked.number)),
            ("total", decimal_text(booked.total)),
            ("lines", str(booked.lines)),
        ),
    )


def _refusal(each: Checked) -> etree._Element:
    made = element("result", (("externalReference", each.entry.reference),))
    for error in each.errors:
        line = (("line", str(error.line)),) if error.line else ()
        made.append(element("error", (("code", error.code), *line, ("text", error.text))))
    return made


def _listing(name: str, rows: Sequence[Booked]) -> etree._Element:
    answer = etree.Element(q(name), nsmap={"w": NAMESPACE})
    for row in rows:
        voucher = etree.SubElement(answer, q("voucher"))
        if row.reference:
            etree.SubElement(voucher, q("externalReference")).text = row.reference
        etree.SubElement(voucher, q("voucherNo")).text = str(row.number)
        etree.SubElement(voucher, q("state")).text = row.state.value
        etree.SubElement(voucher, q("voucherDate")).text = row.voucher_date.isoformat()
        etree.SubElement(voucher, q("total")).text = decimal_text(row.total)
        etree.SubElement(voucher, q("lines")).text = str(row.lines)
    return answer


def _is_token(text: str) -> bool:
    day, dot, row_id = text.partition(".")
    return bool(dot) and row_id.isdigit() and len(day) == 10 and day[:4].isdigit()

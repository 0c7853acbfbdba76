"""Records of a file of cases, each checked by itself: what a person or KK2 wrote becomes a row to be staged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from schemas.bank import Fault
from schemas.case import Kind
from schemas.kid import LONGEST, SHORTEST, KidVerdict, is_well_formed, verdict
from schemas.money import Money
from schemas.setup import NoSuchSetupError, Setup, SubLedger
from schemas.wording import counted
from workers.store.cases import BY_THE_DESK, Staged

Record: TypeAlias = Mapping[str, object]
"""A record as JSON or CSV gives it: CSV gives text only, an empty cell is an absent key."""

_KINDS = {kind.name.lower(): kind for kind in (Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST)}
_COLUMN = {name: place for place, name in enumerate(Staged._fields)}


class BadFileError(ValueError):
    """The file can't be applied; nothing of it was. `faults` are the first of all that was found, by line."""

    def __init__(self, name: str, faults: tuple[Fault, ...], number: int) -> None:
        """Keep the faults; the message has one line for each, and says how many more there are."""
        lines = [f"{name}:{fault}" for fault in faults]
        more = [f"{name}: and {counted(number - len(faults), 'more fault')}"] if number > len(faults) else []
        super().__init__("\n".join(lines + more))
        self.faults = faults


class UnfitError(ValueError):
    """A value is of another kind than expected; the message is what was expected."""


_Reader: TypeAlias = Callable[[object], object]


def words(longest: int, *, blanks: bool) -> _Reader:
    """Give what reads text of 1 to `longest` characters; it raises `UnfitError`."""
    kind = "text" if blanks else "text without blanks"

    def read(value: object) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= longest or not (blanks or " " not in value):
            raise UnfitError(f"{kind}, 1 to {longest} characters")
        return value

    return read


def _client(value: object) -> str:
    if not isinstance(value, str) or len(value) != 3:
        raise UnfitError("a client's code of 3 characters")
    return value


def _day(value: object) -> date:
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UnfitError("a day, as 2026-01-31") from None


def _amount(value: object) -> Money:
    """Kroner as text: a JSON number would pass through a float before we saw it."""
    if isinstance(value, str):
        kroner, _, ore = value.replace(",", ".").partition(".")
        if len(ore) == 2 and (kroner + ore).isascii() and (kroner + ore).isdigit() and int(kroner + ore):
            return int(kroner + ore)
    raise UnfitError("kroner as text with two decimals, above 0, as 1234.50 or 1234,50")


def read_kid(value: object) -> str:
    """A KID as it stands. Raises `UnfitError`."""
    if not isinstance(value, str) or not SHORTEST <= len(value) <= LONGEST or not is_well_formed(value):
        raise UnfitError(f"a KID of {SHORTEST} to {LONGEST} digits, the last of which may be a dash")
    return value


def _kids(value: object) -> list[str]:
    found = value.split() if isinstance(value, str) else value
    if not isinstance(found, list):
        raise UnfitError("KIDs, in CSV with blanks between them, in JSON a list")
    return [read_kid(each) for each in found]


def _kind(value: object) -> int:
    if value not in _KINDS:
        raise UnfitError("one of " + ", ".join(_KINDS))
    return int(_KINDS[str(value)])


def _claim_kind(value: object) -> int:
    kind = _kind(value)
    if kind == Kind.INTEREST:
        raise UnfitError("principal, costs or fee: interest is computed, never given")
    return kind


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of a record: how it is read and where it goes. `absent` stands in for one that may be left out."""

    column: str
    read: _Reader
    required: bool
    absent: object = None


_CASE_NO = words(16, blanks=False)
_ID = words(60, blanks=True)


def _own_id(value: object) -> object:
    found = _ID(value)
    if str(found).startswith(BY_THE_DESK):
        raise UnfitError(
            f"an id of KK2's own: those with {BY_THE_DESK} are given at the desk, and stand already"
        )
    return found


_CASE = {
    "company": _Key("company", words(10, blanks=False), required=True),
    "client": _Key("client", _client, required=True),
    "case_no": _Key("case_no", _CASE_NO, required=True),
}
_BY_ID = {**_CASE, "id": _Key("kk2_id", _ID, required=True)}
_OWN = {**_CASE, "id": _Key("kk2_id", _own_id, required=True)}
_AMOUNT = _Key("amount", _amount, required=True)
RECORDS: dict[str, dict[str, _Key]] = {
    "case": {
        **_CASE,
        "account": _Key("account", words(11, blanks=False), required=True),
        "kid": _Key("kid", read_kid, required=True),
        "kids": _Key("kids", _kids, required=False, absent=[]),
        "sub_ledger_type": _Key("sub_ledger_account", words(10, blanks=False), required=True),
        "case_flow": _Key("case_flow", words(20, blanks=False), required=False),
        "customer_no": _Key("customer_no", words(11, blanks=False), required=True),
        "debtor": _Key("debtor_name", words(200, blanks=True), required=False, absent=""),
        "opened_on": _Key("opened_on", _day, required=True),
    },
    "item": {
        **_OWN,
        "kind": _Key("kind", _claim_kind, required=True),
        "amount": _AMOUNT,
        "due_on": _Key("day", _day, required=True),
        "invoice_no": _Key("invoice_no", words(30, blanks=True), required=False, absent=""),
    },
    "waiver": {
        **_OWN,
        "item": _Key("item_kk2_id", _ID, required=True),
        "kind": _Key("kind", _kind, required=True),
        "amount": _AMOUNT,
        "day": _Key("day", _day, required=True),
        "reason": _Key("reason", words(200, blanks=True), required=False, absent=""),
    },
    "withdrawn_item": _BY_ID,
    "withdrawn_waiver": _BY_ID,
    "recalled": _CASE,
    "merge": {**_CASE, "into": _Key("into_no", _CASE_NO, required=True)},
    "unmerge": _CASE,
}
"""Each kind of record and its keys."""

_ALLOWED = {record: keys.keys() | {"record"} for record, keys in RECORDS.items()}
_EMPTY: list[object] = [None] * len(Staged._fields)


@dataclass(slots=True)
class Checker:
    """Checks records one by one against the setup, and keeps the first `most` faults."""

    setup: Setup
    most: int
    faults: list[Fault] = field(default_factory=list)
    faulty: int = 0
    _ledgers: dict[tuple[str, str, str, date], SubLedger | str] = field(default_factory=dict)

    def check(self, line: int, record: Record) -> Staged | None:
        """Give the row to be staged; None when the record has faults, which are kept with their line."""
        before = self.faulty
        kind = record.get("record")
        keys = RECORDS.get(kind) if isinstance(kind, str) else None
        if keys is None:
            self.fault(line, "record", "one of " + ", ".join(RECORDS), repr(kind))
            return None
        for strange in record.keys() - _ALLOWED[str(kind)]:
            self.fault(
                line, strange, f"one of the keys of {kind}: {', '.join(keys)}", "a key that is not known"
            )
        row: list[object] = _EMPTY.copy()
        row[0], row[1] = line, kind
        for name, key in keys.items():
            value = record.get(name)
            if value is None or value == "":
                row[_COLUMN[key.column]] = key.absent
                if key.required:
                    self.fault(line, name, "a value", "nothing")
                continue
            try:
                row[_COLUMN[key.column]] = key.read(value)
            except UnfitError as unfit:
                self.fault(line, name, str(unfit), repr(value))
        staged = Staged(*row)  # type: ignore[arg-type]
        if kind == "case" and self.faulty == before:
            staged = self._on_its_ledger(staged)
        return staged if self.faulty == before else None

    def fault(self, line: int, what: str, expected: str, found: str) -> None:
        """Keep a fault, or only count it when there are many."""
        self.faulty += 1
        if len(self.faults) < self.most:
            self.faults.append(Fault(line, None, what, expected, found))

    def _on_its_ledger(self, case: Staged) -> Staged:
        """The sub-ledger account and case flow of the row valid at opening; its account and KID are the company's."""
        account = self.setup.accounts.get(str(case.account))
        if account is None or account.latest().value.company != case.company:
            self.fault(
                case.line, "account", f"an OCR account of company {case.company}, set up", repr(case.account)
            )
        elif verdict(str(case.kid), account.latest().value.kid_agreements) is not KidVerdict.VALID:
            self.fault(
                case.line, "kid", f"a KID that passes the control of account {case.account}", repr(case.kid)
            )
        key = (case.company, case.client, str(case.sub_ledger_account), case.opened_on or date.min)
        ledger = self._ledgers.get(key)
        if ledger is None:
            ledger = self._ledgers[key] = self._ledger(*key)
        if isinstance(ledger, str):
            self.fault(case.line, "sub_ledger_type", ledger, repr(case.sub_ledger_account))
            return case
        return case._replace(sub_ledger_account=ledger.account, case_flow=case.case_flow or ledger.case_flow)

    def _ledger(self, company: str, client: str, sub_ledger_type: str, opened_on: date) -> SubLedger | str:
        """The row, or the sentence that says what was expected."""
        rows = self.setup.sub_ledgers.get((company, client, sub_ledger_type))
        expected = f"a sub-ledger type of client {company}/{client}, set up by {opened_on}"
        if rows is None:
            return expected
        try:
            return rows.on(opened_on).value
        except NoSuchSetupError:
            return expected

"""A notification message while it is read: its entries and transactions become payments, and every sum is compared."""

from datetime import date
from typing import Any

from pipeline.formats.camt054 import totals, values
from pipeline.formats.camt054.elements import Form, Level, Node
from pipeline.formats.camt054.entry import Entry, Place
from pipeline.formats.camt054.notes import Code
from pipeline.formats.camt054.notification import Notification
from pipeline.formats.saying import FaultyFileError, Notes, shown
from schemas.bank import Assignment, Fault, Payment, Transmission, passes_account_control
from schemas.money import Money, in_kroner
from schemas.wording import counted

FAULTS_LISTED = 20
_TEXTS_LIMIT = 10_000
_SEALS = {
    Level.NOTIFICATION: {Level.MESSAGE},
    Level.ENTRY: {Level.NOTIFICATION},
    Level.DETAILS: {Level.ENTRY},
    Level.TRANSACTION: {Level.DETAILS},
}
"""By the level that begins, the one above: what belongs to that stands before, for payments are made of it at once."""
_LATE = {"AddtlNtryInf"}
"""Values that may stand behind what is inside their element."""


class Message:
    """What was read so far. `payments` are those that are complete; who takes them empties it."""

    def __init__(self, notes: Notes) -> None:
        self.faults: list[Fault] = []
        self.payments: list[Payment] = []
        self.transmissions: list[Transmission] = []
        self.assignments: list[Assignment] = []
        self.control_total: Money = 0
        self._notes = notes
        self._values: list[dict[str, Any]] = [{} for _ in Level]
        self._lines: list[dict[str, int]] = [{} for _ in Level]
        self._starts = [0] * len(Level)
        self._sealed: set[Level] = set()
        self._entry: Entry | None = None
        self._notification = Notification()
        self._ids: dict[str, int] = {}

    def refuse(self, line: int, what: str, expected: str, found: str) -> None:
        """Something is wrong; raises FaultyFileError when enough is."""
        place = self._entry.where if self._entry is not None else ""
        self.faults.append(Fault(line, None, what + place, expected, found))
        if self._entry is not None:
            self._entry.is_spoilt = True
        self._notification.is_spoilt = True
        if len(self.faults) == FAULTS_LISTED:
            raise FaultyFileError

    def open(self, level: Level, line: int) -> None:
        """An element that opens a level begins."""
        if level is Level.MESSAGE and self._starts[level]:
            self.refuse(line, "BkToCstmrDbtCdtNtfctn", "one in the file", "another one")
        self._values[level], self._lines[level] = {}, {}
        self._starts[level] = line
        self._sealed.discard(level)
        self._sealed |= _SEALS.get(level, set())
        match level:
            case Level.NOTIFICATION:
                if not self.transmissions:
                    self._begin_message()
                self._notification = Notification()
            case Level.ENTRY:
                if not self._notification.entries:
                    self._begin_notification()
                self._notification.entries += 1
                self._entry = Entry(self._notification.entries, line)
            case Level.DETAILS:
                self._begin_entry()
                self._an_entry.begin_details()
            case Level.TRANSACTION:
                self._an_entry.begin_transaction()
            case _:
                pass

    def take(self, node: Node, text: str, currency: str | None, line: int) -> None:
        """The text of an element that is read."""
        known, key, form = self._values[node.level], node.key, node.form
        assert form is not None
        try:
            value = values.read(form, text, currency)
        except ValueError as error:
            self.refuse(line, node.path, str(error), shown(text))
            known[key] = None  # and none is missed there
            self._lines[node.level].setdefault(key, line)
            return
        if value is None:
            return
        if form is Form.TEXTS:
            self._add_text(node, str(value), line)
        elif key in known:
            self.refuse(line, node.path, f"one, as on line {self._lines[node.level][key]}", "another one")
        elif node.level in self._sealed and key not in _LATE:
            self.refuse(line, node.path, "this before what is inside its element", "it behind that")
        else:
            known[key] = value
            self._lines[node.level][key] = line

    def _add_text(self, node: Node, text: str, line: int) -> None:
        texts = self._values[node.level].setdefault(node.key, [])
        texts.append(text)
        if sum(map(len, texts)) > _TEXTS_LIMIT:
            self.refuse(line, node.path, f"at most {_TEXTS_LIMIT} characters together", "more")

    def close(self, level: Level, line: int) -> None:
        """An element that opened a level ends."""
        known, lines = self._values[level], self._lines[level]
        place = Place(known, lines, self._starts[level], self.refuse, self._notes)
        match level:
            case Level.MESSAGE:
                if not self.transmissions:
                    self.refuse(line, "BkToCstmrDbtCdtNtfctn", "at least one Ntfctn", "none")
            case Level.NOTIFICATION:
                self._end_notification(place, line)
            case Level.ENTRY:
                self._end_entry(place)
            case Level.DETAILS:
                self._an_entry.end_details(place)
            case Level.TRANSACTION:
                self._pay(self._an_entry.transaction(place))
            case Level.REMITTANCE:
                self._an_entry.add_remittance(place)
            case Level.CHARGE:
                self._an_entry.add_charge(place)
                self._values[level] = {}

    @property
    def _an_entry(self) -> Entry:
        assert self._entry is not None
        return self._entry

    def _begin_message(self) -> None:
        known, line = self._values[Level.MESSAGE], self._starts[Level.MESSAGE]
        if known.get("GrpHdr/MsgId") is None:
            self.refuse(line, "GrpHdr/MsgId", "the message's id before its notifications", "none")
        made_on: date | None = known.get("GrpHdr/CreDtTm")
        self.transmissions.append(Transmission(line, "", known.get("GrpHdr/MsgId") or "", "", made_on))
        self._note_pages("GrpHdr/MsgPgntn", Level.MESSAGE)

    def _begin_notification(self) -> None:
        """What stands before the entries: whose they are."""
        known, line = self._values[Level.NOTIFICATION], self._starts[Level.NOTIFICATION]
        lines = self._lines[Level.NOTIFICATION]
        ours = self._notification
        ours.id = known.get("Id") or ""
        if not ours.id:
            self.refuse(line, "Ntfctn/Id", "the notification's id before its entries", "none")
        elif self._ids.setdefault(ours.id, line) != line:
            expected = f"an id that the message has not used, as it has on line {self._ids[ours.id]}"
            self.refuse(lines.get("Id", line), "Ntfctn/Id", expected, shown(ours.id))
        ours.account = self._account()
        currency = known.get("Acct/Ccy", values.OURS)
        if currency != values.OURS:
            self.refuse(lines.get("Acct/Ccy", line), "Ntfctn/Acct/Ccy", values.OURS, shown(str(currency)))
        if known.get("CpyDplctInd") is not None:
            text = f"the bank has sent this before, and calls it {shown(known['CpyDplctInd'])}"
            self._notes.add(lines["CpyDplctInd"], Code.COPY, text)
        self._note_pages("NtfctnPgntn", Level.NOTIFICATION)

    def _account(self) -> str:
        known, line = self._values[Level.NOTIFICATION], self._starts[Level.NOTIFICATION]
        if known.get("Acct/Id") is None:
            if "Acct/Id" not in known:
                self.refuse(line, "Ntfctn/Acct/Id", "an account before the entries", "none")
            return ""
        line = self._lines[Level.NOTIFICATION]["Acct/Id"]
        try:
            account = values.own_account(known["Acct/Id"])
        except ValueError as error:
            self.refuse(line, "Ntfctn/Acct/Id", str(error), shown(known["Acct/Id"]))
            return ""
        if not passes_account_control(account):
            self._notes.add(line, Code.ACCOUNT_CONTROL, f"the account {account} fails MOD11")
        return account

    def _note_pages(self, where: str, level: Level) -> None:
        known, lines = self._values[level], self._lines[level]
        page, is_last = known.get(f"{where}/PgNb"), known.get(f"{where}/LastPgInd")
        if is_last is False:
            text = f"page {page or 1}, and more pages come in other messages"
            self._notes.add(lines[f"{where}/LastPgInd"], Code.MORE_PAGES, text)
        elif page is not None and page > 1:
            self._notes.add(lines[f"{where}/PgNb"], Code.MORE_PAGES, f"page {page}: others came before it")

    def _begin_entry(self) -> None:
        """What stands before an entry's transactions; asked for once."""
        entry = self._an_entry
        if not entry.has_begun:
            level = Level.ENTRY
            place = Place(self._values[level], self._lines[level], entry.line, self.refuse, self._notes)
            entry.begin(place, self._notification.account, self._notification.id)
            self._look_at_reference(place, entry)

    def _look_at_reference(self, place: Place, entry: Entry) -> None:
        """An entry's reference is its own; the same money under it once more is the same entry once more."""
        reference = place.known.get("NtryRef")
        if reference is None or entry.is_spoilt:
            return
        line = place.lines["NtryRef"]
        found = self._notification.repeated(reference, line, entry)
        if found is not None and found[1]:
            expected = f"a reference that the notification has not used, as it has on line {found[0]}"
            self.refuse(line, "NtryRef", expected, shown(reference))
        elif found is not None:
            text = f"the entry of line {found[0]} has the same reference, and another amount or day"
            self._notes.add(line, Code.REFERENCE_REPEATED, text)

    def _end_entry(self, place: Place) -> None:
        self._begin_entry()
        entry = self._an_entry
        if not entry.transactions:
            self._pay(entry.without_details(place))
        entry.end(place)
        self._notification.add(entry)
        self._entry = None

    def _pay(self, payment: Payment | None) -> None:
        if payment is not None:
            self.payments.append(payment)
            self._notification.pay(payment)

    def _end_notification(self, place: Place, line: int) -> None:
        if not self._notification.entries:
            self._begin_notification()
            self._notes.add(line, Code.EMPTY_NOTIFICATION, "the notification has no entries")
        ours = self._notification
        if not ours.is_spoilt:
            for key, counted_, stated in totals.differences(place.known, (ours.all, ours.booked)):
                what = f"Ntfctn/{key.removeprefix('TxsSummry/')}"
                self.refuse(place.lines[key], what, f"{counted_}, as the entries are", stated)
        for status, (number, net) in ours.others.items():
            text = f"{counted(number, 'entry', 'entries')} of {in_kroner(net)} kr {status} and not booked"
            self._notes.add(ours.first_other, Code.NOT_BOOKED, text)
        stated_net = place.known.get("TtlNetNtry")
        control = ours.all.net if stated_net is None else stated_net * (1 if ours.all.net >= 0 else -1)
        self.assignments.append(
            Assignment(
                place.line,
                line,
                ours.account,
                "",
                ours.id,
                ours.payments,
                ours.total,
                control,
                ours.earliest,
                ours.latest,
            )
        )
        self.control_total += control

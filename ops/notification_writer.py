"""Writes camt.054 files as the standard asks: from chosen payments for tests and training, or invented from a seed."""

import io
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import BinaryIO
from xml.sax.saxutils import escape

from ops.bank_writer import an_account
from schemas.kid import Kid, mod10
from schemas.money import Money, decimal_text

_BUFFERED = 1_000
_LUMP = 250


@dataclass(frozen=True, slots=True)
class CamtTransaction:
    """One transaction (TxDtls) of an entry. `amount` has no sign. `kids`: several KIDs in one payment, each with what it
    has, None for untold; `kid` "" for none."""

    amount: Money
    kid: Kid = ""
    kids: tuple[tuple[Kid, Money | None], ...] = ()
    text: str = ""
    debtor: str = ""
    debit_account: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class CamtEntry:
    """One entry (Ntry): a line of the bank statement. Without transactions it has `amount` and `text` of its own."""

    booked_on: date
    transactions: tuple[CamtTransaction, ...] = ()
    amount: Money = 0
    text: str = ""
    is_debit: bool = False
    is_reversal: bool = False
    status: str = "BOOK"
    value_on: date | None = None
    reference: str = ""
    code: str = "230"

    @property
    def total(self) -> Money:
        """The entry's amount, without sign."""
        return sum(one.amount for one in self.transactions) if self.transactions else self.amount


@dataclass(frozen=True, slots=True)
class CamtNotification:
    """The entries of one account. They are gone through twice, for the summary stands in front."""

    account: str
    entries: Iterable[CamtEntry]
    id: str = "N1"
    has_summary: bool = True


@dataclass(frozen=True, slots=True)
class CamtMessage:
    """A whole file. `version` is that of the schema, `02` to `13`; from `08` on some elements stand elsewhere."""

    notifications: tuple[CamtNotification, ...]
    made_on: date
    id: str = "M1"
    version: str = "02"

    @property
    def is_new(self) -> bool:
        """Whether elements stand where version 08 has them."""
        return self.version >= "08"


def write_message(message: CamtMessage) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    write_message_to(out, message)
    return out.getvalue()


def write_message_to(out: BinaryIO, message: CamtMessage) -> None:
    """Write a file without holding more than a thousand lines of it."""
    lines: list[str] = []
    for line in _message(message):
        lines.append(line)
        if len(lines) == _BUFFERED:
            out.write(("\n".join(lines) + "\n").encode())
            lines.clear()
    out.write("".join(line + "\n" for line in lines).encode())


def _message(message: CamtMessage) -> Iterator[str]:
    moment = f"<CreDtTm>{message.made_on}T06:00:00+01:00</CreDtTm>"
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.{message.version}">'
    yield "<BkToCstmrDbtCdtNtfctn>"
    yield f"<GrpHdr><MsgId>{message.id}</MsgId>{moment}</GrpHdr>"
    for one in message.notifications:
        account = f"<Acct><Id><Othr><Id>{one.account}</Id></Othr></Id><Ccy>NOK</Ccy></Acct>"
        yield f"<Ntfctn><Id>{one.id}</Id>{moment}{account}"
        if one.has_summary:
            yield _summary(one, is_new=message.is_new)
        for entry in one.entries:
            yield from _entry(entry, is_new=message.is_new)
        yield "</Ntfctn>"
    yield "</BkToCstmrDbtCdtNtfctn>"
    yield "</Document>"


def _summary(notification: CamtNotification, *, is_new: bool) -> str:
    count = gross = net = 0
    for entry in notification.entries:
        count += 1
        gross += entry.total
        net += -entry.total if entry.is_debit else entry.total
    way, amount = _way(net < 0), decimal_text(abs(net))
    if is_new:
        total = f"<TtlNetNtry><Amt>{amount}</Amt>{way}</TtlNetNtry>"
    else:
        total = f"<TtlNetNtryAmt>{amount}</TtlNetNtryAmt>{way}"
    sums = f"<NbOfNtries>{count}</NbOfNtries><Sum>{decimal_text(gross)}</Sum>"
    return f"<TxsSummry><TtlNtries>{sums}{total}</TtlNtries></TxsSummry>"


def _way(is_debit: bool) -> str:
    return f"<CdtDbtInd>{'DBIT' if is_debit else 'CRDT'}</CdtDbtInd>"


def _amount(amount: Money) -> str:
    return f'<Amt Ccy="NOK">{decimal_text(amount)}</Amt>'


def _entry(entry: CamtEntry, *, is_new: bool) -> Iterator[str]:
    status = f"<Cd>{entry.status}</Cd>" if is_new else entry.status
    value_on = f"<ValDt><Dt>{entry.value_on}</Dt></ValDt>" if entry.value_on else ""
    code = (
        f"<BkTxCd><Prtry><Cd>{escape(entry.code)}</Cd><Issr>NETS</Issr></Prtry></BkTxCd>"
        if entry.code
        else ""
    )
    yield (
        f"<Ntry>{_said('NtryRef', entry.reference)}{_amount(entry.total)}{_way(entry.is_debit)}"
        f"{'<RvslInd>true</RvslInd>' if entry.is_reversal else ''}<Sts>{status}</Sts>"
        f"<BookgDt><Dt>{entry.booked_on}</Dt></BookgDt>{value_on}{code}"
    )
    if entry.transactions:
        yield f"<NtryDtls><Btch><NbOfTxs>{len(entry.transactions)}</NbOfTxs></Btch>"
        for one in entry.transactions:
            yield _transaction(one, is_debit=entry.is_debit, is_new=is_new)
        yield "</NtryDtls>"
    yield f"{_said('AddtlNtryInf', entry.text)}</Ntry>"


def _transaction(one: CamtTransaction, *, is_debit: bool, is_new: bool) -> str:
    amount = _amount(one.amount)
    money = f"{amount}{_way(is_debit)}" if is_new else f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
    name = _said("Nm", one.debtor)
    payer = f"<Dbtr>{f'<Pty>{name}</Pty>' if is_new else name}</Dbtr>" if name else ""
    if one.debit_account:
        payer += f"<DbtrAcct><Id><Othr><Id>{one.debit_account}</Id></Othr></Id></DbtrAcct>"
    kids = one.kids or (((one.kid, None),) if one.kid else ())
    remitted = "".join(_remittance(kid, share) for kid, share in kids) or _said("Ustrd", one.text)
    return (
        f"<TxDtls><Refs>{_said('AcctSvcrRef', one.reference)}<EndToEndId>NOTPROVIDED</EndToEndId></Refs>{money}"
        f"{f'<RltdPties>{payer}</RltdPties>' if payer else ''}{f'<RmtInf>{remitted}</RmtInf>' if remitted else ''}</TxDtls>"
    )


def _remittance(kid: Kid, share: Money | None) -> str:
    told = (
        ""
        if share is None
        else f'<RfrdDocAmt><RmtdAmt Ccy="NOK">{decimal_text(share)}</RmtdAmt></RfrdDocAmt>'
    )
    reference = f"<CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{kid}</Ref></CdtrRefInf>"
    return f"<Strd>{told}{reference}</Strd>"


def _said(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def generate_notification(payments: int, seed: int, out: BinaryIO) -> None:
    """Write an invented file of so many payments, the same for the same seed: lump sums of payments with a KID to one
    of up to three accounts, some with text, some for several KIDs, some reversals. Streams."""
    chance = random.Random(seed)  # noqa: S311 - invented payments, repeatable by seed
    first_day = date(2026, 1, 5) + timedelta(seed % 300)
    accounts = min(3, payments // 1_000 + 1)
    shares = [payments // accounts + (place < payments % accounts) for place in range(accounts)]
    notifications = tuple(
        CamtNotification(
            an_account(6_000_000_000 + chance.randrange(10**9)),
            _Invented(share, first_day, chance.getrandbits(62)),
            id=f"{first_day:%Y%m%d}NOK{place + 1}",
        )
        for place, share in enumerate(shares)
    )
    number = 1 + chance.randrange(9_999_998)
    write_message_to(out, CamtMessage(notifications, first_day + timedelta(5), id=f"NO{number:07d}"))


@dataclass(frozen=True, slots=True)
class _Invented:
    """Entries that are invented anew, and alike, each time they are gone through."""

    payments: int
    first_day: date
    seed: int

    def __iter__(self) -> Iterator[CamtEntry]:
        chance = random.Random(self.seed)  # noqa: S311 - as above
        payers = [an_account(8_000_000_000 + chance.randrange(10**9)) for _ in range(997)]
        for place in range(0, self.payments, _LUMP):
            booked_on = self.first_day + timedelta(place * 5 // self.payments)
            drawn = [chance.getrandbits(62) for _ in range(min(_LUMP, self.payments - place))]
            number = place // _LUMP + 1
            yield CamtEntry(
                booked_on,
                tuple(_invented(draw, payers) for draw in drawn),
                is_reversal=number % 97 == 0,
                is_debit=number % 97 == 0,
                value_on=booked_on,
                reference=f"{booked_on:%y%m%d}2-{number}",
            )


def _invented(draw: int, payers: list[str]) -> CamtTransaction:
    amount = 100 + draw % 2_000_000
    kids = [f"{part % 10**13:013d}" for part in (draw, draw // 3)]
    kid, other = (body + mod10(body) for body in kids)
    has_text, has_several = draw % 401 == 0, draw % 499 == 0
    return CamtTransaction(
        amount,
        kid="" if has_text or has_several else kid,
        kids=((kid, amount - 50), (other, 50)) if has_several and kid != other else (),
        text=f"Faktura {draw % 100_000} betalt på nett" if has_text else "",
        debtor=f"Betaler & Sønn {draw % 997}",
        debit_account=payers[draw % 997],
        reference=f"{draw % 999_999_937:09d}",
    )

"""What an answer to RegisterVouchers proves of each voucher: booked, refused, unsent, or nothing (in doubt)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from schemas.money import Money, from_decimal_text
from schemas.transfer import DeliveryAnswer, Verdict
from workers.accounting import mapping
from workers.accounting.contract import Fault, OffContractError, content_of, fault_of_schema, parsed, reply
from workers.accounting.wire import BrokenCallError, RawAnswer

LARGEST_NOTE = 500
LARGEST_NUMBER = 20  # characters: the contract's VoucherNo
LARGEST_AMOUNT = 17  # characters: decimal(15,2) with its sign and point
_NAMES = f"{{{mapping.NAMESPACE}}}"


def of_broken_call(reference: str, broken: BrokenCallError) -> DeliveryAnswer:
    """A call without a whole answer: certainly not booked only if not one byte left us."""
    return _answer(reference, Verdict.UNKNOWN if broken.began else Verdict.UNSENT, broken.code, broken.note)


def of_answer(references: Sequence[str], raw: RawAnswer) -> tuple[DeliveryAnswer, ...]:
    """One verdict a reference, in order. Never raises for what the bytes may hold."""
    code, note = suspicious(raw)
    if code:
        return tuple(_answer(reference, Verdict.UNKNOWN, code, note) for reference in references)
    try:
        content = content_of(parsed(raw.content))
        if reason := _off_contract(content, raw.status_code):
            return _readable_rows(references, content, raw.status_code, reason)
        said = reply(mapping.REGISTER, raw)
    except OffContractError as fault:
        return tuple(_answer(reference, Verdict.UNKNOWN, "Garbage", str(fault)) for reference in references)
    if isinstance(said, Fault):
        verdict, code, note = of_fault(said)
        return tuple(_answer(reference, verdict, code, note) for reference in references)
    return tuple(_of_rows(reference, said) for reference in references)


def suspicious(raw: RawAnswer) -> tuple[str, str]:
    """Code and note if the answer can't be the contract's by its status alone, else two empty texts.

    SOAP 1.1 answers with 200, or 500 and a fault. A proxy's error page may be good XML: only the status tells.
    """
    if 300 <= raw.status_code < 400:
        where = raw.headers.get("Location", "nowhere")
        return (
            f"Http{raw.status_code}",
            f"the endpoint sends us to {where}; redirects are refused: set the address itself",
        )
    if raw.status_code not in (200, 500):
        return f"Http{raw.status_code}", f"HTTP status {raw.status_code} is no answer of the service"
    if not raw.content.strip():
        return "Empty", f"an empty answer with HTTP status {raw.status_code}"
    return "", ""


def of_fault(fault: Fault) -> tuple[Verdict, str, str]:
    """What a SOAP fault proves: only one of the contract's, with a fault code, whose business code is on the list."""
    code = mapping.FAULT_CODES.get(fault.detail)
    if code is None or not fault.code:
        return Verdict.UNKNOWN, "Fault", f"fault {fault.code or 'without a code'}: {fault.text}"
    code = code or fault.detail_code
    return mapping.CODE_MEANS.get(code, Verdict.UNKNOWN), code, fault.detail_text or fault.text


def _off_contract(content: etree._Element, status: int) -> str:
    """Why the content is not an answer by the XSD; "" for a fault, which zeep reads."""
    if etree.QName(content).localname == "Fault":
        return ""
    if status != 200:
        return f"HTTP status {status} with something else than a fault"
    if content.tag != f"{_NAMES}{mapping.REGISTER}Response":
        return f"an answer to something else: {etree.QName(content).localname}"
    return fault_of_schema(content)


def _readable_rows(
    references: Sequence[str], content: etree._Element, status: int, reason: str
) -> tuple[DeliveryAnswer, ...]:
    """Verdicts out of an answer that the XSD refuses.

    An additive change on the far side makes every booking look like a failure to a strict reader. So a row that still
    holds our reference, once, a number, and no error is believed: that is what a person would read. All else is in
    doubt; a refusal is never believed out of such an answer.
    """
    note = f"the answer is not as the contract says: {reason}"
    is_ours = status == 200 and content.tag == f"{_NAMES}{mapping.REGISTER}Response"
    rows = content.findall(_NAMES + mapping.RESULT.row) if is_ours else []
    return tuple(_readable_row(reference, rows, note) for reference in references)


def _readable_row(reference: str, rows: Sequence[etree._Element], note: str) -> DeliveryAnswer:
    names = mapping.RESULT
    fitting = [row for row in rows if _text(row, names.reference) == reference]
    numbers = [number for row in fitting for number in row.findall(_NAMES + names.number)]
    number = (numbers[0].text or "").strip()[: LARGEST_NUMBER + 1] if len(numbers) == 1 else ""
    if (
        len(fitting) != 1
        or not 0 < len(number) <= LARGEST_NUMBER
        or fitting[0].find(_NAMES + names.error) is not None
    ):
        found = f"; the number {number} stands in it" if number else ""
        return _answer(reference, Verdict.UNKNOWN, "OffContract", note + found)
    total, lines = _readable_money(_text(fitting[0], names.total)), _text(fitting[0], names.lines)
    count = int(lines) if lines.isdecimal() and len(lines) < 10 else None
    return DeliveryAnswer(reference, Verdict.BOOKED, number, total, count, "OffContract", _short(note))


def _of_rows(reference: str, said: Any) -> DeliveryAnswer:
    """The verdict of the row with our reference, out of an answer that is as the XSD says."""
    names = mapping.RESULT
    rows = said if isinstance(said, list) else getattr(said, names.row)
    fitting = [row for row in rows if getattr(row, names.reference) == reference]
    if len(fitting) != 1:
        note = f"{len(fitting)} rows of the answer have our reference"
        return _answer(reference, Verdict.UNKNOWN, "NoRow" if not fitting else "TwoRows", note)
    number = getattr(fitting[0], names.number) or ""
    errors = list(getattr(fitting[0], names.error) or [])
    if number and not errors:
        total, lines = getattr(fitting[0], names.total), getattr(fitting[0], names.lines)
        return DeliveryAnswer(reference, Verdict.BOOKED, number, money_of(total), lines, "", "")
    if number or not errors:
        note = "the row has a number and errors" if number else "the row has neither a number nor an error"
        return _answer(reference, Verdict.UNKNOWN, "Contradiction", note)
    return _of_errors(reference, errors)


def _of_errors(reference: str, errors: Sequence[Any]) -> DeliveryAnswer:
    """A row with errors is refused only if every one of its codes proves "not booked"; the first code is the cause."""
    names = mapping.RESULT
    codes = [getattr(error, names.error_code) for error in errors]
    meanings = {mapping.CODE_MEANS.get(code, Verdict.UNKNOWN) for code in codes}
    verdict = next(
        (each for each in (Verdict.UNKNOWN, Verdict.REFUSED, Verdict.UNSENT) if each in meanings),
        Verdict.UNKNOWN,
    )
    cause = next(code for code in codes if mapping.CODE_MEANS.get(code, Verdict.UNKNOWN) is verdict)
    return _answer(reference, verdict, cause, "; ".join(_sentence(error) for error in errors))


def _sentence(error: Any) -> str:
    line = getattr(error, mapping.RESULT.error_line)
    text = str(getattr(error, mapping.RESULT.error_text) or "")
    return f"line {line}: {text}" if line else text


def money_of(amount: Decimal | None) -> Money | None:
    """The øre of an amount that the XSD has proven to have at most two decimals."""
    return None if amount is None else int(amount.scaleb(2))


def _readable_money(text: str) -> Money | None:
    try:
        return from_decimal_text(text) if len(text) <= LARGEST_AMOUNT else None
    except ValueError:
        return None


def _text(row: etree._Element, name: str) -> str:
    return (row.findtext(_NAMES + name) or "").strip()


def _answer(reference: str, verdict: Verdict, code: str, note: str) -> DeliveryAnswer:
    return DeliveryAnswer(reference, verdict, "", None, None, code, _short(note))


def _short(note: str) -> str:
    note = note.replace("\x00", "")  # a database keeps no such text
    return note if len(note) <= LARGEST_NOTE else note[: LARGEST_NOTE - 3] + "..."

"""What an answer to a registration proves of each voucher: booked, refused, unsent, or nothing (in doubt)."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from lxml import etree

from schemas.money import Money
from schemas.transfer import DeliveryAnswer, Verdict
from workers.accounting import reading
from workers.accounting.contract import Contract, Fault, text_at
from workers.accounting.parsing import OffContractError, parsed
from workers.accounting.reading import cells_of
from workers.accounting.wire import BrokenCallError, RawAnswer

V = TypeVar("V")
LARGEST_NOTE = 500
LONGEST_CODE = 60  # characters; the contract's are 20 at most, and no XSD proves a fault
LARGEST_NUMBER = 20  # characters: the contract's VoucherNo


def of_broken_call(reference: str, broken: BrokenCallError) -> DeliveryAnswer:
    """A call without a whole answer: certainly not booked only if not one byte left us."""
    return _answer(reference, Verdict.UNKNOWN if broken.began else Verdict.UNSENT, broken.code, broken.note)


def of_answer(references: Sequence[str], raw: RawAnswer, contract: Contract) -> tuple[DeliveryAnswer, ...]:
    """One verdict a reference, in order. Never raises for what the bytes may hold."""
    code, note = suspicious(raw, contract.table.soap.statuses)
    if code:
        return tuple(_answer(reference, Verdict.UNKNOWN, code, note) for reference in references)
    try:
        content = contract.content_of(parsed(raw.content))
        if contract.is_fault(content):
            verdict, code, note = of_fault(contract.fault_in(content), contract)
            return tuple(_answer(reference, verdict, code, note) for reference in references)
    except OffContractError as fault:
        return tuple(_answer(reference, Verdict.UNKNOWN, "Garbage", str(fault)) for reference in references)
    reason = _off_contract(content, raw.status_code, contract)
    if reason:
        return _readable_rows(references, content, raw.status_code, reason, contract)
    rows = content.findall(contract.part(contract.table.register.results))
    return tuple(_of_rows(reference, rows, contract) for reference in references)


def suspicious(raw: RawAnswer, statuses: frozenset[int]) -> tuple[str, str]:
    """Code and note if the answer can't be the contract's by its status alone, else two empty texts.

    SOAP 1.1 answers with 200, or 500 and a fault. A proxy's error page may be good XML: only the status tells.
    """
    if 300 <= raw.status_code < 400:
        where = raw.headers.get("Location", "nowhere")
        return (
            f"Http{raw.status_code}",
            f"the endpoint sends us to {where}; redirects are refused: set the address itself",
        )
    if raw.status_code not in statuses:
        return f"Http{raw.status_code}", f"HTTP status {raw.status_code} is no answer of the service"
    if not raw.content.strip():
        return "Empty", f"an empty answer with HTTP status {raw.status_code}"
    return "", ""


def of_fault(fault: Fault, contract: Contract) -> tuple[Verdict, str, str]:
    """What a SOAP fault proves: only one of the contract's, with a fault code, whose business code is on the list."""
    code = contract.table.fault_codes.get(fault.detail)
    if code is None or not fault.code:
        return Verdict.UNKNOWN, "Fault", f"fault {fault.code or 'without a code'}: {fault.text}"
    code = shown((code or fault.detail_code)[:LONGEST_CODE])
    return contract.table.code_means.get(code, Verdict.UNKNOWN), code, fault.detail_text or fault.text


def _off_contract(content: etree._Element, status: int, contract: Contract) -> str:
    """Why the content is not an answer by the XSD."""
    if status != 200:
        return f"HTTP status {status} with something else than a fault"
    if content.tag != contract.wrapper(contract.table.register.answer):
        return f"an answer to something else: {etree.QName(content).localname}"
    return contract.reason_against(content)


def _readable_rows(
    references: Sequence[str], content: etree._Element, status: int, reason: str, contract: Contract
) -> tuple[DeliveryAnswer, ...]:
    """Verdicts out of an answer that the XSD refuses.

    An additive change on the far side makes every booking look like a failure to a strict reader. So a row that still
    holds our reference, once, a number, and no error is believed: that is what a person would read. All else is in
    doubt; a refusal is never believed out of such an answer.
    """
    note = f"the answer is not as the contract says: {reason}"
    names = contract.table.register
    is_ours = status == 200 and content.tag == contract.wrapper(names.answer)
    rows = content.findall(contract.part(names.results)) if is_ours else []
    return tuple(_readable_row(reference, rows, note, contract) for reference in references)


def _readable_row(
    reference: str, rows: Sequence[etree._Element], note: str, contract: Contract
) -> DeliveryAnswer:
    names = contract.fields(contract.table.register.result)
    fitting = [row for row in rows if reference in _texts(row, names.reference)]
    numbers = [_texts(row, names.number) for row in fitting]
    number = numbers[0][0][: LARGEST_NUMBER + 1] if len(numbers) == 1 and len(numbers[0]) == 1 else ""
    error = etree.QName(contract.field_steps(contract.table.error.row)[-1]).localname
    if (
        len(fitting) != 1
        or _texts(fitting[0], names.reference) != [reference]
        or not 0 < len(number) <= LARGEST_NUMBER
        or next(fitting[0].iter(f"{{*}}{error}"), None) is not None  # in whatever namespace
    ):
        found = f"; the number {number} stands in it" if number else ""
        return _answer(reference, Verdict.UNKNOWN, "OffContract", note + found)
    total, lines = _told(text_at(fitting[0], names.total), text_at(fitting[0], names.lines))
    return DeliveryAnswer(reference, Verdict.BOOKED, number, total, lines, "OffContract", short(note))


def _texts(row: etree._Element, path: str) -> list[str]:
    """The texts at a path; "" for one that holds elements: its first half would be another text than it says."""
    return ["" if len(cell) else (cell.text or "").strip() for cell in row.iterfind(path)]


def _of_rows(reference: str, rows: Sequence[etree._Element], contract: Contract) -> DeliveryAnswer:
    """The verdict of the row with our reference, out of an answer that is as the XSD says."""
    names = contract.fields(contract.table.register.result)
    fitting = [row for row in rows if text_at(row, names.reference) == reference]
    if len(fitting) != 1:
        note = f"{len(fitting)} rows of the answer have our reference"
        return _answer(reference, Verdict.UNKNOWN, "NoRow" if not fitting else "TwoRows", note)
    number = text_at(fitting[0], names.number)
    errors = errors_of(fitting[0], contract)
    if number and not errors:
        total, lines = _told(text_at(fitting[0], names.total), text_at(fitting[0], names.lines))
        return DeliveryAnswer(reference, Verdict.BOOKED, number, total, lines, "", "")
    if number or not errors:
        note = "the row has a number and errors" if number else "the row has neither a number nor an error"
        return _answer(reference, Verdict.UNKNOWN, "Contradiction", note)
    return _of_errors(reference, errors, contract)


def errors_of(row: etree._Element, contract: Contract) -> list[tuple[str, str]]:
    """The errors of a row: code as we call it, and a sentence."""
    names = contract.fields(contract.table.error)
    found = []
    for error in row.iterfind(names.row):
        cells = cells_of(error)
        line, text = cells.get(names.line), cells.get(names.text, "")
        found.append(
            (
                shown(contract.code(cells.get(names.code, ""))[:LONGEST_CODE]),
                f"line {line}: {text}" if line else text,
            )
        )
    return found


def _of_errors(reference: str, errors: Sequence[tuple[str, str]], contract: Contract) -> DeliveryAnswer:
    """A row with errors is refused only if every one of its codes proves "not booked"; the first code is the cause."""
    order = (Verdict.UNKNOWN, Verdict.REFUSED, Verdict.UNSENT)
    verdict, cause = weakest(errors, contract.table.code_means, order)
    return _answer(reference, verdict, cause, "; ".join(sentence for _, sentence in errors))


def weakest(errors: Sequence[tuple[str, str]], means: Mapping[str, V], order: tuple[V, ...]) -> tuple[V, str]:
    """Of what a row's codes prove, what comes first in `order`, and the first code that says so.

    A code that `means` does not know, or gives a meaning outside `order`, proves the first of `order`, which is nothing.
    `errors` is not empty.
    """
    proven = [(meant if (meant := means.get(code)) in order else order[0], code) for code, _ in errors]
    return min(proven, key=lambda each: order.index(each[0]))


def _told(total: str, lines: str) -> tuple[Money | None, int | None]:
    """What Visma says that it booked, None for what can't be read: the stage compares, and an odd echo books all the same."""
    try:
        amount = reading.money(total)
    except OffContractError:
        amount = None
    try:
        number = reading.count(lines)
    except OffContractError:
        number = None
    return amount, number


def _answer(reference: str, verdict: Verdict, code: str, note: str) -> DeliveryAnswer:
    return DeliveryAnswer(reference, verdict, "", None, None, code, short(note))


def shown(text: str) -> str:
    """A text of the far side with what is no printable character replaced."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def short(note: str) -> str:
    """A note as it can be kept and shown: of a bounded length, on one line, nothing in it that moves a terminal's cursor."""
    note = shown(" ".join(note[: 2 * LARGEST_NOTE].split()))
    return note if len(note) <= LARGEST_NOTE else note[: LARGEST_NOTE - 3] + "..."

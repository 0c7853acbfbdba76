"""What an answer to the case numbers proves of each: written, refused, or nothing (then it is written again)."""

from collections import defaultdict
from collections.abc import Sequence

from lxml import etree

from schemas.transfer import CaseNumber, NumberAnswer, NumberVerdict
from workers.accounting.contract import Contract
from workers.accounting.reading import cells_of
from workers.accounting.verdicts import errors_of, short, weakest


def of_rows(
    asked: Sequence[CaseNumber], said: etree._Element, contract: Contract
) -> tuple[NumberAnswer, ...]:
    """One answer a row, in their order, out of an answer that the XSD has proven.

    Found again by invoice and customer. Two rows asked with the same pair are answered in order; where the answer has
    fewer or more of a pair than were asked, none of them is known.
    """
    names = contract.table.numbers
    invoice, customer = contract.field(names.invoice_no), contract.field(names.customer_no)
    results: dict[tuple[str, str], list[etree._Element]] = defaultdict(list)
    for row in said.iterfind(contract.part(names.results)):
        cells = cells_of(row)
        results[cells.get(invoice, ""), cells.get(customer, "")].append(row)
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, number in enumerate(asked):
        places[number.invoice_no, number.customer_no].append(place)
    answers: dict[int, NumberAnswer] = {}
    for pair, where in places.items():
        found = results[pair]
        for nth, place in enumerate(where):
            answers[place] = (
                _of_row(pair[0], found[nth], contract)
                if len(found) == len(where)
                else NumberAnswer(
                    pair[0],
                    NumberVerdict.UNKNOWN,
                    "NoRow" if len(found) < len(where) else "TwoRows",
                    f"{len(found)} rows of the answer are about invoice {pair[0]} and its customer, {len(where)} were sent",
                )
            )
    return tuple(answers[place] for place in range(len(asked)))


def _of_row(invoice_no: str, row: etree._Element, contract: Contract) -> NumberAnswer:
    """Written without an error; refused only if every code of it proves "not written"."""
    errors = errors_of(row, contract)
    if not errors:
        return NumberAnswer(invoice_no, NumberVerdict.WRITTEN, "", "")
    order = (NumberVerdict.UNKNOWN, NumberVerdict.REFUSED, NumberVerdict.WRITTEN)
    verdict, code = weakest(errors, contract.table.numbers.code_means, order)
    if verdict is NumberVerdict.WRITTEN:  # a code that says that it stood there already
        return NumberAnswer(invoice_no, verdict, "", "")
    return NumberAnswer(invoice_no, verdict, code, short("; ".join(sentence for _, sentence in errors)))

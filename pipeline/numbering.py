"""What Visma's answer to one case number means for the invoice."""

from dataclasses import dataclass

from pipeline.stage import Park, Reason
from schemas.transfer import NumberAnswer, NumberState, NumberVerdict


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """The answer for one invoice, and the case number that was sent."""

    answer: NumberAnswer
    case_no: str


@dataclass(frozen=True, slots=True)
class NumberConclusion:
    """Where the number stands now; `park` where a person must act. Waiting: it is written again, which does no harm."""

    state: NumberState
    park: Park | None


def conclude(facts: NumberFacts) -> NumberConclusion:
    """Say where a case number stands after an answer. Nothing here touches the case."""
    answer = facts.answer
    if answer.verdict is NumberVerdict.WRITTEN:
        return NumberConclusion(NumberState.WRITTEN, None)
    if answer.verdict is NumberVerdict.REFUSED:
        note = f"Visma refused case number {facts.case_no} on invoice {answer.invoice_no}: {answer.note} ({answer.code})"
        return NumberConclusion(NumberState.REFUSED, Park(Reason.NUMBER_REFUSED, note))
    return NumberConclusion(NumberState.WAITING, None)

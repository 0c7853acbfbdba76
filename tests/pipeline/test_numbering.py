"""What an answer to a case number means: values in, values out."""

from pipeline import numbering
from pipeline.numbering import NumberConclusion, NumberFacts
from pipeline.stage import Reason
from schemas.transfer import NumberAnswer, NumberState, NumberVerdict


def concluded(verdict: NumberVerdict, code: str = "", note: str = "") -> NumberConclusion:
    return numbering.conclude(NumberFacts(NumberAnswer("7001", verdict, code, note), "0221-0017"))


def test_written_is_written() -> None:
    assert concluded(NumberVerdict.WRITTEN) == NumberConclusion(NumberState.WRITTEN, None)


def test_what_is_not_known_waits_and_nobody_is_asked() -> None:
    assert concluded(NumberVerdict.UNKNOWN, "NoRow", "none") == NumberConclusion(NumberState.WAITING, None)


def test_a_refusal_parks_with_vismas_words() -> None:
    said = concluded(NumberVerdict.REFUSED, "WrongCustomer", "the invoice is another customer's")

    assert said.state is NumberState.REFUSED
    assert said.park is not None
    assert said.park.reason is Reason.NUMBER_REFUSED
    assert said.park.note == (
        "Visma refused case number 0221-0017 on invoice 7001: the invoice is another customer's (WrongCustomer)"
    )

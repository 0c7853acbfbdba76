"""The case of a payment, by account and KID: the case's own KID and its invoices' lead to it; else by a payer's rule."""

from typing import NamedTuple

from pipeline.stage import Park, Reason
from schemas.case import CaseState
from schemas.kid import Kid, KidAgreement, KidVerdict, verdict

# Looking a member up on its enum costs more than the comparison it is for.
_MERGED = CaseState.MERGED
ASKS_PAYER = frozenset({Reason.UNKNOWN_KID, Reason.FAILING_KID, Reason.BLANK_KID})
"""Why a payment has no case where a rule of its payer may say one."""


class Candidate(NamedTuple):
    """A case that has the KID. `main_case_id` is the case at the end of its merges, set when the case is merged."""

    case_id: int
    company: str
    client: str
    state: CaseState
    main_case_id: int | None


class PayerRule(NamedTuple):
    """A rule that people switched on: what this payer's account sends is for the case, where no KID says otherwise."""

    rule_id: int
    case: Candidate


class MatchFacts(NamedTuple):
    """A payment's KID, its account with the KIDs agreed on it and its company (None: no company has it), the cases.

    `rule`: the rule of the payer's account, None for none and for money that goes out.
    """

    kid: Kid | None
    agreements: tuple[KidAgreement, ...]
    account: str
    company: str | None
    candidates: tuple[Candidate, ...]
    rule: PayerRule | None = None


class Matched(NamedTuple):
    """The case that the payment is for. `rule_id`: the payer's rule that found it, None where the KID did."""

    case_id: int
    rule_id: int | None = None


def match(facts: MatchFacts) -> Matched | Park:
    """Find the one case; anything else is for a person. A KID that fails its control but has a case is the case's.

    A payer's rule is asked only where the KID leads nowhere, and only while its case is open.
    """
    decision = _by_kid(facts)
    if facts.rule is not None and isinstance(decision, Park) and decision.reason in ASKS_PAYER:
        case = facts.rule.case
        if case.state is CaseState.OPEN and case.company == facts.company:
            return Matched(case.case_id, facts.rule.rule_id)
    return decision


def _by_kid(facts: MatchFacts) -> Matched | Park:
    if facts.company is None:
        note = f"no company has the account {facts.account}: set it up, then release"
        return Park(Reason.UNKNOWN_ACCOUNT, note)
    if facts.kid is None or not facts.kid.strip():
        return Park(Reason.BLANK_KID, "the payment has no KID: assign it to a case")
    cases = {_main(case): case for case in facts.candidates if case.company == facts.company}
    if len(cases) == 1:
        return Matched(next(iter(cases)))
    return _several(facts.kid, cases) if cases else _none(facts, facts.kid)


def _main(case: Candidate) -> int:
    """A merged case's money is the main case's (kumulasjon)."""
    if case.state is not _MERGED:
        return case.case_id
    if case.main_case_id is None:
        raise ValueError(f"case {case.case_id} is merged, but into no case")
    return case.main_case_id


def _several(kid: Kid, cases: dict[int, Candidate]) -> Park:
    clients = sorted({case.client for case in cases.values()})
    of = f"of the clients {', '.join(clients)}" if len(clients) > 1 else f"of the client {clients[0]}"
    return Park(
        Reason.TWO_CASES, f"{len(cases)} cases {of} have the KID {kid}: assign the payment to one of them"
    )


def _none(facts: MatchFacts, kid: Kid) -> Park:
    why = {
        KidVerdict.FAILS_CONTROL: "its control digit is wrong",
        KidVerdict.WRONG_LENGTH: f"no agreement of the account {facts.account} has its length of {len(kid)}",
        KidVerdict.MALFORMED: "it is no KID at all",
    }.get(verdict(kid, facts.agreements))
    if why is not None:
        return Park(Reason.FAILING_KID, f"no case has the KID {kid}, and {why}: assign the payment to a case")
    return Park(Reason.UNKNOWN_KID, f"no case has the KID {kid}: assign the payment, or wait for the case")

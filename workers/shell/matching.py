"""Give each payment of a batch to the rule that says which case it is for, with the cases that are locked."""

from collections.abc import Mapping, Sequence

from pipeline import matching
from pipeline.matching import Candidate, Matched, MatchFacts, PayerRule, SeveralFacts, Shared
from pipeline.stage import Park, Reason
from schemas.kid import Kid
from schemas.setup import NoSuchSetupError, Setup
from workers.facts.cases import LockedCase
from workers.facts.payments import CasesOfKids, Waiting
from workers.facts.terms import Terms
from workers.shell.originals import Batch


def match_payments(
    payments: Sequence[Waiting],
    by_kid: CasesOfKids,
    by_rule: Mapping[int, tuple[int, int]],
    locked: Mapping[int, LockedCase],
    ends: Mapping[int, int],
    setup: Setup,
    batch: Batch,
) -> None:
    """Note in the batch where each payment goes. `by_rule`: by payment the rule of its payer, and that rule's case."""
    agreements = {
        account: rows.latest().value.kid_agreements
        for account in {p.account for p in payments}
        if (rows := setup.accounts.get(account)) is not None
    }
    candidates = {
        case.id: Candidate(case.id, case.company, case.client, case.state, ends.get(case.id))
        for case in locked.values()
    }
    rules = {
        payment_id: PayerRule(rule_id, candidates[ends.get(case_id, case_id)])
        for payment_id, (rule_id, case_id) in by_rule.items()
    }
    terms = Terms(setup)
    states = {case.id: case.state for case in locked.values()}

    def facts(payment: Waiting, kid: Kid | None) -> MatchFacts:
        possible = by_kid.get((payment.account, kid), ()) if kid else ()
        return MatchFacts(
            kid,
            agreements.get(payment.account, ()),
            payment.account,
            payment.company,
            tuple([candidates[case_id] for case_id in possible]),
            rules.get(payment.id),
        )

    for payment in payments:
        decision: Matched | Shared | Park
        if payment.kids:
            parts = tuple((facts(payment, kid)._replace(rule=None), share) for kid, share in payment.kids)
            decision = matching.match_each(SeveralFacts(payment.amount, parts, states))
        else:
            decision = matching.match(facts(payment, payment.kid))
        if isinstance(decision, Shared):
            decision = _without_setup(payment, decision, locked, terms) or decision
        if isinstance(decision, Matched):
            batch.by_case[decision.case_id].append(payment)
            if decision.rule_id is not None:
                batch.by_rule[payment.id] = decision.rule_id
        elif isinstance(decision, Shared):
            batch.share(payment, decision.shares)
        elif payment.amount < 0 and payment.company is not None:
            batch.strays.append((payment, decision))
        else:
            batch.park(payment, decision)


def _without_setup(
    payment: Waiting, shared: Shared, locked: Mapping[int, LockedCase], terms: Terms
) -> Park | None:
    """Park a payment whole that is for several cases, if one of them has no setup on its day."""
    for case_id in shared.shares:
        case = locked[case_id]
        try:
            terms.on(case.company, case.client, payment.interest_on)
        except NoSuchSetupError as error:
            return Park(Reason.NO_SETUP, str(error))
    return None

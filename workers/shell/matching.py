"""Give each payment of a batch to the rule that says which case it is for, with the cases that are locked."""

from collections.abc import Mapping, Sequence

from pipeline import matching
from pipeline.matching import Candidate, Matched, MatchFacts, PayerRule
from schemas.setup import Setup
from workers.facts.cases import LockedCase
from workers.facts.payments import CasesOfKids, Waiting
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
    for payment in payments:
        account, kid = payment.account, payment.kid
        possible = by_kid.get((account, kid), ()) if kid else ()
        facts = MatchFacts(
            kid,
            agreements.get(account, ()),
            account,
            payment.company,
            tuple([candidates[case_id] for case_id in possible]),
            rules.get(payment.id),
        )
        decision = matching.match(facts)
        if isinstance(decision, Matched):
            batch.by_case[decision.case_id].append(payment)
            if decision.rule_id is not None:
                batch.by_rule[payment.id] = decision.rule_id
        elif payment.amount < 0 and payment.company is not None:
            batch.strays.append((payment, decision))
        else:
            batch.park(payment, decision)

"""A payer whose money people always gave to one case: the rule is proposed, tried on the past, switched on, and off."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection

from ops import repairs
from ops.access import ALL_ROLES, Role
from ops.queries import rules as queries
from ops.repairs import Person, Refusal
from ops.repairs import rules as acts
from ops.repairs.acts import NotAllowed
from ops.why import why
from schemas.case import CaseState
from schemas.money import kr
from tests.site import DAY, Site, kid_of, paid
from workers.facts import payers
from workers.settings import Settings
from workers.store.bulk import rows

DUE = date(2026, 3, 31)
PAYER, OTHER = "88881011128", "88881011136"
KARI = Person("kari", "the bank of the debtor gives no KID", ALL_ROLES)


def assigned(here: Site, case_id: int, *numbers: int, payer: str = PAYER) -> None:
    """Payments of the payer come with KIDs that nobody has, and a person gives each to the case."""
    for number in numbers:
        here.come(paid(kid_of(number), kr(10), debit_account=payer))
        here.act(repairs.assign, stray(here), case_id, original=None)


def stray(here: Site) -> int:
    return int(str(here.one("SELECT max(id) FROM payment WHERE state = 'parked'")[0]))


def last(here: Site) -> tuple[object, ...]:
    return here.one("SELECT state, case_id, rule_id FROM payment ORDER BY id DESC LIMIT 1")


def do(here: Site, what: Callable[[Connection], repairs.Done]) -> str:
    with here.engine.begin() as connection:
        return what(connection).sentence


def settings_of(here: Site) -> Callable[[], Settings]:
    return lambda: here.hands.settings


def switched_on(here: Site, case_id: int) -> None:
    assigned(here, case_id, 71, 72, 73)
    do(here, lambda c: acts.switch_on(c, 1, settings_of(here), person=KARI))


def test_three_assigns_of_one_payer_to_one_case_propose_a_rule_and_two_do_not(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    assigned(here, case_id, 71, 72)
    with here.engine.connect() as connection:
        assert queries.rules(connection) == ()

    assigned(here, case_id, 73)

    with here.engine.connect() as connection:
        (rule,) = queries.rules(connection)
    assert (rule.state, rule.case_id, rule.times, rule.payer) == ("proposed", case_id, 3, "…1128")


def test_a_payer_whose_money_went_to_two_cases_gets_no_rule(here: Site) -> None:
    case_id, other = here.case(1, kr(1000), DUE), here.case(2, kr(1000), DUE)
    assigned(here, case_id, 71, 72, 73)
    assigned(here, other, 74)

    with here.engine.connect() as connection:
        assert queries.rules(connection) == ()
    with pytest.raises(Refusal, match="none to another"):
        do(here, lambda c: acts.switch_on(c, 1, settings_of(here), person=KARI))


def test_a_rule_that_is_on_sends_what_no_kid_finds_and_says_so_and_the_money_agrees(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    here.case(2, kr(1000), DUE)
    switched_on(here, case_id)

    here.come(
        paid(kid_of(77), kr(20), debit_account=PAYER),
        paid(kid_of(77), kr(30), debit_account=OTHER),
        paid(kid_of(2), kr(40), debit_account=PAYER),
    )

    (rule_id,) = here.one("SELECT id FROM payer_rule WHERE off_at IS NULL")
    found = here.all(
        "SELECT amount, state, case_id = :case, rule_id FROM payment ORDER BY id DESC LIMIT 3", case=case_id
    )
    assert found == [
        (kr(40), "settled", False, None),
        (kr(30), "parked", None, None),
        (kr(20), "settled", True, rule_id),
    ]
    with here.engine.connect() as connection:
        told = why(connection, 4)
        (rule,) = queries.rules(connection, state="on")
    assert told is not None
    assert told.found_by == f"rule {rule_id}: what this payer's account sends is for case 0221-00000001"
    assert (rule.sent, rule.sent_total) == (1, kr(20))
    here.prove()


@pytest.mark.parametrize("state", [CaseState.PAID, CaseState.RECALLED, CaseState.CLOSED_WITH_REST])
def test_a_rule_sends_nothing_to_a_case_that_is_not_open(here: Site, state: CaseState) -> None:
    case_id = here.case(1, kr(1000), DUE)
    switched_on(here, case_id)
    with here.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE kk2_case SET state = '{state}'")

    here.come(paid(kid_of(77), kr(20), debit_account=PAYER))

    assert last(here) == ("parked", None, None)


def test_a_rule_follows_the_merge_of_its_case(here: Site) -> None:
    case_id, main = here.case(1, kr(1000), DUE), here.case(2, kr(1000), DUE)
    switched_on(here, case_id)
    with here.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE kk2_case SET state = 'merged', merged_into = {main} WHERE id = {case_id}"
        )

    here.come(paid(kid_of(77), kr(20), debit_account=PAYER))

    assert last(here)[:2] == ("settled", main)


def test_a_rule_that_is_off_sends_nothing_and_comes_back_only_after_three_new_assigns(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    switched_on(here, case_id)
    do(here, lambda c: acts.switch_off(c, 1, person=KARI))
    with pytest.raises(Refusal, match=r"is off already; last: rule off by kari"):
        do(here, lambda c: acts.switch_off(c, 1, person=KARI))

    assigned(here, case_id, 74, 75)
    with here.engine.connect() as connection:
        assert [rule.state for rule in queries.rules(connection)] == ["off"]
    assigned(here, case_id, 76)
    with here.engine.connect() as connection:
        assert [(r.state, r.times) for r in queries.rules(connection)] == [("proposed", 3), ("off", 0)]
    here.prove()


def test_what_is_turned_down_is_not_proposed_again_at_once(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    assigned(here, case_id, 71, 72, 73)

    do(here, lambda c: acts.turn_down(c, 3, settings_of(here), person=KARI))

    with here.engine.connect() as connection:
        assert [rule.state for rule in queries.rules(connection)] == ["off"]
    here.come(paid(kid_of(77), kr(20), debit_account=PAYER))
    assert last(here) == ("parked", None, None)


def test_the_trial_says_where_each_payment_would_have_gone_and_where_it_went(here: Site) -> None:
    case_id, other = here.case(1, kr(1000), DUE), here.case(2, kr(1000), DUE)
    assigned(here, case_id, 71, 72, 73)
    here.come(paid(kid_of(2), kr(10), debit_account=PAYER), paid(kid_of(78), kr(10), debit_account=PAYER))
    assert other

    with here.engine.connect() as connection:
        found = queries.shown(connection, rule_id=None, payment_id=1, today=DAY)
        nothing = queries.shown(connection, rule_id=None, payment_id=1, today=date(2026, 6, 1))

    assert found is not None
    assert [(t.payment_id, t.outcome) for t in found.trial] == [
        (5, "waits"), (4, "by_kid"), (3, "agrees"), (2, "agrees"), (1, "agrees"),
    ]  # fmt: skip
    assert nothing is not None
    assert nothing.trial == ()


def test_only_a_clerk_with_a_reason_switches_a_rule_on_and_the_account_stands_nowhere_in_clear(
    here: Site,
) -> None:
    case_id = here.case(1, kr(1000), DUE)
    assigned(here, case_id, 71, 72, 73)
    site = settings_of(here)
    with pytest.raises(NotAllowed):
        do(here, lambda c: acts.switch_on(c, 1, site, person=Person("ola", "why", frozenset({Role.ADMIN}))))
    with pytest.raises(Refusal, match="needs a reason"):
        do(here, lambda c: acts.switch_on(c, 1, site, person=Person("kari", "", ALL_ROLES)))

    do(here, lambda c: acts.switch_on(c, 1, site, person=KARI))

    with pytest.raises(Refusal, match="no rule is proposed"):
        do(here, lambda c: acts.switch_on(c, 1, site, person=KARI))
    left = here.all(
        "SELECT a::text FROM audit a UNION ALL SELECT j::text FROM journal j UNION ALL SELECT r::text FROM payer_rule r"
    )
    assert len(left) > 3
    assert not any(PAYER in str(row[0]) for row in left)


def test_a_released_payment_forgets_the_rule_and_is_sent_by_it_anew(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    assigned(here, case_id, 71, 72, 73)
    here.come(paid(kid_of(77), kr(20), debit_account=PAYER))
    do(here, lambda c: acts.switch_on(c, 1, settings_of(here), person=KARI))
    assert last(here)[0] == "parked"

    here.act(repairs.release, [stray(here)])

    assert last(here)[:2] == ("settled", case_id)
    here.prove()


def test_the_rules_cost_two_statements_a_slice_however_many_payments_ask(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = here.case(1, kr(1000), DUE)
    switched_on(here, case_id)
    asked: list[str] = []

    def noted(connection: Connection, sql: str, values: dict[str, object]) -> object:
        asked.append(sql)
        return rows(connection, sql, values)

    monkeypatch.setattr(payers, "rows", noted)
    here.come(*(paid(kid_of(100 + n), kr(1), debit_account=PAYER) for n in range(8)))

    assert here.one("SELECT count(*) FROM payment WHERE rule_id IS NOT NULL") == (8,)
    assert len(asked) == 2

"""A clerk corrects cases at the desk while payments come: costs, waivers, merges and closings, and the money agrees."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text

from ops import case_file, repairs
from ops.access import ALL_ROLES, Role
from ops.case_rows import BadFileError
from ops.queries import cases
from ops.queries.proposals import proposal
from ops.repairs import Claim, Done, LetGo, Person, Refusal
from ops.repairs.acts import NotAllowed
from schemas.case import Kind
from schemas.events import FetchDue
from schemas.money import Money, in_kroner, kr
from schemas.transfer import TransactionKind
from tests.site import DAY, Site, kid_of, paid

DUE = date(2026, 1, 31)
CASE = "SELECT state, balance FROM kk2_case WHERE id = :id"
SPLITS = (
    "SELECT payment_id, kind, sum(amount)::bigint FROM split WHERE case_id = :id AND superseded_by IS NULL "
    "GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 1, 2"
)
FEE = Claim(Kind.FEE, kr(38), date(2026, 3, 1))


def items(here: Site, case_id: int) -> list[int]:
    query = "SELECT id FROM item WHERE case_id = :id AND withdrawn_at IS NULL ORDER BY kind, id"
    return [int(str(row[0])) for row in here.all(query, id=case_id)]


def owed(here: Site, case_id: int, day: date) -> cases.Balance:
    with here.engine.connect() as connection:
        found = cases.shown(connection, case_id, day)
    assert found is not None
    return found.balance


def refused(here: Site, repair: Callable[..., Done], *of: object, reason: str = "it is so") -> str:
    with pytest.raises(Refusal) as refusal, here.engine.begin() as connection:
        repair(connection, *of, person=Person("kari", reason, ALL_ROLES))
    return str(refusal.value)


def waive(here: Site, case_id: int, item: int, kind: Kind, amount: Money | None, day: date = DAY) -> None:
    here.act(repairs.waive, case_id, LetGo(item, kind, amount, day))


def test_a_fee_that_a_clerk_adds_is_covered_by_what_was_paid_too_much_and_withdrawn_again(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY)
    here.come(paid(kid_of(1), kr(1050)), but=("propose",))

    here.act(repairs.add_cost, case_id, FEE)

    assert here.all(SPLITS, id=case_id) == [
        (1, Kind.PRINCIPAL, kr(1000)),
        (1, Kind.FEE, kr(38)),
        (1, Kind.REST, kr(12)),
    ]
    here.prove()
    assert "has it already, for the same reason" in refused(here, repairs.add_cost, case_id, FEE)
    here.act(repairs.withdraw, case_id, items(here, case_id)[1])
    assert here.all(SPLITS, id=case_id) == [(1, Kind.PRINCIPAL, kr(1000)), (1, Kind.REST, kr(50))]
    assert here.one(CASE, id=case_id) == ("paid", 0)
    here.prove()


def test_a_waiver_of_what_is_left_pays_the_case_and_one_taken_back_opens_it(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE, fee=kr(300))
    here.come(paid(kid_of(1), kr(1000)))
    assert here.one(CASE, id=case_id) == ("open", kr(300))
    principal, fee = items(here, case_id)

    waive(here, case_id, fee, Kind.FEE, None)
    interest = owed(here, case_id, DAY).interest
    assert interest > 0
    assert here.one(CASE, id=case_id) == ("closed_with_rest", 0)
    waive(here, case_id, principal, Kind.INTEREST, interest)
    assert here.one(CASE, id=case_id) == ("paid", 0)
    here.prove()

    waivers = [int(str(row[0])) for row in here.all("SELECT id FROM waiver ORDER BY id")]
    for waiver in waivers:
        here.act(repairs.withdraw_waiver, case_id, waiver)
    assert here.one(CASE, id=case_id) == ("open", kr(300))
    assert "is owed" not in refused(here, repairs.withdraw_waiver, case_id, waivers[0])
    here.prove()


def test_a_waiver_after_a_voucher_is_a_correction_that_the_next_proposal_has(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY, fee=kr(38))
    here.come(paid(kid_of(1), kr(1038)))
    (fee,) = items(here, case_id)[1:]
    assert "owes 0,00 kr" in refused(here, repairs.waive, case_id, LetGo(fee, Kind.FEE, kr(38), DAY))

    waive(here, case_id, fee, Kind.FEE, kr(38), date(2026, 3, 10))

    here.rest()
    assert here.all(SPLITS, id=case_id) == [(1, Kind.PRINCIPAL, kr(1000)), (1, Kind.REST, kr(38))]
    here.prove()


def test_a_waiver_is_at_most_what_is_owed_of_a_part_that_the_item_has(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE, fee=kr(38))
    principal, fee = items(here, case_id)

    def no(*of: object) -> str:
        return refused(here, repairs.waive, case_id, LetGo(*of))  # type: ignore[arg-type]

    assert "owes 38,00 kr of fee" in no(fee, Kind.FEE, kr(38, 1), DAY)
    assert "that much at most can be waived, not 0,00 kr" in no(fee, Kind.FEE, 0, DAY)
    assert "is fee: it has no interest" in no(fee, Kind.INTEREST, kr(1), DAY)
    assert "has not" in no(principal, Kind.PRINCIPAL, kr(1), date(2100, 1, 1))
    assert "has no item 999" in no(999, Kind.FEE, kr(1), DAY)
    assert "needs a reason" in refused(
        here, repairs.waive, case_id, LetGo(fee, Kind.FEE, None, DAY), reason=" "
    )
    assert here.one("SELECT count(*) FROM waiver") == (0,)
    waive(here, case_id, fee, Kind.FEE, kr(20))
    assert "for the same reason" in no(fee, Kind.FEE, kr(20), DAY)


def test_a_merge_carries_over_what_is_left_and_the_interest_is_not_asked_for_twice(
    here: Site, today: date
) -> None:
    here.set_up_client(cover_order=(Kind.INTEREST, Kind.PRINCIPAL, Kind.COSTS, Kind.FEE))
    first, main = here.case(1, kr(1000), DUE, fee=kr(38)), here.case(2, kr(3000), DUE)
    of_one_debtor(here)
    own = items(here, main)
    here.come(paid(kid_of(1), kr(400)))
    before = owed(here, first, today).total + owed(here, main, today).total

    here.act(repairs.merge, first, main)

    assert owed(here, main, today).total == before
    assert here.one(CASE, id=first)[0] == "merged"
    assert here.all("SELECT kind FROM waiver") == [(Kind.INTEREST,)]
    here.prove()
    here.come(paid(kid_of(1), kr(100), ref="0106100002"))
    assert here.one("SELECT case_id FROM payment WHERE amount = 10000") == (main,)
    here.prove()
    assert "merged already" in refused(here, repairs.merge, first, main)
    assert "correct that one" in refused(here, repairs.add_cost, first, FEE)

    here.act(repairs.unmerge, first)

    assert owed(here, first, today).total + owed(here, main, today).total < before
    assert items(here, main) == own
    here.prove()
    here.act(repairs.merge, first, main)
    here.prove()


def test_interest_on_what_is_paid_cannot_be_carried_and_the_sentence_says_so(here: Site, today: date) -> None:
    first, main = here.case(1, kr(1000), DUE), here.case(2, kr(3000), DUE)
    of_one_debtor(here)
    here.come(paid(kid_of(1), kr(700)))
    before = owed(here, first, today).total + owed(here, main, today).total

    with here.engine.begin() as connection:
        done = repairs.merge(connection, first, main, person=Person("kari", "one debtor", ALL_ROLES))
    here.drain()

    let_go = before - owed(here, main, today).total
    assert let_go > 0
    assert f"{in_kroner(let_go)} kr of interest on what is paid is let go" in done.sentence
    here.prove()


def test_what_visma_moved_goes_with_its_invoice_in_a_merge_and_back(here: Site) -> None:
    first, main = here.with_us(1, kr(1000), DAY), here.case(2, kr(500), DAY)
    of_one_debtor(here)
    here.moves(TransactionKind.PAYMENT, -kr(300), 1)
    here.happen(FetchDue("100"))
    here.come(paid(kid_of(1), kr(100)))

    here.act(repairs.merge, first, main)

    assert here.one("SELECT case_id FROM ledger_transaction WHERE state = 'applied'") == (main,)
    assert here.one(CASE, id=main) == ("open", kr(1100))
    here.prove()
    here.act(repairs.unmerge, first)
    assert here.one(CASE, id=first) == ("open", kr(600))
    assert here.one(CASE, id=main) == ("open", kr(500))
    here.prove()


def test_only_one_debtors_cases_are_merged_and_kk2s_merge_is_kk2s_to_part(here: Site) -> None:
    first, main = here.case(1, kr(1000), DUE), here.case(2, kr(3000), DUE)
    assert "customer 2's" in refused(here, repairs.merge, first, main)
    assert "into itself" in refused(here, repairs.merge, first, first)
    assert "there is no case id:77" in refused(here, repairs.merge, first, 77)
    here.change(f"UPDATE kk2_case SET state = 'merged', merged_into = {main} WHERE id = :case", first)
    assert "KK2's file parts it" in refused(here, repairs.unmerge, first)
    assert "is not merged" in refused(here, repairs.unmerge, main)


def test_a_case_that_a_person_closes_stays_closed_and_takes_a_later_payment(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY)
    here.act(repairs.close, case_id)
    assert here.one(CASE, id=case_id) == ("closed_with_rest", kr(1000))
    here.prove()
    assert "only an open case" in refused(here, repairs.close, case_id)

    here.come(paid(kid_of(1), kr(300)))
    assert here.one(CASE, id=case_id) == ("closed_with_rest", kr(700))
    here.prove()
    here.act(repairs.reopen, case_id)
    assert here.one(CASE, id=case_id) == ("open", kr(700))
    assert "no person closed it" in refused(here, repairs.reopen, case_id)
    here.prove()


def test_a_new_claim_opens_a_case_that_a_person_closed(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY)
    here.act(repairs.close, case_id)

    here.act(repairs.add_cost, case_id, Claim(Kind.COSTS, kr(500), DAY))

    assert here.one(CASE, id=case_id) == ("open", kr(1500))
    here.prove()


def test_a_correction_counts_for_the_four_eyes(here: Site) -> None:
    here.set_up_company(four_eyes_limit=kr(500), auto_approve=False)
    case_id = here.case(1, kr(1000), DAY)
    here.come(paid(kid_of(1), kr(900)))
    here.act(repairs.add_cost, case_id, FEE)
    with here.engine.connect() as connection:
        digest = proposal(connection, "100", None).digest

    assert "four-eyes" in refused(here, repairs.approve, "100", None, digest)


def test_kk2s_file_may_take_back_what_a_person_added_and_gives_no_such_id(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY)
    here.act(repairs.add_cost, case_id, FEE)
    (given,) = here.all("SELECT kk2_id FROM item WHERE kk2_id LIKE 'desk:%'")[0]
    about = {"company": "100", "client": "KOM", "case_no": "0221-00000001", "id": str(given)}

    def apply(record: dict[str, str]) -> None:
        case_file.apply_records(here.engine, [(1, record)], name="kk2.json", actor="kk2", dry_run=False)
        here.drain()

    with pytest.raises(BadFileError, match="an id of KK2's own"):
        apply({**about, "record": "item", "kind": "fee", "amount": "38.00", "due_on": "2026-03-01"})
    apply({**about, "record": "withdrawn_item"})
    assert here.one(CASE, id=case_id) == ("open", kr(1000))
    here.prove()


def test_only_a_clerk_corrects_and_only_what_a_person_added_is_withdrawn(here: Site) -> None:
    case_id = here.case(1, kr(1000), DAY, fee=kr(38))
    with pytest.raises(NotAllowed, match="role clerk"), here.engine.begin() as connection:
        repairs.add_cost(connection, case_id, FEE, person=Person("ola", "why", frozenset({Role.OPERATOR})))
    assert "was not added by a person" in refused(here, repairs.withdraw, case_id, items(here, case_id)[1])
    here.change("UPDATE kk2_case SET state = 'recalled' WHERE id = :case", case_id)
    assert "recalled by the client" in refused(here, repairs.add_cost, case_id, FEE)
    assert here.one("SELECT count(*) FROM item") == (2,)


def of_one_debtor(here: Site) -> None:
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE kk2_case SET customer_no = '1'"))

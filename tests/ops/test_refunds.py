"""Money that is to go back: at most what there is, said once, and nothing is booked or given away meanwhile."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text

from ops import repairs
from ops.access import Role
from ops.queries import payments, refunds
from ops.queries.asking import TODAY
from ops.repairs import Done, Person
from ops.repairs.acts import NotAllowed
from schemas.case import Kind
from schemas.money import kr
from tests.ops.acting import KARI, act, last_act, refused
from tests.ops.ledger import Ledger, Room, Standing, one, state_of

DAY = date(2026, 3, 20)


def newest(here: Room) -> int:
    return one(here.connection, "SELECT max(id) FROM refund")


def overpaid(here: Room) -> tuple[int, int]:
    """A payment of 150 kr on a case of 100 kr, and the case."""
    with here.begin() as connection:
        ledger = Ledger(connection)
        case = ledger.case(kr(100), case_no="0221-00000007")
        (payment,) = ledger.file(kr(150))
        ledger.settle(payment, case, (Kind.PRINCIPAL, ledger.item(case), kr(100)), (Kind.REST, None, kr(50)))
    return payment, case


def test_an_overpayment_is_listed_until_it_is_paid_back(here: Room, stands: Standing) -> None:
    payment, case = overpaid(here)
    (row,) = refunds.overpaid(here.connection, company="100", client=None)
    assert (row.payment_id, row.case_id, row.rest, row.refund_id) == (payment, case, kr(50), None)

    act(here, lambda c: repairs.propose_refund(c, payment, kr(20), person=KARI))
    act(here, lambda c: repairs.refunded(c, newest(here), paid_on=DAY, reference="17", person=KARI))
    act(here, lambda c: repairs.propose_refund(c, payment, person=KARI))

    (row,) = refunds.overpaid(here.connection, company=None, client=None)
    assert (row.rest, row.refunded, row.refund_id) == (kr(50), kr(20), newest(here))
    assert [(r.amount, r.left, r.state) for r in refunds.refunds(here.connection, company="100", state=None, payment_id=payment)] == [
        (kr(20), kr(30), "done"),
        (kr(30), kr(30), "proposed"),
    ]  # fmt: skip
    act(here, lambda c: repairs.refunded(c, newest(here), paid_on=DAY, reference="18", person=KARI))
    assert refunds.overpaid(here.connection, company=None, client=None) == ()
    assert last_act(here, f"payment {payment}")[1] == "refunded"


@pytest.mark.parametrize(
    ("do", "says"),
    [
        (lambda c, s: repairs.propose_refund(c, s.delivered, person=KARI), "nothing of it is parked"),
        (lambda c, s: repairs.propose_refund(c, s.parked, kr(89), person=KARI), "at most 88,00 kr"),
        (lambda c, s: repairs.propose_refund(c, s.parked, 0, person=KARI), "at most 88,00 kr"),
        (lambda c, s: repairs.propose_refund(c, 999, person=KARI), "no payment 999"),
        (lambda c, s: repairs.refunded(c, 9, paid_on=DAY, reference="x", person=KARI), "no refund 9"),
        (lambda c, s: repairs.refunded(c, 9, paid_on=DAY, reference=" ", person=KARI), "which reference"),
        (lambda c, s: repairs.comment(c, s.parked, "  ", person=KARI), "1 to 2000"),
    ],
)
def test_what_can_not_be_is_refused(here: Room, stands: Standing, do: Callable[..., Done], says: str) -> None:
    assert says in refused(here, lambda c: do(c, stands))


def test_money_that_goes_back_is_given_to_no_case(here: Room, stands: Standing) -> None:
    act(here, lambda c: repairs.propose_refund(c, stands.parked, person=KARI))

    said = refused(here, lambda c: repairs.assign(c, stands.parked, stands.case, original=None, person=KARI))
    assert f"withdraw refund {newest(here)} first" in said
    assert f"withdraw refund {newest(here)}" in refused(
        here, lambda c: repairs.release(c, [stands.parked], person=KARI)
    )
    assert "already" in refused(here, lambda c: repairs.propose_refund(c, stands.parked, person=KARI))
    act(here, lambda c: repairs.withdraw_refund(c, newest(here), person=KARI))
    assert "withdrawn" in refused(here, lambda c: repairs.withdraw_refund(c, newest(here), person=KARI))
    act(here, lambda c: repairs.propose_refund(c, stands.parked, person=KARI))
    act(here, lambda c: repairs.refunded(c, newest(here), paid_on=DAY, reference="17", person=KARI))
    said = refused(here, lambda c: repairs.assign(c, stands.parked, stands.case, original=None, person=KARI))
    assert "was paid back on 2026-03-20" in said
    act(here, lambda c: repairs.refuse(c, stands.parked, person=KARI))

    with here.begin() as connection:
        assert state_of(connection, "payment", stands.parked) == "refused"


def test_a_note_stands_on_the_payment_and_nowhere_else(here: Room, stands: Standing) -> None:
    act(here, lambda c: repairs.comment(c, stands.parked, "Kari Nordmann ringte", person=KARI))

    found = payments.shown(here.connection, stands.parked)
    assert found is not None
    assert [(note.actor, note.text) for note in found.notes] == [("kari", "Kari Nordmann ringte")]
    with here.begin() as connection:
        said = "SELECT count(*) FROM {} WHERE {}::text LIKE '%Nordmann%'"
        for table in ("journal", "audit", "work"):
            assert one(connection, said.format(table, table)) == 0


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_only_reads_writes_no_note(here: Room, stands: Standing, role: Role) -> None:
    who = Person("per", "", frozenset({role}))
    with pytest.raises(NotAllowed), here.begin() as connection:
        repairs.comment(connection, stands.parked, "hei", person=who)


@pytest.mark.parametrize(
    ("clock", "days", "numbers"),
    [("Etc/GMT+12", (8, 91), (0, 1, 0, 1)), ("Pacific/Kiritimati", (7, 90), (1, 0, 1, 0))],
    ids=["behind", "ahead"],
)
def test_parked_money_by_age_in_days_of_norway(
    here: Room, stands: Standing, clock: str, days: tuple[int, int], numbers: tuple[int, ...]
) -> None:
    with here.begin() as connection:
        for payment, age in zip((stands.parked, stands.in_suspense), days, strict=True):
            connection.execute(
                text(f"UPDATE payment SET booked_on = {TODAY} - :age WHERE id = :id"),
                {"id": payment, "age": age},
            )
        connection.execute(text(f"SET LOCAL TIME ZONE '{clock}'"))
        found = refunds.ageing(connection, company=None)

    assert [(a.company, a.days, a.payments) for a in found] == [
        ("100", name, number) for (name, _), number in zip(refunds.AGES, numbers, strict=True)
    ]
    assert [name for age in days if (name := refunds.age_of(age))] == [a.days for a in found if a.payments]
    assert sum(a.amount for a in found) == kr(88) + kr(77)
    assert refunds.ageing(here.connection, company="999") == ()

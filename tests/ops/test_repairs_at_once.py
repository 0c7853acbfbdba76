"""Two people do the same at the same moment: one does it, the other hears who was first, and nothing is done twice."""

import threading
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from ops import repairs
from ops.access import ALL_ROLES
from ops.queries.proposals import proposal
from ops.repairs import Claim, Done, LetGo, Person, Refusal, Which
from schemas.case import Kind
from schemas.money import kr
from tests.ops.acting import KARI, disagreements
from tests.ops.ledger import Ledger, Standing, one, standing
from workers.shell import proposing

_TOGETHER = 6


@pytest.fixture
def stands(engine: Engine) -> Standing:
    return standing(engine)


def at_once(engine: Engine, act: Callable[[Connection, Person], Done]) -> tuple[list[str], list[str]]:
    """Six people do it together, each in a transaction of his own; gives what was done and what was refused."""
    start = threading.Barrier(_TOGETHER)
    done: list[str] = []
    refused: list[str] = []

    def person(name: str) -> None:
        with engine.connect() as connection:
            start.wait(timeout=30)
            try:
                with connection.begin():
                    done.append(act(connection, Person(name, "samtidig", ALL_ROLES)).sentence)
            except Refusal as refusal:
                refused.append(str(refusal))

    people = [threading.Thread(target=person, args=(f"person{n}",)) for n in range(_TOGETHER)]
    for each in people:
        each.start()
    for each in people:
        each.join(timeout=60)
    assert len(done) + len(refused) == _TOGETHER
    with engine.connect() as connection:
        assert disagreements(connection) == {}
    return done, refused


def test_one_payment_is_given_to_one_case(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        other = Ledger(connection).case(kr(5000), case_no="0221-00000002")

    def assign(connection: Connection, person: Person) -> Done:
        case = other if person.actor in {"person1", "person3"} else stands.case
        return repairs.assign(connection, stands.parked, case, original=None, person=person)

    done, refused = at_once(engine, assign)

    assert len(done) == 1
    assert all("assign by person" in sentence for sentence in refused)


def test_one_payment_is_released_once(engine: Engine, stands: Standing) -> None:
    done, _ = at_once(engine, lambda c, who: repairs.release(c, [stands.held, stands.parked], person=who))

    assert len(done) == 1
    with engine.connect() as connection:
        assert one(connection, "SELECT open_slices FROM bank_file") == 1


def test_refused_and_released_at_once_a_payment_is_one_of_them(engine: Engine, stands: Standing) -> None:
    def either(connection: Connection, person: Person) -> Done:
        if person.actor in {"person0", "person2", "person4"}:
            return repairs.refuse(connection, stands.held, person=person)
        return repairs.release(connection, [stands.held], person=person)

    done, _ = at_once(engine, either)

    assert len(done) == 1


def test_one_voucher_is_retried_or_taken_back_and_never_both(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        voucher = Ledger(connection).voucher(stands.proposed, state="refused")

    def either(connection: Connection, person: Person) -> Done:
        if person.actor in {"person0", "person2", "person4"}:
            return repairs.retry_all(
                connection, Which(None, None, None, None), vouchers=1, total=kr(650), person=person
            )
        return repairs.void(connection, voucher, person=person)

    done, _ = at_once(engine, either)

    with engine.connect() as connection:
        retried = one(connection, "SELECT count(*) FROM journal WHERE event = 'RetriesAsked'")
        voided = one(connection, "SELECT count(*) FROM journal WHERE event = 'VoucherVoided'")
    # a voucher that was retried and is not sent yet may be taken back after all, but a void one is not retried
    assert (retried, voided) in {(1, 0), (0, 1), (1, 1)}
    assert len(done) == retried + voided


def test_one_proposal_is_approved_once(engine: Engine, stands: Standing) -> None:
    with engine.connect() as connection:
        digest = proposal(connection, "100", stands.file).digest

    done, refused = at_once(engine, lambda c, who: repairs.approve(c, "100", stands.file, digest, person=who))

    assert len(done) == 1
    assert all("being made into vouchers" in sentence for sentence in refused)


def waits(connection: Connection, act: Callable[[], Done]) -> None:
    """See that the act waits for whoever holds what it needs."""
    with connection.begin():
        connection.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            act()


def test_what_is_being_approved_is_not_sent_back(engine: Engine, stands: Standing) -> None:
    with engine.connect() as approver, engine.connect() as clerk:

        def send_back() -> Done:
            return repairs.send_back(clerk, "100", stands.file, person=KARI)

        with approver.begin():
            digest = proposal(approver, "100", stands.file).digest
            repairs.approve(approver, "100", stands.file, digest, person=KARI)
            waits(clerk, send_back)

        with clerk.begin(), pytest.raises(Refusal, match="being made into vouchers"):
            send_back()


def test_what_policy_is_cutting_is_not_sent_back_meanwhile(
    engine: Engine, stands: Standing, today: date
) -> None:
    with engine.connect() as policy, engine.connect() as clerk, policy.begin():
        proposing.cut_now(policy, "100", stands.file, "policy", today, send=lambda _: None)
        waits(clerk, lambda: repairs.send_back(clerk, "100", stands.file, person=KARI))


def test_one_proposal_is_sent_back_or_approved_and_never_both(engine: Engine, stands: Standing) -> None:
    with engine.connect() as connection:
        digest = proposal(connection, "100", stands.file).digest

    def either(connection: Connection, person: Person) -> Done:
        if person.actor in {"person0", "person2", "person4"}:
            return repairs.send_back(connection, "100", stands.file, person=person)
        return repairs.approve(connection, "100", stands.file, digest, person=person)

    done, refused = at_once(engine, either)

    with engine.connect() as connection:
        sent_back = one(connection, "SELECT count(*) FROM sent_back")
        approved = one(connection, "SELECT count(*) FROM journal WHERE event = 'PartReady'")
    assert (sent_back, approved) in {(1, 0), (0, 1)}, done
    assert len(done) == 1
    assert all(
        ("sent back" in sentence) if sent_back else ("being made into vouchers" in sentence)
        for sentence in refused
    ), refused


def test_delivery_is_stopped_by_one(engine: Engine, stands: Standing) -> None:
    done, refused = at_once(engine, lambda c, who: repairs.stop_delivery(c, "100", person=who))

    assert len(done) == 1
    assert all("stopped already by person" in sentence for sentence in refused)


def test_one_waiver_is_given_and_one_cost_added(engine: Engine, stands: Standing) -> None:
    with engine.begin() as connection:
        case = Ledger(connection).case(kr(5000), case_no="0221-00000002")
        item = one(connection, "SELECT id FROM item WHERE case_id = :id", id=case)
    let_go = LetGo(item, Kind.PRINCIPAL, 100, None)

    done, refused = at_once(engine, lambda c, who: repairs.waive(c, case, let_go, person=who))

    assert (len(done), len(refused)) == (1, _TOGETHER - 1)
    assert all("for the same reason" in sentence for sentence in refused)
    cost = Claim(Kind.COSTS, kr(75), None)
    assert len(at_once(engine, lambda c, who: repairs.add_cost(c, case, cost, person=who))[0]) == 1

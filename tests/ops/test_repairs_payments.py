"""What a person may do with payments and files: the money stays whole, the work is closed, the name is left."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from ops import repairs
from ops.access import ALL_ROLES
from ops.repairs import Done, Person
from schemas.case import Kind
from schemas.money import kr
from tests.ops.acting import KARI, SILENT, act, disagreements, last_act, refused
from tests.ops.ledger import Ledger, Room, Standing, one, state_of

# --- a parked payment ---


def test_a_parked_payment_is_given_to_a_case(here: Room, stands: Standing) -> None:
    done = act(here, lambda c: repairs.assign(c, stands.parked, stands.case, original=None, person=KARI))

    assert [ring.stage for ring in done.rings] == ["resettle"]
    with here.begin() as connection:
        assert state_of(connection, "payment", stands.parked) == "waiting"
        assert one(connection, "SELECT case_id FROM payment WHERE id = :id", id=stands.parked) == stands.case
        assert one(connection, "SELECT dirty::int FROM kk2_case WHERE id = :id", id=stands.case) == 1
        actor = connection.execute(
            text("SELECT actor FROM journal WHERE event = 'PaymentAssigned'")
        ).scalar_one()
    assert actor == "kari"
    assert last_act(here, f"payment {stands.parked}") == ("kari", "assign", "KID skrevet feil")


def test_money_that_stands_on_suspense_can_be_given_to_a_case(here: Room, stands: Standing) -> None:
    act(here, lambda c: repairs.assign(c, stands.in_suspense, stands.case, original=None, person=KARI))

    with here.begin() as connection:
        assert state_of(connection, "payment", stands.in_suspense) == "waiting"


def test_who_comes_second_is_told_who_was_first(here: Room, stands: Standing) -> None:
    act(here, lambda c: repairs.assign(c, stands.parked, stands.case, original=None, person=KARI))

    second = Person("ola", "", ALL_ROLES)
    sentence = refused(
        here, lambda c: repairs.assign(c, stands.parked, stands.case, original=None, person=second)
    )

    assert "is waiting" in sentence
    assert "assign by kari on 20" in sentence


def test_a_payment_goes_to_the_case_that_its_case_was_merged_into(here: Room, stands: Standing) -> None:
    with here.begin() as connection:
        other = Ledger(connection).case(kr(5), case_no="0221-00000002")
        connection.execute(
            text("UPDATE kk2_case SET state = 'merged', merged_into = :main WHERE id = :id"),
            {"main": stands.case, "id": other},
        )

    act(here, lambda c: repairs.assign(c, stands.parked, other, original=None, person=KARI))

    with here.begin() as connection:
        assert one(connection, "SELECT case_id FROM payment WHERE id = :id", id=stands.parked) == stands.case


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE kk2_case SET state = 'recalled'", "recalled"),
        ("UPDATE kk2_case SET state = 'paid'", "nothing is owed"),
        ("UPDATE kk2_case SET company = '200'", "came in for company 100"),
        ("UPDATE payment SET company = NULL WHERE state = 'parked'", "set it up"),
    ],
)
def test_a_payment_that_the_case_can_not_take_is_refused(
    here: Room, stands: Standing, change: str, says: str
) -> None:
    with here.begin() as connection:
        connection.execute(text(change))

    assert says in refused(
        here, lambda c: repairs.assign(c, stands.parked, stands.case, original=None, person=KARI)
    )


def test_a_held_payment_is_released_before_it_is_assigned(here: Room, stands: Standing) -> None:
    sentence = refused(
        here, lambda c: repairs.assign(c, stands.held, stands.case, original=None, person=KARI)
    )

    assert "release it first" in sentence


def test_what_is_not_there_is_refused(here: Room, stands: Standing) -> None:
    assert "no payment 99" in refused(
        here, lambda c: repairs.assign(c, 99, stands.case, original=None, person=KARI)
    )
    assert "no case 99" in refused(
        here, lambda c: repairs.assign(c, stands.parked, 99, original=None, person=KARI)
    )


# --- a reversal ---


def a_reversal(here: Room, amount: int) -> int:
    with here.begin() as connection:
        ledger = Ledger(connection)
        (payment,) = ledger.file(-amount)
        ledger.park(payment, "two_originals")
        return payment


def test_a_reversal_is_assigned_with_the_payment_that_it_takes_back(here: Room, stands: Standing) -> None:
    reversal = a_reversal(here, kr(400))

    act(
        here,
        lambda c: repairs.assign(c, reversal, stands.case, original=stands.delivered, person=KARI),
    )

    with here.begin() as connection:
        assert one(connection, "SELECT reverses FROM payment WHERE id = :id", id=reversal) == stands.delivered


def test_a_reversal_of_a_part_is_posted_by_hand(here: Room, stands: Standing) -> None:
    reversal = a_reversal(here, kr(30))

    sentence = refused(
        here,
        lambda c: repairs.assign(c, reversal, stands.case, original=stands.delivered, person=KARI),
    )

    assert "post the part by hand" in sentence
    assert "say which payment" in refused(
        here, lambda c: repairs.assign(c, reversal, stands.case, original=None, person=KARI)
    )


# --- release and refuse ---


def test_a_held_payment_is_released_as_a_slice_of_its_file(here: Room, stands: Standing) -> None:
    done = act(here, lambda c: repairs.release(c, [stands.held], person=KARI))

    assert [ring.stage for ring in done.rings] == ["settle"]
    with here.begin() as connection:
        assert one(connection, "SELECT open_slices FROM bank_file WHERE id = :id", id=stands.file) == 1
        assert state_of(connection, "payment", stands.held) == "waiting"


def test_money_of_an_account_that_nobody_has_waits_for_the_setup(here: Room, stands: Standing) -> None:
    with here.begin() as connection:
        connection.execute(
            text("UPDATE payment SET account = '15032080119', company = NULL WHERE id = :id"),
            {"id": stands.parked},
        )

    assert "no company has the account 15032080119" in refused(
        here, lambda c: repairs.release(c, [stands.parked], person=KARI)
    )


def test_a_refused_payment_is_not_money_to_be_booked(here: Room, stands: Standing) -> None:
    act(here, lambda c: repairs.refuse(c, stands.parked, person=KARI))

    with here.begin() as connection:
        assert state_of(connection, "payment", stands.parked) == "refused"
    assert last_act(here, f"payment {stands.parked}")[:2] == ("kari", "refuse")


def test_money_is_never_refused_silently(here: Room, stands: Standing) -> None:
    assert "needs a reason" in refused(here, lambda c: repairs.refuse(c, stands.parked, person=SILENT))


def test_refused_money_that_stands_on_suspense_stays_there(here: Room, stands: Standing) -> None:
    act(here, lambda c: repairs.refuse(c, stands.in_suspense, person=KARI))

    with here.begin() as connection:
        assert one(
            connection,
            "SELECT sum(amount) FROM split WHERE payment_id = :id AND superseded_by IS NULL",
            id=stands.in_suspense,
        ) == kr(77)


@pytest.mark.parametrize("repair", [repairs.release, repairs.refuse])
def test_settled_money_is_neither_released_nor_refused(
    here: Room, stands: Standing, repair: Callable[..., Done]
) -> None:
    which = [stands.delivered] if repair is repairs.release else stands.delivered

    assert "is settled" in refused(here, lambda c: repair(c, which, person=KARI))


@pytest.mark.parametrize("repair", [repairs.release, repairs.refuse])
def test_the_file_is_proposed_anew_when_the_last_held_payment_is_decided(
    here: Room, stands: Standing, repair: Callable[..., Done]
) -> None:
    with here.begin() as connection:
        body = {"file_id": stands.file, "company": "100"}
        waits = Ledger(connection).work("propose", "PersonActed", body, state="parked", reason="held_in_file")
    which = [stands.held] if repair is repairs.release else stands.held

    done = act(here, lambda c: repair(c, which, person=KARI))

    assert "propose" in [ring.stage for ring in done.rings]
    with here.begin() as connection:
        assert state_of(connection, "work", waits) == "done"


# --- the debtor's own order ---


def test_a_debtor_may_choose_what_is_covered_first(here: Room, stands: Standing) -> None:
    order = (Kind.FEE, Kind.INTEREST, Kind.PRINCIPAL, Kind.COSTS)

    done = act(here, lambda c: repairs.choose_order(c, stands.proposed, order, person=KARI))

    assert [ring.stage for ring in done.rings] == ["resettle"]
    with here.begin() as connection:
        found = connection.execute(
            text("SELECT cover_choice FROM payment WHERE id = :id"), {"id": stands.proposed}
        ).scalar_one()
    assert found == [3, 4, 1, 2]


def test_an_order_names_each_kind_once_and_has_a_reason(here: Room, stands: Standing) -> None:
    order = (Kind.FEE, Kind.FEE, Kind.PRINCIPAL, Kind.COSTS)

    assert "each once" in refused(
        here, lambda c: repairs.choose_order(c, stands.proposed, order, person=KARI)
    )
    whole = (Kind.FEE, Kind.INTEREST, Kind.PRINCIPAL, Kind.COSTS)
    assert "needs a reason" in refused(
        here, lambda c: repairs.choose_order(c, stands.proposed, whole, person=SILENT)
    )


# --- files ---


def a_held_file(here: Room) -> tuple[int, list[int]]:
    """As reading leaves it: its payments wait with it, the twins among them are held, nothing is sliced."""
    with here.begin() as connection:
        ledger = Ledger(connection)
        ids = ledger.file(kr(1), kr(2), kr(3), state="held")
        file_id = ledger.file_of(ids[0])
        ledger.park(ids[0], "held_twin", state="held")
        ledger.park(ids[1], "held_twin", state="held")
        connection.execute(
            text(
                "UPDATE work SET state = 'parked', reason = 'file_held', note = 'alike' "
                "WHERE stage = 'read' AND (body->>'file_id')::int = :id"
            ),
            {"id": file_id},
        )
        assert disagreements(connection) == {}
        return file_id, ids


def test_a_held_file_is_released_with_all_its_payments(here: Room, stands: Standing) -> None:
    file_id, ids = a_held_file(here)

    done = act(here, lambda c: repairs.release_file(c, file_id, person=KARI))

    assert [ring.stage for ring in done.rings] == ["read"]
    with here.begin() as connection:
        assert {state_of(connection, "payment", i) for i in ids} == {"waiting"}


def test_a_held_file_is_refused_with_all_its_payments(here: Room, stands: Standing) -> None:
    file_id, ids = a_held_file(here)

    act(here, lambda c: repairs.refuse_file(c, file_id, person=KARI))

    with here.begin() as connection:
        assert state_of(connection, "bank_file", file_id) == "refused"
        assert {state_of(connection, "payment", i) for i in ids} == {"refused"}
    assert "is refused" in refused(here, lambda c: repairs.refuse_file(c, file_id, person=KARI))


def test_a_payment_of_a_held_file_waits_for_the_file(here: Room, stands: Standing) -> None:
    _, ids = a_held_file(here)

    assert "release the file" in refused(here, lambda c: repairs.release(c, [ids[0]], person=KARI))


def test_a_file_booked_by_hand_is_known_before_it_comes(here: Room, stands: Standing) -> None:
    def mark(connection: Connection) -> Done:
        return repairs.mark_known(connection, sha256="c" * 64, name="OCR.D010126", size=10, person=KARI)

    act(here, mark)

    assert "is known already" in refused(here, mark)


def test_a_file_that_landed_and_is_not_read_yet_can_be_known(here: Room, stands: Standing) -> None:
    with here.begin() as connection:
        file_id = one(
            connection,
            "INSERT INTO bank_file (sha256, name, size, state) VALUES (repeat('d', 64), 'x', 1, 'landed') RETURNING id",
        )
        row = Ledger(connection).work("read", "FileLanded", {"file_id": file_id}, state="due")

    act(here, lambda c: repairs.mark_known(c, sha256="d" * 64, name="x", size=1, person=KARI))

    with here.begin() as connection:
        assert state_of(connection, "bank_file", file_id) == "known"
        assert state_of(connection, "work", row) == "done"


def test_a_file_that_is_read_is_not_known_afterwards(here: Room, stands: Standing) -> None:
    with here.begin() as connection:
        sha256 = connection.execute(text("SELECT sha256 FROM bank_file")).scalar_one()

    assert "is read already" in refused(
        here, lambda c: repairs.mark_known(c, sha256=sha256, name="x", size=1, person=KARI)
    )


# --- any work ---


def test_parked_work_is_tried_again_with_all_its_patience(here: Room, stands: Standing) -> None:
    with here.begin() as connection:
        row = Ledger(connection).work(
            "deliver", "VouchersApproved", {"voucher_ids": [stands.voucher]}, state="parked", reason="gave_up"
        )
        connection.execute(
            text("INSERT INTO claim (work_id, result) VALUES (:id, 'bug'), (:id, NULL)"), {"id": row}
        )
        connection.execute(text("UPDATE work SET troubled_since = now() WHERE id = :id"), {"id": row})

    done = act(here, lambda c: repairs.try_again(c, row, person=SILENT))

    assert [(ring.work_id, ring.stage, ring.label) for ring in done.rings] == [
        (row, "deliver", f"voucher {stands.voucher}")
    ]
    with here.begin() as connection:
        assert state_of(connection, "work", row) == "due"
        assert (
            one(connection, "SELECT count(*) FROM work WHERE id = :id AND troubled_since IS NULL", id=row)
            == 1
        )
        assert (
            one(connection, "SELECT count(*) FROM claim WHERE result IS NULL OR result IN ('bug', 'trouble')")
            == 0
        )


@pytest.mark.parametrize("reason", ["file_held", "refused", "in_doubt", "reference_clash", "unreadable"])
def test_work_with_a_repair_of_its_own_is_not_just_tried_again(
    here: Room, stands: Standing, reason: str
) -> None:
    with here.begin() as connection:
        row = Ledger(connection).work("deliver", "PersonActed", {}, state="parked", reason=reason)

    assert "repair of its own" in refused(here, lambda c: repairs.try_again(c, row, person=SILENT))


def test_a_parked_payment_is_not_just_tried_again(here: Room, stands: Standing) -> None:
    with here.begin() as connection:
        row = one(connection, "SELECT id FROM work WHERE payment_id = :id", id=stands.parked)

    assert "release payment" in refused(here, lambda c: repairs.try_again(c, row, person=SILENT))


def test_delivery_is_stopped_once_and_started_again(here: Room, stands: Standing) -> None:
    act(here, lambda c: repairs.stop_delivery(c, "100", person=KARI))

    assert "stopped already by kari" in refused(
        here, lambda c: repairs.stop_delivery(c, "100", person=Person("ola", "også jeg", ALL_ROLES))
    )
    with here.begin() as connection:
        row = Ledger(connection).work(
            "deliver", "VouchersApproved", {"voucher_ids": [stands.voucher]}, state="due"
        )
        connection.execute(
            text("UPDATE work SET due_at = now() + interval '15 s', rung_at = now() WHERE id = :id"),
            {"id": row},
        )
    done = act(here, lambda c: repairs.start_delivery(c, "100", person=SILENT))

    assert "1 call waited" in done.sentence
    with here.begin() as connection:
        assert one(
            connection,
            "SELECT count(*) FROM work WHERE id = :id AND due_at <= now() AND rung_at IS NULL",
            id=row,
        )
    assert "is not stopped" in refused(here, lambda c: repairs.start_delivery(c, "100", person=SILENT))

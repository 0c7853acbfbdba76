"""What a person may do with a voucher that stopped: nothing is booked twice, and no money gets lost on the way back."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from ops import repairs
from ops.access import ALL_ROLES
from ops.repairs import Done, Person, Which
from schemas.money import kr
from tests.ops.acting import KARI, SILENT, act, last_act, refused
from tests.ops.ledger import FIRST_DAY, Ledger, Room, Standing, one, state_of
from workers.journal import Ring
from workers.store import setup as setup_store

ANY = Which(None, None, None, None)


def a_voucher(here: Room, stands: Standing, state: str, attempts: int = 1) -> int:
    """Of the payment that stood in the proposal."""
    with here.begin() as connection:
        return Ledger(connection).voucher(stands.proposed, state=state, attempts=attempts)


def stages(rings: tuple[Ring, ...]) -> list[str]:
    return [ring.stage for ring in rings]


def events_of(here: Room, voucher: int) -> list[str]:
    """Names of the events that a person has recorded."""
    return list(
        here.connection.execute(text("SELECT event FROM journal WHERE actor = 'kari' ORDER BY id")).scalars()
    )


# --- retry ---


def test_a_refused_voucher_is_sent_again_as_it_is(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "refused")

    done = act(here, lambda c: repairs.retry(c, voucher, person=SILENT))

    assert stages(done.rings) == ["deliver"]
    assert state_of(here.connection, "voucher", voucher) == "approved"
    assert events_of(here, voucher) == ["RetryAsked"]


def test_a_voucher_in_doubt_is_asked_for_and_never_sent_blindly(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "in_doubt")
    here.connection.execute(
        text("UPDATE work SET state = 'parked', reason = 'in_doubt', note = '' WHERE stage = 'inquire'")
    )

    done = act(here, lambda c: repairs.retry(c, voucher, person=SILENT))

    assert stages(done.rings) == ["inquire"]
    assert state_of(here.connection, "voucher", voucher) == "in_doubt"
    assert events_of(here, voucher) == ["InquiryAsked"]


def test_an_inquiry_that_is_to_come_is_brought_forward_and_not_doubled(here: Room, stands: Standing) -> None:
    """Absent twice must mean absent over the whole pause, so there is one chain of questions."""
    voucher = a_voucher(here, stands, "in_doubt")

    act(here, lambda c: repairs.retry(c, voucher, person=SILENT))

    assert one(here.connection, "SELECT count(*) FROM work WHERE stage = 'inquire' AND state = 'due'") == 1


def test_a_voucher_that_waits_to_be_sent_is_woken(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "approved", attempts=0)
    here.connection.execute(
        text(
            "UPDATE work SET state = 'parked', reason = 'gave_up', note = '' WHERE stage = 'deliver' AND state = 'due'"
        )
    )

    done = act(here, lambda c: repairs.retry(c, voucher, person=SILENT))

    assert stages(done.rings) == ["deliver"]
    assert one(here.connection, "SELECT count(*) FROM work WHERE stage = 'deliver' AND state = 'due'") == 1


def test_in_shadow_mode_nothing_is_sent_by_a_person_either(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "approved", attempts=0)
    with here.begin() as connection:
        company = replace(Ledger(connection).company, posting=False)
        setup_store.add_row(connection, "company", "100", FIRST_DAY, company, "kari")
        connection.execute(text("UPDATE work SET state = 'done' WHERE stage = 'deliver' AND state = 'due'"))

    assert "shadow mode" in refused(here, lambda c: repairs.retry(c, voucher, person=SILENT))
    act(here, lambda c: repairs.by_hand(c, voucher, "4711", person=KARI))


@pytest.mark.parametrize("state", ["delivered", "sending", "by_hand"])
def test_what_has_not_stopped_is_not_retried(here: Room, stands: Standing, state: str) -> None:
    voucher = a_voucher(here, stands, state)

    assert f"is {state}" in refused(here, lambda c: repairs.retry(c, voucher, person=SILENT))


def test_two_people_retry_at_once_and_one_is_told(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "refused")
    act(here, lambda c: repairs.retry(c, voucher, person=KARI))
    act(here, lambda c: repairs.retry(c, voucher, person=Person("ola", "", ALL_ROLES)))

    assert one(here.connection, "SELECT count(*) FROM journal WHERE event = 'RetryAsked'") == 1


# --- retry all ---


def test_all_that_match_are_retried_when_they_are_what_was_shown(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "refused")
    here.connection.execute(
        text("UPDATE work SET part = 'voucher ' || :id WHERE stage = 'deliver' AND state = 'parked'"),
        {"id": voucher},
    )
    here.connection.execute(text("UPDATE voucher SET code = 'PeriodClosed' WHERE id = :id"), {"id": voucher})
    which = Which("100", "PeriodClosed", None, None)

    assert repairs.matching(here.connection, which) == (1, kr(650))
    done = act(here, lambda c: repairs.retry_all(c, which, vouchers=1, total=kr(650), person=SILENT))

    assert stages(done.rings) == ["retry"]
    assert done.sentence.endswith(
        "650,00 kr, again: kk2 job show " + str(one(here.connection, "SELECT max(id) FROM job"))
    )
    assert repairs.matching(here.connection, which) == (0, 0)  # an earlier job has it


def test_what_an_earlier_job_has_to_come_is_not_in_a_second(here: Room, stands: Standing) -> None:
    a_voucher(here, stands, "refused")
    act(here, lambda c: repairs.retry_all(c, ANY, vouchers=1, total=kr(650), person=SILENT))

    assert "no failed voucher matches" in refused(
        here, lambda c: repairs.retry_all(c, ANY, vouchers=0, total=0, person=SILENT)
    )


def test_a_job_is_stopped_once_and_gives_its_vouchers_back(here: Room, stands: Standing) -> None:
    a_voucher(here, stands, "refused")
    act(here, lambda c: repairs.retry_all(c, ANY, vouchers=1, total=kr(650), person=SILENT))
    job = one(here.connection, "SELECT max(id) FROM job")

    done = act(here, lambda c: repairs.stop_job(c, job, person=KARI))

    assert done.sentence == f"job {job} is stopped; not sent again: 1 voucher"
    assert repairs.matching(here.connection, ANY) == (1, kr(650))
    assert "is stopped already; last: stop job by kari" in refused(
        here, lambda c: repairs.stop_job(c, job, person=KARI)
    )


def test_what_gave_up_is_retried_whole_or_of_a_company(here: Room) -> None:
    which = Which("100", "PeriodClosed", None, None, gave_up=True)

    assert "leave code and dates out" in refused(
        here, lambda c: repairs.retry_all(c, which, vouchers=1, total=1, person=SILENT)
    )


def test_what_changed_since_it_was_shown_is_not_retried(here: Room, stands: Standing) -> None:
    a_voucher(here, stands, "refused")

    sentence = refused(here, lambda c: repairs.retry_all(c, ANY, vouchers=2, total=kr(900), person=SILENT))

    assert "now 1 voucher, 650,00 kr; shown before: 2 vouchers, 900,00 kr" in sentence


@pytest.mark.parametrize("which", [Which("200", None, None, None), Which(None, "Other", None, None)])
def test_a_filter_matches_only_its_own(here: Room, stands: Standing, which: Which) -> None:
    a_voucher(here, stands, "refused")

    assert repairs.matching(here.connection, which) == (0, 0)


# --- the end of a doubt ---


def test_a_person_who_has_seen_it_in_visma_ends_the_doubt(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "in_doubt")

    act(here, lambda c: repairs.confirm(c, voucher, " 70001 ", person=KARI))

    assert state_of(here.connection, "voucher", voucher) == "delivered"
    assert (
        here.connection.execute(
            text("SELECT voucher_no FROM voucher WHERE id = :id"), {"id": voucher}
        ).scalar()
        == "70001"
    )
    assert one(here.connection, "SELECT count(*) FROM work WHERE stage = 'inquire' AND state = 'due'") == 0
    assert events_of(here, voucher) == ["VoucherDelivered"]


def test_a_number_is_needed_to_confirm(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "in_doubt")

    assert "give the number" in refused(here, lambda c: repairs.confirm(c, voucher, " ", person=KARI))


def test_a_voucher_that_a_person_did_not_find_is_sent_again_with_its_reference(
    here: Room, stands: Standing
) -> None:
    voucher = a_voucher(here, stands, "in_doubt")

    done = act(here, lambda c: repairs.absent(c, voucher, person=KARI))

    assert stages(done.rings) == ["deliver"]
    assert state_of(here.connection, "voucher", voucher) == "approved"
    assert events_of(here, voucher) == ["VoucherAbsent"]
    assert last_act(here, f"voucher {voucher}") == ("kari", "declare absent", "KID skrevet feil")


def test_absence_is_declared_with_a_reason(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "in_doubt")

    assert "needs a reason" in refused(here, lambda c: repairs.absent(c, voucher, person=SILENT))


@pytest.mark.parametrize("state", ["refused", "approved", "delivered"])
def test_only_a_doubt_can_be_ended(here: Room, stands: Standing, state: str) -> None:
    voucher = a_voucher(here, stands, state)

    assert "only one in doubt" in refused(here, lambda c: repairs.confirm(c, voucher, "1", person=KARI))
    assert "only one in doubt" in refused(here, lambda c: repairs.absent(c, voucher, person=KARI))


# --- by hand, void, restore ---


@pytest.mark.parametrize(("state", "attempts"), [("refused", 1), ("approved", 0)])
def test_a_voucher_posted_by_hand_is_counted_and_never_sent(
    here: Room, stands: Standing, state: str, attempts: int
) -> None:
    voucher = a_voucher(here, stands, state, attempts)

    act(here, lambda c: repairs.by_hand(c, voucher, "4711", person=KARI))

    assert state_of(here.connection, "voucher", voucher) == "by_hand"
    assert one(here.connection, "SELECT count(*) FROM work WHERE stage = 'deliver' AND state = 'parked'") == 0


@pytest.mark.parametrize(("state", "attempts"), [("refused", 1), ("approved", 0)])
def test_a_void_voucher_gives_its_money_back_to_the_proposal(
    here: Room, stands: Standing, state: str, attempts: int
) -> None:
    voucher = a_voucher(here, stands, state, attempts)

    done = act(here, lambda c: repairs.void(c, voucher, person=KARI))

    assert stages(done.rings) == ["resettle"]
    assert state_of(here.connection, "voucher", voucher) == "void"
    assert one(here.connection, "SELECT dirty::int FROM kk2_case WHERE id = :id", id=stands.case) == 1
    assert (
        one(
            here.connection,
            "SELECT count(*) FROM voucher_split WHERE voucher_id = :id AND NOT released",
            id=voucher,
        )
        == 0
    )


@pytest.mark.parametrize(
    "take", [repairs.void, lambda c, v, person: repairs.by_hand(c, v, "1", person=person)]
)
@pytest.mark.parametrize("state", ["in_doubt", "sending", "delivered"])
def test_what_may_be_booked_is_neither_void_nor_posted_by_hand(
    here: Room, stands: Standing, state: str, take: Callable[..., Done]
) -> None:
    voucher = a_voucher(here, stands, state)

    assert f"is {state}" in refused(here, lambda c: take(c, voucher, person=KARI))


def test_a_voucher_that_was_sent_without_an_answer_once_is_not_void(here: Room, stands: Standing) -> None:
    """Absent twice, and to be sent again: the first call may still come through, with the same reference."""
    voucher = a_voucher(here, stands, "approved", attempts=1)
    here.connection.execute(
        text(
            "INSERT INTO exchange (voucher_id, attempt, what, verdict) VALUES (:id, 1, 'send', 'begun'), (:id, 1, 'send', 'unknown')"
        ),
        {"id": voucher},
    )

    assert "may still be booked late" in refused(here, lambda c: repairs.void(c, voucher, person=KARI))


def test_a_voucher_that_certainly_never_left_us_can_be_void(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "approved", attempts=1)
    here.connection.execute(
        text(
            "INSERT INTO exchange (voucher_id, attempt, what, verdict) VALUES (:id, 1, 'send', 'begun'), (:id, 1, 'send', 'unsent')"
        ),
        {"id": voucher},
    )

    act(here, lambda c: repairs.void(c, voucher, person=KARI))

    assert state_of(here.connection, "voucher", voucher) == "void"


def test_taking_back_needs_a_reason(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "refused")

    assert "needs a reason" in refused(here, lambda c: repairs.void(c, voucher, person=SILENT))


def test_a_void_voucher_is_restored_while_nothing_newer_has_its_splits(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "refused")
    act(here, lambda c: repairs.void(c, voucher, person=KARI))

    act(here, lambda c: repairs.restore(c, voucher, person=SILENT))

    assert state_of(here.connection, "voucher", voucher) == "refused"
    assert (
        one(here.connection, "SELECT count(*) FROM work WHERE state = 'parked' AND reason = 'refused'") == 1
    )
    done = act(here, lambda c: repairs.retry(c, voucher, person=SILENT))
    assert stages(done.rings) == ["deliver"]


def test_a_void_voucher_stays_void_when_another_has_its_splits(here: Room, stands: Standing) -> None:
    voucher = a_voucher(here, stands, "refused")
    act(here, lambda c: repairs.void(c, voucher, person=KARI))
    a_voucher(here, stands, "approved")

    assert "another voucher has them" in refused(here, lambda c: repairs.restore(c, voucher, person=SILENT))


@pytest.mark.parametrize(
    ("state", "end"),
    [
        ("in_doubt", lambda c, v: repairs.confirm(c, v, "1", person=KARI)),
        ("refused", lambda c, v: repairs.by_hand(c, v, "1", person=KARI)),
        ("refused", lambda c, v: repairs.void(c, v, person=KARI)),
    ],
    ids=["confirmed", "by hand", "void"],
)
def test_a_reversal_that_waited_goes_on_when_its_original_ends(
    here: Room, stands: Standing, state: str, end: Callable[[Connection, int], Done]
) -> None:
    voucher = a_voucher(here, stands, state)
    with here.begin() as connection:
        ledger = Ledger(connection)
        (reversal,) = ledger.file(-kr(650))
        ledger.park(reversal, "original_under_way")

    done = act(here, lambda c: end(c, voucher))

    assert "OriginalConcluded" in events_of(here, voucher)
    assert "resettle" in stages(done.rings)
    assert state_of(here.connection, "payment", reversal) == "waiting"

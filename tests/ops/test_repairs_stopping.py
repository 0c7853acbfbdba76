"""A case that is stopped against the accounting system: with a name and a reason, and resumed again."""

from ops import repairs
from ops.access import ALL_ROLES
from ops.repairs import Person
from tests.ops.acting import KARI, SILENT, act, last_act, refused
from tests.ops.ledger import Room, Standing, one

STOPPED = "SELECT stopped::int FROM kk2_case WHERE id = :id"


def test_a_case_is_stopped_with_a_reason_and_resumed(here: Room, stands: Standing) -> None:
    act(here, lambda c: repairs.stop_case(c, stands.case, person=KARI))

    assert one(here.connection, STOPPED, id=stands.case) == 1
    assert last_act(here, f"case {stands.case}") == ("kari", "stop case", KARI.reason)
    said = refused(
        here, lambda c: repairs.stop_case(c, stands.case, person=Person("ola", "disputed", ALL_ROLES))
    )
    assert "is stopped already against Visma; last: stop case by kari" in said

    act(here, lambda c: repairs.resume_case(c, stands.case, person=SILENT))

    assert one(here.connection, STOPPED, id=stands.case) == 0
    assert "is not stopped" in refused(here, lambda c: repairs.resume_case(c, stands.case, person=KARI))


def test_nobody_stops_a_case_without_a_reason_or_one_that_is_not_there(here: Room, stands: Standing) -> None:
    assert "needs a reason" in refused(here, lambda c: repairs.stop_case(c, stands.case, person=SILENT))
    assert "there is no case id:999999" in refused(here, lambda c: repairs.stop_case(c, 999_999, person=KARI))

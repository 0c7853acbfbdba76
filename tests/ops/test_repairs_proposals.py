"""A person approves what was shown, or is told what has changed since."""

from dataclasses import replace

from sqlalchemy import text

from ops import repairs
from ops.access import ALL_ROLES
from ops.queries.proposals import proposal
from ops.repairs import Person
from schemas.case import Kind
from schemas.money import kr
from tests.ops.acting import KARI, act, refused
from tests.ops.ledger import FIRST_DAY, Ledger, Room, Standing, one, state_of
from workers.store import setup as setup_store


def test_the_proposal_is_what_no_voucher_has_and_what_is_parked(here: Room, stands: Standing) -> None:
    shown = proposal(here.connection, "100", stands.file)

    (group,) = shown.groups
    assert (group.payments, group.amount, group.parked, group.parked_amount) == (2, kr(738), 1, kr(88))
    assert (shown.payments, shown.amount, shown.absolute, shown.parked) == (2, kr(738), kr(738), 1)


def test_what_was_shown_is_approved(here: Room, stands: Standing) -> None:
    with here.begin() as connection:
        body = {"file_id": stands.file, "company": "100"}
        waits = Ledger(connection).work(
            "propose", "PersonActed", body, state="parked", reason="no_auto_approve"
        )
    digest = proposal(here.connection, "100", stands.file).digest

    done = act(here, lambda c: repairs.approve(c, "100", stands.file, digest, person=KARI))

    assert [ring.stage for ring in done.rings] == ["approve"]
    assert state_of(here.connection, "work", waits) == "done"
    plans = here.connection.execute(
        text(
            "SELECT body->'vouchers'->0->'payment_ids', body->>'approved_by', actor FROM journal WHERE event = 'PartReady'"
        )
    ).one()
    assert tuple(plans) == ([stands.proposed, stands.parked], "kari", "kari")


def test_all_of_a_company_is_approved_at_once(here: Room, stands: Standing) -> None:
    shown = proposal(here.connection, "100", None)

    done = act(here, lambda c: repairs.approve(c, "100", None, shown.digest, person=KARI))

    assert shown.parked == 1, "money without a case goes to suspense with it, or its file would wait for ever"
    assert "2 payments, 738,00 kr, 1 of them to suspense" in done.sentence
    assert one(here.connection, "SELECT count(*) FROM work WHERE stage = 'approve' AND state = 'due'") == 1


def test_a_proposal_that_grew_is_refused_with_the_difference(here: Room, stands: Standing) -> None:
    digest = proposal(here.connection, "100", stands.file).digest
    with here.begin() as connection:
        connection.execute(text("UPDATE work SET state = 'done' WHERE payment_id = :id"), {"id": stands.held})
        connection.execute(text("UPDATE payment SET state = 'waiting' WHERE id = :id"), {"id": stands.held})
        ledger = Ledger(connection)
        ledger.settle(
            stands.held,
            stands.case,
            (Kind.FEE, ledger.item(stands.case, 2), kr(50)),
            (Kind.REST, None, kr(49)),
        )

    sentence = refused(here, lambda c: repairs.approve(c, "100", stands.file, digest, person=KARI))

    assert (
        "shown before: 2 payments, 738,00 kr, 1 parked; now 3 payments, 837,00 kr, 1 parked (by +1 in number, 99,00 kr)"
        in sentence
    )


def test_the_same_sum_in_other_splits_is_another_proposal(here: Room, stands: Standing) -> None:
    digest = proposal(here.connection, "100", stands.file).digest
    with here.begin() as connection:
        ledger = Ledger(connection)
        case = {"case": stands.case, "row": one(connection, "SELECT max(id) FROM setup_row")}
        new = ledger.split(stands.proposed, Kind.FEE, kr(50), item=ledger.item(stands.case, 2), **case)
        connection.execute(
            text("UPDATE split SET superseded_by = :new WHERE payment_id = :id AND kind = 3 AND id <> :new"),
            {"new": new, "id": stands.proposed},
        )

    assert "other splits" in refused(
        here, lambda c: repairs.approve(c, "100", stands.file, digest, person=KARI)
    )


def test_a_new_row_of_the_setup_is_another_proposal(here: Room, stands: Standing) -> None:
    digest = proposal(here.connection, "100", stands.file).digest
    with here.begin() as connection:
        company = replace(Ledger(connection).company, name="Ny kommune")
        setup_store.add_row(connection, "company", "100", FIRST_DAY, company, "kari")

    assert "another setup" in refused(
        here, lambda c: repairs.approve(c, "100", stands.file, digest, person=KARI)
    )


def test_a_digest_that_nobody_printed_is_refused(here: Room, stands: Standing) -> None:
    assert "proposal show" in refused(here, lambda c: repairs.approve(c, "100", None, "ja", person=KARI))


def test_a_case_that_is_being_settled_again_is_waited_for(here: Room, stands: Standing) -> None:
    digest = proposal(here.connection, "100", stands.file).digest
    here.connection.execute(text("UPDATE kk2_case SET dirty = true"))

    assert "being settled again" in refused(
        here, lambda c: repairs.approve(c, "100", stands.file, digest, person=KARI)
    )


def test_one_approval_at_a_time(here: Room, stands: Standing) -> None:
    digest = proposal(here.connection, "100", stands.file).digest
    act(here, lambda c: repairs.approve(c, "100", stands.file, digest, person=KARI))

    assert "being made into vouchers" in refused(
        here, lambda c: repairs.approve(c, "100", stands.file, digest, person=Person("ola", "", ALL_ROLES))
    )


def test_over_the_four_eyes_limit_who_corrected_last_does_not_approve(here: Room, stands: Standing) -> None:
    with here.begin() as connection:
        company = replace(Ledger(connection).company, four_eyes_limit=kr(500))
        setup_store.add_row(connection, "company", "100", FIRST_DAY, company, "kari")
        Ledger(connection).work("resettle", "CaseChanged", {"case_ids": [stands.case]})
        connection.execute(text("ALTER TABLE journal DISABLE TRIGGER append_only"))
        connection.execute(text("UPDATE journal SET actor = 'kari' WHERE event = 'CaseChanged'"))
        connection.execute(text("ALTER TABLE journal ENABLE TRIGGER append_only"))
    digest = proposal(here.connection, "100", stands.file).digest

    assert "four-eyes" in refused(here, lambda c: repairs.approve(c, "100", stands.file, digest, person=KARI))
    act(here, lambda c: repairs.approve(c, "100", stands.file, digest, person=Person("ola", "", ALL_ROLES)))


def test_a_company_without_a_setup_has_nothing_to_approve(here: Room, stands: Standing) -> None:
    assert proposal(here.connection, "999", None).payments == 0
    assert "no setup" in refused(here, lambda c: repairs.approve(c, "999", None, "x:0:0:0", person=KARI))

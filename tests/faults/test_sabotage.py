"""The oracle can fail: with a guard of the product taken out it turns red. A suite that is always green proves nothing."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.faults import rounds
from tests.faults.oracle import settled
from tests.faults.test_everything_else import everything_again
from tests.faults.town import StoodStillError, Town, town

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_without_the_lease_a_call_that_is_under_way_is_made_again(tmp_path: Path) -> None:
    """More workers than vouchers, a Visma that takes its time before it books, and the same message once more meanwhile."""
    with town(tmp_path, sabotage="lease", deliverers=5, call_seconds=9.0) as here:
        rounds.begin(here)
        here.visma.heal()
        here.visma.fault("slow", "RegisterVouchers", seconds=6.0, times=20)
        sending = "SELECT count(*) FROM voucher WHERE state = 'sending'"
        here.until(lambda: here.site.one(sending) != (0,), "a call is under way")
        everything_again(here)

        with pytest.raises(AssertionError, match=r"I5 .* booked 2 times"):
            settled(here)


def test_without_asking_before_it_is_sent_again_a_voucher_stands_twice(tmp_path: Path) -> None:
    with town(tmp_path, sabotage="ask") as here:
        rounds.begin(here)

        with pytest.raises(AssertionError, match=r"I5 .* booked 2 times"):
            settled(here)


def test_without_the_fan_in_a_file_never_comes_to_rest(tmp_path: Path) -> None:
    with town(tmp_path, sabotage="fan-in") as here:
        here.patience = 20.0
        rounds.begin(here)

        with pytest.raises(StoodStillError):
            settled(here)


@pytest.mark.parametrize(
    ("dropped", "doubled", "sees"),
    [
        (
            "DROP INDEX uq_voucher_split_split_id",
            "INSERT INTO voucher_split (voucher_id, split_id) SELECT (SELECT max(voucher_id) FROM voucher_split), "
            "min(split_id) FROM voucher_split",
            "I2 split",
        ),
        (
            "ALTER TABLE bank_file DROP CONSTRAINT uq_bank_file_sha256",
            "INSERT INTO bank_file (sha256, name, size, state, open_slices) "
            "SELECT sha256, name, size, state, 0 FROM bank_file WHERE state = 'read' LIMIT 1",
            "the town comes to rest",
        ),
    ],
)
def test_without_a_unique_key_what_it_kept_out_is_seen(
    tmp_path: Path, dropped: str, doubled: str, sees: str
) -> None:
    with town(tmp_path) as here:
        here.patience = 20.0
        rounds.begin(here)
        settled(here)
        by_owner(here, dropped, doubled)

        with pytest.raises(AssertionError, match=sees):
            settled(here)


def test_money_and_events_that_are_amiss_are_seen(tmp_path: Path) -> None:
    with town(tmp_path) as here:
        rounds.begin(here)
        settled(here)
        by_owner(here, "ALTER TABLE journal DISABLE TRIGGER USER")
        for amiss, sees in (
            (
                "UPDATE kk2_case SET balance = balance - 1 WHERE id = (SELECT min(case_id) FROM split)",
                "I7 KID",
            ),
            (
                "UPDATE item SET amount = amount + 1 WHERE case_id = (SELECT max(case_id) FROM split)",
                "is not its items less its splits",
            ),
            (
                "UPDATE journal SET event = 'FileSeenAgain' WHERE event = 'FileSettled'",
                "I9 a file whose reading",
            ),
            (
                "UPDATE journal SET body = body || '{\"until\": 5}' WHERE event = 'PaymentsReceived'",
                "I9 a file whose slices",
            ),
            (
                "INSERT INTO journal (event, body) SELECT event, body FROM journal WHERE event = 'VoucherDelivered'",
                "I9 a voucher whose end",
            ),
        ):
            by_owner(here, amiss)

            with pytest.raises(AssertionError, match=sees):
                settled(here)


def by_owner(here: Town, *statements: str) -> None:
    """What the product's processes have no right to do."""
    owner = create_engine(here.servers.owner_url)
    with owner.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    owner.dispose()

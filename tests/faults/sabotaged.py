"""`kk2`, with one guard of the product taken out: the suite must turn red over it. Arguments: which guard, then kk2's own."""

import sys
from dataclasses import replace

from sqlalchemy import Connection

from ops.cli import main
from pipeline import posting
from pipeline.posting import Conclusion, InquiryFacts
from workers.journal import EVENTS
from workers.saves import splits
from workers.shell import rows, slots


def without_lease() -> None:
    """A call that is under way is no reason not to make it once more."""
    slots.lease_for = lambda installation, calls: 0.0


def without_asking() -> None:
    """What got no answer is sent again, whatever Visma says that it has."""
    asked = posting.inquired

    def inquired(facts: InquiryFacts) -> Conclusion:
        return asked(replace(facts, answer=replace(facts.answer, found=(), unread=False), absent_before=9))

    posting.inquired = inquired


def without_fan_in() -> None:
    """No slice counts as the last of its file."""

    def close_slice(connection: Connection, file_id: int) -> bool:
        return False

    splits.close_slice = close_slice


def older() -> None:
    """No guard less, but an event: a program of the version before that one came."""
    vars(rows)["EVENTS"] = EVENTS - {"RetryAsked"}


GUARDS = {"lease": without_lease, "ask": without_asking, "fan-in": without_fan_in, "older": older}

if __name__ == "__main__":
    GUARDS[sys.argv.pop(1)]()
    main()

"""What the tests of the control share: a case whose invoice stands in Visma, and the newest voucher there."""

from datetime import date

from schemas.setup import Installation
from schemas.transfer import CaseNumber
from tests.site import DAY, Site
from workers.accounting import connect
from workers.secrets import resolve
from workers.store import setup as setup_store

DUE = date(2026, 1, 31)


def mark(here: Site, number: int, case_no: str) -> None:
    """Write a case number on the invoice."""
    row = CaseNumber(f"F{number}-1", str(number), case_no, DAY)
    answers, _ = connect(installation(here), resolve).write_case_numbers("100", [row])
    assert [answer.code for answer in answers] == [""]


def installation(here: Site) -> Installation:
    """The site's Visma as it is set up."""
    with here.engine.connect() as connection:
        return setup_store.current(connection).installations["visma"].latest().value


def booked(here: Site) -> tuple[int, int]:
    """Year and number of the newest voucher in Visma."""
    voucher = here.simulator.vouchers("100")[-1]
    return voucher.year, voucher.number

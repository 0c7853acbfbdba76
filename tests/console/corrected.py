"""What the console's town has for the pages of cases."""

from datetime import timedelta

from sqlalchemy import text

from ops import repairs
from ops.queries import asking
from ops.repairs import Claim, LetGo
from schemas.case import Kind
from schemas.events import FetchDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.site import DAY, Site


def corrected(here: Site) -> None:
    """Names, cases near their limitation, one that Visma moved, and what a clerk corrected in one."""
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE kk2_case SET debtor_name = 'Kari Nordmann', customer_no = '24' WHERE id IN (24, 26)")
        )
        today = asking.today(connection)
    for number, days in ((41, -20), (42, 25), (43, 80), (44, 160)):
        here.case(number, kr(4_000 + number), today - timedelta(days=1096 - days))
    here.with_us(45, kr(2_500), DAY)
    here.moves(TransactionKind.PAYMENT, -kr(400), 45)
    here.happen(FetchDue("100"))
    here.drain()
    fee, principal = (
        here.one("SELECT id FROM item WHERE case_id = 24 AND kind = :kind", kind=kind)[0] for kind in (3, 1)
    )
    here.act(repairs.add_cost, 24, Claim(Kind.COSTS, kr(750), DAY))
    here.act(repairs.waive, 24, LetGo(int(str(fee)), Kind.FEE, None, DAY))
    here.act(repairs.waive, 24, LetGo(int(str(principal)), Kind.INTEREST, None, None))
    here.act(repairs.merge, 26, 24)
    here.act(repairs.stop_case, 31)
    here.act(repairs.close, 32)

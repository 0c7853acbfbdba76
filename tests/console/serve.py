"""A console to look at while its pages are written: `python -m tests.console.serve PORT`, until Ctrl-C.

A throw-away database with the small ledger of the tests, and with some days of an invented town worked off by the real
stages. Sign in as `kari` with the password of `tests.console.visiting`. All roles.
"""

import sys
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import uvicorn
from pydantic import SecretStr

from ops import repairs
from ops.access import Role
from ops.console import Desk, create
from ops.guard import Guard
from ops.guard.proving import prove
from ops.guard.telling import receivers
from ops.repairs import Which, people
from ops.simulator import Fault, FaultKind
from schemas.money import kr
from schemas.schedule import OSLO
from schemas.voucher import Discarded
from tests.console.corrected import corrected
from tests.console.payers import payers, reach
from tests.console.visiting import PASSWORD, SETTER_UP
from tests.servers import database_of_its_own
from tests.site import Site, kid_of, paid, site
from workers.clock import BALANCE
from workers.store import epoch, schedules


def live(here: Site) -> None:
    """Forty cases, and two files with payments of every kind."""
    for number in range(1, 41):
        here.case(number, kr(500 + 37 * number), date(2026, 1, 31) + timedelta(days=number % 7), fee=kr(38))
    several = [paid(kid_of(n), kr(538 + 37 * n)) for n in range(1, 21)] + [
        paid(kid_of(n), kr(200)) for n in range(21, 30)
    ]
    strangers = [paid(kid_of(900 + n), kr(111 * n)) for n in range(1, 8)]
    here.drop(here.file(*several, *strangers), "TBOC0001.DAT")
    here.drain()
    here.drop(here.file(*[paid(kid_of(n), kr(100 + n)) for n in range(25, 36)]), "TBOC0002.DAT")
    here.drain()
    payers(here)
    fail(here)
    alarmed(here)


def fail(here: Site) -> None:
    """Vouchers that are refused for two causes, one in doubt, a job that sent some again, and delivery stopped until a time."""
    here.simulator.close_period("100", "2026-03")
    here.come(*[paid(kid_of(39), kr(50 + n), ref=f"010620000{n}") for n in range(4)])
    here.simulator.open_period("100", "2026-03")
    first, *_ = [
        int(str(row[0])) for row in here.all("SELECT id FROM voucher WHERE state = 'refused' ORDER BY id")
    ]
    here.act(repairs.void, first, Discarded.WRONG_MONTH)
    here.simulator.close_period("100", "2026-03")
    with here.engine.begin() as connection:
        which = Which("100", "PeriodClosed", None, None)
        number, total = repairs.matching(connection, which)
        repairs.retry_all(connection, which, vouchers=number, total=total, person=SETTER_UP)
    here.drain()
    here.simulator.open_period("100", "2026-03")
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.come(paid(kid_of(40), kr(70), ref="0106300001"))
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "RegisterVouchers", times=1))
    here.come(paid(kid_of(40), kr(80), ref="0106300002"), but=["inquire"])
    until = datetime.now(OSLO) + timedelta(hours=4)
    here.act(repairs.stop_delivery, "installation visma", until)
    here.come(paid(kid_of(40), kr(90), ref="0106300003"), but=["deliver", "inquire"])


def alarmed(here: Site) -> None:
    """What the guard sees of it, and cannot tell: its one receiver is down. The money check by the clock was made."""
    told = SecretStr("json://127.0.0.1:1/")
    settings = here.hands.settings.model_copy(update={"alarm_urls": told, "schedule_balance": "04:30"})
    with here.engine.begin() as connection:
        epoch.rise(connection, 1)
        schedules.keep(connection, {BALANCE: "04:30"}, datetime.now(OSLO) - timedelta(days=2))
    prove(here.engine, dict, settings)
    Guard(here.engine, settings, receivers(settings), lambda: True, dict).round()


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    folder = Path(tempfile.mkdtemp(prefix="kk2-console-"))
    with database_of_its_own(folder) as engine, site(engine, folder / "site") as here:
        reach(here)
        live(here)
        corrected(here)
        faulty = here.file(paid(kid_of(1), kr(200), debit_account="88881011128"))
        here.drop(faulty.replace(b"000000000000020000", b"0000000000000X0000", 1), "TBOC0005.DAT")
        here.drain()
        with engine.begin() as connection:
            people.add(connection, "kari", tuple(Role), PASSWORD, None, person=SETTER_UP)
        sys.stderr.write(f"http://127.0.0.1:{port}  kari / {PASSWORD}\n")
        uvicorn.run(
            create(Desk(engine, lambda _: True, secure=False, site=here.hands.settings)),
            port=port,
            log_level="warning",
        )


if __name__ == "__main__":
    main()

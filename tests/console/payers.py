"""Payments that no KID finds a case for, as a town has them: near KIDs, known payers, and a payer that could have a rule."""

import os

from ops import repairs
from schemas.money import kr
from tests.site import Site, kid_of, paid

_PAYER, _SHY = "88881011128", "88881011136"


def payers(here: Site) -> None:
    """Three payments that a person gave to one case, two that wait for the same payer, and some with a hint or none."""
    here.come(*[paid(kid_of(950 + n), kr(40 + n), debit_account=_PAYER) for n in range(3)])
    (case_id,) = here.one("SELECT id FROM kk2_case WHERE case_no = '0221-00000038'")
    mine = here.all("SELECT id FROM payment WHERE debit_account = :payer ORDER BY id", payer=_PAYER)
    for (payment_id,) in mine:
        here.act(repairs.assign, payment_id, case_id, original=None)
    (owed,) = here.one("SELECT balance FROM kk2_case WHERE case_no = '0221-00000037'")
    here.come(
        paid(kid_of(960), kr(45), debit_account=_PAYER),
        paid(kid_of(962), int(str(owed)), debit_account=_SHY, kind=21, text="Faktura 37, Hansen"),
        paid(kid_of(37)[:-2] + "99", kr(120), debit_account=_PAYER),
        paid(kid_of(961), kr(75), debit_account=_SHY),
    )


def reach(here: Site) -> None:
    """Let this process know the site's folder, as a console does that is started on it: the bank's own records lie there."""
    known = here.hands.settings
    os.environ |= {
        "KK2_DATABASE_URL": known.database_url.get_secret_value(),
        "KK2_BROKER_URL": known.broker_url.get_secret_value(),
        "KK2_FOLDER": str(known.folder),
    }

"""Planted names, accounts, KIDs and birth numbers: none of them in what is kept of calls, in notes, journal or audit."""

from datetime import date

from ops import repairs
from ops.simulator import Fault, FaultKind
from schemas.money import kr
from tests.site import Site, kid_of, paid

KID = kid_of(3_141_592)
NAME, BIRTH, DEBTORS_ACCOUNT = "Planta Hemmeligsen", "01017012345", "12345678903"
_KEPT = (
    "SELECT string_agg(t, chr(10)) FROM (SELECT concat_ws(' ', request, answer, note, code) AS t FROM exchange "
    "UNION ALL SELECT concat_ws(' ', note, code) FROM voucher UNION ALL SELECT concat_ws(' ', body, note) FROM work "
    "UNION ALL SELECT body::text FROM journal UNION ALL SELECT concat_ws(' ', subject, detail) FROM audit "
    "UNION ALL SELECT concat_ws(' ', \"filter\") FROM job) kept"
)


def test_what_is_planted_is_found_nowhere(here: Site) -> None:
    case = here.case(3_141_592, kr(1000), date(2026, 1, 31))
    here.change(f"UPDATE kk2_case SET debtor_name = '{NAME} {BIRTH}' WHERE id = :case", case)
    here.simulator.fault(Fault(FaultKind.UNKNOWN_ACCOUNT, "RegisterVouchers", times=1))
    here.come(paid(KID, kr(400), debit_account=DEBTORS_ACCOUNT))
    which = repairs.Which(None, None, None, None)
    here.act(repairs.retry_all, which, vouchers=1, total=kr(400))

    (kept,) = here.one(_KEPT)

    assert here.all("SELECT state FROM voucher") == [("delivered",)]
    assert "RegisterVouchers" in str(kept)
    assert "UnknownAccount" in str(kept)
    assert not [planted for planted in (KID, NAME, BIRTH, DEBTORS_ACCOUNT) if planted in str(kept)]

"""A round: a day's worth of everything that the product does, small. Faults are put to rounds; `settled` says how it went."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from ops import repairs
from ops.access import ALL_ROLES
from ops.repairs import ConversionFile, Refusal, Which
from schemas.conversion import ConversionRow
from schemas.events import ControlDue, FetchDue, ImportDue
from schemas.money import kr
from schemas.transfer import TransactionKind
from tests.faults.town import Town
from tests.site import kid_of, paid

DUE = date(2026, 1, 31)
PERSON = repairs.Person("kari", "so it is", ALL_ROLES)


def begin(town: Town) -> int:
    """The outside world and people do all that they do in a round; the product has not moved yet. Gives its number."""
    town.rounds += 1
    first = town.rounds * 10
    town.visma.fault("period_closed", "RegisterVouchers", times=1, period="")
    town.visma.fault("lose_answer_after_booking", "RegisterVouchers", times=1)
    town.visma.fault("http_500", "FindVoucher", times=1)
    with town.engine.begin() as connection, suppress(Refusal):  # stopped already
        until = datetime.now(UTC) + timedelta(seconds=5)
        repairs.stop_delivery(connection, "100", until, person=PERSON)
    payments(town, first)
    town.bring(f"bad{first}.dat", f"no bank file {first}".encode())
    town.drop(f"copy{first}.dat", _content(town, first))
    changes(town, first)
    new_cases(town, first)
    return first


def payments(town: Town, first: int) -> None:
    """A bank file with payments on two cases and on a KID that nobody knows."""
    site = town.site
    site.case(first, kr(1000), DUE, fee=kr(38))
    site.case(first + 1, kr(2000), DUE)
    amounts = [kr(100 * n + m) for n in (1, 2, 3) for m in range(3)]
    kids = [kid_of(number) for number in (first, first + 1, 900_000 + first) for _ in range(3)]
    content = site.file(
        *(paid(kid, amount, ref=f"{first:010d}") for kid, amount in zip(kids, amounts, strict=True))
    )
    town.owed |= {kid_of(first): kr(1038), kid_of(first + 1): kr(2000)}
    for kid, amount in zip(kids, amounts, strict=True):
        town.paid[kid] += amount
    town.bring(f"{first}.dat", content, *amounts)


def changes(town: Town, first: int) -> None:
    """A case owes more, a debtor pays in Visma, and a case was transferred before the bridge."""
    site = town.site
    site.owe_more(
        int(str(site.one("SELECT id FROM kk2_case WHERE kid = :kid", kid=kid_of(first))[0])), kr(50)
    )
    town.owed[kid_of(first)] += kr(50)
    earlier, number = f"F{first + 2}-1", f"0221-{first + 2:08d}"
    site.case(first + 2, kr(500), DUE)
    there = {"invoice_no": earlier, "customer_no": str(first + 2), "original": "500.00", "due_on": str(DUE)}
    town.visma.propose("100", "EWS", approved=False, invoices=[there])
    town.visma.transact("100", TransactionKind.PAYMENT, DUE, [(earlier, kr(-200))])
    row = ConversionRow(2, number, str(first + 2), earlier, kid_of(first + 2), kr(500))
    file = ConversionFile("100", "", f"{first:064d}", f"{first}.csv", [row])
    with town.engine.begin() as connection:
        repairs.convert(connection, file, accepts=False, person=PERSON)


def new_cases(town: Town, first: int) -> None:
    """Visma has new cases, one of them for a sub-ledger that is not set up; and all is fetched and controlled."""
    invoices = [
        {
            "invoice_no": f"{first}-{kind}-{n}",
            "customer_no": str(first + 3),
            "original": "50.00",
            "due_on": str(DUE + timedelta(days=n)),
            "sub_ledger_type": kind,
        }
        for n, kind in enumerate(("K", "K", "none"))
    ]
    town.visma.propose("100", "EWS", invoices=invoices)
    town.site.happen(ImportDue("100"), ControlDue("100"), FetchDue("100"))


def retry_what_was_refused(town: Town) -> bool:
    """A person sends again what Visma refused, all at once; False where nothing is."""
    which = Which(None, None, None, None)
    with town.engine.begin() as connection, suppress(Refusal):
        number, total = repairs.matching(connection, which)
        if number:
            repairs.retry_all(connection, which, vouchers=number, total=total, person=PERSON)
            return True
    return False


def _content(town: Town, first: int) -> bytes:
    return (town.folder / "brought" / f"{first}.dat").read_bytes()

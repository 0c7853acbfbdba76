"""End shadow mode: what stands approved from it was posted by people in their own vouchers, and is never sent."""

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_company, need_reason
from ops.repairs.vouchers.standing import STANDS_FROM_SHADOW, freed
from schemas.money import in_kroner
from schemas.voucher import IN_SHADOW
from schemas.wording import counted
from workers.store import setup as setup_store


def end_shadow(connection: Connection, company: str, *, person: Person) -> Done:
    """Note that all that a company approved in shadow mode was posted by hand; refused while it is still in shadow."""
    need_reason(person, "to end shadow mode")
    need_company(connection, company)
    if not setup_store.current(connection).companies[company].latest().value.posting:
        raise Refusal(f"company {company} is in shadow mode: apply its setup with posting = true first")
    ended = connection.execute(
        text(
            f"UPDATE voucher SET state = 'by_hand', voucher_no = :number WHERE company = :company AND {STANDS_FROM_SHADOW} RETURNING id, total"
        ),
        {"company": company, "number": IN_SHADOW},
    ).all()
    if not ended:
        raise Refusal(f"company {company} has no voucher that stands approved from shadow mode")
    ids, total = sorted(row.id for row in ended), sum(row.total for row in ended)
    happened = [event for voucher_id in ids for event in freed(connection, voucher_id)]
    detail = {"voucher_ids": ids, "total": total}
    rings = leave(connection, person, "end shadow", f"company {company}", detail, happened)
    return Done(
        rings,
        f"{counted(len(ids), 'voucher')} of shadow mode, {in_kroner(total)} kr, count as posted by hand",
    )

"""Stage `approve`: lock the part's cases, take their free splits, make the vouchers, freeze them, send them on."""

from datetime import date

from pipeline import posting
from pipeline.posting import Group, PartFacts, PaymentPosting, VoucherFacts
from pipeline.stage import Reason
from schemas.events import PartReady, VoucherPlan, VouchersApproved
from schemas.setup import Company, Installation, NoSuchSetupError, ParkedPolicy, Setup
from schemas.voucher import Voucher
from workers.facts import parts
from workers.facts.parts import Part
from workers.saves import vouchers as voucher_saves
from workers.saves.vouchers import Approved
from workers.shell import NotYet, Stand, rows
from workers.store import setup as setup_store
from workers.store.bulk import by_keys

_WAIT_FOR_RESETTLE = 1.0
_PATIENCE = 600.0  # seconds that a part waits for a case


def approve(stand: Stand) -> None:
    """Freeze one part. What another voucher has meanwhile taken is left out; an empty voucher is not made."""
    event = stand.claimed.event
    assert isinstance(event, PartReady)
    by_keys(stand.connection)
    setup = setup_store.current(stand.connection)
    ids = [payment_id for plan in event.vouchers for payment_id in plan.payment_ids]
    part = parts.lock(stand.connection, ids)
    if part.moving and rows.age(stand.connection, stand.claimed.work_id) < _PATIENCE:
        raise NotYet(_WAIT_FOR_RESETTLE, "a case of the part is being settled again")
    try:
        approved = _approved(stand, event, part, setup)
    except NoSuchSetupError as error:
        stand.park(Reason.NO_SETUP, str(error))
        return
    voucher_ids = voucher_saves.save(stand.connection, approved)
    posting_on = setup.companies[event.company].latest().value.posting
    if not posting_on:
        return  # shadow: the vouchers stand approved and are compared; nothing is delivered
    per_call = {
        a.installation: setup.installations[a.installation].latest().value.vouchers_per_call for a in approved
    }
    size = min(per_call.values(), default=1)
    stand.send([VouchersApproved(tuple(voucher_ids[n : n + size])) for n in range(0, len(voucher_ids), size)])


def _approved(stand: Stand, event: PartReady, part: Part, setup: Setup) -> list[Approved]:
    connection = stand.connection
    # whatever holds a moving case up holds up no other: its payments are proposed when it is settled
    plans = [(plan, date.fromisoformat(plan.voucher_on)) for plan in event.vouchers]
    days = {i: day for plan, day in plans for i in plan.payment_ids if i not in part.moving}
    on = {day: setup.companies[event.company].on(day) for _, day in plans}
    company = on[plans[0][1]]
    suspense = company.value.parked_policy is ParkedPolicy.SUSPENSE
    postings = parts.postings(part, days, setup, event.company, by_person=event.approved_by != "policy")
    parked = [(i, amount) for i, amount in part.to_suspense if i in days] if suspense else []
    split_ids = voucher_saves.put_in_suspense(connection, parked)
    for (payment_id, amount), split_id in zip(parked, split_ids, strict=True):
        accounts = on[days[payment_id]].value.accounts
        parts.suspend(postings, payment_id, split_id, amount, accounts)
    wanted = [
        (plan, tuple(postings[i] for i in plan.payment_ids if i in postings)) for plan in event.vouchers
    ]
    wanted = [(plan, payments) for plan, payments in wanted if payments]
    installation = setup.installations[company.value.installation].latest().value
    epoch = parts.epoch(connection)
    numbers = parts.voucher_numbers(connection, len(wanted))
    made: list[Approved] = []
    for (plan, payments), number in zip(wanted, numbers, strict=True):
        on_day = on[date.fromisoformat(plan.voucher_on)]
        facts = _facts(event.company, plan, payments, _reference(installation, epoch, number))
        voucher = _one(on_day.value, facts)
        made.append(Approved(voucher, facts, installation.code, on_day.id, event.approved_by))
    return made


def _one(company: Company, facts: VoucherFacts) -> Voucher:
    return posting.approve(PartFacts(company, (facts,)))[0]


def _facts(
    company: str, plan: VoucherPlan, payments: tuple[PaymentPosting, ...], reference: str
) -> VoucherFacts:
    group = Group(company, plan.account, date.fromisoformat(plan.booked_on), plan.statement_ref)
    return VoucherFacts(reference, group, plan.number, plan.of, date.fromisoformat(plan.voucher_on), payments)


def _reference(installation: Installation, epoch: int, number: int) -> str:
    """Our name of a voucher for ever, searched for before any second attempt."""
    return f"K{installation.number}-{epoch}-{number}"

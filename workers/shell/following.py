"""What follows from where a voucher stands now: events, a parked row, and the reversals that waited for it."""

from pipeline.posting import Conclusion
from schemas import events
from schemas.setup import Installation
from schemas.voucher import VoucherState
from workers.facts import parked_transactions
from workers.facts.deliveries import ToSend
from workers.saves import conclusions
from workers.shell import Stand


def follow(stand: Stand, sent: ToSend, conclusion: Conclusion, installation: Installation) -> None:
    """Record what the conclusion means, and free what waited for it: reversals, and Visma's transactions."""
    match conclusion.state:
        case VoucherState.DELIVERED:
            stand.send([events.VoucherDelivered(sent.id, conclusion.voucher_no)])
        case VoucherState.IN_DOUBT if conclusion.park is None:
            stand.send([events.VoucherInDoubt(sent.id)], due_in=installation.inquiry_pause)
        case VoucherState.REFUSED:
            stand.send([events.VoucherRefused(sent.id)])
        case _:
            pass
    if conclusion.park is not None:
        conclusions.park(stand.connection, stand.claimed.event_id, stand.stage.name, sent.id, conclusion.park)
    if conclusion.state is VoucherState.DELIVERED:
        freed = conclusions.free_reversals(stand.connection, sent.id)
        if freed:
            stand.send([events.OriginalConcluded(tuple(freed))])
    if conclusion.state is not VoucherState.IN_DOUBT and parked_transactions.await_voucher(
        stand.connection, sent.voucher.company
    ):
        stand.send([events.FetchDue(sent.voucher.company)])

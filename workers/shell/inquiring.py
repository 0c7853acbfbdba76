"""Stage `inquire`: ask Visma, with no transaction open, for a voucher in doubt by our reference; conclude; commit."""

from pipeline import posting
from pipeline.flow import stage_of
from pipeline.posting import Conclusion, InquiryFacts
from schemas import events
from schemas.setup import Installation
from schemas.transfer import UNREAD
from schemas.voucher import VoucherState
from workers.accounting import Trouble, connect
from workers.facts import deliveries
from workers.facts.deliveries import ToSend
from workers.saves import conclusions
from workers.secrets import resolve
from workers.shell import Hands, Stand, gave_up_after_crashes, recover, rows
from workers.shell.following import follow
from workers.store import setup as setup_store
from workers.store.engine import transaction


def inquire(work_id: int, hands: Hands) -> None:
    """Ask Visma for a voucher in doubt by our reference, and conclude."""
    stage = stage_of("inquire")
    with recover(work_id, stage, hands):
        with transaction(hands.engine, "inquire.begin") as connection:
            claimed = rows.claim(connection, work_id, "inquire")
            if claimed is None:
                return
            if gave_up_after_crashes(Stand(connection, hands, stage, claimed)):
                return
            rows.count_attempt(hands.engine, work_id)
            event = claimed.event
            assert isinstance(event, events.VoucherInDoubt | events.InquiryAsked)
            found = [
                v for v in deliveries.lock(connection, [event.voucher_id]) if v.state is VoucherState.IN_DOUBT
            ]
            if not found:
                rows.done(connection, work_id)
                return
            doubted = found[0]
            setup = setup_store.current(connection)
            installation = setup.installations[doubted.installation].latest().value
            lately = deliveries.heard_of_lately(connection, doubted.id, installation.inquiry_pause)
        try:
            answer, exchange = connect(installation, resolve).find(
                doubted.voucher.company, doubted.voucher.reference
            )
        except Trouble as trouble:
            with transaction(hands.engine, "inquire.unanswered") as connection:
                conclusions.log_inquiry(
                    connection, doubted.id, doubted.attempt, trouble.exchange, trouble.code
                )
            raise
        with transaction(hands.engine, "inquire.conclude") as connection:
            again = rows.claim(connection, work_id, "inquire")
            if again is None:
                return
            stand = Stand(connection, hands, stage, again)
            facts = InquiryFacts(
                doubted.voucher.total,
                len(doubted.voucher.lines),
                doubted.voucher.reference,
                answer,
                doubted.absent,
            )
            conclusion = posting.inquired(facts)
            if lately and conclusion.absent > doubted.absent:
                # a person asked sooner: absent counts only over the whole pause, for a booking may still come through
                conclusions.log_inquiry(connection, doubted.id, doubted.attempt, exchange, "too_soon")
                rows.postpone(connection, work_id, installation.inquiry_pause, "waits")
                return
            if not answer.unread:  # said again and again until somebody reads it, and nothing new each time
                conclusions.log_inquiry(
                    connection, doubted.id, doubted.attempt, exchange, conclusion.state.value
                )
            _conclude_inquiry(stand, doubted, conclusion, installation, UNREAD if answer.unread else "")
        hands.ringer.ring(stand.rings)


def _conclude_inquiry(
    stand: Stand, doubted: ToSend, conclusion: Conclusion, installation: Installation, code: str
) -> None:
    connection = stand.connection
    if not conclusions.move(connection, doubted.id, doubted.attempt, conclusion, code, ""):
        rows.done(connection, stand.claimed.work_id)
        return
    if conclusion.state is VoucherState.IN_DOUBT and conclusion.park is None:
        # unread, or absent for the first time: a slow booking may still come through; the same row asks again
        rows.postpone(connection, stand.claimed.work_id, installation.inquiry_pause, "waits")
        return
    if conclusion.state is VoucherState.APPROVED:
        stand.send([events.VoucherAbsent((doubted.id,))])
    else:
        follow(stand, doubted, conclusion, installation)
    rows.done(connection, stand.claimed.work_id)

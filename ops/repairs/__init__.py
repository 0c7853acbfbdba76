"""What a person may do: each act checks the state under lock and leaves its event, its name and its reason in one commit.

Each gives `Done`, whose rings are for the broker once the caller has committed, or raises `Refusal` and changes nothing.
"""

from ops.repairs.acts import Done, Person, Refusal
from ops.repairs.braking import ALL, start_delivery, stop_delivery
from ops.repairs.claims import Claim, LetGo, add_cost, waive, withdraw, withdraw_waiver
from ops.repairs.closing import close, reopen
from ops.repairs.conversions import ConversionFile, convert
from ops.repairs.explaining import explain
from ops.repairs.files import mark_known, read_again, refuse_file, release_file
from ops.repairs.merging import merge, unmerge
from ops.repairs.moving import assign, share_out, undo
from ops.repairs.payments import choose_order, refuse, release
from ops.repairs.proposals import approve
from ops.repairs.refunds import comment, propose_refund, refunded, withdraw_refund
from ops.repairs.retrying import try_again
from ops.repairs.scheduling import pause, resume, run_now, skip_next
from ops.repairs.sending_back import send_back, take_up
from ops.repairs.signing import reopen as reopen_day
from ops.repairs.signing import sign as sign_day
from ops.repairs.stopping import resume_case, stop_case
from ops.repairs.suggestions import reject_suggestion
from ops.repairs.support import take_bundle
from ops.repairs.vouchers import (
    Which,
    absent,
    by_hand,
    confirm,
    matching,
    restore,
    retry,
    retry_all,
    stop_job,
    void,
)

__all__ = [
    "ALL",
    "Claim",
    "ConversionFile",
    "Done",
    "LetGo",
    "Person",
    "Refusal",
    "Which",
    "absent",
    "add_cost",
    "approve",
    "assign",
    "by_hand",
    "choose_order",
    "close",
    "comment",
    "confirm",
    "convert",
    "explain",
    "mark_known",
    "matching",
    "merge",
    "pause",
    "propose_refund",
    "read_again",
    "refunded",
    "refuse",
    "refuse_file",
    "reject_suggestion",
    "release",
    "release_file",
    "reopen",
    "reopen_day",
    "restore",
    "resume",
    "resume_case",
    "retry",
    "retry_all",
    "run_now",
    "send_back",
    "share_out",
    "sign_day",
    "skip_next",
    "start_delivery",
    "stop_case",
    "stop_delivery",
    "stop_job",
    "take_bundle",
    "take_up",
    "try_again",
    "undo",
    "unmerge",
    "void",
    "waive",
    "withdraw",
    "withdraw_refund",
    "withdraw_waiver",
]

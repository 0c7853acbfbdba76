"""What a person may do with a voucher that stopped on its way. Nothing here sends: what is in doubt is asked for first."""

from ops.repairs.vouchers.doubting import absent, confirm
from ops.repairs.vouchers.ending_shadow import end_shadow
from ops.repairs.vouchers.retrying import retry
from ops.repairs.vouchers.retrying_many import Which, matching, retry_all, stop_job
from ops.repairs.vouchers.taking_back import by_hand, restore, void

__all__ = [
    "Which",
    "absent",
    "by_hand",
    "confirm",
    "end_shadow",
    "matching",
    "restore",
    "retry",
    "retry_all",
    "stop_job",
    "void",
]

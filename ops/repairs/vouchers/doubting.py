"""End a doubt: a person has looked in Visma, and the voucher is there, or is not."""

from sqlalchemy import Connection

from ops.repairs.acts import Done, Person, leave, need_reason
from ops.repairs.vouchers.coming_back import become_ours, need_no_sign
from ops.repairs.vouchers.standing import (
    close_all,
    freed,
    in_doubt,
    move,
    number_of,
    told,
)
from schemas.events import VoucherAbsent, VoucherDelivered
from schemas.voucher import VoucherState


def confirm(connection: Connection, voucher_id: int, voucher_no: str, *, person: Person) -> Done:
    """End a doubt: the person has seen the voucher in Visma, under this number."""
    number = number_of(voucher_no)
    happened, came_back = become_ours(connection, voucher_id, number)
    voucher = in_doubt(connection, voucher_id, "confirmed")
    happened += [VoucherDelivered(voucher_id, number)]
    move(connection, voucher, VoucherState.DELIVERED, number)
    close_all(connection, voucher_id)
    happened += freed(connection, voucher_id)
    rings = leave(connection, person, "confirm", voucher.name, {"voucher_no": number}, happened)
    return Done(rings, f"{told(voucher)} is in Visma as no. {number}{came_back}")


def absent(connection: Connection, voucher_id: int, *, person: Person) -> Done:
    """End a doubt: the person has looked, Visma does not have it. It is sent again with the same reference."""
    need_reason(person, "to declare a voucher absent")
    voucher = in_doubt(connection, voucher_id, "declared absent")
    need_no_sign(connection, voucher_id)
    move(connection, voucher, VoucherState.APPROVED, None)
    close_all(connection, voucher_id)
    rings = leave(connection, person, "declare absent", voucher.name, {}, [VoucherAbsent((voucher_id,))])
    return Done(rings, f"{told(voucher)} is not in Visma and is sent again")

"""The bytes of the invented bank files."""

from ops.bank_writer import OcrAssignment, OcrPayment, OcrTransmission, write
from ops.demo.town import NOBODYS, SCHOOLS, TAXES, TownFile, TownPayment


def to_bytes(file: TownFile, number: int) -> bytes:
    """The file as the bank sends it; `number` is that of its transmission."""
    made_on = max(payment.booked_on for payment in file.payments)
    assignments = tuple(
        OcrAssignment(account, [_ocr(payment) for payment in on_account], made_on, place)
        for place, account in enumerate((TAXES, SCHOOLS, NOBODYS), start=1)
        if (on_account := [payment for payment in file.payments if payment.account == account])
    )
    return write(OcrTransmission(number, made_on, assignments))


def _ocr(payment: TownPayment) -> OcrPayment:
    """A reversal (type 18) goes out by its type and has no sign; a credit note has one."""
    return OcrPayment(
        type=int(payment.type),
        booked_on=payment.booked_on,
        amount=abs(payment.amount),
        kid=payment.kid,
        is_negative=payment.amount < 0 and payment.type != "18",
        value_on=payment.value_on,
        statement_ref=payment.statement_ref,
        reference=payment.reference,
        debit_account=payment.debit_account or "0" * 11,
    )

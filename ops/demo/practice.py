"""What a demo that is left running has for a person to do: a file with three payments that park, and a delivery that fails.

It comes after everything was held against the oracle, on a booked day of its own, so that a person can repair it, retry it,
and sign that day.
"""

from datetime import date

from sqlalchemy import Row, text

from ops.access import ALL_ROLES, Role
from ops.bank_writer import OcrAssignment, OcrPayment, OcrTransmission, write
from ops.demo import in_visma, waiting
from ops.demo.stack import Stack
from ops.demo.town import TAXES
from ops.repairs import Person, people
from pipeline.bankdays import next_bank_day
from schemas.money import kr

NAME = "TBOC-PRACTICE.DAT"
CLERK, ADMIN = "kari", "arne"
"""Who may sign in: a clerk, and who sends deliveries again."""
PASSWORD = "fjordvik-training"  # noqa: S105 - of a town that is invented, on the loopback
_SECONDS = 60.0
_PLAIN, _PARKED = 4, 3


def leave(stack: Stack) -> None:
    """Add two users, drop the file, and wait until three of its payments are parked and a voucher of it is refused."""
    setter_up = Person("demo", "training", ALL_ROLES)
    with stack.engine.begin() as connection:
        for name, roles in ((ADMIN, (Role.ADMIN, Role.OPERATOR)), (CLERK, (Role.CLERK, Role.OPERATOR))):
            people.add(connection, name, roles, PASSWORD, None, person=setter_up)
    with stack.engine.connect() as connection:
        cases = connection.execute(
            text(
                "SELECT c.kid, c.balance FROM kk2_case c WHERE c.account = :account AND c.state = 'open' AND c.balance > :least "
                "AND NOT EXISTS (SELECT FROM payment p WHERE p.case_id = c.id) ORDER BY c.id LIMIT :n"
            ),
            {"account": TAXES, "least": kr(300), "n": _PLAIN + _PARKED},
        ).all()
        last = connection.execute(text("SELECT max(booked_on) FROM payment")).scalar_one()
    day = next_bank_day(last)
    plain, parked = cases[:_PLAIN], cases[_PLAIN:]
    paid = [_paid(case, day, f"01071{n:05d}", case.kid) for n, case in enumerate(plain)]
    paid += [
        _paid(case, day, "0107199999", kid)
        for case, kid in zip(parked, (_swapped(parked[0].kid), "", "4100000000000"), strict=True)
    ]
    _refuse_the_next_voucher(stack)
    content = write(OcrTransmission(900, day, (OcrAssignment(TAXES, paid, day, 1),)))
    stack.drop(NAME, content)
    waiting.until(stack, lambda: _is_there(stack), seconds=_SECONDS, what=f"{NAME} waits for a person")


def _paid(case: Row[tuple[str, int]], day: date, reference: str, kid: str) -> OcrPayment:
    return OcrPayment(
        type=10,
        booked_on=day,
        amount=case.balance,
        kid=kid,
        statement_ref="0107100001",
        reference=reference[-9:],
    )


def _swapped(kid: str) -> str:
    """The KID with two neighbours that differ changed about, as people write it wrong."""
    at = next(n for n in range(len(kid) - 3, 0, -1) if kid[n] != kid[n + 1])
    return kid[:at] + kid[at + 1] + kid[at] + kid[at + 2 :]


def _refuse_the_next_voucher(stack: Stack) -> None:
    fault = {"kind": "period_closed", "operation": "RegisterVouchers", "times": 1, "period": ""}
    in_visma.post(stack.visma, "/faults", fault)


def _is_there(stack: Stack) -> bool:
    with stack.engine.connect() as connection:
        return bool(
            connection.execute(
                text(
                    "SELECT EXISTS (SELECT FROM voucher WHERE state = 'refused') AND :n = (SELECT count(*) FROM payment p "
                    "JOIN bank_file f ON f.id = p.file_id WHERE f.name = :name AND p.state = 'parked')"
                ),
                {"n": _PARKED, "name": NAME},
            ).scalar_one()
        )

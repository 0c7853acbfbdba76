"""What a transaction from Visma means, by its signs: ours, a movement, a correction, or a person's to judge."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from pipeline.ledger_payments import Claim, Sent, Standing, Told, TransactionFacts, apply
from pipeline.stage import Reason
from schemas.money import Money, kr
from schemas.transfer import LedgerTransaction, TransactionKind

DAY = date(2026, 3, 16)
OURS, OTHER, UNTOLD = ("OC", "WS-Inf"), ("BI", "KARI"), ("", "")
CLAIM = Claim(7, 70, has_setup=True, since=None)
SENT = Sent(5, *OURS, DAY, -kr(400), "F1")


PAID: Money = -kr(400)


def told(
    amount: Money = PAID,
    *,
    voucher_type: str = "BI",
    registrar: str = "KARI",
    kind: TransactionKind = TransactionKind.PAYMENT,
    day: date = DAY,
    invoice_no: str = "F1",
) -> LedgerTransaction:
    return LedgerTransaction(
        "T1", "100001", 1, voucher_type, registrar, "", day, amount, kind, invoice_no, ""
    )


def facts(
    transaction: LedgerTransaction,
    *,
    latest: Standing | None = None,
    in_place: Standing | None = None,
    is_ours: bool = False,
    sent: tuple[Sent, ...] = (),
    mirrors: bool = False,
    claim: Claim | None = CLAIM,
) -> TransactionFacts:
    return TransactionFacts(
        transaction, latest, in_place, is_ours, frozenset({"OC"}), frozenset({"WS-Inf"}), sent, mirrors, claim,
        in_shadow=False, shadowed=(),
    )  # fmt: skip


def standing(amount: Money = PAID, *, row: int = 3, version: int = 1, live: bool = True) -> Standing:
    return Standing(row, version, amount, DAY, "F1", 1, live)


def meaning(decided: Told | None) -> str:
    """In a word, what became of it."""
    assert decided is not None
    if decided.park is not None:
        return decided.park.reason.value
    return "ours" if decided.claim is None else "applied"


def expected(*, is_ours: bool, voucher_type: str, registrar: str, equal_line: bool) -> str:
    if is_ours:
        return "ours"
    if equal_line and voucher_type in ("OC", "") and registrar in ("WS-Inf", ""):
        return "voucher_under_way"
    return "half_ours" if voucher_type == "OC" or registrar == "WS-Inf" else "applied"


@pytest.mark.parametrize(
    ("is_ours", "voucher_type", "registrar", "equal_line"),
    list(product((True, False), ("OC", "BI", ""), ("WS-Inf", "KARI", ""), (True, False))),
)
def test_every_combination_of_our_signs_has_its_meaning(
    is_ours: bool, voucher_type: str, registrar: str, equal_line: bool
) -> None:
    transaction = told(voucher_type=voucher_type, registrar=registrar)

    decided = apply(facts(transaction, is_ours=is_ours, sent=(SENT,) if equal_line else ()))

    assert meaning(decided) == expected(
        is_ours=is_ours, voucher_type=voucher_type, registrar=registrar, equal_line=equal_line
    )
    assert decided is not None
    assert decided.asks == ((5,) if meaning(decided) == "voucher_under_way" else ())


@pytest.mark.parametrize(
    "other",
    [
        replace(told(), amount=kr(400)),
        replace(told(), amount=-kr(401)),
        replace(told(), day=DAY + timedelta(days=1)),
        replace(told(), invoice_no="F2"),
    ],
)
def test_a_line_with_another_amount_sign_day_or_invoice_is_no_evidence(other: LedgerTransaction) -> None:
    other = replace(other, voucher_type="", registrar="")

    assert meaning(apply(facts(other, sent=(SENT,)))) == "applied"


@pytest.mark.parametrize("kind", list(TransactionKind))
def test_each_kind_moves_the_principal_of_its_invoice(kind: TransactionKind) -> None:
    decided = apply(facts(told(kind=kind)))

    assert decided == Told(1, (), CLAIM, None, (), is_early=False)


def test_the_same_again_changes_nothing() -> None:
    assert apply(facts(told(), latest=standing())) is None


def test_another_amount_under_the_same_id_is_the_next_version() -> None:
    decided = apply(facts(told(-kr(300)), latest=standing(version=2)))

    assert decided == Told(3, (3,), CLAIM, None, (), is_early=False)


def test_another_id_on_the_same_line_takes_the_place_of_the_old_one() -> None:
    decided = apply(facts(told(-kr(300)), in_place=standing()))

    assert decided == Told(1, (3,), CLAIM, None, (), is_early=False)


def test_a_correction_of_ours_is_ours() -> None:
    ours = apply(facts(told(-kr(300)), latest=standing(), is_ours=True))

    assert (meaning(ours), ours and ours.supersedes) == ("ours", (3,))


def test_an_id_that_was_replaced_comes_again_as_an_echo_only() -> None:
    assert apply(facts(told(), latest=standing(live=False), in_place=standing(row=9))) is None
    assert apply(facts(told(-kr(300)), latest=standing(live=False), in_place=standing(row=9))) is None


@pytest.mark.parametrize("signs", [OURS, OTHER, UNTOLD])
def test_a_mirror_of_our_line_by_people_makes_the_invoice_owed_again(signs: tuple[str, str]) -> None:
    mirror = told(kr(400), kind=TransactionKind.REVERSAL, voucher_type=signs[0], registrar=signs[1])

    assert meaning(apply(facts(mirror, mirrors=True))) == "applied"
    assert meaning(apply(facts(mirror))) == ("half_ours" if signs == OURS else "applied")


def test_an_unknown_invoice_and_a_client_without_setup_wait() -> None:
    unknown = apply(facts(told(), claim=None))
    bare = apply(facts(told(), claim=CLAIM._replace(has_setup=False)))

    assert (meaning(unknown), meaning(bare)) == (Reason.UNKNOWN_INVOICE, Reason.NO_SETUP)
    assert unknown is not None
    assert unknown.park is not None
    assert unknown.park.note == (
        "payment of -400,00 kr in Visma's voucher 100001 on 2026-03-16 is on invoice F1, which no case has"
    )


def test_what_happened_before_an_earlier_transfer_is_in_its_amount() -> None:
    transferred = CLAIM._replace(since=DAY)

    early = apply(facts(told(day=DAY - timedelta(days=1)), claim=transferred))
    late = apply(facts(told(day=DAY), claim=transferred))

    assert early == Told(1, (), None, None, (), is_early=True)
    assert meaning(late) == "applied"


@pytest.mark.parametrize(
    ("days", "amount", "kind", "became"),
    [
        (7, PAID, TransactionKind.PAYMENT, "ours"),
        (-7, PAID, TransactionKind.PAYMENT, "ours"),
        (8, PAID, TransactionKind.PAYMENT, "half_ours"),
        (-8, PAID, TransactionKind.PAYMENT, "half_ours"),
        (0, PAID + 1, TransactionKind.PAYMENT, "half_ours"),
        (0, PAID, TransactionKind.CREDIT_NOTE, "applied"),
    ],
)
def test_in_shadow_mode_what_people_post_of_our_payments_within_a_week_moves_nothing_twice(
    days: int, amount: Money, kind: TransactionKind, became: str
) -> None:
    shadow = replace(facts(told(kind=kind)), in_shadow=True, shadowed=((amount, DAY + timedelta(days=days)),))

    assert meaning(apply(shadow)) == became

"""Small facts for the rules' tests, with what a test does not speak of filled in."""

from datetime import date

from pipeline.allocation import CaseFacts, CaseSplit, Incoming, Movement
from pipeline.posting import Group, PaymentPosting, SplitPosting, VoucherFacts, VoucherSum
from pipeline.rates import RATES, Rates
from schemas.case import KK2_ORDER, CaseState, CoverOrder, Kind, OpenItem, Waiver
from schemas.money import Money, kr
from schemas.setup import ClosedPeriodPolicy, Company, OverpaymentPolicy, ParkedPolicy, PostingAccounts

LEGAL_RATES = Rates(RATES)
DUE = date(2025, 3, 31)
"""When an invoice is due, and a fee or cost of it, where a test does not say."""

THRESHOLD = kr(210)
THOUSAND = kr(1000)

ACCOUNTS = PostingAccounts(
    bank="1920",
    interest="8050",
    costs="3930",
    fee="3940",
    suspense="2990",
    overpayment="2980",
    tax_code="0",
    dimensions=(),
)


def an_invoice(item_id: int, amount: Money, due_on: date = DUE) -> OpenItem:
    return OpenItem(item_id, Kind.PRINCIPAL, amount, due_on, f"F{item_id}")


def a_fee(item_id: int, amount: Money, due_on: date = DUE) -> OpenItem:
    return OpenItem(item_id, Kind.FEE, amount, due_on, "")


def a_cost(item_id: int, amount: Money, due_on: date = DUE) -> OpenItem:
    return OpenItem(item_id, Kind.COSTS, amount, due_on, "")


def a_payment(
    payment_id: int,
    amount: Money,
    on: date = DUE,
    *,
    reverses: int | None = None,
    order: CoverOrder = KK2_ORDER,
    threshold: Money = THRESHOLD,
    frozen: bool = False,
) -> Incoming:
    """A payment whose id is its line too."""
    return Incoming(payment_id, amount, on, on, 1, payment_id, reverses, order, threshold, frozen)


def a_case(
    *items: OpenItem,
    paid: tuple[Incoming, ...] = (),
    waived: tuple[Waiver, ...] = (),
    moved: tuple[Movement, ...] = (),
    state: CaseState = CaseState.OPEN,
    closed: bool = False,
) -> CaseFacts:
    return CaseFacts(7, "0221-00000038", state, items, waived, moved, paid, LEGAL_RATES, closed)


def parts(decision: CaseSplit, payment_id: int) -> dict[tuple[Kind, int | None], Money]:
    """What a payment covers, by kind and item."""
    return {(s.kind, s.item_id): s.amount for s in decision.splits if s.payment_id == payment_id}


def a_company(
    *,
    auto_approve: bool = True,
    limit_voucher: Money = 0,
    limit_day: Money = 0,
    closed_period_policy: ClosedPeriodPolicy = ClosedPeriodPolicy.PARK,
) -> Company:
    return Company(
        code="100",
        installation="main",
        name="Storvik kommune",
        voucher_type="KK",
        registrar="WS-Inf",
        approve_in_visma=True,
        division="1",
        accounts=ACCOUNTS,
        parked_policy=ParkedPolicy.SUSPENSE,
        closed_period_policy=closed_period_policy,
        auto_approve=auto_approve,
        limit_voucher=limit_voucher,
        limit_day=limit_day,
        four_eyes_limit=0,
        payments_per_voucher=500,
        posting=True,
    )


GROUP = Group("100", "99991042764", DUE, "0112345678")


def a_voucher_sum(payments: int, absolute: Money = THOUSAND) -> VoucherSum:
    return VoucherSum(GROUP, 1, 1, payments, absolute)


def a_split(
    kind: Kind,
    amount: Money,
    *,
    customer_no: str = "10001",
    policy: OverpaymentPolicy = OverpaymentPolicy.SUSPENSE,
) -> SplitPosting:
    return SplitPosting(1, kind, amount, customer_no, "F1", "12345678903", "1510", ACCOUNTS, policy)


def a_posting(payment_id: int, *splits: SplitPosting) -> PaymentPosting:
    return PaymentPosting(payment_id, splits)


def a_voucher(*payments: PaymentPosting, number: int = 1, of: int = 1) -> VoucherFacts:
    return VoucherFacts("K1-1-1", GROUP, number, of, DUE, payments)

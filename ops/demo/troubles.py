"""What can come with the bank's file, one method a trouble, each with a case of its own where it needs one."""

from dataclasses import dataclass, field

from ops.demo.days import Days
from ops.demo.inventing import Inventor, owed_on
from ops.demo.town import NOBODYS, SCHOOLS, TAXES, TownCase, TownPayment, case_kid, invoice_kid
from schemas.kid import Kid
from schemas.money import Money

_KR = 100


@dataclass(slots=True)
class Troubles:
    """`at` is the number of the file that a trouble comes with; what a later file needs of it is remembered."""

    inventor: Inventor
    part_paid: list[tuple[TownCase, tuple[TownPayment, ...]]] = field(default_factory=list)
    nearly_paid: list[tuple[TownCase, tuple[TownPayment, ...]]] = field(default_factory=list)
    paid: list[TownCase] = field(default_factory=list)
    to_take_back: list[tuple[TownCase, TownPayment]] = field(default_factory=list)
    twins: list[TownPayment] = field(default_factory=list)
    strangers: list[TownPayment] = field(default_factory=list)

    def paid_in_full(self, at: int) -> None:
        """All that is owed, with interest until the day of the money."""
        case = self.inventor.case()
        self._pay(self.inventor.days(at), case, self._any_kid(case), None, "in full")
        self.paid.append(case)

    def paid_in_part(self, at: int) -> None:
        """Less than is owed."""
        case = self.inventor.case()
        paid = self.pay_share(at, case, "in part")
        self.part_paid.append((case, (paid,)))

    def invoice_only(self, at: int) -> None:
        """Exactly one invoice, as it stands on its form: fee and interest stay open."""
        case = self.inventor.case()
        invoice = next(claim for claim in case.claims if claim.kid)
        self._pay(self.inventor.days(at), case, invoice.kid, invoice.amount, "one invoice")

    def two_on_one_case(self, at: int) -> None:
        """One payment with an invoice's KID, another with the case's own: the second covers all the rest."""
        case = self.inventor.case()
        invoice = next(claim for claim in case.claims if claim.kid)
        first = self._pay(
            self.inventor.days(at), case, invoice.kid, invoice.amount // 3 + 1, "two on one case"
        )
        self._pay(self.inventor.days(at, second=True), case, case.kid, None, "two on one case", paid=(first,))

    def three_on_one_case(self, at: int) -> None:
        """Three payments that together leave something open."""
        case = self.inventor.case(invoices=2)
        share = owed_on(case, (), self.inventor.days(at).booked_on) // 4
        for second in (False, True, True):
            self._pay(
                self.inventor.days(at, second=second), case, self._any_kid(case), share, "three on one case"
            )

    def overpaid(self, at: int) -> None:
        """Some kroner, or a whole instalment, too much."""
        case = self.inventor.case()
        days = self.inventor.days(at)
        more = self.inventor.random.choice((1, 50, 12_34, 100 * _KR, 750 * _KR))
        self._pay(days, case, self._any_kid(case), owed_on(case, (), days.interest_on) + more, "overpaid")

    def paid_twice_over(self, at: int) -> None:
        """In full, and in full once more a day later: the case is closed when the second one comes."""
        case = self.inventor.case()
        first = self._pay(self.inventor.days(at), case, case.kid, None, "in full")
        second = self.inventor.days(at, second=True)
        self._pay(second, case, self._any_kid(case), first.amount, "paid case")

    def paid_but_for_a_little(self, at: int) -> None:
        """A rest under the threshold: the case closes with it."""
        case = self.inventor.case()
        days = self.inventor.days(at)
        rest = self.inventor.random.randint(1 * _KR, 150 * _KR)
        paid = self._pay(days, case, case.kid, owed_on(case, (), days.interest_on) - rest, "but for a little")
        self.nearly_paid.append((case, (paid,)))

    def recalled(self, at: int) -> None:
        """The client took the claim back, the debtor pays all the same."""
        case = self.inventor.case()
        self._pay(self.inventor.days(at), case, self._any_kid(case), None, "recalled case")
        self.inventor.becomes(case, recalled=True)

    def merged(self, at: int) -> None:
        """The KID of a case that was merged into another: the money is the main case's."""
        main = self.inventor.case(invoices=2)
        other = self.inventor.case()
        while other.client is not main.client:
            other = self.inventor.case()
        self._pay(self.inventor.days(at), other, other.kid, 200 * _KR, "merged case")
        self.inventor.becomes(other, merged_into=main.case_no)

    def alike(self, at: int) -> None:
        """Two payments alike to the last digit in one file: both are real."""
        case = self.inventor.case(invoices=2)
        first = self._pay(self.inventor.days(at), case, case.kid, 150 * _KR, "two alike")
        self.inventor.again(at, first, "two alike")
        self.twins.append(first)

    def later_taken_back(self, at: int) -> None:
        """A payment like others, which a later file takes back."""
        case = self.inventor.case()
        full = self.inventor.random.random() < 0.5
        kid = self._any_kid(case)
        days = self.inventor.days(at)
        paid = (
            self._pay(days, case, kid, None, "taken back") if full else self.pay_share(at, case, "taken back")
        )
        self.to_take_back.append((case, paid))

    def unknown_kid(self, at: int) -> None:
        """A KID that passes its control and that no case has."""
        account = self.inventor.random.choice((TAXES, SCHOOLS))
        kid = case_kid(account, self.inventor.random.randrange(900_000, 999_999))
        self.strangers.append(self._stranger(at, account, kid, "unknown KID"))

    def failing_kid(self, at: int) -> None:
        """A KID with a wrong control digit, or of a length that the account does not have."""
        account = self.inventor.random.choice((TAXES, SCHOOLS))
        kid = invoice_kid(account, self.inventor.random.randrange(900_000, 999_999))
        wrong = kid[:-1] + str((int(kid[-1]) + 1) % 10) if self.inventor.random.random() < 0.8 else kid[1:-1]
        self._stranger(at, account, wrong, "failing KID")

    def nobodys_account(self, at: int) -> None:
        """Money for an account that no company has."""
        self._stranger(at, NOBODYS, case_kid(TAXES, 5), "unknown account")

    # --- what a later file brings ---

    def pays_on(self, at: int) -> None:
        """The next instalment on a case that was paid in part."""
        case, paid = self.part_paid.pop(0)
        self.pay_share(at, case, "next instalment", paid)

    def pays_the_rest(self, at: int) -> None:
        """The rest of a case that closed with it, which settles."""
        case, paid = self.nearly_paid.pop(0)
        self._pay(self.inventor.days(at), case, case.kid, None, "rest of a closed case", paid=paid)

    def pays_a_paid_case(self, at: int) -> None:
        """Money on a case on which nothing is owed."""
        case = self.paid.pop(0)
        self._pay(self.inventor.days(at), case, self._any_kid(case), 321 * _KR, "paid case")

    def takes_back(self, at: int, how: str, *, pays_again: bool) -> None:
        """A reversal (`how` "18") or a credit note ("-"); the debtor may pay again a day later."""
        case, paid = self.to_take_back.pop(0)
        self.inventor.take_back(at, paid, how, "reversal" if how == "18" else "credit note")
        if pays_again:
            days = self.inventor.days(at, second=True)
            self._pay(days, case, case.kid, owed_on(case, (), days.interest_on) // 2, "pays again")

    def takes_back_too_little(self, at: int) -> None:
        """A credit note of a part of a payment: for a person."""
        _, paid = self.to_take_back.pop(0)
        self.inventor.take_back(at, paid, "-", "part of an original", paid.amount // 2)

    def takes_back_one_of_two(self, at: int) -> None:
        """A reversal that fits two payments alike: for a person."""
        self.inventor.take_back(at, self.twins.pop(0), "18", "one of two originals")

    def takes_back_a_strangers(self, at: int) -> None:
        """A credit note of a payment that itself waits for a person."""
        self.inventor.take_back(at, self.strangers.pop(0), "-", "original is parked")

    def comes_again(self, at: int) -> None:
        """A payment of an earlier file once more, alike to the last digit: held."""
        self.inventor.again(at, self.inventor.drafts[0].payment, "twin of an earlier file")

    # --- how money comes ---

    def _any_kid(self, case: TownCase) -> Kid:
        kids = [kid for kid in (case.kid, *(claim.kid for claim in case.claims)) if kid]
        return self.inventor.random.choice(kids)

    def _pay(
        self,
        days: Days,
        case: TownCase,
        kid: Kid,
        amount: Money | None,
        role: str,
        *,
        paid: tuple[TownPayment, ...] = (),
    ) -> TownPayment:
        """Pay `amount`, or None for all that is owed after `paid`."""
        owed = owed_on(case, paid, days.interest_on) if amount is None else amount
        return self.inventor.pay(days, case.client.ocr_account, kid, owed, role)

    def pay_share(
        self, at: int, case: TownCase, role: str, paid: tuple[TownPayment, ...] = ()
    ) -> TownPayment:
        """Pay a share of what is owed after `paid`."""
        days = self.inventor.days(at)
        owed = owed_on(case, paid, days.interest_on)
        share = owed * self.inventor.random.randint(30, 70) // 100
        return self._pay(days, case, self._any_kid(case), share, role)

    def _stranger(self, at: int, account: str, kid: Kid, role: str) -> TownPayment:
        self.inventor.bundle += 1
        amount = self.inventor.random.randint(100_00, 3_000_00)
        return self.inventor.pay(self.inventor.days(at), account, kid, amount, role)

"""What begins in Visma's proposal, what its own people book, and what it has otherwise than we; one method each."""

from dataclasses import dataclass

from ops.demo.troubles import Troubles


@dataclass(slots=True)
class TroublesThere:
    """Each with a case of its own; some go on where the bank's file has begun."""

    troubles: Troubles

    def ready_and_paid(self, at: int) -> None:
        """A case that the import opens; the debtor pays a share with the invoice's KID."""
        self.troubles.pay_share(at, self.troubles.inventor.ready(), "case of the morning")

    def ready(self, _: int) -> None:
        """A case that the import opens, on which the bank brings nothing."""
        self.troubles.inventor.ready()

    def paid_there(self, _: int) -> None:
        """A debtor pays the municipality itself, a part or all of the invoice."""
        case = self.troubles.inventor.ready()
        whole = case.claims[0].amount
        self.troubles.inventor.booked_there(
            case, "payment", -self.troubles.inventor.random.choice((whole, whole // 2, whole // 3))
        )

    def paid_on_both_sides(self, _: int) -> None:
        """After a part came with the bank's file, some more is paid to the municipality itself."""
        case, _paid = self.troubles.part_paid.pop()
        self.troubles.inventor.booked_there(case, "payment", -50_00)

    def credited_there(self, _: int) -> None:
        """A credit note of more than the invoice has open: the rest is a credit on it."""
        case = self.troubles.inventor.ready()
        self.troubles.inventor.booked_there(case, "credit_note", -(case.claims[0].amount + 75_00))

    def written_off_there(self, _: int) -> None:
        """The invoice is written off in Visma: fee and interest stay with us."""
        case = self.troubles.inventor.ready()
        self.troubles.inventor.booked_there(case, "write_off", -case.claims[0].amount)

    def corrected_there(self, _: int) -> None:
        """A payment booked with a wrong amount, and corrected after it had come to us."""
        self.troubles.inventor.booked_there(
            self.troubles.inventor.ready(), "payment", -100_00, before=-120_00
        )

    def unknown_there(self, _: int) -> None:
        """A case of KK2's whose invoice Visma does not have."""
        self.troubles.inventor.unknown_there.add(self.troubles.inventor.case(invoices=1).case_no)

    def differs_there(self, _: int) -> None:
        """A case of KK2's whose invoice is another amount in Visma."""
        self.troubles.inventor.differs_there.add(self.troubles.inventor.case(invoices=1).case_no)

"""The menu: the pages of the console, and which of them a visitor is shown."""

from collections.abc import Collection

from ops.console.sessions import Visitor
from ops.desk.register import LISTINGS
from ops.desk.words import N_
from ops.support import READERS

Pages = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

NAVIGATION: Pages = (
    (
        N_("The day"),
        (("/", N_("Today")), ("/alarms", N_("Alarms")), ("/flow", N_("Flow")), ("/pictures", N_("Pictures"))),
    ),
    (
        N_("Money in"),
        (
            ("/files", N_("Files")),
            ("/payments", N_("Payments")),
            ("/parked", N_("Parked")),
            ("/rules", N_("Rules")),
            ("/overpayments", N_("Overpayments")),
            ("/cases", N_("Cases")),
            ("/limitation", N_("Limitation")),
        ),
    ),
    (
        N_("Money on"),
        (
            ("/proposals", N_("Proposals")),
            ("/booked", N_("Booked")),
            ("/vouchers", N_("Vouchers")),
            ("/failed", N_("Failed deliveries")),
            ("/reconciliation", N_("Reconciliation")),
        ),
    ),
    (
        N_("Behind it"),
        (
            ("/visma", N_("Visma")),
            ("/clients", N_("Clients")),
            ("/users", N_("Users")),
            ("/audit", N_("Audit")),
            ("/system", N_("System")),
        ),
    ),
)
"""The pages, as the menu has them; one whose path no route serves is left out."""


def menu(visitor: Visitor, routed: Collection[str]) -> Pages:
    """Give the entries that lead this visitor to a page, and not to a refusal."""
    shut = {each.path for each in LISTINGS.values() if not each.for_roles(visitor.roles)}
    shut |= {"/system"} if READERS.isdisjoint(visitor.roles) else set()
    found = (
        (title, tuple(page for page in pages if page[0] in routed and page[0] not in shut))
        for title, pages in NAVIGATION
    )
    return tuple((title, pages) for title, pages in found if pages)

"""The pages that are more than a list, one module for each area."""

from ops.console.pages import (
    cases,
    clients,
    files,
    parked,
    payments,
    proposals,
    reconciliation,
    rules,
    standing,
    visma,
    vouchers,
)

ROUTERS = (
    standing.router,
    cases.router,
    clients.router,
    files.router,
    proposals.router,
    parked.router,
    payments.router,
    reconciliation.router,
    rules.router,
    visma.router,
    vouchers.router,
)

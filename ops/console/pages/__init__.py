"""The pages that are more than a list, one module for each area."""

from ops.console.pages import (
    alarms,
    audit,
    cases,
    clients,
    files,
    overpayments,
    parked,
    payments,
    proposals,
    reconciliation,
    rules,
    standing,
    today,
    users,
    visma,
    vouchers,
)

ROUTERS = (
    standing.router,
    alarms.router,
    audit.router,
    cases.router,
    clients.router,
    files.router,
    proposals.router,
    overpayments.router,
    parked.router,
    payments.router,
    reconciliation.router,
    rules.router,
    today.router,
    users.router,
    visma.router,
    vouchers.router,
)

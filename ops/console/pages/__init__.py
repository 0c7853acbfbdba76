"""The pages that are more than a list, one module for each area."""

from ops.console.pages import cases, parked, payments, rules, standing, vouchers

ROUTERS = (cases.router, parked.router, payments.router, rules.router, standing.router, vouchers.router)

"""The pages that are more than a list, one module for each area."""

from ops.console.pages import cases, payments, standing, vouchers

ROUTERS = (cases.router, payments.router, standing.router, vouchers.router)

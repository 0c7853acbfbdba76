"""The pages that are more than a list, one module for each area."""

from ops.console.pages import payments, standing, vouchers

ROUTERS = (standing.router, payments.router, vouchers.router)

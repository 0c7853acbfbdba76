"""The pages that are more than a list, one module for each area."""

from ops.console.pages import payments, standing

ROUTERS = (standing.router, payments.router)

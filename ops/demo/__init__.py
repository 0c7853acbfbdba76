"""The guided demo of `make demo`, and the run of kills of `make demo-kill`: the product held against an oracle."""

from ops.demo.guided import run

__all__ = ["run"]

"""`kk2 guard`: sees what a person must know of, says so once to each receiver, and has the money checked by the clock."""

from ops.guard.rounds import Guard, run

__all__ = ["Guard", "run"]

"""The guided demo of `make demo`; `ops.demo.kill` is the run of kills. Both hold the product against an oracle."""

from pathlib import Path


def run(keep: bool, seed: int, folder: Path | None) -> int:
    """Run the demo; 0 if everything equals the oracle, else 1 with each difference named.

    `keep` leaves it running until Ctrl-C; `folder`, where given, is left behind with all that was made.
    """
    from ops.demo import guided  # the oracle alone needs neither servers nor Celery

    return guided.run(keep=keep, seed=seed, folder=folder)

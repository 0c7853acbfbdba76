"""Rehearse the faults that a site must survive: `kk2 drill` plays one on a training site, and proves that the money is right.

The site itself runs on: its supervisor, its workers, its simulated Visma. A drill strikes them from outside and touches no row.
"""

from ops.drill.bank import NotPlayedError
from ops.drill.ground import Ground
from ops.drill.playing import Result, play
from ops.drill.proving import Check
from ops.drill.table import DRILLS, Drill

__all__ = ["DRILLS", "Check", "Drill", "Ground", "NotPlayedError", "Result", "play"]

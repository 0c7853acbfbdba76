"""How the site is: who is alive by what has moved, what waits, what is in doubt; and the doctor's round."""

from ops.health.pulse import (
    Braked,
    Doubt,
    Health,
    Numbers,
    Pulse,
    QueuePulse,
    Sign,
    State,
    health,
    progress,
    pulses,
)

__all__ = [
    "Braked",
    "Doubt",
    "Health",
    "Numbers",
    "Pulse",
    "QueuePulse",
    "Sign",
    "State",
    "health",
    "progress",
    "pulses",
]

"""Faults of the whole: real processes of the whole stack, killed while money comes in."""

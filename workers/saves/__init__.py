"""Savers: what was decided for a batch, written in bulk inside the stage's one transaction."""

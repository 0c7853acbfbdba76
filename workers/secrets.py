"""Secrets by reference: `env:NAME` or `file:PATH`. The value goes to who needs it and nowhere else."""

import os
from pathlib import Path


class NoSuchSecretError(OSError):
    """A reference in the setup leads nowhere; the message names the reference, never a value."""


def resolve(reference: str) -> str:
    """Give the secret that a reference names; the empty reference is no secret. Raises `NoSuchSecretError`."""
    kind, _, name = reference.partition(":")
    if not reference:
        return ""
    if kind == "env" and name in os.environ:
        return os.environ[name]
    if kind == "file":
        try:
            return Path(name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise NoSuchSecretError(f"the secret {reference} can't be read: {error.strerror}") from None
    raise NoSuchSecretError(
        f"the secret {reference} is not there: expected env:NAME (set) or file:PATH (readable)"
    )

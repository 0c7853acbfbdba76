"""Texts for people are written in English where they belong, and marked, so that no translation of one can be missing."""


def N_(text: str) -> str:  # noqa: N802 - the name that extractors of texts know
    """Mark a text that is translated where it is shown."""
    return text

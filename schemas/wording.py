"""A number with its noun, as a sentence wants them."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Give `1 payment`, `2 payments`, and with a plural of its own `2 companies`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"

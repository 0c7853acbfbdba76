"""Damage to XML, whoever sent it: a byte, the end, an element or a tag. Each changes `raw` in place, by chance."""

import random
import re

BYTES = b"0123456789-+.,eE<>/&;=\"' \t\r\n\0\x85\xc3\xa5\xff\xfe"
ELEMENT = re.compile(rb"<([\w:]+)(?: [^<>]*)?>[^<>]*</\1>")
TAG = re.compile(rb"</?[\w:]+[^<>]*>")


def a_byte(raw: bytearray, chance: random.Random) -> None:
    raw[chance.randrange(len(raw))] = chance.choice(BYTES)


def cut(raw: bytearray, chance: random.Random) -> None:
    del raw[chance.randrange(len(raw)) :]


def an_element(raw: bytearray, chance: random.Random) -> None:
    """An element is left out, said twice, said elsewhere, or holds another."""
    elements = list(ELEMENT.finditer(raw))
    if not elements:
        return
    one, other = chance.choice(elements), chance.choice(elements)
    match chance.randrange(4):
        case 0:
            del raw[one.start() : one.end()]
        case 1:
            raw[one.end() : one.end()] = one[0]
        case 2:
            raw[other.end() : other.end()] = one[0]
        case _:
            raw[other.end() - 2 - len(other[1]) - 1 : other.end() - 2 - len(other[1]) - 1] = one[0]


def a_tag(raw: bytearray, chance: random.Random) -> None:
    tags = list(TAG.finditer(raw))
    if tags:
        one, other = chance.choice(tags), chance.choice(tags)
        raw[one.start() : one.end()] = other[0]

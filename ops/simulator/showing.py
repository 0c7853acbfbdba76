"""How the pages of the simulated Visma look: tables, links and the frame around them."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlencode

from ops.simulator.exchange import Leaving, Way

ROWS = 100


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts."""
    return raw_table(head, [[escape(cell) for cell in row] for row in rows])


_CLASSES = {"#": " class='number'", "~": " class='text'"}
"""How a column is shown, by the first character of its heading: numbers to the right, long texts wrapped."""


def raw_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already; a heading that begins with # is a column of numbers."""
    kinds = [_CLASSES.get(name[0], "") for name in head]
    headings = "".join(f"<th{kind}>{name.lstrip('#~')}</th>" for name, kind in zip(head, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table></div>"


def whole(text: str, otherwise: int) -> int:
    """A whole number of an address, or what stands for none."""
    return int(text) if text.isdecimal() and len(text) < 19 else otherwise


def older(path: str, where: Mapping[str, str], places: Sequence[int], label: str) -> str:
    """A link to what comes behind a full page, "" where nothing may."""
    if len(places) < ROWS:
        return ""
    return f"<p><a href='{path}?{urlencode({**where, 'before': places[-1]})}'>{label}</a></p>"


def html(title: str, body: str, status: int = 200) -> Leaving:
    """A page."""
    template = Template((files("ops.simulator") / "page.html").read_text("utf-8"))
    shown = template.substitute(title=escape(title), body=body)
    return Leaving(status, "text/html; charset=utf-8", shown.encode(), Way.WHOLE)

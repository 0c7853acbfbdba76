"""Pictures drawn on the server: values in, SVG out. Colours are the style sheet's, and no picture speaks by colour alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 720, 200
_LEFT, _BELOW, _ABOVE = (
    36,
    24,
    22,
)  # beside: half the width of a day, so that the first and the last have room
_LABELS = 8  # under the bars: more would run into each other


@dataclass(frozen=True, slots=True)
class Bar:
    """A value and what stands under it. `written`: the value as people read it."""

    label: str
    value: float
    written: str


def bars(title: str, values: Sequence[Bar]) -> Markup:
    """A column for each value; the largest and the last have their value written above."""
    if not values:
        return Markup("")
    most = max((bar.value for bar in values), default=0) or 1
    step = (_WIDTH - 2 * _LEFT) / len(values)
    room = _HEIGHT - _BELOW - _ABOVE
    largest = max(range(len(values)), key=lambda n: values[n].value)
    every = -(-len(values) // _LABELS)
    parts = []
    for n, bar in enumerate(values):
        height = max(room * max(bar.value, 0) / most, 1 if bar.value else 0)
        left, top = _LEFT + n * step, _HEIGHT - _BELOW - height
        parts.append(
            f'<rect class="bar" x="{left + step * 0.1:.1f}" y="{top:.1f}" width="{step * 0.8:.1f}" height="{height:.1f}">'
            f"<title>{escape(bar.label)}: {escape(bar.written)}</title></rect>"
        )
        if (len(values) - 1 - n) % every == 0:
            parts.append(_text(left + step / 2, _HEIGHT - 7, bar.label, "middle"))
        if n == largest:
            parts.append(_text(left + step / 2, top - 6, bar.written, _anchor(n, len(values)), strong=True))
    base = f'<line class="base" x1="{_LEFT}" x2="{_WIDTH - _LEFT}" y1="{_HEIGHT - _BELOW}" y2="{_HEIGHT - _BELOW}"/>'
    return _picture(title, _HEIGHT, base + "".join(parts))


def shares(title: str, values: Sequence[Bar]) -> Markup:
    """A row for each value, as long as its part of the whole, with name and value written beside it."""
    if not values:
        return Markup("")
    most = max((abs(bar.value) for bar in values), default=0) or 1
    row = 30
    parts = []
    for n, bar in enumerate(values):
        top = n * row
        parts.append(_text(0, top + 19, bar.label, "start"))
        parts.append(
            f'<rect class="bar" x="170" y="{top + 5}" width="{max(330 * abs(bar.value) / most, 1):.1f}" height="20"/>'
        )
        parts.append(_text(_WIDTH - 4, top + 19, bar.written, "end", strong=True))
    return _picture(title, row * len(values), "".join(parts))


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the flow: where it stands (column and row, from 0), its name, lines of text, whether something waits in it."""

    name: str
    column: int
    row: int
    lines: tuple[str, ...]
    waits: bool
    link: str


_BOX_W, _BOX_H, _GAP_X, _GAP_Y = 150, 84, 40, 46


def flow(title: str, boxes: Sequence[Box], arrows: Sequence[tuple[str, str]]) -> Markup:
    """Boxes with arrows between them; an arrow goes from the right side of one to the left of the other, or around."""
    at = {box.name: box for box in boxes}
    parts = [
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>'
    ]
    parts += [_arrow(at[a], at[b]) for a, b in arrows if a != b]
    for box in boxes:
        x, y = _place(box)
        lines = "".join(_text(x + 12, y + 40 + 17 * n, line, "start") for n, line in enumerate(box.lines))
        parts.append(
            f'<a href="{escape(box.link)}"><rect class="box{" box-waits" if box.waits else ""}" x="{x}" y="{y}" '
            f'width="{_BOX_W}" height="{_BOX_H}" rx="6"/>{_text(x + 12, y + 21, box.name, "start", strong=True)}{lines}</a>'
        )
    rows = max(box.row for box in boxes) + 1
    columns = max(box.column for box in boxes) + 1
    return _picture(
        title, rows * (_BOX_H + _GAP_Y), "".join(parts), width=columns * (_BOX_W + _GAP_X) - _GAP_X + 4
    )


def _place(box: Box) -> tuple[int, int]:
    return 2 + box.column * (_BOX_W + _GAP_X), 20 + box.row * (_BOX_H + _GAP_Y)


def _arrow(a: Box, b: Box) -> str:
    (ax, ay), (bx, by) = _place(a), _place(b)
    if a.row == b.row and b.column == a.column + 1:
        path = f"M{ax + _BOX_W} {ay + _BOX_H / 2} L{bx - 2} {by + _BOX_H / 2}"
    elif a.row == b.row:  # over or under the boxes between
        over = ay - 14 if b.column > a.column else ay + _BOX_H + 16
        side = 0 if b.column > a.column else _BOX_H
        path = f"M{ax + _BOX_W / 2} {ay + side} C{ax + _BOX_W / 2} {over} {bx + _BOX_W / 2} {over} {bx + _BOX_W / 2} {by + side}"
    else:
        down = b.row > a.row
        path = f"M{ax + _BOX_W / 2} {ay + (_BOX_H if down else 0)} L{bx + _BOX_W / 2} {by + (-2 if down else _BOX_H + 2)}"
    return f'<path class="arrow" d="{path}" marker-end="url(#tip)"/>'


def _anchor(n: int, of: int) -> str:
    return "start" if n == 0 else "end" if n == of - 1 else "middle"


def _text(x: float, y: float, words: str, anchor: str, *, strong: bool = False) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{" class=strong" if strong else ""}>{escape(words)}</text>'


def _picture(title: str, height: int, inner: str, width: int = _WIDTH) -> Markup:
    # The figures stand in a table beside it: for who cannot see the picture its title is enough. One with links is a group of them.
    role = "group" if "<a " in inner else "img"
    return Markup(  # noqa: S704 - every word in it was escaped where it was put in
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="{role}" '
        f'aria-label="{escape(title)}">{inner}</svg>'
    )

"""Charts as geometry: numbers in, coordinates of an SVG drawing out. Templates only write them down.

Pure functions. Coordinates are rounded to hundredths of a pixel: the same numbers give the same bytes.
Counts are integers and amounts decimals; both are ≥ 0, ValueError otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

Number = int | Decimal

THINNEST = Fraction(2)
"""Pixels that a part above zero gets at least: one failed row in a million is still seen."""


@dataclass(frozen=True)
class Point:
    """A place in the drawing, in pixels from its upper left corner."""

    x: float
    y: float

    def __str__(self) -> str:
        return f"{self.x:g},{self.y:g}"


@dataclass(frozen=True)
class Sparkline:
    """A line over equal steps. `dots` are its points, oldest first; `peak` is the number at its top."""

    width: int
    height: int
    dots: tuple[Point, ...]
    peak: Number

    @property
    def points(self) -> str:
        """For `<polyline points>`."""
        return " ".join(str(dot) for dot in self.dots)

    @property
    def area(self) -> str:
        """For `<polygon points>`: the line closed along the bottom; empty without dots."""
        if not self.dots:
            return ""
        first, last = self.dots[0], self.dots[-1]
        return f"{Point(first.x, self.height)} {self.points} {Point(last.x, self.height)}"

    @property
    def last(self) -> Point | None:
        """The newest point, which the page marks."""
        return self.dots[-1] if self.dots else None


@dataclass(frozen=True)
class Segment:
    """One part of a bar: `kind` names its colour and legend entry."""

    kind: str
    amount: Number
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """A horizontal bar of parts beside each other; parts of zero have no segment."""

    width: int
    height: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Stage:
    """One stage of a funnel: a centred block whose width is its share of the first stage."""

    kind: str
    amount: Number
    x: float
    y: float
    width: float
    height: float
    link: str
    """For `<polygon points>`: the slope to the next stage; empty for the last."""


@dataclass(frozen=True)
class Funnel:
    """Stages from top to bottom, none wider than the one before."""

    width: int
    height: int
    stages: tuple[Stage, ...]


def sparkline(values: Sequence[Number], width: int = 120, height: int = 28) -> Sparkline:
    """Counts of successive nights, oldest first. Zero is the bottom, the largest the top; all zero: flat.

    A single value stands at the right end, where tonight is.
    """
    _refuse_negative(values)
    peak = max(values, default=0)
    edge = 3
    step = Fraction(width - 2 * edge, max(len(values) - 1, 1))
    start = Fraction(width - edge) - step * (len(values) - 1)
    dots = tuple(
        Point(_pixel(start + step * i), _pixel(height - edge - _scaled(value, peak, height - 2 * edge)))
        for i, value in enumerate(values)
    )
    return Sparkline(width, height, dots, peak)


def bar(parts: Sequence[tuple[str, Number]], width: int = 200, height: int = 10) -> Bar:
    """Parts of a whole, in the order given. A part above zero is never thinner than `THINNEST`.

    The widest part loses the width that thin parts gain, so that the bar stays full. All zero: no segments.
    A part below zero (quarantined payments may be: that is why they are there) has no length; its number
    stands beside.
    """
    shown = [(kind, amount) for kind, amount in parts if amount > 0]
    widths = _widths([amount for _, amount in shown], Fraction(width))
    starts = [sum(widths[:i], Fraction(0)) for i in range(len(widths))]
    return Bar(
        width,
        height,
        tuple(
            Segment(kind, amount, _pixel(x), _pixel(w))
            for (kind, amount), x, w in zip(shown, starts, widths, strict=True)
        ),
    )


def share_bar(part: Number, whole: Number, kind: str, width: int = 72, height: int = 6) -> Bar:
    """One part against the rest of its whole (`rest`). ValueError if the part is larger than the whole."""
    if part > whole:
        raise ValueError(f"a part of {part} is larger than its whole of {whole}")
    return bar(((kind, part), ("rest", whole - part)), width, height)


def funnel(stages: Sequence[tuple[str, Number]], width: int = 320, step: int = 46) -> Funnel:
    """The part of the first number left after each step. ValueError if a stage exceeds the one before."""
    amounts = [amount for _, amount in stages]
    _refuse_negative(amounts)
    if any(later > earlier for earlier, later in pairwise(amounts)):
        raise ValueError(f"a funnel cannot widen: {amounts}")
    widths = [_scaled(amount, amounts[0], width) for amount in amounts]
    drawn = tuple(_stage(kind, amount, i, widths, width, step) for i, (kind, amount) in enumerate(stages))
    return Funnel(width, step * len(stages), drawn)


def _stage(kind: str, amount: Number, i: int, widths: list[Fraction], width: int, step: int) -> Stage:
    block = 30
    top, bottom = i * step, i * step + block
    left = (width - widths[i]) / 2
    link = ""
    if i + 1 < len(widths):
        below = (width - widths[i + 1]) / 2
        end = top + step
        corners = ((left, bottom), (left + widths[i], bottom), (width - below, end), (below, end))
        link = " ".join(str(Point(_pixel(Fraction(x)), float(y))) for x, y in corners)
    return Stage(kind, amount, _pixel(left), float(top), _pixel(widths[i]), float(block), link)


def _widths(amounts: list[Number], width: Fraction) -> list[Fraction]:
    if not amounts:
        return []
    total = sum(amounts)
    widths = [max(_scaled(amount, total, width), THINNEST) for amount in amounts]
    widest = widths.index(max(widths))
    widths[widest] -= sum(widths) - width
    return widths


def _scaled(value: Number, peak: Number, length: int | Fraction) -> Fraction:
    return Fraction(value) / Fraction(peak) * length if peak > 0 else Fraction(0)


def _pixel(x: Fraction) -> float:
    return round(float(x), 2)


def _refuse_negative(values: Sequence[Number]) -> None:
    if any(value < 0 for value in values):
        raise ValueError(f"a chart shows numbers from 0 up: {list(values)}")

"""How numbers are written: the rules of the APA manual (7th edition, sections 6.36 and 6.44)."""

from __future__ import annotations

from math import isfinite, nan

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EM DASH}"
"""Printed where a number does not exist."""


def number(value: float, decimals: int = 2, *, bounded: bool = False) -> str:
    """Write a number with a true minus sign.

    Parameters
    ----------
    value : float
        NaN and infinities are written as a dash.
    decimals : int
        Places after the point. A number that rounds to zero carries no sign.
    bounded : bool
        Whether the quantity cannot exceed 1 in absolute value by its definition (alpha, a correlation, p); it is then
        written without a leading zero.
    """
    if not isfinite(value):
        return NOTHING
    text = f"{abs(value):.{decimals}f}"
    if bounded and text.startswith("0."):
        text = text[1:]
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return f"{MINUS}{text}" if negative else text


def share(value: float) -> str:
    """Write a quantity bounded by 1: ``.84``."""
    return number(value, bounded=True)


def signed(value: float) -> str:
    """Write a difference with its sign: ``+0.31``."""
    text = number(value)
    return f"+{text}" if isfinite(value) and value > 0 and text.strip("0.") else text


def percent(value: float) -> str:
    """Write a share of 1 as whole per cent: 0.214 becomes ``21%``; a share that is not zero never reads ``0%``."""
    if not isfinite(value):
        return NOTHING
    if 0 < value < 0.005:
        return "<1%"
    return f"{number(100 * value, 0)}%"


def p_value(value: float) -> str:
    """Write a probability to three places: ``.034``, or ``< .001``."""
    if not isfinite(value):
        return NOTHING
    return "< .001" if value < 0.001 else number(value, 3, bounded=True)


def p_phrase(value: float) -> str:
    """Write a probability as running text: ``p = .034`` or ``p < .001``."""
    text = p_value(value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def interval(low: float, high: float, decimals: int = 2, *, bounded: bool = False) -> str:
    """Write an interval in brackets: ``[.78, .89]``; a dash if neither end exists."""
    if not (isfinite(low) or isfinite(high)):
        return NOTHING
    return f"[{number(low, decimals, bounded=bounded)}, {number(high, decimals, bounded=bounded)}]"


def count(value: float = nan) -> str:
    """Write a number of people or answers: ``1,204``."""
    return f"{int(value):,}" if isfinite(value) else NOTHING

"""How many raters, items or occasions it takes: the Spearman-Brown formula and its relatives."""

from __future__ import annotations

from math import ceil, inf, sqrt

from coachresearch.core.errors import EstimationError


def stepped_up(reliability: float, times: float) -> float:
    """Reliability of a measure that is `times` as long (Spearman, 1910; Brown, 1910, Brit. J. Psychol. 3)."""
    if times <= 0:
        raise EstimationError(f"A measure cannot be {times} times as long", remedy="Use a number above 0.")
    return times * reliability / (1 + (times - 1) * reliability)


def length_needed(reliability: float, wanted: float) -> float:
    """How many times as long a measure must be for the reliability `wanted`; infinite if it has none to begin with."""
    if not 0 < wanted < 1:
        raise EstimationError(f"The reliability {wanted} was asked for", remedy="It lies between 0 and 1.")
    if reliability <= 0:
        return inf
    return wanted * (1 - reliability) / (reliability * (1 - wanted))


def raters_needed(single: float, wanted: float = 0.70) -> int | None:
    """Fewest raters whose mean reaches the reliability `wanted`, from that of a single one; None if no number does."""
    times = length_needed(single, wanted)
    return None if times == inf else max(1, ceil(times - 1e-9))


def disattenuated(r: float, reliability: float, other: float) -> float:
    """Correlation of two true scores from that of the observed ones (Spearman, 1904, Am. J. Psychol. 15, 72-101).

    Beyond 1 the three numbers contradict each other; it is returned as it is.
    """
    if not (0 < reliability <= 1 and 0 < other <= 1):
        raise EstimationError(f"The reliabilities are {reliability} and {other}",
                              remedy="Each lies above 0 and is at most 1.")
    return r / sqrt(reliability * other)

"""One number with all that is needed to quote it."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimated quantity, never rounded.

    Parameters
    ----------
    term : str
        What is estimated: ``alpha``, ``hedges_g``, ``mean`` ...
    group : str
        Whom or what it is about: an arm, an item, ``coached - comparison``; empty for the whole.
    estimate, std_error, statistic, df, p_value, conf_low, conf_high : float
        NaN where a quantity is not defined or was not asked for.
    conf_level : float
        Level of the interval, 0.95 rather than 95; NaN without an interval.
    n : int
        Number of units (the unit is named by the result) behind the number.
    method : str
        Code of the method; its sentence and source stand in the message catalogue under ``method.<code>``.
    """

    term: str
    estimate: float
    group: str = ""
    std_error: float = nan
    statistic: float = nan
    df: float = nan
    p_value: float = nan
    conf_low: float = nan
    conf_high: float = nan
    conf_level: float = nan
    n: int = 0
    method: str = ""

"""How each estimated term is written. Labels stand in the message catalogue (``label.<term>``)."""

from __future__ import annotations

from typing import Literal

from coachresearch.core.estimate import Estimate
from coachresearch.display import numbers

Style = Literal["plain", "bounded", "percent", "count"]

_BOUNDED = frozenset({
    "alpha", "alpha_standardised", "alpha_if_dropped", "omega_total", "omega", "omega_h", "item_total_r", "loading",
    "r", "rho", "icc", "icc1", "icc2", "rwg", "kappa", "cfi", "tli", "rmsea", "srmr", "r_squared", "retest_r",
    "correlation", "prob_superiority", "reliability", "lambda", "communality", "pre_post_r",
    "kmo", "smc", "factor_r", "determinacy", "congruence", "guttman_2", "guttman_6", "omega_hierarchical", "composite",
    "ave", "htmt", "htmt2", "glb", "kappa_weighted", "kappa_fleiss", "ac1", "ac2", "krippendorff", "rwg_j",
    "random_correlation", "wave_correlation", "wave_autocorrelation", "r2_marginal", "r2_conditional",
})
_PERCENT = frozenset({
    "missing_share", "floor", "ceiling", "share_improved", "share_unchanged", "share_worse", "share",
    "flagged", "flagged_any", "false_alarm",
})
_COUNTS = frozenset({"n", "n_items", "n_factors", "n_components", "raters_needed"})


def style(term: str) -> Style:
    """How a term is written: plain, without a leading zero, as per cent, or as a count."""
    if term in _BOUNDED or term.startswith("loading_"):
        return "bounded"
    if term in _PERCENT:
        return "percent"
    return "count" if term in _COUNTS else "plain"


def written(term: str, value: float) -> str:
    """Write one value of a term."""
    how = style(term)
    if how == "percent":
        return numbers.percent(value)
    if how == "count":
        return numbers.count(value)
    return numbers.number(value, bounded=how == "bounded")


def written_interval(estimate: Estimate) -> str:
    """Write the interval of an estimate in the style of its term."""
    how = style(estimate.term)
    if how == "percent":
        ends = (numbers.percent(estimate.conf_low), numbers.percent(estimate.conf_high))
        return numbers.NOTHING if numbers.NOTHING in ends else f"[{ends[0]}, {ends[1]}]"
    return numbers.interval(estimate.conf_low, estimate.conf_high, bounded=how == "bounded")

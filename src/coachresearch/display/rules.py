"""Named cut-offs as data: a judgement always has an author and a year, and is applied after the estimation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of thumb from the literature, or one of our own.

    Parameters
    ----------
    code : str
        Name; its sentence is ``rule.<code>`` in the message catalogue.
    author, source : str
        Who proposed it, and where.
    year : int
        When.
    cuts : tuple of (float, str)
        Lower limits in rising order with the code of the word that applies from there upwards (``word.<code>``).
    below : str
        Code of the word below the first limit.
    absolute : bool
        Whether the size alone is judged, not the sign.
    needed : float
        The limit that a gate asks for; NaN if the rule only names sizes.
    lower_is_better : bool
        Whether `needed` is an upper limit.
    """

    code: str
    author: str
    year: int
    source: str
    cuts: tuple[tuple[float, str], ...]
    below: str
    absolute: bool = False
    needed: float = float("nan")
    lower_is_better: bool = False


_ALL = (
    Rule("cohen1988", "Cohen", 1988, "Statistical power analysis for the behavioral sciences (2nd ed.), sect. 2.2.3",
         ((0.2, "small"), (0.5, "medium"), (0.8, "large")), "very_small", absolute=True),
    Rule("nunnally1978", "Nunnally", 1978, "Psychometric theory (2nd ed.), pp. 245-246",
         ((0.70, "enough_early_research"), (0.80, "enough_research"), (0.90, "enough_individual")), "too_imprecise",
         needed=0.70),
    Rule("nunnally1978_basic", "Nunnally", 1978, "Psychometric theory (2nd ed.), pp. 245-246",
         ((0.80, "enough_research"), (0.90, "enough_individual")), "too_imprecise", needed=0.80),
    Rule("nunnally1978_individual", "Nunnally", 1978, "Psychometric theory (2nd ed.), pp. 245-246",
         ((0.90, "enough_individual"),), "too_imprecise", needed=0.90),
    Rule("nunnally_bernstein1994", "Nunnally & Bernstein", 1994, "Psychometric theory (3rd ed.), ch. 8",
         ((0.30, "item_fits"),), "item_stands_apart", needed=0.30),
    Rule("terwee2007", "Terwee et al.", 2007, "Journal of Clinical Epidemiology 60, 34-42",
         ((0.15, "crowded_end"),), "uncrowded_end", needed=0.15, lower_is_better=True),
    Rule("browne_cudeck1993", "Browne & Cudeck", 1993,
         "in Bollen & Long (eds.), Testing structural equation models, p. 144",
         ((0.05, "reasonable_fit"), (0.08, "doubtful_fit"), (0.10, "poor_fit")), "close_fit", needed=0.08,
         lower_is_better=True),
    Rule("koo_li2016", "Koo & Li", 2016, "Journal of Chiropractic Medicine 15, 155-163",
         ((0.50, "moderate"), (0.75, "good"), (0.90, "excellent")), "poor"),
    Rule("landis_koch1977", "Landis & Koch", 1977, "Biometrics 33, 159-174",
         ((0.0, "slight"), (0.21, "fair"), (0.41, "moderate"), (0.61, "substantial"), (0.81, "almost_perfect")),
         "poor"),
    Rule("lebreton_senter2008", "LeBreton & Senter", 2008, "Organizational Research Methods 11, 815-852",
         ((0.31, "weak"), (0.51, "moderate"), (0.71, "strong"), (0.91, "very_strong")), "lacking"),
    Rule("lebreton_senter2008_icc1", "LeBreton & Senter", 2008, "Organizational Research Methods 11, 815-852, p. 838",
         ((0.05, "raters_agree"),), "raters_do_not_agree", needed=0.05),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for rule in _ALL})
"""Every named rule by its code."""


def interpret(value: float, rule: str) -> str:
    """Return the code of the word that a rule has for a value; its word is ``word.<code>``.

    Parameters
    ----------
    value : float
        On the metric of the rule.
    rule : str
        Code of one of `RULES`.

    Raises
    ------
    KeyError
        If there is no such rule; the message lists what there is.
    ValueError
        If the value is not a number.
    """
    if rule not in RULES:
        raise KeyError(f"no rule {rule!r}; there are: {', '.join(RULES)}")
    if not isfinite(value):
        raise ValueError(f"rule {rule!r} cannot judge {value!r}")
    chosen = RULES[rule]
    size = abs(value) if chosen.absolute else value
    word = chosen.below
    for limit, name in chosen.cuts:
        if size >= limit:
            word = name
    return word

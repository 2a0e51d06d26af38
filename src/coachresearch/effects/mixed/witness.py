"""The same mixed model in R: a script for lme4, lmerTest and pbkrtest, its data, and the numbers to expect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.mixed import fixed as fixed_effects
from coachresearch.effects.mixed.model import MixedModel
from coachresearch.effects.mixed.random import Membership, Random, columns_of

if TYPE_CHECKING:
    import pandas as pd

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._]*\Z")
_DDF = {"satterthwaite": "Satterthwaite", "kenward_roger": "Kenward-Roger", "none": "lme4"}


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """A second program's way to the same numbers.

    Parameters
    ----------
    script : str
        R code that reads ``witness.csv`` from its folder and prints the coefficients and variances.
    data_csv : str
        Text of that file: the rows that were used, and the columns of the model alone.
    expected : tuple of Estimate
        Our numbers.
    """

    script: str
    data_csv: str
    expected: tuple[Estimate, ...]


def witness_mixed(model: MixedModel, frame: pd.DataFrame) -> Witness:
    """Write a mixed model as an R script.

    Parameters
    ----------
    model : MixedModel
    frame : pandas.DataFrame
        The frame that it was fitted to.

    Raises
    ------
    EstimationError
        For residual variances by stratum (which lme4 does not fit), several groups a row, or column names that R cannot
        read.
    """
    _check(model)
    named = dict.fromkeys([model.outcome, *fixed_effects.columns_of(model.fixed),
                           *(one for term in model.random for one in columns_of(term))])
    bad = [one for one in named if not _PLAIN.match(one)]
    if bad:
        raise EstimationError(f"R cannot read the column names {', '.join(map(repr, bad))}",
                              remedy="Use letters, digits, points and underscores, a letter first.")
    data = frame.iloc[model.rows][list(named)].reset_index(drop=True)
    lines = ["options(width = 200)",
             "library(lmerTest)" + ("; library(pbkrtest)" if model.df == "kenward_roger" else ""),
             'd <- read.csv("witness.csv", stringsAsFactors = FALSE)']
    words = dict(model.reference)
    for name in fixed_effects.columns_of(model.fixed):
        if name in words:
            lines.append(f'd${name} <- relevel(factor(d${name}), ref = "{words[name]}")')
    random = []
    for place, term in enumerate(model.random):
        if isinstance(term, Random):
            made, part = _random(term, place)
            lines += made
            random.append(part)
    terms = [term for term in fixed_effects.expand(model.fixed) if term != "1"]
    intercept = "1" if "0" not in model.fixed else "0"
    formula = " + ".join([intercept, *terms, *random])
    lines += [f"m <- lmer({model.outcome} ~ {formula}, data = d, REML = {'TRUE' if model.fit.reml else 'FALSE'},",
              '          control = lmerControl(optimizer = "bobyqa", calc.derivs = FALSE))',
              f'print(summary(m, ddf = "{_DDF[model.df]}")$coefficients, digits = 10)',
              "print(as.data.frame(VarCorr(m)), digits = 10)", "print(logLik(m), digits = 12)"]
    return Witness("\n".join(lines) + "\n", data.to_csv(index=False), model.estimates)


def _check(model: MixedModel) -> None:
    if model.residual_by:
        raise EstimationError("lme4 fits one residual variance; this model has several",
                              remedy="nlme::lme with weights = varIdent is the way in R; no script is written for it.")
    if any(isinstance(term, Membership) for term in model.random):
        raise EstimationError("lme4 has no random term for several groups a row",
                              remedy="No script is written for multiple membership.")


def _random(term: Random, place: int) -> tuple[list[str], str]:
    """Lines that prepare a random term, and the term."""
    groups = (term.group,) if isinstance(term.group, str) else term.group
    name, lines = f"g{place + 1}", []
    lines.append(f"d${name} <- interaction({', '.join(f'd${one}' for one in groups)}, drop = TRUE)"
                 if len(groups) > 1 else f"d${name} <- d${groups[0]}")
    effects = list(term.effects)
    if term.absent == "no_effect":
        lines += [f"d${name}_there <- as.numeric(!is.na(d${name}))",
                  f'd${name}[is.na(d${name})] <- d${name}[!is.na(d${name})][1]']
        effects = [f"{name}_there" if one == "1" else f"I({one} * {name}_there)" for one in effects]
    inside = (["0"] if "1" not in effects else ["1"]) + [one for one in effects if one != "1"]
    return lines, f"({' + '.join(inside)} {'|' if term.correlated else '||'} {name})"

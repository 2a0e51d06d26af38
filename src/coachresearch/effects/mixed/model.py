"""Linear mixed models: the door from a frame of people and waves to a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, Fault, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.mixed import fixed as fixed_effects
from coachresearch.effects.mixed import random as random_effects
from coachresearch.effects.mixed.factors import Factor, FloatArray, IntArray
from coachresearch.effects.mixed.fit import Fit, fit_arrays
from coachresearch.effects.mixed.freedom import Test, satterthwaite_test
from coachresearch.effects.mixed.kenward_roger import KenwardRoger, kenward_roger, kenward_roger_test
from coachresearch.effects.mixed.random import RandomTerm

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["reml", "ml"]
DegreesOfFreedom = Literal["satterthwaite", "kenward_roger", "none"]

_NAMED = 10
_SINGULAR = 1e-4
_DECREMENT = 1e-4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MixedModel(Result):
    """A fitted linear mixed model.

    The estimates hold the fixed effects under their own names (``time``, ``arm[coached]``), then ``random_sd`` and
    ``random_correlation`` (group ``person: intercept``), ``residual_sd`` and ``icc`` of each grouping where
    every random effect is an intercept (the share of the variance in rows that belong to all groupings).

    Parameters
    ----------
    fit : Fit
        The arrays behind it.
    names : tuple of str
        Fixed effects, in the order of ``fit.beta``.
    terms : tuple of (term, columns)
        Which fixed effects each term made.
    outcome : str
    random : tuple of Random or Membership
    fixed : tuple of str
    reference : tuple of (column, category)
    residual_by : str
        Column whose categories have residual variances of their own; empty if none.
    layers : tuple of str
        Those categories, in the order of ``fit.ratios``.
    df : {"satterthwaite", "kenward_roger", "none"}
    adjusted : KenwardRoger, optional
    conf_level : float
    rows : array (n) of int
        Positions of the rows that were used.
    """

    kind: ClassVar[str] = "mixed_model"

    fit: Fit
    names: tuple[str, ...]
    terms: tuple[tuple[str, tuple[int, ...]], ...]
    outcome: str
    fixed: tuple[str, ...]
    random: tuple[RandomTerm, ...]
    reference: tuple[tuple[str, str], ...]
    residual_by: str
    layers: tuple[str, ...]
    df: DegreesOfFreedom
    adjusted: KenwardRoger | None
    conf_level: float
    rows: IntArray

    @property
    def log_likelihood(self) -> float:
        """Log likelihood; the restricted one for a fit by REML."""
        return -self.fit.deviance / 2

    @property
    def n_parameters(self) -> int:
        """Fixed effects, covariance parameters and residual variances."""
        return len(self.fit.beta) + len(self.fit.theta) + len(self.fit.ratios)

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return self.fit.deviance + 2 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion with the number of rows, as usual among programs."""
        return float(self.fit.deviance + np.log(len(self.fit.y)) * self.n_parameters)

    @property
    def vcov(self) -> FloatArray:
        """Covariance of the fixed effects; adjusted where Kenward and Roger's method was asked for."""
        return self.fit.vcov if self.adjusted is None else self.adjusted.vcov

    @property
    def singular(self) -> bool:
        """Whether a covariance of random effects has lost a dimension."""
        return any(min(_shrunk(one, lam)) < _SINGULAR for one, lam in
                   zip(self.fit.factors, self.fit.relative, strict=True))

    @property
    def random_effects(self) -> pd.DataFrame:
        """Predicted random effects: ``group``, ``level``, ``effect``, ``estimate``, ``std_error``, ``n`` (rows).

        The standard error is the spread given the data, the fixed effects and the variances.
        """
        import pandas as pd

        parts = []
        for one, effects, given in zip(self.fit.factors, self.fit.effects, self.fit.given, strict=True):
            n = np.bincount(one.codes[one.codes >= 0], minlength=one.m)
            for place, effect in enumerate(one.effects):
                parts.append(pd.DataFrame({
                    "group": one.name, "level": list(one.levels), "effect": effect, "estimate": effects[:, place],
                    "std_error": np.sqrt(np.maximum(given[:, place, place], 0.0)), "n": n}))
        return pd.concat(parts, ignore_index=True)

    @property
    def fitted(self) -> FloatArray:
        """Fitted values, with the predicted random effects, one for each row used."""
        total = self.fit.X @ self.fit.beta
        for one, effects in zip(self.fit.factors, self.fit.effects, strict=True):
            total = total + one.matrix() @ effects.ravel()
        return total


def mixed_model(
    frame: pd.DataFrame,
    *,
    outcome: str,
    fixed: tuple[str, ...],
    random: tuple[RandomTerm, ...],
    method: Method = "reml",
    residual_by: str | None = None,
    reference: Mapping[str, str] | None = None,
    row_id: tuple[str, ...] = (),
    df: DegreesOfFreedom = "satterthwaite",
    conf_level: float = 0.95,
    title: str = "",
) -> MixedModel:
    """Fit a linear mixed model: people over waves, in teams, with coaches.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each observation (person and wave, rater and target).
    outcome : str
        Numeric column.
    fixed : tuple of str
        Columns, and products of columns ``a:b`` (``a*b`` adds both alone). An intercept is included; ``"0"`` leaves it
        out. Columns of words become 0/1 columns against their reference: ``arm[coached]``.
    random : tuple of Random or Membership
        Groupings with their random effects, nested or crossed in any way.
    method : {"reml", "ml"}
    residual_by : str, optional
        Column (an arm, a wave) whose categories have residual variances of their own.
    reference : mapping of str to str
        The category that each column of words is compared with.
    row_id : tuple of str
        Columns that together must name a row once (person and wave).
    df : {"satterthwaite", "kenward_roger", "none"}
        Degrees of freedom of the fixed effects; none means z.
    conf_level : float
    title : str

    Returns
    -------
    MixedModel

    Raises
    ------
    EstimationError
        For missing, non-numeric or infinite columns, repeated rows, an outcome that does not vary.
    NotIdentified
        For fixed effects that follow from each other, one group alone, or as many random effects as rows.
    NotConverged
        If no maximum of the likelihood was found.

    Notes
    -----
    Missing data: rows with a gap in a column of the model are left out and counted; the rest is used in full, which is
    right where the gaps depend on what was observed.

    References
    ----------
    Bates, Maechler, Bolker & Walker (2015), Journal of Statistical Software 67(1). Satterthwaite and Kenward-Roger:
    `freedom`, `kenward_roger`. Held against: lme4, lmerTest, pbkrtest and nlme.
    """
    given = dict(reference or {})
    complete, kept, n_gaps = _complete(frame, outcome, fixed, random, residual_by, row_id, method, df, conf_level)
    design = fixed_effects.fixed_design(complete, fixed, given)
    factors = random_effects.read_random(complete, random)
    random_effects.check_against_fixed(factors, design.X)
    layers, strata = _layers(complete, residual_by)
    fit = fit_arrays(design.X, complete[outcome].to_numpy(dtype=float), factors, reml=method == "reml", strata=strata)
    if not fit.decrement <= _DECREMENT:
        raise NotConverged(f"The likelihood has no maximum that {fit.steps} steps could reach",
                           remedy="Leave out a random slope or a correlation, or give the model more rows.")
    adjusted = kenward_roger(fit) if df == "kenward_roger" else None
    found = tuple(_fixed_estimates(fit, design.names, adjusted, df, conf_level)) + tuple(_variances(fit, layers))
    notes = [caution("mixed_missing_rows", n=n_gaps, of=len(frame))] if n_gaps else []
    notes += random_effects.group_cautions(factors) + _singular_cautions(fit)
    return MixedModel(
        title=title or outcome, estimates=found, method=f"mixed_{method}", cautions=tuple(notes), fit=fit,
        names=design.names, terms=design.terms, outcome=outcome, fixed=tuple(fixed), random=tuple(random),
        reference=tuple(given.items()), residual_by=residual_by or "", layers=layers, df=df, adjusted=adjusted,
        conf_level=conf_level, rows=kept)


def _complete(
    frame: pd.DataFrame, outcome: str, fixed: tuple[str, ...], random: tuple[RandomTerm, ...],
    residual_by: str | None, row_id: tuple[str, ...], method: str, df: str, conf_level: float,
) -> tuple[pd.DataFrame, IntArray, int]:
    """Check the frame and return its complete rows, their positions and the number left out."""
    faults = random_effects.faults_of_terms(random)
    for name, value, allowed in (("method", method, ("reml", "ml")),
                                 ("df", df, ("satterthwaite", "kenward_roger", "none"))):
        if value not in allowed:
            faults.append(Fault(f"{name} is {value!r}", remedy=f"It must be one of: {', '.join(allowed)}."))
    if not 0 < conf_level < 1:
        faults.append(Fault(f"conf_level is {conf_level:g}", remedy="It must lie between 0 and 1, for instance 0.95."))
    named = dict.fromkeys([outcome, *fixed_effects.columns_of(fixed), *([residual_by] if residual_by else []),
                           *row_id, *(one for term in random for one in random_effects.columns_of(term))])
    absent = [one for one in named if one not in frame.columns]
    if absent:
        faults.append(Fault(f"There is no column {', '.join(map(repr, absent))}",
                            remedy=f"Columns are: {', '.join(map(str, frame.columns))}."))
    faults += [] if absent else _column_faults(frame, outcome, fixed, row_id)
    if faults:
        raise EstimationError.of(faults)
    needed = list(dict.fromkeys([outcome, *fixed_effects.columns_of(fixed), *([residual_by] if residual_by else []),
                                 *(one for term in random for one in random_effects.must_be_there(term))]))
    whole = frame[needed].notna().all(axis=1).to_numpy()
    kept = np.flatnonzero(whole)
    if not len(kept):
        raise EstimationError("No row has every column of the model",
                              remedy=f"Columns needed: {', '.join(needed)}.")
    chosen = frame[list(named)]
    return (chosen if whole.all() else chosen.iloc[kept]).reset_index(drop=True), kept, len(frame) - len(kept)


def _column_faults(frame: pd.DataFrame, outcome: str, fixed: tuple[str, ...], row_id: tuple[str, ...]) -> list[Fault]:
    faults = []
    if getattr(frame[outcome].dtype, "kind", "O") not in "iufb":
        faults.append(Fault(f"The outcome {outcome!r} is of type {frame[outcome].dtype}, not a number",
                            remedy="Hand over scores."))
    for name in (outcome, *fixed_effects.columns_of(fixed)):
        if getattr(frame[name].dtype, "kind", "O") == "f" and np.isinf(frame[name].to_numpy(dtype=float)).any():
            faults.append(Fault(f"Column {name!r} holds an infinite value", remedy="Correct it, or leave it empty."))
    if row_id:
        repeated = frame[frame.duplicated(list(row_id), keep="first").to_numpy()]
        if len(repeated):
            shown = "; ".join(", ".join(map(str, row)) for row in repeated[list(row_id)].head(_NAMED).to_numpy())
            faults.append(Fault(f"{len(repeated)} rows repeat an earlier {' and '.join(row_id)}: {shown}",
                                remedy="Keep one row for each."))
    return faults


def _layers(frame: pd.DataFrame, residual_by: str | None) -> tuple[tuple[str, ...], IntArray]:
    import pandas as pd

    if residual_by is None:
        return (), np.zeros(len(frame), dtype=np.int64)
    codes, labels = pd.factorize(frame[residual_by].astype(str), sort=True)
    few = [str(label) for label, n in zip(labels, np.bincount(codes), strict=True) if n < 2]
    if few:
        raise EstimationError(f"One row alone in {residual_by} {', '.join(few)}, so it has no residual variance of its "
                              "own", remedy="Leave residual_by out, or join categories.")
    return tuple(str(one) for one in labels), np.asarray(codes, dtype=np.int64)


def test_of(model: MixedModel, contrasts: FloatArray, values: FloatArray) -> Test:
    """Test contrasts (c, p) of a model by the degrees of freedom that it was fitted with."""
    return _tested(model.fit, model.adjusted, model.df, contrasts, values)


def _tested(
    fit: Fit, adjusted: KenwardRoger | None, df: DegreesOfFreedom, contrasts: FloatArray, values: FloatArray
) -> Test:
    from scipy import stats

    if adjusted is not None:
        return kenward_roger_test(fit, adjusted, contrasts, values)
    if df == "satterthwaite":
        return satterthwaite_test(fit, contrasts, values)
    distance = contrasts @ fit.beta - values
    cov = contrasts @ fit.vcov @ contrasts.T
    q = len(contrasts)
    wald = float(distance @ np.linalg.solve(cov, distance))
    if q == 1:
        z = float(distance[0]) / float(np.sqrt(cov[0, 0]))
        return Test(float((contrasts @ fit.beta)[0]), float(np.sqrt(cov[0, 0])), z, 1, float("inf"),
                    2 * float(stats.norm.sf(abs(z))))
    return Test(float("nan"), float("nan"), wald / q, q, float("inf"), float(stats.chi2.sf(wald, q)))


def estimate_of(
    test: Test, *, term: str, group: str = "", n: int, conf_level: float, df: DegreesOfFreedom
) -> Estimate:
    """Return a test of one contrast as an estimate with its interval."""
    from scipy import stats

    finite = np.isfinite(test.df2)
    quantile = float(stats.t.isf((1 - conf_level) / 2, test.df2) if finite else stats.norm.isf((1 - conf_level) / 2))
    return Estimate(
        term=term, group=group, estimate=test.estimate, std_error=test.std_error, statistic=test.statistic,
        df=test.df2 if finite else float("nan"), p_value=test.p_value,
        conf_low=test.estimate - quantile * test.std_error, conf_high=test.estimate + quantile * test.std_error,
        conf_level=conf_level, n=n, method=f"mixed_df_{df}")


def _fixed_estimates(
    fit: Fit, names: tuple[str, ...], adjusted: KenwardRoger | None, df: DegreesOfFreedom, conf_level: float
) -> list[Estimate]:
    rows = np.eye(len(names))
    return [estimate_of(_tested(fit, adjusted, df, rows[place:place + 1], np.zeros(1)), term=name, n=len(fit.y),
                        conf_level=conf_level, df=df) for place, name in enumerate(names)]


def _variances(fit: Fit, layers: tuple[str, ...]) -> list[Estimate]:
    found = []
    for one, cov in zip(fit.factors, fit.covariances, strict=True):
        sd = np.sqrt(np.diag(cov))
        found += [Estimate("random_sd", float(sd[a]), group=f"{one.name}: {effect}", n=one.m)
                  for a, effect in enumerate(one.effects)]
        found += [Estimate("random_correlation", float(cov[a, b] / (sd[a] * sd[b])) if sd[a] * sd[b] > 0 else
                           float("nan"), group=f"{one.name}: {one.effects[b]}, {one.effects[a]}", n=one.m)
                  for a, b in one.pattern if a != b]
    residual = fit.sigma * np.sqrt(fit.ratios)
    found += [Estimate("residual_sd", float(value), group=layers[place] if layers else "",
                       n=int((fit.strata == place).sum())) for place, value in enumerate(residual)]
    return found + _shares(fit, layers)


def _shares(fit: Fit, layers: tuple[str, ...]) -> list[Estimate]:
    """Share of the variance between groups, where every grouping has an intercept only."""
    if layers or any(one.effects != ("intercept",) or not one.simple for one in fit.factors):
        return []
    between = [float(cov[0, 0]) for cov in fit.covariances]
    total = sum(between) + fit.sigma ** 2
    return [Estimate("icc", value / total, group=one.name, n=one.m)
            for one, value in zip(fit.factors, between, strict=True)]


def _shrunk(one: Factor, lam: FloatArray) -> FloatArray:
    """Diagonal of the relative factor in units of each effect's size."""
    return np.abs(np.diag(lam)) * one.scales()


def _singular_cautions(fit: Fit) -> list[Caution]:
    found = []
    for one, lam in zip(fit.factors, fit.relative, strict=True):
        sd = np.sqrt((lam ** 2).sum(1)) * one.scales()
        small = _shrunk(one, lam) < _SINGULAR
        for place, effect in enumerate(one.effects):
            if sd[place] < _SINGULAR:
                found.append(caution("mixed_singular_variance", group=one.name, effect=effect))
            elif small[place]:
                found.append(caution("mixed_singular_correlation", group=one.name, effect=effect))
    return found

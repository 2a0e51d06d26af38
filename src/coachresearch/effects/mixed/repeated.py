"""Repeated measures of people without random effects: the waves' covariance itself is estimated (MMRM)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError, NotConverged
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.mixed import fixed as fixed_effects
from coachresearch.effects.mixed.factors import FloatArray, IntArray
from coachresearch.effects.mixed.optimise import minimise

if TYPE_CHECKING:
    import pandas as pd

Covariance = Literal["unstructured", "ar1", "ar1_intercept"]

_STEP = 1e-5
_CURVE = 1e-4
_POLISHED = 1e-10
_DECREMENT = 1e-4
_FLAT = 1e-8
_NAMED = 10


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RepeatedMeasures(Result):
    """A linear model of repeated measures with a covariance among waves.

    The estimates hold the fixed effects under their names (Satterthwaite degrees of freedom), ``wave_sd`` of each wave
    and ``wave_correlation`` of each pair; for ``ar1`` ``wave_autocorrelation`` (one unit of time apart), and with an
    intercept ``random_sd`` and ``residual_sd``.

    Parameters
    ----------
    names : tuple of str
    beta, vcov : array (p), array (p, p)
    waves : tuple of float
    covariance : array (waves, waves)
    deviance : float
        Minus twice the (restricted) log likelihood.
    n_parameters : int
    n : int
        Rows used.
    """

    kind: ClassVar[str] = "repeated_measures"

    names: tuple[str, ...]
    beta: FloatArray
    vcov: FloatArray
    waves: tuple[float, ...]
    covariance: FloatArray
    deviance: float
    n_parameters: int
    n: int

    @property
    def log_likelihood(self) -> float:
        """Log likelihood; the restricted one for a fit by REML."""
        return -self.deviance / 2

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return self.deviance + 2 * self.n_parameters


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """People seen at the same waves: X (people, waves, p) and y (people, waves)."""

    waves: IntArray
    X: FloatArray
    y: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Value:
    deviance: float
    gradient: FloatArray
    beta: FloatArray
    vcov: FloatArray


class _Model:
    """The criterion as a function of the parameters of the covariance."""

    def __init__(self, groups: tuple[_Group, ...], waves: FloatArray, covariance: Covariance, reml: bool) -> None:
        self.groups, self.waves, self.kind, self.reml = groups, waves, covariance, reml
        self.n = sum(one.y.size for one in groups)
        self.p = groups[0].X.shape[2]
        self.lags = np.abs(waves[:, None] - waves)
        self.lower = np.tril_indices(len(waves))

    def sigma(self, psi: FloatArray) -> FloatArray:
        if self.kind == "unstructured":
            L = np.zeros((len(self.waves), len(self.waves)))
            L[self.lower] = psi
            return np.asarray(L @ L.T, dtype=np.float64)
        rho = self.autocorrelation(psi)
        power = np.where(self.lags % 2 == 1, np.sign(rho), 1.0) * np.abs(rho) ** self.lags
        shared = float(psi[2]) ** 2 if self.kind == "ar1_intercept" else 0.0
        return np.asarray(np.exp(2 * psi[0]) * power + shared, dtype=np.float64)

    def autocorrelation(self, psi: FloatArray) -> float:
        """Correlation one unit of time apart; negative only where all distances are whole numbers."""
        rho = float(np.tanh(psi[1]))
        return rho if (self.lags % 1 == 0).all() else (1 + rho) / 2

    def start(self, spread: float) -> FloatArray:
        W = len(self.waves)
        if self.kind == "unstructured":
            lower = np.linalg.cholesky(spread ** 2 * (0.5 * np.eye(W) + 0.5))
            return np.asarray(lower[self.lower], dtype=np.float64)
        return np.array([np.log(spread), 0.5] if self.kind == "ar1" else [np.log(0.8 * spread), 0.3, 0.6 * spread])

    def value(self, psi: FloatArray) -> _Value:
        sigma = self.sigma(psi)
        W, p = len(self.waves), self.p
        XX, Xy, yy, logs = np.zeros((p, p)), np.zeros(p), 0.0, 0.0
        solved = []
        for one in self.groups:
            V = sigma[np.ix_(one.waves, one.waves)]
            try:
                inverse = np.linalg.inv(V)
                lower = np.linalg.cholesky(V)
            except np.linalg.LinAlgError:
                return _Value(np.inf, np.zeros(len(psi)), Xy, XX)
            VX, Vy = inverse @ one.X, one.y @ inverse
            XX += np.einsum("iwp,iwq->pq", one.X, VX, optimize=True)
            Xy += np.einsum("iwp,iw->p", VX, one.y, optimize=True)
            yy += float(np.vdot(one.y, Vy))
            logs += len(one.y) * 2 * float(np.log(np.diag(lower)).sum())
            solved.append((inverse, VX, Vy))
        vcov = np.asarray(np.linalg.inv(XX), dtype=np.float64)
        beta = vcov @ Xy
        slope = np.zeros((W, W))
        for one, (inverse, VX, Vy) in zip(self.groups, solved, strict=True):
            rest = Vy - VX @ beta
            part = len(one.y) * inverse - rest.T @ rest
            if self.reml:
                part = part - np.einsum("iwp,pq,ivq->wv", VX, vcov, VX, optimize=True)
            slope[np.ix_(one.waves, one.waves)] += part
        rss = yy - float(Xy @ beta)
        nu = self.n - p if self.reml else self.n
        deviance = logs + nu * np.log(2 * np.pi) + rss
        if self.reml:
            deviance += float(np.linalg.slogdet(XX)[1])
        return _Value(float(deviance), self._chain(psi, slope), beta, vcov)

    def _chain(self, psi: FloatArray, slope: FloatArray) -> FloatArray:
        if self.kind == "unstructured":
            L = np.zeros_like(slope)
            L[self.lower] = psi
            return (2 * slope @ L)[self.lower]
        moved = [(self.sigma(psi + shift) - self.sigma(psi - shift)) / (2 * _STEP)
                 for shift in _STEP * np.eye(len(psi))]
        return np.array([float(np.sum(slope * one)) for one in moved])

    def __call__(self, points: FloatArray, _: IntArray) -> tuple[FloatArray, FloatArray]:
        found = [self.value(one) for one in points]
        return np.array([one.deviance for one in found]), np.array([one.gradient for one in found])


def repeated_measures(
    frame: pd.DataFrame,
    *,
    outcome: str,
    fixed: tuple[str, ...],
    person: str,
    wave: str,
    covariance: Covariance = "unstructured",
    method: Literal["reml", "ml"] = "reml",
    reference: Mapping[str, str] | None = None,
    conf_level: float = 0.95,
    title: str = "",
) -> RepeatedMeasures:
    """Fit a linear model of repeated measures with a covariance among the waves (MMRM).

    Parameters
    ----------
    frame : pandas.DataFrame
        One row for each person and wave.
    outcome : str
    fixed : tuple of str
        As in `model.mixed_model`.
    person, wave : str
        Columns; the wave is numeric, and for ``ar1`` its distances count.
    covariance : {"unstructured", "ar1", "ar1_intercept"}
        Every variance and correlation free; one variance and a correlation that falls with the distance in time; or
        the latter beside a level of each person.
    method : {"reml", "ml"}
    reference : mapping of str to str
    conf_level : float
    title : str

    Returns
    -------
    RepeatedMeasures

    Raises
    ------
    EstimationError
        For missing or non-numeric columns, repeated person and wave, or a pair of waves that nobody has both of.
    NotIdentified
        For fixed effects that follow from each other.
    NotConverged
        If no maximum of the likelihood was found.

    Notes
    -----
    Missing data: rows with gaps are left out and counted; people with some waves stay in with those.

    References
    ----------
    Fitzmaurice, Laird & Ware (2011), Applied Longitudinal Analysis, ch. 7. Mallinckrodt et al. (2008), Drug Information
    Journal 42, 303-319.
    """
    complete, n_gaps = _complete(frame, outcome, fixed, person, wave)
    design = fixed_effects.fixed_design(complete, fixed, dict(reference or {}))
    waves, at = np.unique(complete[wave].to_numpy(dtype=float), return_inverse=True)
    y = complete[outcome].to_numpy(dtype=float)
    groups = _groups(complete[person], at, design.X, y)
    if covariance == "unstructured":
        _check_pairs(groups, waves)
    model = _Model(groups, waves, covariance, method == "reml")
    spread = float(np.std(y - design.X @ np.linalg.lstsq(design.X, y, rcond=None)[0]))
    if spread <= 1e-10 * max(float(np.abs(y).max()), 1e-300):
        raise EstimationError("The outcome does not vary around the fixed effects",
                              remedy="There is nothing left to estimate.")
    psi, decrement, hessian = _search(model, model.start(spread))
    if decrement > _DECREMENT:
        raise NotConverged("The likelihood of the waves' covariance has no maximum that was reached",
                           remedy='Ask for covariance="ar1", or for fewer waves.')
    return _result(model, psi, hessian, design.names, title or outcome, n_gaps, len(frame), conf_level,
                   f"repeated_{covariance}")


def _complete(
    frame: pd.DataFrame, outcome: str, fixed: tuple[str, ...], person: str, wave: str
) -> tuple[pd.DataFrame, int]:
    named = list(dict.fromkeys([outcome, person, wave, *fixed_effects.columns_of(fixed)]))
    absent = [one for one in named if one not in frame.columns]
    if absent:
        raise EstimationError(f"There is no column {', '.join(map(repr, absent))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    for name in (outcome, wave):
        if getattr(frame[name].dtype, "kind", "O") not in "iuf":
            raise EstimationError(f"Column {name!r} is of type {frame[name].dtype}, not a number",
                                  remedy="Hand over numbers.")
        if np.isinf(frame[name].to_numpy(dtype=float)).any():
            raise EstimationError(f"Column {name!r} holds an infinite value", remedy="Correct it, or leave it empty.")
    complete = frame[named].dropna().reset_index(drop=True)
    if not len(complete):
        raise EstimationError("No row has every column of the model", remedy=f"Columns needed: {', '.join(named)}.")
    twice = complete[complete.duplicated([person, wave])]
    if len(twice):
        shown = "; ".join(", ".join(map(str, row)) for row in twice[[person, wave]].head(_NAMED).to_numpy())
        raise EstimationError(f"{len(twice)} rows repeat an earlier {person} and {wave}: {shown}",
                              remedy="Keep one row for each.")
    return complete, len(frame) - len(complete)


def _groups(person: pd.Series, at: IntArray, X: FloatArray, y: FloatArray) -> tuple[_Group, ...]:
    import pandas as pd

    codes = pd.factorize(person)[0]
    order = np.lexsort((at, codes))
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
    people = np.split(order, starts[1:])
    found: dict[tuple[int, ...], list[IntArray]] = {}
    for rows in people:
        found.setdefault(tuple(int(one) for one in at[rows]), []).append(rows)
    return tuple(_Group(np.array(seen), X[np.array(rows)], y[np.array(rows)]) for seen, rows in found.items())


def _check_pairs(groups: tuple[_Group, ...], waves: FloatArray) -> None:
    seen = np.zeros((len(waves), len(waves)), dtype=int)
    for one in groups:
        seen[np.ix_(one.waves, one.waves)] += len(one.y)
    empty = [f"{waves[b]:g} and {waves[a]:g}" for a in range(len(waves)) for b in range(a) if not seen[a, b]]
    if empty:
        raise EstimationError(f"Nobody has an outcome at both waves: {'; '.join(empty)}",
                              remedy='Their correlation cannot be told; ask for covariance="ar1".')


def _search(model: _Model, start: FloatArray) -> tuple[FloatArray, float, FloatArray]:
    psi = minimise(model, start[None]).point[0]
    for _ in range(4):
        shifts = _CURVE * np.abs(start).max() * np.eye(len(psi))
        slopes = [(model.value(psi + one).gradient - model.value(psi - one).gradient) / (2 * shifts[0, 0])
                  for one in shifts]
        hessian = np.array(slopes)
        hessian = (hessian + hessian.T) / 2
        here = model.value(psi)
        values, vectors = np.linalg.eigh(hessian)
        size = np.maximum(np.abs(values), _FLAT * float(np.abs(values).max()))
        turned = vectors.T @ here.gradient
        decrement = float(np.sum(turned ** 2 / size))
        if decrement < _POLISHED:
            break
        step = -vectors @ (turned / size)
        while model.value(psi + step).deviance > here.deviance + 1e-10 * abs(here.deviance):
            step = step / 4
        psi = psi + step
    return psi, decrement, hessian


def _result(
    model: _Model, psi: FloatArray, hessian: FloatArray, names: tuple[str, ...], title: str, n_gaps: int, n_all: int,
    conf_level: float, method: str,
) -> RepeatedMeasures:
    here = model.value(psi)
    step = _CURVE * max(float(np.abs(psi).max()), 1e-3)
    moves = np.array([(model.value(psi + shift).vcov - model.value(psi - shift).vcov) / (2 * step)
                      for shift in step * np.eye(len(psi))])
    values, vectors = np.linalg.eigh(hessian / 2)
    kept = values > _FLAT * float(values.max())
    spread = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    found = [_coefficient(name, place, here, moves, spread, conf_level, model.n) for place, name in enumerate(names)]
    sigma = model.sigma(psi)
    sd = np.sqrt(np.diag(sigma))
    people = sum(len(one.y) for one in model.groups)
    found += [Estimate("wave_sd", float(value), group=f"{model.waves[w]:g}", n=people) for w, value in enumerate(sd)]
    found += [Estimate("wave_correlation", float(sigma[a, b] / (sd[a] * sd[b])),
                       group=f"{model.waves[b]:g}, {model.waves[a]:g}", n=people)
              for b in range(len(sd)) for a in range(b + 1, len(sd))]
    if model.kind != "unstructured":
        found.append(Estimate("wave_autocorrelation", model.autocorrelation(psi), n=people))
    if model.kind == "ar1_intercept":
        found += [Estimate("random_sd", float(abs(psi[2])), n=people),
                  Estimate("residual_sd", float(np.exp(psi[0])), n=people)]
    notes = (caution("mixed_missing_rows", n=n_gaps, of=n_all),) if n_gaps else ()
    return RepeatedMeasures(
        title=title, estimates=tuple(found), method=method, cautions=notes, names=names, beta=here.beta,
        vcov=here.vcov, waves=tuple(float(one) for one in model.waves), covariance=sigma, deviance=here.deviance,
        n_parameters=len(names) + len(psi), n=model.n)


def _coefficient(
    name: str, place: int, here: _Value, moves: FloatArray, spread: FloatArray, conf_level: float, n: int
) -> Estimate:
    from scipy import stats

    variance = float(here.vcov[place, place])
    slope = moves[:, place, place]
    df = 2 * variance ** 2 / float(slope @ spread @ slope)
    error = variance ** 0.5
    t = float(here.beta[place]) / error
    width = float(stats.t.isf((1 - conf_level) / 2, df)) * error
    return Estimate(name, float(here.beta[place]), std_error=error, statistic=t, df=df,
                    p_value=2 * float(stats.t.sf(abs(t), df)), conf_low=float(here.beta[place]) - width,
                    conf_high=float(here.beta[place]) + width, conf_level=conf_level, n=n,
                    method="mixed_df_satterthwaite")

"""What a design hands on: an effect with its estimand, and the rows it was computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.clustered import cluster_robust
from coachresearch.effects.regression import LeastSquares, least_squares
from coachresearch.effects.sizes import FloatArray, with_t

if TYPE_CHECKING:
    import pandas as pd


_IN_POINTS = ("mean_change", "expected_regression", "change_beyond_regression", "ancova_difference",
              "change_difference", "post_difference", "baseline_constrained", "interaction", "effect_at",
              "dose_slope", "wedge_effect")
"""Terms in points of the scale, which may stand on one axis."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Effect(Result):
    """What a design found.

    Parameters
    ----------
    design : str
        Code of the design, as in `claims.design`.
    estimand : str
        Code of what the first estimate is an estimate of: ``aim.<code>`` in the message catalogue.
    recipe : tuple of (str, str)
        Names of the columns that were used, for `effects.witness`.
    """

    kind: ClassVar[str] = "effect"

    design: str
    estimand: str
    recipe: tuple[tuple[str, str], ...] = ()

    @property
    def main(self) -> Estimate:
        """The estimate of the estimand."""
        return self.estimates[0]

    @property
    def figure_frame(self) -> pd.DataFrame:
        """The estimates in the unit of the main one, with labels."""
        from coachresearch.display.text import label

        rows = self.frame
        rows = rows[rows["conf_low"].notna() & rows["term"].isin(_IN_POINTS)].copy()
        rows["label"] = [label(term) for term in rows["term"]]
        return rows


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Complete rows of two arms: outcome, whether coached, covariates, cluster."""

    outcome: FloatArray
    coached: FloatArray
    covariates: FloatArray
    names: tuple[str, ...]
    clusters: tuple[str, ...] | None
    kept: NDArray[np.bool_]
    n_left_out: int


def read_rows(
    frame: pd.DataFrame, *, outcome: str, arm: str, coached: str, comparison: str, covariates: Sequence[str] = (),
    cluster: str | None = None,
) -> Rows:
    """Check a frame of people and cut out the complete rows of two arms.

    Raises
    ------
    EstimationError
        For columns, arms or numbers that do not fit, or fewer than two complete rows in an arm.
    """
    named = [outcome, arm, *covariates, *([cluster] if cluster else [])]
    missing = [name for name in named if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    twice = frame.index[frame.index.duplicated()]
    if len(twice):
        raise EstimationError(f"{len(set(twice))} people have more than one row: {', '.join(map(str, twice[:10]))}",
                              remedy="Hand over one row a person.")
    labels = np.array(["" if gap else str(one) for one, gap in zip(frame[arm], frame[arm].isna(), strict=True)])
    absent = [one for one in (coached, comparison) if one not in labels]
    if absent or coached == comparison:
        raise EstimationError(f"Nobody is in arm {', '.join(map(repr, absent))}" if absent
                              else f"Arm {coached!r} cannot be compared with itself",
                              remedy=f"Arms are: {', '.join(sorted(set(labels.tolist()) - {''}))}.")
    among = np.isin(labels, (coached, comparison))
    y = _numbers(frame, outcome)
    x, names = covariate_columns(frame, covariates, among)
    kept = among & np.isfinite(y) & np.isfinite(x).all(axis=1)
    if cluster:
        kept &= ~frame[cluster].isna().to_numpy()
    for name in (coached, comparison):
        if int((kept & (labels == name)).sum()) < 2:
            raise EstimationError(f"Arm {name!r} has {int((kept & (labels == name)).sum())} people with all scores",
                                  remedy="A comparison needs at least two an arm.")
    groups = tuple(str(one) for one in frame[cluster].to_numpy()[kept]) if cluster else None
    return Rows(y[kept], (labels[kept] == coached).astype(float), x[kept], names, groups, kept,
                int(among.sum() - kept.sum()))


def covariate_columns(
    frame: pd.DataFrame, covariates: Sequence[str], among: NDArray[np.bool_]
) -> tuple[FloatArray, tuple[str, ...]]:
    """Turn covariates into numbers: words become one column for every level but the first in the alphabet."""
    columns: list[FloatArray] = []
    names: list[str] = []
    for name in covariates:
        if getattr(frame[name].dtype, "kind", "O") in "biuf":
            columns.append(_numbers(frame, name))
            names.append(name)
            continue
        gaps = frame[name].isna().to_numpy()
        labels = np.array(["" if gap else str(one) for one, gap in zip(frame[name], gaps, strict=True)])
        for level in sorted(set(labels[among & ~gaps].tolist()))[1:]:
            columns.append(np.where(gaps, np.nan, (labels == level).astype(float)))
            names.append(f"{name}={level}")
    return (np.column_stack(columns) if columns else np.empty((len(frame), 0))), tuple(names)


def _numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    column = frame[name]
    if getattr(column.dtype, "kind", "O") not in "biuf":
        raise EstimationError(f"Column {name!r} is of type {column.dtype}, not a number", remedy="Hand over scores.")
    values: FloatArray = column.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        raise EstimationError(f"Column {name!r} holds an infinite value", remedy="Correct it, or leave it empty.")
    return values


def coefficient(
    design: FloatArray, outcome: FloatArray, place: int, term: str, *, clusters: Sequence[str] | None,
    conf_level: float, model: str, group: str = "",
) -> Estimate:
    """Fit by least squares and return one coefficient with HC3 errors, or CR2 errors where there are clusters.

    Raises
    ------
    EstimationError
        Where the coefficient has no robust error.
    """
    fit: LeastSquares = least_squares(design, outcome)
    if clusters is None:
        variance, df, suffix = float(fit.hc3[place, place]), float(fit.df), "hc3"
    else:
        robust = cluster_robust(design, fit.residuals, clusters)
        variance, df, suffix = float(robust.cr2[place, place]), float(robust.df[place]), "cr2"
    if not variance > (1e-12 * float(np.abs(outcome).max())) ** 2 or not df > 0:
        raise EstimationError(f"{term} has no robust standard error: a row or a cluster determines its own fitted "
                              "value, or nothing is left to explain", remedy="It needs more people or clusters.")
    found = with_t(float(fit.coefficients[place]), variance ** 0.5, df, conf_level)
    return Estimate(term, found.value, group, found.std_error, found.statistic, found.df, found.p_value, found.low,
                    found.high, conf_level, len(outcome), f"{model}_{suffix}")

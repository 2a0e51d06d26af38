"""A second witness for a result: a script for R, the data it needs, and the numbers it should find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.display.result import Result
from coachresearch.moments.moments import Moments
from coachresearch.psychometrics.efa import FactorSolution
from coachresearch.psychometrics.sem.cfa import ConfirmatoryModel

if TYPE_CHECKING:
    import pandas as pd

WitnessStatus = Literal["not_executed", "agrees", "differs", "failed"]
_Needs = Literal["moments", "rows"]

_FOLDER = Path(__file__).parent / "witnesses"
_KINDS: Mapping[str, tuple[_Needs, float]] = MappingProxyType({
    "reliability": ("moments", 1e-4), "structure": ("moments", 1e-3), "factor_solution": ("moments", 5e-3),
    "dimensions": ("moments", 1e-6), "reliability_bounds": ("moments", 1e-6), "polychoric": ("rows", 1e-3),
    "ordinal_reliability": ("rows", 1e-3), "icc": ("rows", 1e-6), "cfa": ("moments", 1e-4),
})
"""Kind of result to what its witness needs, and how near it should come (relative, above 1 in size)."""
_ROTATIONS = MappingProxyType({
    "none": "none", "varimax": "varimax", "oblimin": "oblimin", "geomin": "geominQ", "geomin_orthogonal": "geominT",
    "bifactor": "bifactor", "promax": "promax"})


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """A script, its data and the numbers it should find.

    Parameters
    ----------
    kind : str
        Kind of result.
    title : str
        Subject of the result.
    script : str
        For R; it reads ``data.csv`` and ``expected.csv`` beside it and writes ``found.csv``.
    data, expected : DataFrame
        A covariance matrix or rows; and columns ``term``, ``group``, ``estimate``, ``tolerance``.
    status : {"not_executed", "agrees", "differs", "failed"}
        Whether the script has been run, and what came out.
    said : str
        Its last line, with the version of R.
    """

    kind: str
    title: str
    script: str
    data: pd.DataFrame
    expected: pd.DataFrame
    status: WitnessStatus = "not_executed"
    said: str = ""


def witness(result: Result, data: Moments | pd.DataFrame) -> Witness:
    """Write what is needed to compute a result again with psych, lavaan and semTools.

    Parameters
    ----------
    result : Result
        Of kind reliability, structure, factor_solution, dimensions, reliability_bounds, polychoric,
        ordinal_reliability, icc or cfa (one group, complete rows, maximum likelihood).
    data : Moments or DataFrame
        What the result was computed from. Kinds made from Moments need these (a covariance matrix travels, no rows);
        the others need the rows, and rows are people's answers: treat them as such.

    Returns
    -------
    Witness
        Not executed; `apps.witnesses` saves and runs it.

    Raises
    ------
    EstimationError
        If there is no witness for this kind, or the data are not of the form it needs.

    Notes
    -----
    Numbers that the other software does not compute are left out of the comparison; it says how many were compared.
    """
    if result.kind not in _KINDS:
        raise EstimationError(f"There is no witness for results of kind {result.kind!r}",
                              remedy=f"There are witnesses for: {', '.join(_KINDS)}.")
    if isinstance(result, ConfirmatoryModel) and isinstance(data, Moments):
        data = _checked_model(result, data)
    needs, tolerance = _KINDS[result.kind]
    if (needs == "moments") != isinstance(data, Moments):
        form = "Moments" if needs == "moments" else "a frame of rows"
        raise EstimationError(f"A witness for {result.kind!r} needs {form}",
                              remedy="Hand over what the result was computed from.")
    frame = _covariances(data) if isinstance(data, Moments) else data
    settings = _settings(result, data)
    parts = [(_FOLDER / name).read_text(encoding="utf-8") for name in ("start.R", f"{result.kind}.R", "end.R")]
    lines = "".join(f"{name} <- {value}\n" for name, value in settings.items())
    return Witness(result.kind, result.title, parts[0] + lines + parts[1] + parts[2], frame.reset_index(drop=True),
                   _expected(result, tolerance))


def _covariances(moments: Moments) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(moments.cov, columns=list(moments.columns))
    frame.insert(0, "item", list(moments.columns))
    return frame


def _settings(result: Result, data: Moments | pd.DataFrame) -> dict[str, str]:
    settings = {"n": str(data.n if isinstance(data, Moments) else len(data))}
    if isinstance(data, Moments):
        scores = [one.method for one in result.estimates if one.term == "scale_sd"]
        settings["share"] = "1" if scores == ["scale_sum"] else f"1 / {len(data.columns)}"
    if isinstance(result, ConfirmatoryModel) and isinstance(data, Moments):
        settings |= _model_settings(result, data)
    if isinstance(result, FactorSolution):
        single = result.loadings.shape[1] == 1
        if not single and result.rotation.kind not in _ROTATIONS:
            raise EstimationError(f"There is no witness for the rotation {result.rotation.kind!r}",
                                  remedy=f"There are witnesses for: {', '.join(_ROTATIONS)}.")
        rotation = "none" if single else _ROTATIONS[result.rotation.kind]
        settings |= {"factors": str(result.loadings.shape[1]), "rotation": f'"{rotation}"',
                     "estimator": f'"{ {"principal_axis": "pa"}.get(result.estimator, result.estimator) }"'}
    return settings


def _checked_model(result: ConfirmatoryModel, moments: Moments) -> Moments:
    if len(result.groups) > 1 or result.full_information or result.estimator != "ml":
        raise EstimationError("There is a witness for models of one group, complete rows and maximum likelihood alone",
                              remedy='Fit the model so with cfa(..., estimator="ml").')
    chosen = moments.select(result.solution.table.observed)
    if chosen.n != result.n or not np.allclose(chosen.scatter / chosen.n, result.solution.seen[0].cov):
        raise EstimationError("The moments are not those behind the model",
                              remedy="Hand over what the result was computed from.")
    return chosen


def _model_settings(result: ConfirmatoryModel, moments: Moments) -> dict[str, str]:
    model, choices = result.model, result.choices
    text = model.text or "\n".join(f"{term.lhs} {term.op} {term.rhs}" for term in model.terms)
    flags = {"std_lv": choices.identification == "std_lv", "orthogonal": choices.orthogonal,
             "fixed_x": choices.fixed_predictors, "means": choices.mean_structure}
    settings = {name: "TRUE" if value else "FALSE" for name, value in flags.items()}
    if choices.mean_structure:
        settings["centre"] = f"c({', '.join(repr(float(value)) for value in moments.mean)})"
    return settings | {"model": f'r"---({text})---"', "information": f'"{result.information}"'}


def _expected(result: Result, tolerance: float) -> pd.DataFrame:
    frame = result.frame[["term", "group", "estimate"]].copy()
    frame["group"] = frame["group"].fillna("").astype(str)
    size = np.maximum(np.abs(frame["estimate"].to_numpy(dtype=float, na_value=np.nan)), 1.0)
    frame["tolerance"] = tolerance * size
    return frame.dropna(subset=["estimate"]).reset_index(drop=True)

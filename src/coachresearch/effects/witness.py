"""The same analysis as a script for R, so that another program can bear witness."""

from __future__ import annotations

from pathlib import Path

from coachresearch.core.errors import EstimationError
from coachresearch.display.result import Result
from coachresearch.effects.designs.effect import Effect
from coachresearch.effects.meta.analysis import MetaAnalysis

_BETWEEN = (("fixed", "FE"), ("dersimonian_laird", "DL"), ("reml", "REML"), ("ml", "ML"), ("paule_mandel", "PM"),
            ("sidik_jonkman", "SJ"), ("hedges", "HE"), ("hunter_schmidt", "HS"))
_DESIGNS = (("randomised", "randomised"), ("waitlist", "randomised"), ("self_selected", "randomised"),
            ("matched", "randomised"), ("difference_in_differences", "event_study"),
            ("interrupted_series", "interrupted"))


def witness(result: Result, *, data: str = "data.csv") -> str:
    """Write an analysis as R (sandwich, clubSandwich, effectsize, metafor); mixed models have a witness of their own.

    Parameters
    ----------
    result : Result
        Of a design or a meta-analysis.
    data : str
        Name of the CSV file with the rows that were analysed; the studies of a meta-analysis are written out instead.

    Returns
    -------
    str
        A script that prints the numbers to compare.

    Raises
    ------
    EstimationError
        For a result that has no witness, or an analysis that the script would not repeat (more covariates, a
        comparison unit, moderators).
    """
    if isinstance(result, MetaAnalysis):
        return _studies(result)
    if not isinstance(result, Effect) or result.design not in dict(_DESIGNS):
        raise EstimationError(f"A result of kind {result.kind!r} has no script for R",
                              remedy="Designs with two arms, panels, series and meta-analyses have one.")
    recipe = dict(result.recipe)
    if recipe.get("covariates") or (recipe.get("unit") and result.design == "interrupted_series"):
        raise EstimationError("The script repeats the analysis without covariates and without a comparison unit alone",
                              remedy="Run that analysis, and ask for its witness.")
    name = "clustered" if "cluster" in recipe else dict(_DESIGNS)[result.design]
    return _filled(name, recipe | {"data": data})


def _studies(result: MetaAnalysis) -> str:
    if result.columns.shape[1] > 1:
        raise EstimationError("The script repeats a meta-analysis without moderators", remedy="Pool without them.")
    return _filled("meta_analysis", {
        "effects": ", ".join(map(repr, map(float, result.effects))),
        "variances": ", ".join(map(repr, map(float, result.variances))), "between": dict(_BETWEEN)[result.between],
        "errors": "knha" if result.errors == "hartung_knapp" else "z"})


def _filled(name: str, words: dict[str, str]) -> str:
    text = (Path(__file__).parent / "witnesses" / f"{name}.R").read_text(encoding="utf-8")
    for key, value in words.items():
        text = text.replace("{" + key + "}", value)
    return text

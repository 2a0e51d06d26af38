"""Several cohorts with their people: each analysed in the same way, then pooled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coachresearch.core.errors import EstimationError
from coachresearch.effects.designs.randomised import randomised
from coachresearch.effects.meta.analysis import MetaAnalysis, meta_analysis

if TYPE_CHECKING:
    import pandas as pd


def pool_cohorts(
    frame: pd.DataFrame, *, study: str, pre: str, post: str, arm: str, coached: str, comparison: str, title: str,
    covariates: Sequence[str] = (), standardised: bool = False, conf_level: float = 0.95, source: str = "",
) -> MetaAnalysis:
    """Estimate the adjusted difference within every cohort, then pool the differences (two stages).

    Parameters
    ----------
    frame : DataFrame
        One row a person of any cohort (unique index).
    study : str
        Column that names the cohort.
    pre, post, arm, coached, comparison, covariates
        As in `randomised`.
    title : str
        The outcome in the reader's words.
    standardised : bool
        Pool ``ancova_d`` instead of points, where cohorts used different scales.
    conf_level : float
    source : str

    Raises
    ------
    EstimationError
        If a cohort cannot be analysed; it is named.

    References
    ----------
    Stewart & Tierney (2002), Evaluation & the Health Professions 25, 76-97; Burke, Ensor & Riley (2017), Statistics in
    Medicine 36, 855-875 (two stages and one).
    """
    import pandas as pd

    if study not in frame.columns:
        raise EstimationError(f"There is no column {study!r}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    rows = []
    for name, people in frame.groupby(study, sort=False):
        try:
            found = randomised(people, pre=pre, post=post, arm=arm, coached=coached, comparison=comparison, title=title,
                               covariates=covariates, conf_level=conf_level)
            main = found.estimate("ancova_d" if standardised else "ancova_difference", f"{coached} - {comparison}")
        except (EstimationError, KeyError) as problem:
            raise EstimationError(f"Cohort {name!r} cannot be analysed: {problem}",
                                  remedy="Leave it out, and say so.") from problem
        rows.append({"study": str(name), "effect": main.estimate, "variance": main.std_error ** 2})
    return meta_analysis(pd.DataFrame(rows), effect="effect", variance="variance", study="study", title=title,
                         conf_level=conf_level, source=source)

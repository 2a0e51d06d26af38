"""A score decided who was coached: people just on either side of the cut are alike but for the coaching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.effects.designs.effect import Effect
from coachresearch.effects.sizes import FloatArray, with_normal, with_t

if TYPE_CHECKING:
    import pandas as pd

_FEW = 20


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Discontinuity(Effect):
    """A jump at a cut; built by `regression_discontinuity`.

    Parameters
    ----------
    score, outcome : array (n)
        Score that decided, as distance from the cut, and the outcome.
    bandwidth : float
        How far from the cut people were used.
    """

    kind: ClassVar[str] = "discontinuity"

    score: FloatArray
    outcome: FloatArray
    bandwidth: float


def regression_discontinuity(
    frame: pd.DataFrame, *, score: str, outcome: str, cut: float, title: str, coached_below: bool = True,
    coached: str | None = None, bandwidth: float | None = None, conf_level: float = 0.95, source: str = "",
) -> Discontinuity:
    """Effect of coaching at the cut of the score that decided who was coached.

    Parameters
    ----------
    frame : DataFrame
        One row a person (index).
    score, outcome : str
        Columns of the score that decided and of the outcome.
    cut : float
        People at the cut itself count as above it.
    title : str
        The outcome in the reader's words.
    coached_below : bool
        Whether those below the cut were coached.
    coached : str, optional
        Column of 0 and 1 that says who was coached in fact; where it departs from the rule the jump is divided by the
        jump in coaching (fuzzy design).
    bandwidth : float, optional
        How far from the cut people are used; chosen to balance bias and error if not given.
    conf_level : float
        Level of the intervals.
    source : str
        Where the scores come from.

    Returns
    -------
    Discontinuity
        ``jump`` (local line on each side, triangular weights, HC3, bias-corrected by the local parabola at the same
        bandwidth), ``jump_line`` (the line alone), ``density_jump`` (p of as many people just below as above).

    Raises
    ------
    EstimationError
        With too few people on a side within the bandwidth, or nobody on one of them.

    References
    ----------
    Imbens & Kalyanaraman (2012), Review of Economic Studies 79, 933-959 (bandwidth); Calonico, Cattaneo & Titiunik
    (2014), Econometrica 82, 2295-2326 (bias correction; with equal bandwidths it is the next higher polynomial);
    Cattaneo, Titiunik & Vazquez-Bare (2017) (binomial check of the density near the cut).
    """
    missing = [name for name in (score, outcome, *([coached] if coached else [])) if name not in frame.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy=f"Columns are: {', '.join(map(str, frame.columns))}.")
    x = frame[score].to_numpy(dtype=float, na_value=np.nan) - cut
    y = frame[outcome].to_numpy(dtype=float, na_value=np.nan)
    took = frame[coached].to_numpy(dtype=float, na_value=np.nan) if coached else None
    kept = np.isfinite(x) & np.isfinite(y) & (np.isfinite(took) if took is not None else True)
    x, y = x[kept], y[kept]
    sides = int((x < 0).sum()), int((x >= 0).sum())
    if min(sides) < 5:
        raise EstimationError(f"{sides[0]} people lie below the cut and {sides[1]} above it",
                              remedy="A jump needs at least five on each side.")
    sign = -1.0 if coached_below else 1.0
    width = bandwidth if bandwidth is not None else _bandwidth(x, y)
    if not width > 0:
        raise EstimationError(f"The bandwidth is {width:g}", remedy="It is above 0.")
    cautions: list[Caution] = [caution("only_at_the_cut")]
    estimates = _jumps(x, y, took[kept] if took is not None else None, sign, width, conf_level, cautions)
    estimates.append(_density(x, width, cautions))
    if not kept.all():
        cautions.append(caution("rows_incomplete", n=int((~kept).sum()), of=len(kept)))
    for array in (x, y):
        array.setflags(write=False)
    return Discontinuity(title=title, estimates=tuple(estimates), method="discontinuity", cautions=tuple(cautions),
                         source=source, design="discontinuity", estimand="jump", score=x, outcome=y, bandwidth=width,
                         recipe=(("score", score), ("outcome", outcome), ("cut", repr(cut))))


def _local(x: FloatArray, y: FloatArray, width: float, order: int) -> tuple[float, float, int]:
    """Return the jump at zero, its HC3 variance and degrees of freedom, by a weighted polynomial on each side."""
    near = np.abs(x) < width
    xs, ys, above = x[near] / width, y[near], (x[near] >= 0).astype(float)
    powers = np.column_stack([xs ** k for k in range(1, order + 1)])
    design = np.column_stack([np.ones(len(xs)), above, powers, powers * above[:, None]])
    if min(above.sum(), (1 - above).sum()) < order + 2 or np.linalg.matrix_rank(design) < design.shape[1]:
        raise EstimationError(f"Within {width:g} of the cut there are {int((1 - above).sum())} people below and "
                              f"{int(above.sum())} above, too few for a line on each side",
                              remedy="Give a wider bandwidth.")
    w = 1 - np.abs(xs)
    bread = np.linalg.inv(design.T @ (design * w[:, None]))
    b = bread @ (design.T @ (w * ys))
    leverage = w * np.einsum("ij,jk,ik->i", design, bread, design)
    residuals = (ys - design @ b) / np.maximum(1 - leverage, 1e-8)
    scores = design * (w * residuals)[:, None]
    return float(b[1]), float((bread @ (scores.T @ scores) @ bread)[1, 1]), len(xs) - design.shape[1]


def _jumps(
    x: FloatArray, y: FloatArray, took: FloatArray | None, sign: float, width: float, conf_level: float,
    cautions: list[Caution],
) -> list[Estimate]:
    near = np.abs(x) < width
    n = int(near.sum())
    if min(int((near & (x < 0)).sum()), int((near & (x >= 0)).sum())) < _FEW:
        cautions.append(caution("few_near_the_cut", n=n))
    rule = (x < 0) if sign < 0 else (x >= 0)
    fuzzy = took is not None and bool((took != rule).any())
    found = []
    for term, order in (("jump", 2), ("jump_line", 1)):
        value, variance, df = _local(x, y, width, order)
        method = term
        if fuzzy and took is not None:
            first, first_variance, _ = _local(x, took, width, order)
            if abs(first) < 2 * first_variance ** 0.5:
                raise EstimationError("Who was coached does not change at the cut, so nothing can be told from it",
                                      remedy="Check the cut and the column of those coached.")
            ratio = value / first
            variance = _local(x, y - ratio * took, width, order)[1] / first ** 2
            one = with_normal(ratio, variance ** 0.5, conf_level)
            method = f"{term}_fuzzy"
        else:
            one = with_t(sign * value, variance ** 0.5, float(df), conf_level)
        found.append(Estimate(term, one.value, "", one.std_error, one.statistic, one.df, one.p_value, one.low, one.high,
                              conf_level, n, method))
    return found


def _density(x: FloatArray, width: float, cautions: list[Caution]) -> Estimate:
    from scipy.stats import binomtest

    close = np.sort(np.abs(x))[: max(20, int(0.1 * len(x)))][-1]
    near = np.abs(x) <= min(close, width)
    above = int((x[near] >= 0).sum())
    p = float(binomtest(above, int(near.sum())).pvalue)
    if p < 0.05:
        cautions.append(caution("crowded_at_the_cut", above=above, below=int(near.sum()) - above))
    return Estimate("density_jump", above / int(near.sum()), p_value=p, n=int(near.sum()), method="density_binomial")


def _bandwidth(x: FloatArray, y: FloatArray) -> float:
    """Choose a bandwidth by the rule of Imbens and Kalyanaraman (2012, sect. 4.2), triangular weights."""
    n = len(x)
    pilot = 1.84 * float(x.std(ddof=1)) * n ** (-1 / 5)
    below, above = (x < 0) & (x >= -pilot), (x >= 0) & (x <= pilot)
    if min(below.sum(), above.sum()) < 3:
        raise EstimationError("Too few people lie near the cut to choose a bandwidth", remedy="Give bandwidth=...")
    density = (below.sum() + above.sum()) / (2 * n * pilot)
    noise = (float(y[below].var(ddof=1)) + float(y[above].var(ddof=1))) / 2
    left, right = float(np.median(x[x < 0])), float(np.median(x[x >= 0]))
    inner = (x >= left) & (x <= right)
    cubic = np.column_stack([np.ones(n), x >= 0, x, x ** 2, x ** 3])[inner]
    third = 6 * float(np.linalg.lstsq(cubic, y[inner], rcond=None)[0][4])
    curvature, penalty = [], 0.0
    for side, count in ((x < 0, int((x < 0).sum())), (x >= 0, int((x >= 0).sum()))):
        reach = 3.56 * (noise / (density * max(third ** 2, 0.01 * noise / float(x.std()) ** 6))) ** (1 / 7) \
            * count ** (-1 / 7)
        rows = side & (np.abs(x) <= reach)
        if rows.sum() < 4:
            rows = side
        found = np.linalg.lstsq(np.column_stack([np.ones(int(rows.sum())), x[rows], x[rows] ** 2]), y[rows],
                                rcond=None)[0]
        curvature.append(2 * float(found[2]))
        penalty += 2160 * noise / (int(rows.sum()) * reach ** 4)
    width = 3.4375 * (2 * noise / (density * ((curvature[1] - curvature[0]) ** 2 + penalty))) ** (1 / 5) * n ** (-1 / 5)
    return min(width, float(np.abs(x).max()) * 1.0001)

"""Power by simulation where no formula is exact: unreliable scores, coaches, drop-out, few items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.caution import caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.draws.trials import TrialPlan, Trials, draw_trials
from coachresearch.effects.sizes import FloatArray

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 200_000
"""People drawn at once; keeps a block of trials within the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Power(Result):
    """Power over numbers of people and effects; built by `simulated_power`.

    Parameters
    ----------
    grid : tuple of (n, effect, power)
    """

    kind: ClassVar[str] = "power"

    grid: tuple[tuple[int, float, float], ...]

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row a point of the curve."""
        import pandas as pd

        return pd.DataFrame(list(self.grid), columns=["n", "effect", "power"])


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """Adjusted differences of many trials: estimate, standard error (HC3 or classical), degrees of freedom."""

    estimate: FloatArray
    error: FloatArray
    df: FloatArray


def ancova_fits(trials: Trials, *, robust: bool = True) -> Fits:
    """Fit the adjusted difference of every trial at once.

    Parameters
    ----------
    trials : Trials
        Those who are gone are left out.
    robust : bool
        HC3 errors instead of classical ones.
    """
    there = np.isfinite(trials.post)
    w = there.astype(float)
    z = trials.coached * w
    x, y = np.where(there, trials.pre, 0.0), np.where(there, trials.post, 0.0)
    n, n1 = w.sum(axis=1), z.sum(axis=1)
    n0 = n - n1
    # Deviations from the arm's own means: the pooled slope, then the difference at equal score before.
    mean_x1, mean_y1 = (np.einsum("ij,ij->i", z, one) / n1 for one in (x, y))
    mean_x0, mean_y0 = ((one.sum(axis=1) - n1 * mean) / n0 for one, mean in ((x, mean_x1), (y, mean_y1)))
    xd = w * (x - np.where(trials.coached, mean_x1[:, None], mean_x0[:, None]))
    yd = w * (y - np.where(trials.coached, mean_y1[:, None], mean_y0[:, None]))
    sxx = np.einsum("ij,ij->i", xd, xd)
    slope = np.einsum("ij,ij->i", xd, yd) / sxx
    gap = mean_x1 - mean_x0
    estimate = mean_y1 - mean_y0 - slope * gap
    left = yd - slope[:, None] * xd
    df = n - 3
    if not robust:
        variance = np.einsum("ij,ij->i", left, left) / df * (1 / n1 + 1 / n0 + gap ** 2 / sxx)
        return Fits(estimate, np.sqrt(variance), df)
    own = np.where(trials.coached, (1 / n1)[:, None], (1 / n0)[:, None])
    influence = np.where(trials.coached, own, -own) * w - (gap / sxx)[:, None] * xd
    leverage = own + xd ** 2 / sxx[:, None]
    scaled = influence * left / (1 - leverage * w)
    return Fits(estimate, np.sqrt(np.einsum("ij,ij->i", scaled, scaled)), df)


def simulated_power(
    plan: TrialPlan, *, rng: np.random.Generator, people: Sequence[int] = (), effects: Sequence[float] = (),
    trials: int = 2_000, alpha: float = 0.05, title: str,
) -> Power:
    """Power, width and bias of the adjusted difference over numbers of people and sizes of effect.

    Parameters
    ----------
    plan : TrialPlan
        What is planned, with everything that will go wrong: unreliability, coaches, drop-out.
    rng : Generator
        Source of randomness.
    people, effects : sequence
        Points of the curve; those of the plan if not given.
    trials : int
        Trials a point, at least 100.
    alpha : float
        Two-sided error rate.
    title : str
        The study in the reader's words.

    Returns
    -------
    Power
        For each point (group = ``n = .., effect = ..``) ``power`` with its Monte Carlo interval, ``width`` (mean half
        width of the interval), ``bias`` and ``coverage``, in standard deviations of the trait.

    Notes
    -----
    Errors are HC3; with coaches they are of people, as in a study that overlooks its coaches: the loss shows in the
    coverage.
    """
    if trials < 100:
        raise EstimationError(f"{trials} trials are too few", remedy="At least 100, best 2000.")
    estimates, grid = [], []
    for effect in effects or (plan.effect,):
        for n in people or (plan.n,):
            one = replace(plan, n=int(n), effect=float(effect))
            found = _point(one, rng, trials, alpha)
            grid.append((int(n), float(effect), found[0].estimate))
            estimates += found
    cautions = (caution("coaches_overlooked"),) if plan.coaches and plan.coach_icc else ()
    return Power(title=title, estimates=tuple(estimates), method="simulated_power", cautions=cautions, grid=tuple(grid))


def fits_of(plan: TrialPlan, rng: np.random.Generator, trials: int, *, robust: bool = True) -> Fits:
    """Draw and fit trials block by block."""
    size = max(1, _BLOCK // (2 * plan.n))
    parts = [ancova_fits(draw_trials(rng, plan, min(size, trials - start)), robust=robust)
             for start in range(0, trials, size)]
    return Fits(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("estimate", "error", "df")))


def _point(plan: TrialPlan, rng: np.random.Generator, trials: int, alpha: float) -> list[Estimate]:
    from scipy.stats import t

    fits = fits_of(plan, rng, trials)
    usable = np.isfinite(fits.error) & (fits.df > 0)
    value, error, df = fits.estimate[usable], fits.error[usable], fits.df[usable]
    reach = t.isf(alpha / 2, df) * error
    group = f"{plan.n} / {plan.effect:g}"
    shown = float((np.abs(value) > reach).mean())
    covered = float((np.abs(value - plan.effect) <= reach).mean())
    bias, spread = float(value.mean()) - plan.effect, float(value.std(ddof=1)) / sqrt(len(value))

    def of(term: str, estimate: float, monte_carlo: float) -> Estimate:
        return Estimate(term, estimate, group, monte_carlo, conf_low=estimate - 1.96 * monte_carlo,
                        conf_high=estimate + 1.96 * monte_carlo, conf_level=0.95, n=len(value), method="monte_carlo")

    return [of("power", shown, sqrt(shown * (1 - shown) / len(value))),
            of("width", float(reach.mean()), float(reach.std(ddof=1)) / sqrt(len(value))),
            of("bias", bias, spread), of("coverage", covered, sqrt(covered * (1 - covered) / len(value)))]


def reliability_of_items(reliability: float, *, items: int, planned: int) -> float:
    """Reliability of a scale with another number of like items (Spearman, 1910; Brown, 1910)."""
    if not 0 < reliability < 1 or items < 1 or planned < 1:
        raise EstimationError(f"A reliability of {reliability:g} with {items} items, planned {planned}",
                              remedy="A reliability between 0 and 1, and at least one item.")
    ratio = planned / items
    return ratio * reliability / (1 + (ratio - 1) * reliability)

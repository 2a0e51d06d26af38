"""What changed between two waves, within an arm and between two, and for how many people beyond measurement error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.caution import Caution, Parameter, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.regression import ancova_difference
from coachresearch.effects.reliable import ReliableChange, count_reliable, reliable_change
from coachresearch.effects.sizes import (
    correlation,
    d_av,
    d_ppc,
    d_z,
    hedges_g,
    mean_change,
    mean_difference,
    share,
)
from coachresearch.effects.waves import ArmScores, FloatArray, TwoWaves, read_waves

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Change(Result):
    """Change between two waves.

    Parameters
    ----------
    arms : tuple of str
        Arms that were analysed: coached, then comparison; one empty name where there are no arms.
    pre_name, post_name : str
        Columns of the two waves.
    n_pre, n_post, n_both : tuple of int
        People with a score before, after, and at both, arm by arm.
    pre, post : array (n)
        Scores of the people with both, arm by arm.
    arm_codes : array (n) of int
        Position in `arms` of each of them.
    low, high : float
        Ends of the response scale; NaN if they were not given.
    """

    kind: ClassVar[str] = "change"

    arms: tuple[str, ...]
    pre_name: str
    post_name: str
    n_pre: tuple[int, ...]
    n_post: tuple[int, ...]
    n_both: tuple[int, ...]
    pre: FloatArray
    post: FloatArray
    arm_codes: NDArray[np.int64]
    low: float = nan
    high: float = nan

    @property
    def contrast(self) -> str:
        """Group of the differences between arms: ``coached - comparison``; empty with one arm."""
        return f"{self.arms[0]} - {self.arms[1]}" if len(self.arms) == 2 else ""

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row a person, then the changes within arms and the difference between them."""
        from coachresearch.display.figures.paired_slope import change_frame

        within = [one for one in self.estimates if one.term == "mean_change"]
        between = [one for one in self.estimates if one.term == "ancova_difference"]
        between = between or [one for one in self.estimates if one.term == "change_difference"]
        named = [self.arms[code] for code in self.arm_codes]
        return change_frame(self.pre, self.post, named, within, low=self.low, high=self.high, differences=between)


class _Findings:
    """Estimates and cautions as they come in."""

    def __init__(self) -> None:
        self.estimates: list[Estimate] = []
        self.cautions: list[Caution] = []

    def add(self, one: Estimate, group: str, term: str = "") -> None:
        self.estimates.append(replace(one, group=group, term=term or one.term))

    def attempt(self, compute: Callable[[], Estimate], group: str, otherwise: Caution, term: str = "") -> None:
        """Add what can be computed; where it cannot, say so."""
        try:
            self.add(compute(), group, term)
        except EstimationError:
            if otherwise not in self.cautions:
                self.cautions.append(otherwise)


def change(
    frame: pd.DataFrame,
    *,
    pre: str,
    post: str,
    title: str,
    arm: str | None = None,
    coached: str | None = None,
    comparison: str | None = None,
    person: str | None = None,
    reliability: float | Estimate | None = None,
    population_mean: float | None = None,
    higher_is_better: bool = True,
    minimum: int = 10,
    low: float = nan,
    high: float = nan,
    conf_level: float = 0.95,
    source: str = "",
) -> Change:
    """Change between two waves, and its difference between a coached and a comparison arm.

    Parameters
    ----------
    frame : DataFrame
        One row a person, with a numeric column for each wave (NaN for a gap) and, with arms, one that names them.
    pre, post : str
        Columns of the earlier and the later wave.
    title : str
        The outcome in the reader's words.
    arm : str, optional
        Column that names the arm. Without it everybody is one group, and nothing is said about the cause of a change.
    coached, comparison : str, optional
        Which arms are compared; `coached` may be left out where the frame holds one arm only.
    person : str, optional
        Column that names the person; the index of the frame if not given.
    reliability : float or Estimate, optional
        Reliability of the score, best a retest reliability; brings the shares of people who changed reliably. An
        Estimate brings its interval, a bare number a caution.
    population_mean : float, optional
        Mean of the people from whom these were selected for their score: brings the change that regression to
        the mean alone would make. Needs `reliability`.
    higher_is_better : bool
        Whether a higher score is an improvement.
    minimum : int
        Fewest people with both waves in an arm below which a caution is added.
    low, high : float
        Ends of the response scale, for the figure.
    conf_level : float
        Level of all intervals.
    source : str
        Where the scores come from.

    Returns
    -------
    Change
        Per arm (group = arm): ``mean_pre``, ``sd_pre``, ``mean_post``, ``sd_post``, ``pre_post_r``, ``mean_change``,
        ``d_av``, ``d_z``, and with a reliability ``share_improved``, ``share_unchanged``, ``share_worse``.
        Between arms (group = ``coached - comparison``): ``ancova_difference`` (adjusted for the score before, HC3),
        ``change_difference`` (Welch), ``hedges_g`` (of the scores after), ``hedges_g_change`` (of the changes) and
        ``d_ppc`` (difference of changes in pre-test standard deviations). All of people with a score at both waves.

    Raises
    ------
    EstimationError
        For columns, people or arms that do not fit, and where nobody has a score at any wave.

    Notes
    -----
    Missing data: people without both scores are left out of every estimate and counted in cautions; this is unbiased
    only if their absence has nothing to do with their change. What is not defined (a change of one person, a
    standardised effect without spread, an arm nobody of which came back) is left out, and a caution says so; where an
    arm has nobody with both scores, its means are of those who answered.
    """
    _check_options(reliability, population_mean, conf_level)
    waves = read_waves(frame, pre=pre, post=post, arm=arm, coached=coached, comparison=comparison, person=person)
    if not any(one.n_pre or one.n_post for one in waves.arms):
        raise EstimationError(f"Nobody has a score in {pre!r} or {post!r}",
                              remedy="Check the names of the waves and the scale.")
    found = _Findings()
    _count_people(waves, _wave(pre), _wave(post), minimum, found)
    for one in waves.arms:
        _within(one, conf_level, found)
    if len(waves.arms) == 2:
        _between(waves.arms[0], waves.arms[1], conf_level, found)
    else:
        found.cautions.append(caution("no_comparison"))
    if reliability is not None:
        _reliably(waves, reliability, population_mean, higher_is_better, conf_level, found)
    return _change(waves, found, title, pre, post, low, high, source)


def _check_options(reliability: float | Estimate | None, population_mean: float | None, conf_level: float) -> None:
    if population_mean is not None and reliability is None:
        raise EstimationError("Expected regression to the mean needs a reliability", remedy="Give reliability=...")
    if not 0 < conf_level < 1:
        raise EstimationError(f"conf_level is {conf_level:g}", remedy="It lies between 0 and 1: 0.95, not 95.")


def _about(arm: str, code: str, **params: Parameter) -> Caution:
    return caution(f"{code}_in_arm", arm=arm, **params) if arm else caution(code, **params)


def _wave(column: str) -> str:
    return column.rpartition("@")[2]


def _count_people(waves: TwoWaves, pre: str, post: str, minimum: int, found: _Findings) -> None:
    if waves.n_without_arm:
        found.cautions.append(caution("no_arm", n=waves.n_without_arm))
    if waves.n_other_arms:
        found.cautions.append(caution("other_arms", n=waves.n_other_arms, arms=", ".join(waves.other_arms)))
    for one in waves.arms:
        of, n_both = len(one.pre), int(one.both.sum())
        for wave, n in ((pre, one.n_pre), (post, one.n_post)):
            if n < of:
                found.cautions.append(_about(one.id, "no_answer", n=of - n, of=of, wave=wave))
        if n_both == 0:
            found.cautions.append(_about(one.id, "no_pairs", pre=pre, post=post))
        elif n_both == 1:
            found.cautions.append(_about(one.id, "one_person"))
        elif n_both < minimum:
            found.cautions.append(_about(one.id, "few_people", n=n_both, minimum=minimum))


def _within(arm: ArmScores, conf_level: float, found: _Findings) -> None:
    pre, post = arm.pairs
    n = len(pre)
    if n == 0:
        for term, scores in (("pre", arm.pre), ("post", arm.post)):
            present = scores[~np.isnan(scores)]
            if len(present):
                _describe(term, present, arm.id, "mean_available", conf_level, found)
        return
    _describe("pre", pre, arm.id, "mean_both_waves", conf_level, found)
    _describe("post", post, arm.id, "mean_both_waves", conf_level, found)
    if n == 1:
        found.add(Estimate("mean_change", float(post[0] - pre[0]), n=1, method="single_change"), arm.id)
        return
    found.attempt(lambda: correlation(pre, post, conf_level=conf_level), arm.id,
                  _about(arm.id, "no_spread"), "pre_post_r")
    found.add(mean_change(pre, post, conf_level=conf_level), arm.id)
    found.attempt(lambda: d_av(pre, post, conf_level=conf_level), arm.id, _about(arm.id, "no_spread"))
    found.attempt(lambda: d_z(pre, post, conf_level=conf_level), arm.id, _about(arm.id, "same_change"))


def _describe(
    wave: str, scores: FloatArray, group: str, method: str, conf_level: float, found: _Findings
) -> None:
    from scipy.stats import t

    n, mean = len(scores), float(scores.mean())
    if n == 1:
        found.add(Estimate(f"mean_{wave}", mean, n=1, method="single_score"), group)
        return
    sd = float(scores.std(ddof=1))
    error = sd / sqrt(n)
    reach = float(t.ppf((1 + conf_level) / 2, n - 1)) * error
    found.add(Estimate(f"mean_{wave}", mean, std_error=error, conf_low=mean - reach, conf_high=mean + reach,
                       conf_level=conf_level, n=n, method=method), group)
    found.add(Estimate(f"sd_{wave}", sd, n=n, method="sd"), group)


def _between(coached: ArmScores, comparison: ArmScores, conf_level: float, found: _Findings) -> None:
    (pre1, post1), (pre2, post2) = coached.pairs, comparison.pairs
    group = f"{coached.id} - {comparison.id}"
    if min(len(pre1), len(pre2)) < 2:
        found.cautions.append(caution("no_contrast", coached=coached.id, comparison=comparison.id,
                                      n_coached=len(pre1), n_comparison=len(pre2)))
        return
    quiet = caution("no_spread_between")
    found.attempt(lambda: ancova_difference(pre1, post1, pre2, post2, conf_level=conf_level), group,
                  caution("no_ancova", n=len(pre1) + len(pre2)))
    found.attempt(lambda: replace(mean_difference(post1 - pre1, post2 - pre2, conf_level=conf_level),
                                  method="change_difference_welch"),
                  group, caution("same_change_between"), "change_difference")
    found.attempt(lambda: replace(hedges_g(post1, post2, conf_level=conf_level), method="hedges_g_post"), group, quiet)
    found.attempt(lambda: replace(hedges_g(post1 - pre1, post2 - pre2, conf_level=conf_level),
                                  method="hedges_g_change"),
                  group, caution("same_change_between"), "hedges_g_change")
    found.attempt(lambda: d_ppc(pre1, post1, pre2, post2, conf_level=conf_level), group, quiet)


def _reliably(
    waves: TwoWaves, reliability: float | Estimate, population_mean: float | None, higher_is_better: bool,
    conf_level: float, found: _Findings,
) -> None:
    value = reliability.estimate if isinstance(reliability, Estimate) else float(reliability)
    deviations = [one.pairs[0] - one.pairs[0].mean() for one in waves.arms if one.both.any()]
    df = sum(len(one) for one in deviations) - len(deviations)
    spread = sqrt(sum(float(one @ one) for one in deviations) / df) if df > 0 else 0.0
    size = max((float(np.abs(one.pairs[0]).max()) for one in waves.arms if one.both.any()), default=0.0)
    if spread <= 1e-12 * size:
        found.cautions.append(caution("no_reliable_change"))
        return
    yardstick = reliable_change(spread, reliability)
    _add_yardstick(yardstick, reliability, df + len(deviations), found)
    for one in waves.arms:
        pre, post = one.pairs
        if not len(pre):
            continue
        counts = count_reliable(post - pre, yardstick.points, higher_is_better=higher_is_better)
        for term, count in zip(("share_improved", "share_unchanged", "share_worse"), counts, strict=True):
            found.add(share(count, len(pre), conf_level=conf_level), one.id, term)
        if population_mean is not None:
            found.add(Estimate("expected_regression", (1 - value) * (population_mean - float(pre.mean())), n=len(pre),
                               method="regression_to_mean"), one.id)


def _add_yardstick(
    yardstick: ReliableChange, reliability: float | Estimate, n: int, found: _Findings
) -> None:
    known = isfinite(yardstick.points_low)
    if not known:
        value = reliability.estimate if isinstance(reliability, Estimate) else float(reliability)
        found.cautions.append(caution("reliability_without_error", reliability=value))
    level = reliability.conf_level if known and isinstance(reliability, Estimate) else nan
    found.add(Estimate("reliable_change", yardstick.points, conf_low=yardstick.points_low,
                       conf_high=yardstick.points_high, conf_level=level, n=n, method="jacobson_truax"), "")


def _change(
    waves: TwoWaves, found: _Findings, title: str, pre: str, post: str, low: float, high: float, source: str
) -> Change:
    pairs = [one.pairs for one in waves.arms]
    before, after = (np.concatenate([pair[wave] for pair in pairs]) for wave in (0, 1))
    codes = np.repeat(np.arange(len(pairs)), [len(pair[0]) for pair in pairs])
    for array in (before, after, codes):
        array.setflags(write=False)
    return Change(
        title=title, estimates=tuple(found.estimates), source=source, cautions=tuple(found.cautions),
        method="change_two_arms" if len(pairs) == 2 else "change_one_arm",
        arms=tuple(one.id for one in waves.arms), pre_name=pre, post_name=post,
        n_pre=tuple(one.n_pre for one in waves.arms), n_post=tuple(one.n_post for one in waves.arms),
        n_both=tuple(int(one.both.sum()) for one in waves.arms), pre=before, post=after, arm_codes=codes,
        low=low, high=high)

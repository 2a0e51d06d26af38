"""Other analyses of an outcome, as the design of the study asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    import pandas as pd

    from coachresearch.effects.designs.effect import Effect

Check = tuple[str, Estimate]
_LEAST_TEAMS = 5
_MANY_LEFT = 0.2
"""Share of those who began beyond which leaving is no longer passed over (What Works Clearinghouse, 2022)."""
_SEED = 20_250_321
"""Filling in draws at random; a fixed seed makes a report the same bytes twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """What other analyses found.

    Parameters
    ----------
    sensitivity : tuple of (code, Estimate)
        Codes are ``check.<code>`` of the message catalogue.
    results : tuple of Effect
        The analyses behind them.
    main : Estimate or None
        The estimate with errors by team, where people share teams: the claim then rests on it.
    reservations : tuple of str
        Codes (``open.<code>``) of what speaks against the study as it was carried out.
    """

    sensitivity: tuple[Check, ...]
    results: tuple[Effect, ...]
    main: Estimate | None = None
    reservations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One outcome as its checks need it: the wide table (columns arm, team, level and the waves) and the names.

    `same_raters` is the table of the means over raters who rated at both waves; None where no rater changed.
    """

    table: pd.DataFrame
    pre: str
    post: str
    coached: str
    comparison: str | None
    title: str
    language: str
    reliability: Estimate | None
    same_raters: pd.DataFrame | None = None


def design_checks(one: Compared, assignment: str) -> Checks:
    """Run the analyses that belong to a design beside its main one.

    Parameters
    ----------
    one : Compared
    assignment : str
        How people came into their arms, as the study file says.

    Returns
    -------
    Checks
        Wherever many left: leavers filled in, those of either arm shifted half a standard deviation against the
        finding. Where raters changed: the same raters alone. By chance: differences of changes and after, everybody
        who answered. Without chance: differences of changes, at equal true score, weighted, doubly robust. Where
        people share teams, `main` has errors by team.
        What the data do not allow is left out; the cautions of the results say why.
    """
    if one.comparison is None:
        return _together(_attempt(lambda: _one_group(one)))
    if assignment in ("randomised", "waitlist"):
        return _together(_attempt(lambda: _by_chance(one, assignment)), _attempt(lambda: _everybody(one)),
                         _attempt(lambda: _by_team(one), "clustering"), _attempt(lambda: _leavers(one), "leaving"),
                         _attempt(lambda: _same_raters(one), "changed_raters"))
    return _together(_attempt(lambda: _without_chance(one, assignment)), _attempt(lambda: _by_team(one), "clustering"),
                     _attempt(lambda: _leavers(one), "leaving"),
                     _attempt(lambda: _same_raters(one), "changed_raters"))


def _attempt(run: Callable[[], Checks], otherwise: str = "") -> Checks:
    """Run one analysis; where the data do not allow it, there is nothing to show, but perhaps a reservation."""
    try:
        return run()
    except EstimationError:
        return Checks((), (), reservations=(otherwise,) if otherwise else ())


def _together(*parts: Checks) -> Checks:
    return Checks(tuple(check for part in parts for check in part.sensitivity),
                  tuple(result for part in parts for result in part.results),
                  next((part.main for part in parts if part.main is not None), None),
                  tuple(dict.fromkeys(code for part in parts for code in part.reservations)))


def _titled(one: Compared) -> str:
    return sentence("app.other_analyses", one.language, title=one.title)


def _named(found: Effect, codes: tuple[tuple[str, str], ...]) -> Checks:
    by_term = {estimate.term: estimate for estimate in found.estimates}
    return Checks(tuple((code, by_term[term]) for code, term in codes if term in by_term), (found,))


def _by_chance(one: Compared, assignment: str) -> Checks:
    from coachresearch.effects.designs.randomised import randomised

    found = randomised(one.table, pre=one.pre, post=one.post, arm="arm", coached=one.coached,
                       comparison=one.comparison or "", title=_titled(one),
                       design="waitlist" if assignment == "waitlist" else "randomised")
    return _named(found, (("change_scores", "change_difference"), ("post_scores", "post_difference")))


def _everybody(one: Compared) -> Checks:
    import pandas as pd

    from coachresearch.effects.designs.stepped_wedge import constrained_baseline

    people = one.table[one.table["arm"].isin([one.coached, one.comparison])]
    long = pd.concat([pd.DataFrame({"person": people.index.astype(str), "arm": people["arm"].astype(str).to_numpy(),
                                    "wave": place, "score": people[column].to_numpy(dtype=float)})
                      for place, column in enumerate((one.pre, one.post))], ignore_index=True)
    found = constrained_baseline(long, person="person", wave="wave", outcome="score", arm="arm", coached=one.coached,
                                 before=0, title=_titled(one))
    return Checks((("everybody", found.main),), ())


def _by_team(one: Compared) -> Checks:
    from coachresearch.effects.designs.randomised import randomised

    teams = _teams(one)
    if teams != "known":
        return Checks((), (), reservations=("clustering",) if teams == "unclear" else ())
    found = randomised(_analysed(one), pre=one.pre, post=one.post, arm="arm", coached=one.coached,
                       comparison=one.comparison or "", title=_titled(one), cluster="team")
    return Checks((), (), main=found.main)


def _same_raters(one: Compared) -> Checks:
    from coachresearch.effects.designs.randomised import randomised

    if one.same_raters is None:
        return Checks((), ())
    found = randomised(one.same_raters, pre=one.pre, post=one.post, arm="arm", coached=one.coached,
                       comparison=one.comparison or "", title=_titled(one))
    return Checks((("same_raters", found.main),), ())


def _without_chance(one: Compared, assignment: str) -> Checks:
    from coachresearch.effects.designs.observational import self_selected

    within = one.table.groupby("arm")["level"].nunique() if "level" in one.table else None
    known = within is not None and one.table["level"].notna().all() and within.min() > 1
    level = ["level"] if known else []
    found = self_selected(one.table, pre=one.pre, post=one.post, arm="arm", coached=one.coached,
                          comparison=one.comparison or "", title=_titled(one), covariates=level,
                          reliability=one.reliability, design="matched" if assignment == "matched" else "self_selected")
    return _named(found, (("change_scores", "change_difference"), ("true_score", "ancova_true_score"),
                          ("weighted", "weighted_difference"), ("doubly_robust", "doubly_robust")))


def _leavers(one: Compared) -> Checks:
    """Fill in those who left, coached ones shifted against the finding, where more left than can be passed over."""
    from coachresearch.effects.missing.leaving import who_leaves

    comparison = one.comparison or ""
    began = one.table[one.table["arm"].isin([one.coached, one.comparison]) & one.table[one.pre].notna()]
    left = began[one.post].isna()
    told = who_leaves(began, pre=one.pre, post=one.post, arm="arm", coached=one.coached, comparison=comparison,
                      title=one.title)
    unequal = any(caution.code == "arms_leave_unequally" for caution in told.cautions)
    if not unequal and float(left.mean()) < _MANY_LEFT:
        return Checks((), ())
    found = [_shifted(one, began, arm) for arm in (one.coached, comparison) if left[began["arm"] == arm].any()]
    return Checks((("leavers_shifted", min(found, key=_lead(one, began))),), ())


def _shifted(one: Compared, began: pd.DataFrame, arm: str) -> Estimate:
    """Difference between the arms with the leavers of one arm shifted half a standard deviation against the finding."""
    import numpy as np

    from coachresearch.effects.missing.leaving import tipping_point

    other = one.comparison or "" if arm == one.coached else one.coached
    sign = 1.0 if arm == one.coached else -1.0
    spread = float(began[one.post].std(ddof=1))
    found = tipping_point(began, pre=one.pre, post=one.post, arm="arm", coached=arm, comparison=other,
                          title=one.title, rng=np.random.default_rng(_SEED), shifts=(-0.5 * spread, 0.5 * spread))
    at = min(range(2), key=lambda place: abs(found.effects[place]))  # the one against the finding
    ends = sorted((sign * float(found.lows[at]), sign * float(found.highs[at])))
    return Estimate("ancova_imputed", sign * float(found.effects[at]), conf_low=ends[0], conf_high=ends[1],
                    conf_level=0.95, n=len(began), method="tipping_point")


def _lead(one: Compared, began: pd.DataFrame) -> Callable[[Estimate], float]:
    """How far an interval stays on the side of the finding; the smaller, the weaker."""
    means = began.groupby("arm")[one.post].mean()
    upward = float(means[one.coached] - means[one.comparison]) >= 0
    return lambda found: found.conf_low if upward else -found.conf_high


def _one_group(one: Compared) -> Checks:
    import numpy as np

    from coachresearch.effects.designs.effect import coefficient

    teams = _teams(one)
    if teams != "known":
        return Checks((), (), reservations=("clustering",) if teams == "unclear" else ())
    both = _analysed(one)
    changes = (both[one.post] - both[one.pre]).to_numpy(dtype=float)
    found = coefficient(np.ones((len(changes), 1)), changes, 0, "mean_change", clusters=list(both["team"].astype(str)),
                        conf_level=0.95, model="mean_change")
    return Checks((), (), main=found)


def _analysed(one: Compared) -> pd.DataFrame:
    """Return the people of the compared arms who have a score at both waves."""
    arms = one.table["arm"].isin([one.coached, one.comparison]) if one.comparison is not None else True
    return one.table[arms & one.table[one.pre].notna() & one.table[one.post].notna()]


def _teams(one: Compared) -> Literal["none", "known", "unclear"]:
    """Whether people who are analysed share teams, and enough teams are known to reckon with that."""
    analysed = _analysed(one)
    if "team" not in analysed or analysed["team"].isna().all():
        return "none"
    sizes = analysed["team"].value_counts()
    if sizes.max() < 2:
        return "none"
    return "known" if analysed["team"].notna().all() and len(sizes) >= _LEAST_TEAMS else "unclear"

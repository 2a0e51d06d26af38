"""Other analyses of an outcome, as the design of the study asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """

    sensitivity: tuple[Check, ...]
    results: tuple[Effect, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One outcome as its checks need it: the wide table (columns arm, team, level and the waves) and the names."""

    table: pd.DataFrame
    pre: str
    post: str
    coached: str
    comparison: str | None
    title: str
    language: str
    reliability: Estimate | None


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
        Wherever many left: leavers filled in, those of the coached arm shifted half a standard deviation against the
        finding. By chance: differences of changes and after, everybody who answered, errors by team. Without chance:
        differences of changes, at equal true score, weighted, doubly robust, errors by team. One group: errors by team.
        What the data do not allow is left out; the cautions of the results say why.
    """
    if one.comparison is None:
        return _together(_attempt(lambda: _one_group(one)))
    if assignment in ("randomised", "waitlist"):
        return _together(_attempt(lambda: _by_chance(one, assignment)), _attempt(lambda: _everybody(one)),
                         _attempt(lambda: _by_team(one)), _attempt(lambda: _leavers(one)))
    return _together(_attempt(lambda: _without_chance(one, assignment)), _attempt(lambda: _by_team(one)),
                     _attempt(lambda: _leavers(one)))


def _attempt(run: Callable[[], Checks]) -> Checks:
    """Run one analysis; where the data do not allow it, there is nothing to show beside the main one."""
    try:
        return run()
    except EstimationError:
        return Checks((), ())


def _together(*parts: Checks) -> Checks:
    return Checks(tuple(check for part in parts for check in part.sensitivity),
                  tuple(result for part in parts for result in part.results))


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

    if not _has_teams(one):
        return Checks((), ())
    found = randomised(one.table, pre=one.pre, post=one.post, arm="arm", coached=one.coached,
                       comparison=one.comparison or "", title=_titled(one), cluster="team")
    return Checks((("by_team", found.main),), ())


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
    import numpy as np

    from coachresearch.effects.missing.leaving import tipping_point, who_leaves

    comparison = one.comparison or ""
    began = one.table[one.table["arm"].isin([one.coached, one.comparison]) & one.table[one.pre].notna()]
    left = began[one.post].isna()
    told = who_leaves(began, pre=one.pre, post=one.post, arm="arm", coached=one.coached, comparison=comparison,
                      title=one.title)
    unequal = any(caution.code == "arms_leave_unequally" for caution in told.cautions)
    if not unequal and float(left.mean()) < _MANY_LEFT:
        return Checks((), ())
    spread = float(began[one.post].std(ddof=1))
    found = tipping_point(began, pre=one.pre, post=one.post, arm="arm", coached=one.coached, comparison=comparison,
                          title=one.title, rng=np.random.default_rng(_SEED), shifts=(-0.5 * spread, 0.5 * spread))
    shifted = min(range(2), key=lambda at: abs(found.effects[at]))  # the one against the finding
    return Checks((("leavers_shifted", Estimate("ancova_imputed", float(found.effects[shifted]),
                                                conf_low=float(found.lows[shifted]),
                                                conf_high=float(found.highs[shifted]), conf_level=0.95,
                                                n=len(began), method="tipping_point")),), ())


def _one_group(one: Compared) -> Checks:
    import numpy as np

    from coachresearch.effects.designs.effect import coefficient

    if not _has_teams(one):
        return Checks((), ())
    both = one.table[[one.pre, one.post, "team"]].dropna()
    changes = (both[one.post] - both[one.pre]).to_numpy(dtype=float)
    found = coefficient(np.ones((len(changes), 1)), changes, 0, "mean_change", clusters=list(both["team"].astype(str)),
                        conf_level=0.95, model="mean_change")
    return Checks((("by_team", found),), ())


def _has_teams(one: Compared) -> bool:
    """Whether teams are known for everybody, and there are enough of them with more than one person."""
    if "team" not in one.table or one.table["team"].isna().any():
        return False
    sizes = one.table["team"].value_counts()
    return int((sizes > 1).sum()) >= _LEAST_TEAMS

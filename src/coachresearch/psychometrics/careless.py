"""Careless answers: flags with their false alarms, and results with and without the flagged people side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.collect import collect, numeric_rows
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics import careless_indices as indices
from coachresearch.psychometrics.items import check_range
from coachresearch.psychometrics.polychoric import PolychoricCorrelations, polychoric

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

_SIMULATED = 4000
_BELOW = frozenset({"even_odd", "synonyms", "antonyms", "variability", "seconds"})
_LEAST_EIGENVALUE = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class CarelessCuts:
    """Where each flag begins.

    Parameters
    ----------
    long_string : float
        Longest run, as a share of the items, from which it is flagged: half of them (Curran, 2016).
    even_odd : float
        Consistency below which it is flagged: .30 (Jackson, 1977, in Johnson, 2005).
    synonyms : float
        Correlation of like items below which it is flagged: 0 (Curran, 2016); above minus that for opposite ones.
    synonym_r : float
        Correlation over people from which two items count as like, or opposite: .60 (Meade & Craig, 2012).
    mahalanobis_p : float
        Probability of so large a distance under normality below which it is flagged: .001.
    seconds : float
        Seconds an item below which it is flagged: 2 (Huang, Curran, Keeney, Poposki & DeShon, 2012).
    variability_rate : float
        Variability has no published cut: the share of attentive people, simulated, who would fall under it.

    References
    ----------
    Curran (2016), Journal of Experimental Social Psychology 66, 4-19. Huang et al. (2012), Journal of Business and
    Psychology 27, 99-114. Meade & Craig (2012), Psychological Methods 17, 437-455.
    """

    long_string: float = 0.5
    even_odd: float = 0.30
    synonyms: float = 0.0
    synonym_r: float = 0.60
    mahalanobis_p: float = 0.001
    seconds: float = 2.0
    variability_rate: float = 0.01


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CarelessFlags(Result):
    """What stands out in how people answered.

    Parameters
    ----------
    people : tuple of str
        In the order of the rows.
    checks : tuple of str
        The q checks that could be made.
    values : array (n, q)
        Each person's value; NaN where it is not defined.
    flags : array (n, q) of bool
    cuts : array (q)
        Where each flag begins.
    false_alarms : array (q)
        Share of simulated attentive people who would be flagged; NaN for attention items and seconds.
    """

    kind: ClassVar[str] = "careless"

    people: tuple[str, ...]
    checks: tuple[str, ...]
    values: FloatArray
    flags: NDArray[np.bool_]
    cuts: FloatArray
    false_alarms: FloatArray

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of flags of each person (n)."""
        return self.flags.sum(axis=1).astype(np.int64)

    @property
    def table(self) -> pd.DataFrame:
        """One row per person: values, flags (``…_flag``) and their number."""
        import pandas as pd

        frame = pd.DataFrame({"person": list(self.people)})
        for place, name in enumerate(self.checks):
            frame[name], frame[f"{name}_flag"] = self.values[:, place], self.flags[:, place]
        return frame.assign(n_flags=self.counts)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SideBySide(Result):
    """The same analysis of everybody and of those who are not flagged."""

    kind: ClassVar[str] = "side_by_side"

    n_flagged: int
    of: int


def careless_flags(
    answers: pd.DataFrame, *, low: int, high: int, rng: np.random.Generator, keyed: pd.DataFrame | None = None,
    scales: Mapping[str, Sequence[str]] | None = None, seconds: ArrayLike | None = None,
    attention: Mapping[str, int] | None = None, cuts: CarelessCuts | None = None, title: str = "", source: str = "",
) -> CarelessFlags:
    """Flag answers that look careless; nobody is taken out.

    Parameters
    ----------
    answers : DataFrame
        Items as they were shown and answered (n × k, not turned), in the order shown, with attention items as further
        columns; NaN for a gap. The index names the people.
    low, high : int
        Ends of the response scale.
    rng : Generator
        For the simulated attentive people.
    keyed : DataFrame, optional
        The same items turned by their keys, for the halves of scales.
    scales : mapping of str to sequence of str, optional
        Items of each scale, for the halves; three scales at least.
    seconds : array (n), optional
        Seconds that each person took for all items.
    attention : mapping of str to int, optional
        Columns that ask for one particular answer, and that answer.
    cuts : CarelessCuts, optional
        Where flags begin.
    title, source : str

    Returns
    -------
    CarelessFlags
        Estimates by check: ``flagged`` (share), ``false_alarm`` (share of simulated attentive people), ``cut``; and
        ``flagged_any``.

    Raises
    ------
    EstimationError
        If an answer is not on the scale, a column is missing, or keyed answers are not the turned ones.

    Notes
    -----
    Attentive people are simulated from the polychoric correlations and thresholds of the answers at hand, careless ones
    included, and without habits of their own (liking the middle, agreeing): true false alarms lie somewhat higher.
    """
    chosen = cuts or CarelessCuts()
    lures = dict(attention or {})
    missing = [name for name in lures if name not in answers.columns]
    if missing:
        raise EstimationError(f"There is no column {', '.join(map(repr, missing))}",
                              remedy="Name the attention items as their columns are named.")
    items = answers.drop(columns=list(lures))
    if len(items) < 2 or items.shape[1] < 2:
        raise EstimationError(f"There are {len(items)} people and {items.shape[1]} items",
                              remedy="Careless answers show in many items of many people.")
    check_range(items, low, high)
    names, rows = numeric_rows(items)
    if np.isnan(rows).all():
        raise EstimationError("Nobody answered anything", remedy="Check the rows and columns.")
    turned, places = _turned(items, rows, keyed, scales, low + high)
    model = _Model.of(rows, names, turned, places, chosen)
    values = _indices(rows, model, chosen)
    limits = _limits(model, chosen, len(names))
    cautions: list[Caution] = list(model.cautions)
    alarms = _false_alarms(items, model, chosen, limits, rng, cautions)
    if np.isnan(limits["variability"]):
        values.pop("variability", None)
    if seconds is not None:
        values["seconds"] = _per_item(seconds, len(rows), len(names))
        limits["seconds"] = chosen.seconds
    if lures:
        values["attention"] = _lures(answers, lures)
        limits["attention"] = 1.0
    return _result(items, values, limits, alarms, tuple(cautions), title, source)


def side_by_side(
    frame: pd.DataFrame, found: CarelessFlags, analysis: Callable[[pd.DataFrame], Result], *, at_least: int = 2,
    title: str = "",
) -> SideBySide:
    """Run an analysis of everybody, and of those with fewer than `at_least` flags, beside each other.

    Parameters
    ----------
    frame : DataFrame
        Rows in the order of the flags.
    found : CarelessFlags
    analysis : callable
        From such a frame to a Result.
    at_least : int
        Flags from which a person is left out of the second one.
    title : str

    Returns
    -------
    SideBySide
        Every estimate twice, group ``everybody`` and ``unflagged`` (before the estimate's own group, if it has one).
        Which of the two is reported as the result is decided before looking.

    Raises
    ------
    EstimationError
        If the rows are not those of the flags, or everybody is flagged.
    """
    if len(frame) != len(found.people):
        raise EstimationError(f"{len(frame)} rows stand beside flags of {len(found.people)} people",
                              remedy="Hand over the same people in the same order.")
    kept = found.counts < at_least
    if not kept.any():
        raise EstimationError(f"Everybody has {at_least} flags or more", remedy="Ask for more flags, or other cuts.")
    both = {"everybody": analysis(frame), "unflagged": analysis(frame.loc[kept])}
    estimates = tuple(
        replace(one, group=f"{name}: {one.group}" if one.group else name)
        for name, result in both.items() for one in result.estimates)
    gone = int(np.sum(~kept))
    cautions = (caution("flagged_left_out_beside", n=gone, of=len(frame), flags=at_least),
                *dict.fromkeys(one for result in both.values() for one in result.cautions))
    return SideBySide(title=title or both["everybody"].title, estimates=estimates, method="side_by_side",
                      cautions=cautions, source=both["everybody"].source, n_flagged=gone, of=len(frame))


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """What the checks of one set of people refer to."""

    mean: FloatArray
    inverse: FloatArray | None
    like: tuple[NDArray[np.int64], NDArray[np.int64]]
    opposite: tuple[NDArray[np.int64], NDArray[np.int64]]
    turned: NDArray[np.bool_] | None
    ends: int
    scales: tuple[NDArray[np.int64], ...]
    cautions: tuple[Caution, ...]

    @classmethod
    def of(
        cls, rows: FloatArray, names: tuple[str, ...], turned: tuple[NDArray[np.bool_], int] | None,
        scales: tuple[NDArray[np.int64], ...], cuts: CarelessCuts,
    ) -> _Model:
        complete = rows[~np.isnan(rows).any(axis=1)]
        k, cautions = len(names), []
        varied = len(complete) > 2 and bool((complete.std(axis=0) > 1e-12).all())
        cor = np.array(np.corrcoef(complete, rowvar=False) if varied else np.eye(k), dtype=np.float64)
        inverse: FloatArray | None = None
        if varied and len(complete) > k and np.linalg.eigvalsh(cor)[0] > _LEAST_EIGENVALUE:
            inverse = np.array(np.linalg.inv(np.cov(complete, rowvar=False)), dtype=np.float64)
        else:
            cautions.append(caution("no_distance", n=len(complete), items=k))
        like, opposite = (indices.synonym_pairs(cor, cuts.synonym_r, opposite=which) for which in (False, True))
        mean = complete.mean(axis=0) if len(complete) else np.full(k, np.nan)
        return cls(mean, inverse, like, opposite, turned[0] if turned else None, turned[1] if turned else 0, scales,
                   tuple(cautions))


def _turned(
    items: pd.DataFrame, rows: FloatArray, keyed: pd.DataFrame | None, scales: Mapping[str, Sequence[str]] | None,
    ends: int,
) -> tuple[tuple[NDArray[np.bool_], int] | None, tuple[NDArray[np.int64], ...]]:
    """Which items the keys turn, seen from the answers themselves; and the places of each scale's items."""
    if keyed is None or scales is None:
        return None, ()
    names = list(items.columns)
    missing = sorted({item for scale in scales.values() for item in scale} - set(map(str, names)))
    if missing or list(keyed.columns) != names or len(keyed) != len(items):
        raise EstimationError(f"The keyed answers hold other items or people ({', '.join(missing) or 'order'})",
                              remedy="Hand over the same columns and rows as in answers.")
    after = numeric_rows(keyed)[1]
    turned = np.zeros(len(names), dtype=bool)
    for place, name in enumerate(names):
        both = ~np.isnan(rows[:, place]) & ~np.isnan(after[:, place])
        if (rows[both, place] == after[both, place]).all():
            continue
        if not (ends - rows[both, place] == after[both, place]).all():
            raise EstimationError(f"The keyed answers to {name!r} are neither the answers nor their mirror image",
                                  remedy="Key them with scoring.keys on the same response scale.")
        turned[place] = True
    at = {str(name): place for place, name in enumerate(names)}
    return (turned, ends), tuple(np.array([at[item] for item in scale]) for scale in scales.values())


def _indices(rows: FloatArray, model: _Model, cuts: CarelessCuts) -> dict[str, FloatArray]:
    values = {"long_string": indices.long_string(rows), "variability": indices.individual_variability(rows)}
    if model.turned is not None:
        keyed = np.where(model.turned, model.ends - rows, rows)
        values["even_odd"] = indices.even_odd(keyed, model.scales)
    values["synonyms"] = indices.synonyms(rows, model.like)
    values["antonyms"] = -indices.synonyms(rows, model.opposite)
    if model.inverse is not None:
        values["mahalanobis"] = indices.mahalanobis(rows, model.mean, model.inverse)
    return {name: one for name, one in values.items() if not np.isnan(one).all()}


def _limits(model: _Model, cuts: CarelessCuts, items: int) -> dict[str, float]:
    from scipy.stats import chi2

    return {"long_string": float(np.ceil(cuts.long_string * items)), "variability": np.nan, "even_odd": cuts.even_odd,
            "synonyms": cuts.synonyms, "antonyms": cuts.synonyms,
            "mahalanobis": float(chi2.isf(cuts.mahalanobis_p, items))}


def _false_alarms(
    items: pd.DataFrame, model: _Model, cuts: CarelessCuts, limits: dict[str, float], rng: np.random.Generator,
    cautions: list[Caution],
) -> dict[str, float]:
    """Share of simulated attentive people beyond each limit; sets the limit of variability on the way."""
    try:
        found = polychoric(collect(items, into=PairTables))
    except EstimationError:
        cautions.append(caution("no_attentive_people"))
        return {}
    made = attentive_answers(rng, _SIMULATED, found)
    values = _indices(made, model, cuts)
    limits["variability"] = float(np.quantile(values["variability"], cuts.variability_rate))
    return {name: float(np.mean(_beyond(name, one, limits[name]))) for name, one in values.items()}


def attentive_answers(rng: np.random.Generator, n: int, found: PolychoricCorrelations) -> FloatArray:
    """Answers (n, k) of people who answer by the model: normal latent responses, cut at the thresholds."""
    roots, vectors = np.linalg.eigh(found.cor)
    half = vectors * np.sqrt(np.maximum(roots, 0.0))
    latent = rng.standard_normal((n, len(roots))) @ half.T
    latent /= np.sqrt(np.sum(half ** 2, axis=1))
    return np.stack([np.asarray(values, dtype=float)[np.searchsorted(cuts, latent[:, place])]
                     for place, (cuts, values) in enumerate(zip(found.thresholds, found.values, strict=True))], axis=1)


def _beyond(name: str, values: FloatArray, limit: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.asarray(values < limit if name in _BELOW else values >= limit)


def _per_item(seconds: ArrayLike, n: int, items: int) -> FloatArray:
    taken = np.asarray(seconds, dtype=float)
    if taken.shape != (n,):
        raise EstimationError(f"{n} people stand beside {taken.size} times", remedy="Give each person one time.")
    if (taken < 0).any():
        raise EstimationError(f"A time is negative ({float(np.nanmin(taken)):g} seconds)", remedy="Correct it.")
    return taken / items


def _lures(answers: pd.DataFrame, lures: Mapping[str, int]) -> FloatArray:
    """Number of attention items that were answered otherwise than asked; a gap counts as answered otherwise."""
    given = numeric_rows(answers[list(lures)])[1]
    return np.asarray(np.sum(given != np.array(list(lures.values()), dtype=float), axis=1), dtype=float)


def _result(
    items: pd.DataFrame, values: dict[str, FloatArray], limits: dict[str, float], alarms: dict[str, float],
    cautions: tuple[Caution, ...], title: str, source: str,
) -> CarelessFlags:
    checks = tuple(values)
    table = np.stack([values[name] for name in checks], axis=1)
    flags = np.stack([_beyond(name, values[name], limits[name]) for name in checks], axis=1)
    estimates = []
    for place, name in enumerate(checks):
        known = int(np.sum(~np.isnan(table[:, place])))
        estimates += [
            Estimate("flagged", float(flags[:, place].sum()) / known if known else np.nan, name, n=known,
                     method="flagged"),
            Estimate("false_alarm", alarms.get(name, np.nan), name, n=known, method="false_alarm"),
            Estimate("cut", limits[name], name, n=known, method="cut")]
    estimates.append(Estimate("flagged_any", float(flags.any(axis=1).mean()), n=len(table), method="flagged"))
    marks = np.array([limits[name] for name in checks])
    rates = np.array([alarms.get(name, np.nan) for name in checks])
    for array in (table, flags, marks, rates):
        array.setflags(write=False)
    return CarelessFlags(
        title=title, estimates=tuple(estimates), method="careless", cautions=(caution("flags_only"), *cautions),
        source=source, people=tuple(map(str, items.index)), checks=checks, values=table, flags=flags, cuts=marks,
        false_alarms=rates)

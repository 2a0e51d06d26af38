"""Random effects: which groups, which effects, and how they are read from a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from coachresearch.core.caution import Caution, caution
from coachresearch.core.errors import EstimationError, Fault, NotIdentified
from coachresearch.effects.mixed.factors import Factor, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

_NAMED = 5
_FEW_GROUPS = 5
_EXPLAINED = 1e-9


@dataclass(frozen=True, slots=True)
class Random:
    """Random effects of one grouping.

    Parameters
    ----------
    group : str or tuple of str
        Column with the group of each row; several columns together name groups whose ids repeat (team within
        organisation: ``("organisation", "team")``).
    effects : tuple of str
        ``"1"`` for the intercept, and numeric columns for random slopes.
    correlated : bool
        Whether the effects of one group may correlate.
    absent : {"refuse", "no_effect"}
        What a row without a group means: a gap in the data, or a row that this grouping does not touch (a person of
        the comparison arm has no coach).
    nested_in : str, optional
        Column in which every group must have one value; an id used in two of them is refused.
    """

    group: str | tuple[str, ...]
    effects: tuple[str, ...] = ("1",)
    correlated: bool = True
    absent: Literal["refuse", "no_effect"] = "refuse"
    nested_in: str | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """Random effects of a grouping to whose groups a row may belong at once: a person with two coaches.

    Parameters
    ----------
    groups : tuple of str
        Columns with the ids of the first, second ... group; empty where there is none.
    weights : tuple of str, optional
        Columns with the weight of each; without them a row's groups share a weight of 1 equally.
    name : str
        What the groups are: ``coach``.
    effects : tuple of str
    correlated : bool
    """

    groups: tuple[str, ...]
    weights: tuple[str, ...] = ()
    name: str = "group"
    effects: tuple[str, ...] = ("1",)
    correlated: bool = True


RandomTerm = Random | Membership


def columns_of(term: RandomTerm) -> tuple[str, ...]:
    """Return the columns that a term names."""
    extra = tuple(one for one in term.effects if one != "1")
    if isinstance(term, Membership):
        return (*term.groups, *term.weights, *extra)
    group = (term.group,) if isinstance(term.group, str) else term.group
    return (*group, *extra, *((term.nested_in,) if term.nested_in else ()))


def must_be_there(term: RandomTerm) -> tuple[str, ...]:
    """Return the columns in which a gap makes a row incomplete."""
    extra = tuple(one for one in term.effects if one != "1")
    if isinstance(term, Membership) or term.absent == "no_effect":
        return extra
    return columns_of(term)


def read_random(frame: pd.DataFrame, terms: tuple[RandomTerm, ...]) -> tuple[Factor, ...]:
    """Read every grouping; terms of the same grouping become one with independent parts.

    Raises
    ------
    EstimationError, NotIdentified
        For one group alone, as many groups as rows, ids used twice, effects that do not vary, weights out of range.
    """
    factors: list[Factor] = []
    for term in terms:
        one = _membership(frame, term) if isinstance(term, Membership) else _grouping(frame, term)
        at = next((i for i, known in enumerate(factors) if known.name == one.name), None)
        if at is None:
            factors.append(one)
        else:
            factors[at] = _joined(factors[at], one)
    for one in factors:
        _check(one)
    for place, one in enumerate(factors):
        for other in factors[:place]:
            _check_same(one, other)
    return tuple(factors)


def _grouping(frame: pd.DataFrame, term: Random) -> Factor:
    import pandas as pd

    group = (term.group,) if isinstance(term.group, str) else term.group
    name = ":".join(group)
    if len(group) == 1:
        codes, labels = pd.factorize(frame[group[0]])
        levels = tuple(str(one) for one in labels)
    else:
        missing = frame[list(group)].isna().any(axis=1).to_numpy()
        joined = frame[list(group)].astype(str).agg(":".join, axis=1)
        codes, labels = pd.factorize(joined)
        codes = np.where(missing, -1, codes)
        levels = tuple(str(one) for one in labels)
    codes = np.asarray(codes, dtype=np.int64)[:, None]
    if term.nested_in is not None:
        _check_nested(frame[term.nested_in], codes[:, 0], levels, name, term.nested_in)
    values, effects = _effects(frame, term.effects, name)
    return Factor(name, levels, effects, codes, (codes >= 0).astype(float), values, _pattern(effects, term.correlated))


def _membership(frame: pd.DataFrame, term: Membership) -> Factor:
    import pandas as pd

    stacked = np.concatenate([frame[one].to_numpy(dtype=object) for one in term.groups])
    codes, labels = pd.factorize(stacked)
    codes = np.asarray(codes, dtype=np.int64).reshape(len(term.groups), len(frame)).T
    there = codes >= 0
    if term.weights:
        if len(term.weights) != len(term.groups):
            raise EstimationError(f"{len(term.groups)} columns of groups and {len(term.weights)} of weights",
                                  remedy="Name one column of weights for each column of groups.")
        weights = np.column_stack([frame[one].to_numpy(dtype=float) for one in term.weights])
        wrong = there & ~(np.isfinite(weights) & (weights >= 0))
        if wrong.any():
            raise EstimationError(f"{int(wrong.sum())} memberships in {term.name!r} have a weight that is missing or "
                                  "negative", remedy="Give every group of a row a weight of 0 or more.")
        weights = np.where(there, weights, 0.0)
    else:
        weights = there / np.maximum(there.sum(1, keepdims=True), 1)
    _check_twice(codes, term.name)
    values, effects = _effects(frame, term.effects, term.name)
    return Factor(term.name, tuple(str(one) for one in labels), effects, codes, weights, values,
                  _pattern(effects, term.correlated))


def _check_twice(codes: IntArray, name: str) -> None:
    for a in range(codes.shape[1]):
        for b in range(a):
            same = (codes[:, a] >= 0) & (codes[:, a] == codes[:, b])
            if same.any():
                raise EstimationError(f"{int(same.sum())} rows name the same {name} twice",
                                      remedy="Name each group of a row once; a weight says how much it counts.")


def _effects(frame: pd.DataFrame, effects: tuple[str, ...], name: str) -> tuple[FloatArray, tuple[str, ...]]:
    if not effects or len(set(effects)) < len(effects):
        raise EstimationError(f"The random effects of {name!r} are {', '.join(effects) or 'none'}",
                              remedy='Name each once: "1" for the intercept, and columns for slopes.')
    columns = []
    for one in effects:
        if one == "1":
            columns.append(np.ones(len(frame)))
            continue
        if getattr(frame[one].dtype, "kind", "O") not in "iufb":
            raise EstimationError(f"The random slope {one!r} of {name!r} is of type {frame[one].dtype}, not a number",
                                  remedy="Hand over a numeric column; code categories as 0 and 1.")
        columns.append(frame[one].to_numpy(dtype=float))
    return np.column_stack(columns), tuple("intercept" if one == "1" else one for one in effects)


def _pattern(effects: tuple[str, ...], correlated: bool) -> tuple[tuple[int, int], ...]:
    q = len(effects)
    return tuple((a, b) for b in range(q) for a in range(b, q if correlated else b + 1))


def _joined(one: Factor, other: Factor) -> Factor:
    repeated = set(one.effects) & set(other.effects)
    if repeated or not np.array_equal(one.codes, other.codes):
        raise EstimationError(f"Two random terms of {one.name!r} do not fit together"
                              + (f": both hold {', '.join(sorted(repeated))}" if repeated else ""),
                              remedy="Name each effect of a grouping once, with one word on absent groups.")
    moved = tuple((a + one.q, b + one.q) for a, b in other.pattern)
    return Factor(one.name, one.levels, (*one.effects, *other.effects), one.codes, one.weights,
                  np.column_stack([one.values, other.values]), (*one.pattern, *moved))


def _check_nested(parent: pd.Series, codes: IntArray, levels: tuple[str, ...], name: str, nested_in: str) -> None:
    import pandas as pd

    pairs = pd.DataFrame({"group": codes, "parent": parent.astype(str).to_numpy(dtype=object)})[codes >= 0]
    counts = pairs.drop_duplicates().groupby("group").size()
    twice = [levels[int(one)] for one in counts.index[counts > 1]]
    if twice:
        more = " ..." if len(twice) > _NAMED else ""
        raise EstimationError(
            f"{len(twice)} ids of {name!r} occur in more than one {nested_in!r}: {', '.join(twice[:_NAMED])}{more}",
            remedy=f"If they are different groups, name them by both columns: group=({nested_in!r}, {name!r}). "
                   "If they are the same group, the groupings are crossed: leave out nested_in.")


def _check(factor: Factor) -> None:
    if factor.m == 1:
        raise NotIdentified(f"There is one {factor.name} only ({factor.levels[0]}), so differences between them cannot "
                            "be told", remedy="Leave this grouping out; what is found then holds for this one alone.")
    if not factor.m:
        raise NotIdentified(f"No row belongs to a {factor.name}", remedy="Leave this grouping out.")
    touched = int((factor.codes >= 0).any(axis=1).sum())
    if factor.simple and factor.m * factor.q >= touched:
        raise NotIdentified(
            f"{factor.m} groups of {factor.name!r} with {factor.q} random effects each have {touched} rows in all, so "
            "they cannot be told from the residual", remedy="Leave out a random effect, or the grouping.")
    for column, effect in enumerate(factor.effects):
        here = factor.values[(factor.codes >= 0).any(axis=1), column]
        if not np.any(here):
            raise NotIdentified(f"The random effect {effect!r} of {factor.name!r} is zero in every row",
                                remedy="Leave it out.")
        if effect != "intercept" and "intercept" in factor.effects and np.ptp(here) == 0:
            raise NotIdentified(f"The random slope {effect!r} of {factor.name!r} does not vary, so it cannot be told "
                                "from the intercept", remedy="Leave it out.")


def _check_same(one: Factor, other: Factor) -> None:
    """Refuse two groupings that divide the same rows in the same way and share an effect."""
    shared = set(one.effects) & set(other.effects)
    if not shared or not one.simple or not other.simple or one.m != other.m:
        return
    pairs = np.unique(np.concatenate([one.codes, other.codes], axis=1), axis=0)
    inside = pairs[(pairs >= 0).any(axis=1)]
    if len(inside) == one.m:
        raise NotIdentified(f"{one.name!r} and {other.name!r} divide the rows in the same way, so their spread cannot "
                            "be told apart", remedy="Leave out one of them.")


def check_against_fixed(factors: tuple[Factor, ...], X: FloatArray) -> None:
    """Refuse random effects of groups that the fixed effects (n, p) already tell apart.

    Raises
    ------
    NotIdentified
        For instance with one coach in each arm, and the arm among the fixed effects.
    """
    Q = np.linalg.qr(X)[0]
    for one in factors:
        Z = one.matrix()
        explained = (Z.T @ Q) ** 2
        for place, effect in enumerate(one.effects):
            whole = float(((one.values[:, place] ** 2) * (one.weights ** 2).sum(1)).sum())
            if whole - float(explained[place::one.q].sum()) <= _EXPLAINED * whole:
                raise NotIdentified(
                    f"The fixed effects already tell the {one.m} groups of {one.name!r} apart ({effect}), so the "
                    "spread between them cannot be told",
                    remedy="Leave out this random effect, or the fixed effects that vary between these groups alone.")


def group_cautions(factors: tuple[Factor, ...]) -> list[Caution]:
    """Say where groups are few, of one member, or shared in an unexpected way."""
    found = []
    largest = max(factors, key=lambda one: one.m) if factors else None
    for one in factors:
        if one.m < _FEW_GROUPS:
            found.append(caution("mixed_few_groups", group=one.name, n=one.m))
        if not one.simple or one is largest or largest is None or not largest.simple:
            continue
        pairs = np.unique(np.stack([one.codes[:, 0], largest.codes[:, 0]])[:, one.codes[:, 0] >= 0], axis=1)
        alone = int((np.bincount(pairs[0], minlength=one.m) == 1).sum())
        if alone:
            found.append(caution("mixed_one_member", group=one.name, member=largest.name, n=alone, of=one.m))
        belongs = np.bincount(pairs[1][pairs[1] >= 0], minlength=largest.m)
        shared = int((belongs > 1).sum())
        if 0 < shared < 0.5 * int((belongs > 0).sum()):
            found.append(caution("mixed_crossed", group=one.name, member=largest.name, n=shared, of=largest.m))
    return found


def faults_of_terms(terms: tuple[RandomTerm, ...]) -> list[Fault]:
    """Return what is wrong with the terms themselves."""
    if not terms:
        return [Fault("A mixed model needs at least one random term",
                      remedy='Name one: random=(Random(group="person"),).')]
    return []

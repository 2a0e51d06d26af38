"""Questions to a fitted mixed model: contrasts of fixed effects, tests of whole terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.effects.mixed.factors import FloatArray
from coachresearch.effects.mixed.freedom import Test
from coachresearch.effects.mixed.model import MixedModel, estimate_of, test_of


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TermTests(Result):
    """F tests of the terms of a mixed model.

    Parameters
    ----------
    tests : tuple of (term, Test)
        With numerator and denominator degrees of freedom. The estimates hold ``f`` (group: the term) with the
        denominator degrees of freedom.
    """

    kind: ClassVar[str] = "mixed_tests"

    tests: tuple[tuple[str, Test], ...]


def contrast(
    model: MixedModel, weights: Mapping[str, float], *, value: float = 0.0, term: str = "contrast", group: str = "",
    n: int | None = None, conf_level: float | None = None,
) -> Estimate:
    """Estimate a weighted sum of fixed effects, with the degrees of freedom that the model was fitted with.

    Parameters
    ----------
    model : MixedModel
    weights : mapping of str to float
        Weight of each fixed effect, by its name: ``{"arm[coached]": 1, "time:arm[coached]": 2}``.
    value : float
        What the sum is tested against.
    term, group : str
        Name of the estimate.
    n : int, optional
        Units behind the estimate; the rows of the model if not given.
    conf_level : float, optional
        The model's own if not given.

    Raises
    ------
    EstimationError
        For a name that is no fixed effect, or weights that are all zero.
    """
    tested = test_of(model, _row(model, weights)[None], np.array([value]))
    return estimate_of(tested, term=term, group=group, n=len(model.fit.y) if n is None else n, df=model.df,
                       conf_level=model.conf_level if conf_level is None else conf_level)


def n_people(model: MixedModel) -> int:
    """Number of groups of the largest grouping: the people of repeated measures."""
    return max(one.m for one in model.fit.factors)


def joint_test(
    model: MixedModel, contrasts: tuple[Mapping[str, float], ...], *, values: tuple[float, ...] | None = None
) -> Test:
    """Test several contrasts at once by F.

    Parameters
    ----------
    model : MixedModel
    contrasts : tuple of mapping of str to float
    values : tuple of float, optional
        What the sums are tested against; zeros if not given.

    Raises
    ------
    EstimationError
        For names that are no fixed effects, or as many values as there are not contrasts.
    """
    if not contrasts or (values is not None and len(values) != len(contrasts)):
        raise EstimationError(f"{len(contrasts)} contrasts and {len(values or ())} values",
                              remedy="Give one value for each contrast, and at least one contrast.")
    rows = np.stack([_row(model, one) for one in contrasts])
    return test_of(model, rows, np.zeros(len(rows)) if values is None else np.asarray(values, dtype=float))


def _row(model: MixedModel, weights: Mapping[str, float]) -> FloatArray:
    unknown = [one for one in weights if one not in model.names]
    if unknown:
        raise EstimationError(f"There is no fixed effect {', '.join(map(repr, unknown))}",
                              remedy=f"There are: {', '.join(model.names)}.")
    row = np.zeros(len(model.names))
    for name, weight in weights.items():
        row[model.names.index(name)] = weight
    if not row.any():
        raise EstimationError("Every weight of the contrast is zero", remedy="Give at least one fixed effect a weight.")
    return row


def term_tests(model: MixedModel) -> TermTests:
    """Test every term of the fixed effects, over and above the others (type III).

    A term that stands in products too is tested at the plain mean of the categories that it is multiplied with, and at
    zero of the columns of numbers that it is multiplied with.

    Returns
    -------
    TermTests
    """
    found = []
    for term, columns in model.terms:
        if term == "intercept":
            continue
        rows = np.stack([_marginal(model, term, column) for column in columns])
        found.append((term, test_of(model, rows, np.zeros(len(rows)))))
    estimates = tuple(Estimate("f", _f(test), group=term, df=test.df2 if np.isfinite(test.df2) else float("nan"),
                               p_value=test.p_value, n=len(model.fit.y)) for term, test in found)
    return TermTests(title=model.title, estimates=estimates, method=f"mixed_terms_{model.df}", source=model.source,
                     tests=tuple(found))


def _f(test: Test) -> float:
    return test.statistic ** 2 if test.df1 == 1 else test.statistic


def _marginal(model: MixedModel, term: str, column: int) -> FloatArray:
    row = np.zeros(len(model.names))
    row[column] = 1.0
    parts = term.split(":")
    pieces = dict(zip(parts, model.names[column].split(":"), strict=True))
    for other, columns in model.terms:
        more = [part for part in other.split(":") if part not in parts]
        if other == term or not set(parts) < set(other.split(":")):
            continue
        for place in columns:
            named = dict(zip(other.split(":"), model.names[place].split(":"), strict=True))
            if any(named[part] != pieces[part] for part in parts):
                continue
            row[place] = prod(_share(model, part, named[part]) for part in more)
    return row


def _share(model: MixedModel, part: str, name: str) -> float:
    """One over the number of categories of a column of words; 0 for a column of numbers."""
    if name == part:
        return 0.0
    levels = {piece for one in model.names for piece in one.split(":") if piece.startswith(f"{part}[")}
    return 1 / (len(levels) + 1)

"""Fixed effects: named columns of a frame and their products become a design matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coachresearch.core.errors import EstimationError, NotIdentified
from coachresearch.effects.mixed.factors import FloatArray

if TYPE_CHECKING:
    import pandas as pd

_DEPENDENT = 1e-9
_NAMED = 10


@dataclass(frozen=True, slots=True, eq=False)
class FixedDesign:
    """A design matrix and where its columns come from.

    Parameters
    ----------
    X : array (n, p)
    names : tuple of str
        ``intercept``, ``time``, ``arm[coached]``, ``time:arm[coached]``.
    terms : tuple of (term, columns)
        Which columns each term made.
    """

    X: FloatArray
    names: tuple[str, ...]
    terms: tuple[tuple[str, tuple[int, ...]], ...]


def expand(fixed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the terms, with ``a*b`` written out as ``a``, ``b``, ``a:b`` and the intercept in front.

    Raises
    ------
    EstimationError
        If a term is named twice.
    """
    terms: list[str] = [] if "0" in fixed else ["1"]
    for term in fixed:
        if term in ("0", "1"):
            continue
        parts = [part.strip() for part in term.split("*")]
        found = [":".join(parts[i] for i in range(len(parts)) if mask >> i & 1) for mask in range(1, 2 ** len(parts))]
        terms += [one for one in found if one not in terms or len(parts) == 1]
    twice = sorted({term for term in terms if terms.count(term) > 1})
    if twice:
        raise EstimationError(f"Fixed effects are named twice: {', '.join(twice)}", remedy="Name each once.")
    return tuple(terms)


def columns_of(fixed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of the frame that the terms name, each once."""
    return tuple(dict.fromkeys(part for term in expand(fixed) if term != "1" for part in term.split(":")))


def fixed_design(frame: pd.DataFrame, fixed: tuple[str, ...], reference: Mapping[str, str]) -> FixedDesign:
    """Build the design matrix of the fixed effects.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows without gaps.
    fixed : tuple of str
        Columns, and products of columns written ``a:b`` (``a*b`` adds both alone); ``"0"`` leaves out the intercept.
    reference : mapping of str to str
        For every column of words: the category that the others are compared with.

    Raises
    ------
    EstimationError
        For a column of words without a reference, or a reference that is not there.
    NotIdentified
        For columns that follow from the others; they are named.
    """
    parts = {name: _coded(frame, name, reference) for name in columns_of(fixed)}
    names: list[str] = []
    columns: list[FloatArray] = []
    terms = []
    for term in expand(fixed):
        begin = len(names)
        made: list[tuple[str, FloatArray]] = [("", np.ones(len(frame)))]
        for part in [] if term == "1" else term.split(":"):
            made = [(f"{left}:{right}".lstrip(":"), one * other)
                    for right, other in parts[part] for left, one in made]
        for name, column in made:
            names.append(name or "intercept")
            columns.append(column)
        terms.append(("intercept" if term == "1" else term, tuple(range(begin, len(names)))))
    X = np.column_stack(columns) if columns else np.zeros((len(frame), 0))
    _check_rank(X, tuple(names))
    return FixedDesign(X, tuple(names), tuple(terms))


def _coded(frame: pd.DataFrame, name: str, reference: Mapping[str, str]) -> list[tuple[str, FloatArray]]:
    column = frame[name]
    kind = getattr(column.dtype, "kind", "O")
    if kind in "iufb" and name not in reference:
        return [(name, column.to_numpy(dtype=float))]
    words = column.astype(str).to_numpy(dtype=object)
    if str(column.dtype) == "category":
        there = set(words)
        seen = [str(one) for one in column.cat.categories if str(one) in there]
    else:
        seen = sorted(set(words), key=_natural)
    base = reference.get(name)
    if base is None:
        raise EstimationError(
            f"Column {name!r} holds words ({', '.join(seen[:_NAMED])}), and it is not said what they are compared with",
            remedy=f'Name the category that stands for no effect: reference={{{name!r}: {seen[0]!r}}}.')
    if str(base) not in seen:
        raise EstimationError(f"The reference {base!r} does not occur in column {name!r}",
                              remedy=f"It holds: {', '.join(seen[:_NAMED])}.")
    return [(f"{name}[{level}]", (words == level).astype(float)) for level in seen if level != str(base)]


def _natural(word: str) -> tuple[int, float, str]:
    try:
        return 0, float(word), word
    except ValueError:
        return 1, 0.0, word


def _check_rank(X: FloatArray, names: tuple[str, ...]) -> None:
    from scipy.linalg import qr

    if len(X) <= X.shape[1]:
        raise NotIdentified(f"A model of {X.shape[1]} fixed effects needs more than {X.shape[1]} rows; "
                            f"there are {len(X)}")
    scale = np.linalg.norm(X, axis=0)
    empty = [name for name, size in zip(names, scale, strict=True) if size == 0]
    if empty:
        raise NotIdentified(f"Fixed effects without a single row that is not zero: {', '.join(empty)}",
                            remedy="Leave them out, or leave out the category or the product that nobody has.")
    if not X.shape[1]:
        return
    triangle = qr(X / scale, mode="r")[0][:X.shape[1]]
    repeated = []
    kept: list[int] = []
    for place in range(X.shape[1]):
        tried = [*kept, place]
        small = np.linalg.svd(triangle[:, tried], compute_uv=False)[-1]
        if small < _DEPENDENT:
            repeated.append(names[place])
        else:
            kept.append(place)
    if repeated:
        raise NotIdentified(f"Fixed effects that follow from the others: {', '.join(repeated)}",
                            remedy="Leave out one of the columns that say the same; a column that never varies says "
                                   "the same as the intercept.")

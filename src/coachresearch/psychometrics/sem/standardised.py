"""Standardised and defined parameters as functions of the free ones, for estimates and their errors."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.psychometrics.sem.matrices import Implied, Layout, entry_of, implied
from coachresearch.psychometrics.sem.syntax import Defined
from coachresearch.psychometrics.sem.table import ParameterTable

Standard = Literal["none", "latent", "all"]


STANDARDS: tuple[Standard, ...] = ("none", "latent", "all")


def entries_of(table: ParameterTable, layouts: Sequence[Layout]) -> NDArray:
    """Group, kind, row and column of every parameter of the table (e, 4)."""
    at = {name: i for i, name in enumerate(layouts[0].variables)}
    return np.array([(one.group, *entry_of(one, at)) for one in table.rows])


def parameter_values(
    table: ParameterTable, layouts: Sequence[Layout], entries: NDArray, theta: NDArray, defined: Sequence[Defined]
) -> NDArray:
    """Every parameter of the table, then every defined one; one row for each of `STANDARDS`.

    As they are; in units of the factors; in units of all variables.

    Parameters
    ----------
    table : ParameterTable
    layouts : sequence of Layout
    entries : array (e, 4)
        From `entries_of`.
    theta : array (q)
        Free parameters; may be complex.
    defined : sequence of Defined

    References
    ----------
    Bollen (1989), Structural Equations with Latent Variables, 349-350. Residual covariances become correlations of
    residuals.
    """
    values = np.empty((len(STANDARDS), len(entries)), dtype=theta.dtype)
    for group, where in enumerate(layouts):
        mine, found = entries[:, 0] == group, implied(where, theta)
        for place, standard in enumerate(STANDARDS):
            values[place, mine] = _values(found, entries[mine, 1:], where.k, standard)
    if not defined:
        return values
    return np.array([np.concatenate([row, _defined(table, row, defined)]) for row in values])


def _defined(table: ParameterTable, values: NDArray, defined: Sequence[Defined]) -> NDArray:
    named: dict[str, complex] = {}
    for one, value in zip(table.rows, values, strict=True):
        if one.label:
            named.setdefault(one.label, value)
    for extra in defined:
        named[extra.name] = evaluate(extra, named)
    return np.array([named[extra.name] for extra in defined], dtype=values.dtype)


def _values(found: Implied, entries: NDArray, k: int, standard: Standard) -> NDArray:
    """Values of entries (e, 3: kind, row, column) of one group."""
    kind, i, j = entries.T
    value = np.where(kind == 0, found.paths[i, j], np.where(kind == 1, found.spread[i, j], found.level[i]))
    if standard == "none":
        return value
    scaled = (np.arange(len(found.total)) >= k) | (standard == "all")
    scale = np.where(scaled, _root(np.diag(found.total)), 1.0)
    own = np.where(scaled, _root(np.diag(found.spread)), 1.0)
    path, variance = value * scale[j] / scale[i], value / scale[i] ** 2
    residual = value / np.where(i == j, 1.0, own[i] * own[j])
    return np.where(kind == 0, path, np.where(kind == 2, value / scale[i], np.where(i == j, variance, residual)))


def _root(variances: NDArray) -> NDArray:
    """Square root; NaN for what is no variance."""
    if np.iscomplexobj(variances):
        return np.sqrt(variances)
    return np.sqrt(np.where(variances > 0, variances, np.nan))


def evaluate(defined: Defined, named: Mapping[str, complex]) -> complex:
    """Work out a definition from the values of its labels.

    Raises
    ------
    EstimationError
        If it divides by zero.
    """
    try:
        return _node(ast.parse(defined.expression.replace("^", "**"), mode="eval").body, named)
    except ZeroDivisionError:
        raise EstimationError(f"{defined.name} := {defined.expression} divides by zero",
                              where=f"line {defined.line}, column {defined.column}") from None


def _node(node: ast.AST, named: Mapping[str, complex]) -> complex:
    if isinstance(node, ast.Constant):
        return float(cast(float, node.value))
    if isinstance(node, ast.Name):
        return named[node.id]
    if isinstance(node, ast.UnaryOp):
        inner = _node(node.operand, named)
        return -inner if isinstance(node.op, ast.USub) else inner
    operation = cast(ast.BinOp, node)
    left, right = _node(operation.left, named), _node(operation.right, named)
    if isinstance(operation.op, ast.Add):
        return left + right
    if isinstance(operation.op, ast.Sub):
        return left - right
    if isinstance(operation.op, ast.Mult):
        return left * right
    return left / right if isinstance(operation.op, ast.Div) else left ** right

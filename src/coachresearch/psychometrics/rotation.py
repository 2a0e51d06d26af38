"""Rotation of factors by gradient projection, from many starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.psychometrics import criteria
from coachresearch.psychometrics.criteria import Criterion

FloatArray = NDArray[np.float64]
RotationKind = Literal[
    "none", "varimax", "promax", "oblimin", "geomin", "geomin_orthogonal", "target", "target_orthogonal", "bifactor",
    "bifactor_oblique",
]

OBLIQUE = frozenset({"oblimin", "geomin", "target", "bifactor_oblique"})
_WEIGHTED = frozenset({"varimax", "promax"})
_STEPS = 5000
_HALVINGS = 12
_FLAT = 1e-7
_SAME_VALUE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """How factors are to be turned.

    Parameters
    ----------
    kind : RotationKind
        Criterion. Orthogonal are ``varimax``, ``geomin_orthogonal``, ``target_orthogonal`` and ``bifactor``; the others
        let factors correlate.
    normalise : bool, optional
        Kaiser's row weights: every item counts the same whatever its communality. If not said: for varimax and promax.
    starts : int
        Random starts beside the unrotated solution; the best is kept.
    gamma : float
        Of oblimin; 0 (quartimin) keeps factors least oblique.
    epsilon : float
        Of geomin: keeps products away from zero; smaller values give sharper patterns and more local minima.
    power : float
        Of promax.
    wanted : array (k, m), optional
        Of target: the loadings to come close to, NaN where anything will do.
    """

    kind: RotationKind = "oblimin"
    normalise: bool | None = None
    starts: int = 10
    gamma: float = 0.0
    epsilon: float = 0.01
    power: float = 4.0
    wanted: ArrayLike | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(RotationKind):
            raise EstimationError(f"There is no rotation {self.kind!r}",
                                  remedy=f"There are: {', '.join(get_args(RotationKind))}.")
        if self.kind.startswith("target") and self.wanted is None:
            raise EstimationError(f"The rotation {self.kind!r} has no target",
                                  remedy="Give wanted: an array of items by factors, NaN where anything will do.")
        if self.starts < 0:
            raise EstimationError(f"The number of random starts is {self.starts}", remedy="It is at least 0.")

    @property
    def oblique(self) -> bool:
        """Whether factors may correlate."""
        return self.kind in OBLIQUE or self.kind == "promax"


@dataclass(frozen=True, slots=True, eq=False)
class Rotated:
    """Rotated factors.

    Parameters
    ----------
    loadings : array (k, m)
        Pattern loadings.
    phi : array (m, m)
        Correlations of the factors.
    value : float
        What the criterion came to; NaN for none and promax.
    n_starts, n_agreeing : int
        Starts tried, and how many of them ended at the value of the best.
    converged : bool
        Whether the best start came to rest.
    """

    loadings: FloatArray
    phi: FloatArray
    value: float = float("nan")
    n_starts: int = 1
    n_agreeing: int = 1
    converged: bool = True


def rotate(loadings: FloatArray, rotation: Rotation, *, rng: np.random.Generator | None = None) -> Rotated:
    """Turn factors.

    Parameters
    ----------
    loadings : array (k, m)
        Unrotated loadings.
    rotation : Rotation
    rng : Generator, optional
        For the random starts; without it there are none.

    Returns
    -------
    Rotated
        Factors in falling order of the variance they explain (a general factor stays first), each pointing to where
        most items are.

    Notes
    -----
    Gradient projection with Barzilai-Borwein steps, all starts at once.

    References
    ----------
    Jennrich (2001), Psychometrika 66, 289-306; (2002), Psychometrika 67, 7-19. Bernaards & Jennrich (2005), Educational
    and Psychological Measurement 65, 676-696. Hendrickson & White (1964), Brit. J. Stat. Psychol. 17, 65-70 (promax).
    """
    k, m = loadings.shape
    if m == 1 or rotation.kind == "none":
        return Rotated(loadings, np.eye(m))
    _check_target(rotation, (k, m))
    weights = _weights(loadings, rotation)
    weighted = loadings / weights[:, None]
    if rotation.kind == "promax":
        varimax = _best(weighted, criteria.varimax, False, _starts(m, rotation.starts, rng))
        pattern, phi = _promax(varimax.loadings * weights[:, None], rotation.power)
        found = Rotated(pattern, phi, converged=varimax.converged)
    else:
        found = _best(weighted, criterion_of(rotation), rotation.oblique, _starts(m, rotation.starts, rng))
        found = Rotated(found.loadings * weights[:, None], found.phi, found.value, found.n_starts, found.n_agreeing,
                        found.converged)
    if rotation.kind.startswith("target"):
        return found
    return _ordered(found, fixed=1 if rotation.kind.startswith("bifactor") else 0)


def rotate_many(loadings: FloatArray, rotation: Rotation, start: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Turn many solutions (b, k, m) from starting turns (b, m, m); return patterns and factor correlations.

    Used for resamples: no order and no sign is given to the factors.
    """
    if rotation.kind == "none" or loadings.shape[-1] == 1:
        return loadings, np.broadcast_to(np.eye(loadings.shape[-1]), (len(loadings), *start.shape[1:])).copy()
    weights = np.stack([_weights(one, rotation) for one in loadings])
    weighted = loadings / weights[:, :, None]
    kind = criteria.varimax if rotation.kind == "promax" else criterion_of(rotation)
    turns, _, _ = _descend(weighted, start, kind, rotation.kind in OBLIQUE)
    turned = _turned(weighted, turns, rotation.kind in OBLIQUE) * weights[:, :, None]
    if rotation.kind == "promax":
        pairs = [_promax(one, rotation.power) for one in turned]
        return np.stack([pattern for pattern, _ in pairs]), np.stack([phi for _, phi in pairs])
    return turned, np.swapaxes(turns, 1, 2) @ turns


def criterion_of(rotation: Rotation) -> Criterion:
    """Return the criterion of a rotation."""
    if rotation.kind == "varimax":
        return criteria.varimax
    if rotation.kind == "oblimin":
        return criteria.oblimin(rotation.gamma)
    if rotation.kind in ("geomin", "geomin_orthogonal"):
        return criteria.geomin(rotation.epsilon)
    if rotation.kind in ("target", "target_orthogonal"):
        return criteria.target(np.asarray(rotation.wanted, dtype=float))
    return criteria.bifactor


def _check_target(rotation: Rotation, shape: tuple[int, int]) -> None:
    given = np.asarray(rotation.wanted, dtype=float).shape
    if rotation.kind.startswith("target") and given != shape:
        raise EstimationError(f"The target has shape {given}, but there are {shape[0]} items and {shape[1]} factors",
                              remedy="Give one row an item and one column a factor.")


def _weights(loadings: FloatArray, rotation: Rotation) -> FloatArray:
    normalise = rotation.kind in _WEIGHTED if rotation.normalise is None else rotation.normalise
    if not normalise:
        return np.ones(len(loadings))
    length = np.sqrt(np.sum(loadings ** 2, axis=1))
    return np.where(length > 1e-12, length, 1.0)


def _starts(m: int, n: int, rng: np.random.Generator | None) -> FloatArray:
    first = np.eye(m)[None]
    if rng is None or n == 0:
        return first
    turns, upper = np.linalg.qr(rng.standard_normal((n, m, m)))
    signs = np.sign(np.diagonal(upper, axis1=1, axis2=2))
    return np.concatenate([first, turns * signs[:, None, :]])


def _best(loadings: FloatArray, criterion: Criterion, oblique: bool, starts: FloatArray) -> Rotated:
    many = np.broadcast_to(loadings, (len(starts), *loadings.shape))
    turns, values, rests = _descend(many, starts, criterion, oblique)
    best = int(np.argmin(values))
    agreeing = int(np.sum(values <= values[best] + _SAME_VALUE * max(1.0, abs(float(values[best])))))
    turned = _turned(loadings[None], turns[best][None], oblique)[0]
    return Rotated(turned, turns[best].T @ turns[best], float(values[best]), len(starts), agreeing, bool(rests[best]))


def _turned(loadings: FloatArray, turns: FloatArray, oblique: bool) -> FloatArray:
    if oblique:
        return np.swapaxes(np.linalg.solve(turns, np.swapaxes(loadings, 1, 2)), 1, 2)
    return loadings @ turns


def _slope(
    loadings: FloatArray, turned: FloatArray, turns: FloatArray, slopes: FloatArray, oblique: bool
) -> FloatArray:
    """Slope along the manifold of allowed turns."""
    if oblique:
        raw = -np.linalg.solve(np.swapaxes(turns, 1, 2), np.swapaxes(slopes, 1, 2) @ turned)
        return raw - turns * np.sum(turns * raw, axis=1, keepdims=True)
    raw = np.swapaxes(loadings, 1, 2) @ slopes
    inner = np.swapaxes(turns, 1, 2) @ raw
    return raw - turns @ ((inner + np.swapaxes(inner, 1, 2)) / 2)


def _allowed(turns: FloatArray, oblique: bool) -> FloatArray:
    """Nearest allowed turn: columns of length 1, or an orthogonal matrix."""
    if oblique:
        return turns / np.sqrt(np.sum(turns ** 2, axis=1, keepdims=True))
    left, _, right = np.linalg.svd(turns)
    return left @ right


def _descend(
    loadings: FloatArray, starts: FloatArray, criterion: Criterion, oblique: bool
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Go downhill from every start: turns (b, m, m), values (b), and which of them came to rest."""
    turns = starts.copy()
    turned = _turned(loadings, turns, oblique)
    values, slopes = criterion(turned)
    gradient = _slope(loadings, turned, turns, slopes, oblique)
    step = np.ones(len(turns))
    moving = np.arange(len(turns))
    for _ in range(_STEPS):
        size = np.sum(gradient[moving] ** 2, axis=(1, 2))
        moving = moving[size > _FLAT ** 2]
        if not len(moving):
            break
        moved = _line_search(loadings[moving], turns[moving], values[moving], gradient[moving], step[moving],
                             criterion, oblique)
        next_turns, next_turned, next_values, next_slopes, accepted = moved
        if not accepted.any():
            break
        kept = moving[accepted]
        next_gradient = _slope(loadings[kept], next_turned[accepted], next_turns[accepted], next_slopes[accepted],
                               oblique)
        way, bend = next_turns[accepted] - turns[kept], next_gradient - gradient[kept]
        curved = np.abs(np.sum(way * bend, axis=(1, 2)))
        length = np.sum(way ** 2, axis=(1, 2))
        step[kept] = np.clip(np.divide(length, curved, out=np.ones(len(kept)), where=curved > 1e-300), 1e-6, 1e6)
        turns[kept], values[kept], gradient[kept] = next_turns[accepted], next_values[accepted], next_gradient
        moving = kept
    rest = np.sqrt(np.sum(gradient ** 2, axis=(1, 2))) <= 1e-4 * np.maximum(1.0, np.abs(values))
    return turns, values, rest


def _line_search(
    loadings: FloatArray, turns: FloatArray, values: FloatArray, gradient: FloatArray, step: FloatArray,
    criterion: Criterion, oblique: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    size = np.sum(gradient ** 2, axis=(1, 2))
    step = step.copy()
    for halving in range(_HALVINGS + 1):
        tried = _allowed(turns - step[:, None, None] * gradient, oblique)
        turned = _turned(loadings, tried, oblique)
        found, slopes = criterion(turned)
        good = found < values - 1e-4 * size * step
        if good.all() or halving == _HALVINGS:
            break
        step = np.where(good, step, step / 4)
    return tried, turned, found, slopes, good


def _promax(loadings: FloatArray, power: float) -> tuple[FloatArray, FloatArray]:
    wanted = loadings * np.abs(loadings) ** (power - 1)
    turn = np.linalg.lstsq(loadings, wanted, rcond=None)[0]
    scale = np.sqrt(np.diag(np.linalg.inv(turn.T @ turn)))
    turn = turn * scale
    inverse = np.linalg.inv(turn)
    return loadings @ turn, inverse @ inverse.T


def _ordered(found: Rotated, *, fixed: int) -> Rotated:
    """Order factors by the variance they explain and point them to where most items are."""
    explained = np.diag(found.phi @ found.loadings.T @ found.loadings)
    order = [*range(fixed), *(fixed + np.argsort(-explained[fixed:], kind="stable"))]
    loadings, phi = found.loadings[:, order], found.phi[np.ix_(order, order)]
    signs = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    return Rotated(loadings * signs, phi * np.outer(signs, signs), found.value, found.n_starts, found.n_agreeing,
                   found.converged)

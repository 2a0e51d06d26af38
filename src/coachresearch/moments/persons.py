"""All rows of one person stand in one batch: checked where a person column is named."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coachresearch.core.errors import EstimationError
from coachresearch.moments.moments import Unit
from coachresearch.moments.sources import Batch

_SHOWN = 3


class PersonsSeen:
    """The persons of the batches so far, each batch's once."""

    def __init__(self) -> None:
        self._parts: list[NDArray[Any]] = []

    def add(self, persons: NDArray[Any]) -> None:
        """Remember the persons of one batch."""
        self._parts.append(persons)

    def check(self, column: str) -> None:
        """Refuse if a person stands in two batches.

        Raises
        ------
        EstimationError
            With the number of such persons.
        """
        if not self._parts:
            return
        everyone = np.sort(np.concatenate(self._parts))
        twice = np.unique(everyone[1:][everyone[1:] == everyone[:-1]])
        if len(twice):
            raise EstimationError(
                f"The rows of {len(twice)} person{'s' if len(twice) > 1 else ''} are spread over several batches",
                where=f"column {column}{_named(twice)}",
                remedy="Sort or partition the rows by person before collecting.")


def persons_of(batch: Batch, column: str, unit: Unit) -> NDArray[Any]:
    """Return the persons of a batch, each once: numbers as they are, names as 64-bit hashes.

    Raises
    ------
    EstimationError
        If a row names nobody, or the unit is the person and somebody has two rows.
    """
    import pandas as pd

    given = batch.persons
    if given is None:
        raise EstimationError(f"There is no column {column!r}", remedy="Name the column of the persons.")
    nobody = int(pd.isna(given).sum())
    if nobody:
        raise EstimationError(f"{nobody} of {batch.n} rows name no person", where=f"column {column}",
                              remedy="Fill it in, or leave these rows out before collecting.")
    known = given if given.dtype.kind in "iu" else pd.util.hash_array(given.astype(object))
    once = np.unique(known)
    if unit == "person" and len(once) < batch.n:
        raise EstimationError(
            f"{batch.n} rows belong to {len(once)} persons, but the unit of a row is the person",
            where=f"column {column}", remedy='Make the rows wide, one per person, or declare unit="rating".')
    return once


def _named(persons: NDArray[Any]) -> str:
    if persons.dtype == np.uint64:
        return ""
    more = ", ..." if len(persons) > _SHOWN else ""
    return ": " + ", ".join(map(str, persons[:_SHOWN])) + more

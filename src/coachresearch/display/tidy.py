"""Estimates as a tidy frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from coachresearch.core.contracts import ESTIMATES
from coachresearch.core.estimate import Estimate

if TYPE_CHECKING:
    import pandas as pd


def estimates_frame(estimates: Sequence[Estimate]) -> pd.DataFrame:
    """Return a fresh frame with one row per estimate, in order, at full precision.

    Parameters
    ----------
    estimates : sequence of Estimate
        May be empty.

    Returns
    -------
    pandas.DataFrame
        Columns and dtypes of the `ESTIMATES` contract; missing numbers are NaN, missing words empty.
    """
    import pandas as pd

    columns = {field.name: [getattr(estimate, field.name) for estimate in estimates] for field in fields(Estimate)}
    return pd.DataFrame({
        column.name: pd.Series(columns[column.name], dtype=column.dtype) for column in ESTIMATES.columns
    })

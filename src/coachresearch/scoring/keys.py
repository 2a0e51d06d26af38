"""Which way each item counts: the only place where answers are turned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.instrument import Instrument
from coachresearch.responses.responses import Responses, Unit, wide

if TYPE_CHECKING:
    import pandas as pd


def keyed(
    responses: Responses,
    scale: str,
    *,
    wave: str | None = None,
    role: RaterRole | None = None,
    instrument: str = "",
    unit: Unit = "rating",
) -> pd.DataFrame:
    """Lay out the items of a scale with reversed ones turned, so that a higher number always means more of it.

    Parameters
    ----------
    responses : Responses
        Left as it is.
    scale : str
        Id of the scale.
    wave, role : str, optional
        Which wave and rater role; may be left out only where the scale was answered in one.
    instrument : str
        Id of the instrument, where several form a scale of this name.
    unit : {"rating", "person"}
        One row per rater and target, or one per target (refused where a target has several raters of this role).

    Returns
    -------
    DataFrame
        Ratings × items in key order, float, response-scale units; NaN where there is no answer. Index
        (target, person), or target. A reversed item is low + high − answer of its own response scale.

    Raises
    ------
    InstrumentError
        If the scale is not known, or its key is recalled from memory and nobody has confirmed it.
    ResponseError
        If the wave or role is ambiguous or holds no answers.
    """
    versions = responses.forming(scale, instrument=instrument)
    for one in versions:
        check_key(one)
    chosen, items, rows = responses.select(scale, wave=wave, role=role, instrument=versions[0].id)
    return wide(turned(rows, chosen, scale), items, column="keyed", unit=unit)


def turned(rows: pd.DataFrame, instrument: Instrument, scale: str) -> pd.DataFrame:
    """Return the long rows of a scale's items with a float column ``keyed``: the answer, turned where its key is −1."""
    keys = dict(instrument.scale(scale).keys)
    ends = {item: instrument.response_scale(item) for item in keys}
    value = rows["value"].astype("Float64").to_numpy(dtype="float64", na_value=float("nan"))
    sign = rows["item"].map(keys).to_numpy(dtype="float64")
    mirror = rows["item"].map({item: one.low + one.high for item, one in ends.items()}).to_numpy(dtype="float64")
    return rows.assign(keyed=value * sign + mirror * (sign < 0))


def check_key(instrument: Instrument) -> None:
    """Refuse to score with a key that is only remembered.

    Raises
    ------
    InstrumentError
        If the key was recalled from memory and nobody has compared it with the published form.
    """
    if instrument.recalled_key:
        raise InstrumentError(f"The scoring key of {instrument.id!r} {instrument.version} is recalled from memory and "
                              "not confirmed",
                              remedy="Compare it with the published form, then say so: coachresearch instruments "
                                     f"confirm STUDY {instrument.id}, or in code confirm_key.")

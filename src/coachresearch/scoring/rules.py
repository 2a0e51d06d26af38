"""How the answers to the items of a scale are joined to one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coachresearch.instruments.instrument import Instrument, Scale

if TYPE_CHECKING:
    import pandas as pd

OCCASION = ["wave", "person", "target", "role"]
"""What one score belongs to."""


def joined(rows: pd.DataFrame, whole: pd.DataFrame, instrument: Instrument, scale: Scale) -> pd.DataFrame:
    """Join the answers to each scale on each occasion.

    Parameters
    ----------
    rows : DataFrame
        Long answers to the items of the scale, with a float column ``keyed``: the answer, turned where its key is −1.
    whole : DataFrame
        The same of the parent's items; read only by the rule ``share_of_parent``.
    instrument : Instrument
    scale : Scale

    Returns
    -------
    DataFrame
        Columns of the occasion, ``joined`` (float, whether or not enough was answered) and ``count`` (answers).
        A share of a parent whose sum is 0, or of which too little was answered, is empty.
    """
    counted = rows.assign(keyed=_points(rows, instrument, scale))
    grouped = counted.groupby(OCCASION, sort=False)["keyed"]
    found = grouped.agg(["mean", "count"]).rename(columns={"mean": "joined"})
    match scale.rule:
        case "sum":
            found["joined"] = found["joined"] * len(scale.keys)
        case "highest":
            found["joined"] = grouped.max()
        case "second_highest":
            found["joined"] = grouped.agg(_second_highest)
        case "share_of_parent":
            parent = instrument.scale(scale.parent)
            all_of_it = whole.groupby(OCCASION, sort=False)["keyed"].agg(["sum", "count"]).reindex(found.index)
            enough = (all_of_it["count"] >= parent.min_answered) & (all_of_it["sum"] != 0)
            found["joined"] = (grouped.sum() / all_of_it["sum"].where(enough)).astype("float64")
    return found.reset_index()


def _points(rows: pd.DataFrame, instrument: Instrument, scale: Scale) -> pd.Series:
    """Return what each answer counts: itself, or 1 and 0 where a share of the answers is asked for."""
    answered = rows["keyed"].notna()
    if scale.rule == "share_reaching" and scale.reaching is not None:
        return (rows["keyed"] >= scale.reaching).astype("float64").where(answered)
    if scale.rule == "share_right":
        expected = rows["item"].map({item: instrument.item(item).expects for item in scale.items})
        return (rows["keyed"] == expected.astype("float64")).astype("float64").where(answered)
    return rows["keyed"]


def _second_highest(answers: pd.Series) -> float:
    ordered = answers.dropna().sort_values(ascending=False)
    return float(ordered.iloc[1]) if len(ordered) > 1 else float("nan")

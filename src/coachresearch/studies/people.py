"""Who takes part: people, relations, coaching and outcome records, by pseudonym."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Four frames, each behind its contract in `core.contracts`.

    Parameters
    ----------
    people : DataFrame
        `PEOPLE`: person, level, team, arm, treatment_start.
    relations : DataFrame
        `RELATIONS`: target, rater, role, wave (empty wave: every wave).
    coaching : DataFrame
        `COACHING`: person, coach, kind, start, end, reason. A person may have no, one or two coaches and change them;
        a coach may also be the person's manager.
    outcomes : DataFrame
        `OUTCOMES`: unit, period, measure, value, exposure.
    """

    people: pd.DataFrame
    relations: pd.DataFrame
    coaching: pd.DataFrame
    outcomes: pd.DataFrame

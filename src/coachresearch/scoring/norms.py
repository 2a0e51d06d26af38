"""Where a score stands among others: T, z, percentile and stanine against a described sample, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

from coachresearch.core.caution import Caution, caution
from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import Fault, InstrumentError, ResponseError
from coachresearch.instruments.instrument import Instrument
from coachresearch.instruments.norms import NormCard, NormFigure, NormGroup, NormSample, NormUnit
from coachresearch.scoring.scores import Scores

if TYPE_CHECKING:
    import pandas as pd

MINIMUM_CELL = 300
"""Fewest people in a group of norms; recalled convention of test construction, set by this project's plan."""
SMALLEST_CELL = 30
"""Fewest people for a comparison inside one study, which is marked as such."""
_TOLERANCE = 1e-9
_FIGURES = ("z", "t", "percentile", "stanine")
COLUMNS = ("wave", "person", "target", "role", "scale", "score", "norm", "group",
           *(f"{name}{end}" for name in _FIGURES for end in ("", "_low", "_high")), "level")
"""Columns of `NormScores.frame`."""


@dataclass(frozen=True, slots=True, eq=False)
class NormScores:
    """Scores beside what they are among others.

    Parameters
    ----------
    frame : DataFrame
        Columns `COLUMNS`, one row per score. Empty figures where a person's group is not known or has no norms, empty
        ends where no reliability is known.
    card : NormCard
        The norms, with their source.
    cautions : tuple of Caution
    """

    frame: pd.DataFrame
    card: NormCard
    cautions: tuple[Caution, ...] = ()


def norm_scores(
    scores: Scores,
    card: NormCard,
    groups: pd.DataFrame | None = None,
    *,
    scales: Sequence[str] | None = None,
    reliability: Mapping[str, float] | None = None,
    languages: Sequence[str] = (),
    percentile: Literal["normal", "author"] = "normal",
    level: float = 0.95,
) -> NormScores:
    """Place scores among the sample of a norm card.

    Parameters
    ----------
    scores : Scores
        Formed as the norms say (mean or sum, of as many items).
    card : NormCard
    groups : DataFrame, optional
        Column ``person`` (the target) and those of the card's grouping: ``sex`` (male, female), ``age`` (years),
        ``group``. Needed where the card has groups.
    scales : sequence of str, optional
        Only these; every scale that has scores and norms if left out.
    reliability : mapping of scale to float, optional
        From the study at hand; where a scale is left out, the card's own figure is taken.
    languages : sequence of str
        Languages of the answers; refused if the norms are of another.
    percentile : {"normal", "author"}
        From the normal curve, or from the norm author's own formula.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    NormScores

    Raises
    ------
    InstrumentError
        If the norms are recalled and unverified, or the units, the rater role or the language do not fit.
    ResponseError
        If groups are needed and not given, or are not readable.

    Notes
    -----
    z = (score - mean) / sd, T = 50 + 10 z, stanine = 2 z + 5 rounded half up and cut to 1..9, percentile 100 Phi(z).
    Interval: z plus or minus the normal quantile times sqrt(1 - reliability + (1 + z^2 / 2) / n), the second part only
    where the n of the norm group is known; the other figures are transformed from its ends. The first part is the
    standard error of measurement of classical test theory (Lord and Novick, 1968, ch. 3), the second the sampling error
    of the norm's mean and standard deviation (delta method, normal theory).
    """
    import pandas as pd

    rows = scores.frame[scores.frame["scale"].isin(scales if scales is not None else card.scales)]
    _check(rows, card, scales, languages)
    if percentile == "author" and card.cubic is None:
        raise InstrumentError(f"The norms {card.id!r} have no percentiles of their author",
                              remedy="Use percentile='normal'.")
    placed = _placed(rows, card, groups)
    quantile = NormalDist().inv_cdf(0.5 + level / 2)
    told: dict[Caution, None] = {}
    found = [_row(row, card, placed.get(row["target"]), reliability or {}, quantile, percentile, level, told)
             for row in rows.to_dict("records")]
    frame = pd.DataFrame(found, columns=list(COLUMNS))
    return NormScores(frame, card, (*scores.cautions, *_cautions(rows, card, placed), *told))


def local_norms(
    scores: Scores,
    instrument: Instrument,
    *,
    id: str,
    wave: str,
    sample: NormSample,
    role: RaterRole = "self",
    groups: pd.DataFrame | None = None,
    minimum: int = MINIMUM_CELL,
) -> tuple[NormCard, tuple[Caution, ...]]:
    """Make norms of the scores of a study.

    Parameters
    ----------
    scores : Scores
    instrument : Instrument
        Whose scales are normed; all that have scores in this wave and role.
    id : str
        Of the new card.
    wave, role : str
        Which scores; refused where targets have several raters of this role.
    sample : NormSample
        Who was asked, when, how chosen, and how many did not answer: none of it may be empty.
    groups : DataFrame, optional
        Column ``person`` and ``group``.
    minimum : int
        Fewest people in a group; smaller groups are left out and counted. Below `MINIMUM_CELL` the card is marked as a
        comparison within this study.

    Returns
    -------
    tuple of NormCard and tuple of Caution

    Raises
    ------
    InstrumentError
        If the sample is not described, the minimum is below `SMALLEST_CELL`, or no group is large enough.
    """
    empty = [name for name in ("description", "collected", "non_response") if not getattr(sample, name).strip()]
    if empty:
        raise InstrumentError(f"The sample does not say its {', '.join(empty)}",
                              remedy="Norms need a described sample: who, when, how chosen, how many did not answer.")
    if minimum < SMALLEST_CELL:
        raise InstrumentError(f"Norms of groups of {minimum} people are refused",
                              remedy=f"Use at least {SMALLEST_CELL}; norms proper need {MINIMUM_CELL}.")
    rows = scores.frame[(scores.frame["wave"] == wave) & (scores.frame["role"] == role)
                        & scores.frame["scale"].isin([scale.id for scale in instrument.scales])]
    if rows.duplicated(["scale", "target"]).any():
        raise InstrumentError(f"Targets have several raters of the role {role!r}",
                              remedy="Norms of single ratings and of means of raters differ.")
    made, left = _local_groups(rows.dropna(subset=["score"]), _labels(groups), minimum)
    if not made:
        raise InstrumentError(f"No group of the study {'has' if left else 'has any'} scores of {minimum} people",
                              remedy="Join groups, or wait for more answers.")
    used = tuple(dict.fromkeys(figure.scale for group in made for figure in group.figures))
    told = [caution("norm_cells_left_out", n=left, minimum=minimum)] if left else []
    small = min(figure.n or 0 for group in made for figure in group.figures) < MINIMUM_CELL
    told += [caution("norm_this_study", minimum=MINIMUM_CELL)] if small else []
    card = NormCard(
        id=id, instrument=instrument.id, title=f"{instrument.id} {wave} {role}", known="found",
        provenance=f"{wave}, {role}", sample=sample, statistic=_statistic(instrument, used),
        units=tuple(_unit(instrument, name) for name in used), groups=made,
        grouping=("group",) if groups is not None else (), roles=(role,))
    return card, tuple(told)


def _check(rows: pd.DataFrame, card: NormCard, scales: Sequence[str] | None, languages: Sequence[str]) -> None:
    if card.known == "recalled":
        raise InstrumentError(f"The norms {card.id!r} are recalled from memory and unverified: they place nobody",
                              remedy="Compare them with their source, and mark the card as found with its ref.")
    faults = [Fault(f"The norms {card.id!r} have no scale {name!r}", "", f"They have: {', '.join(card.scales)}.")
              for name in scales or () if name not in card.scales]
    if rows.empty and not faults:
        faults.append(Fault(f"There are no scores of the scales of {card.id!r}", "",
                            f"It has: {', '.join(card.scales)}."))
    other = sorted(set(languages) - {card.language}) if card.language else []
    if other:
        faults.append(Fault(f"The answers are in {', '.join(other)}, the norms {card.id!r} of answers in "
                            f"{card.language}", "", "A translation needs norms of its own."))
    roles = sorted(set(map(str, rows["role"].unique())) - set(card.roles))
    if roles:
        faults.append(Fault(f"The scores are from the role {', '.join(roles)}, the norms from {', '.join(card.roles)}",
                            "", "Take the scores of that role alone."))
    faults += [fault for scale, some in rows.groupby("scale", sort=False) if str(scale) in card.scales
               for fault in _unit_faults(some, card, card.unit(str(scale)), str(scale))]
    if faults:
        raise InstrumentError.of(faults)


def _unit_faults(rows: pd.DataFrame, card: NormCard, unit: NormUnit, scale: str) -> list[Fault]:
    methods = sorted(set(map(str, rows["method"].unique())) - {card.statistic})
    counts = sorted({int(count) for count in rows["n_items"].dropna().unique()} - {unit.items})
    known = rows["score"].dropna()
    wrong = []
    if methods:
        wrong.append(f"formed as {', '.join(methods)}")
    if counts:
        wrong.append(f"formed of {', '.join(map(str, counts))} items")
    if len(known) and (known.min() < unit.low - _TOLERANCE or known.max() > unit.high + _TOLERANCE):
        wrong.append(f"from {known.min():g} to {known.max():g}")
    if not wrong:
        return []
    return [Fault(f"The scores of {scale!r} are {' and '.join(wrong)}; the norms {card.id!r} are of the "
                  f"{card.statistic} of {unit.items} items, from {unit.low:g} to {unit.high:g}", "",
                  "Norms of another unit say nothing about these scores; form them as the norms were formed.")]


def _placed(rows: pd.DataFrame, card: NormCard, groups: pd.DataFrame | None) -> dict[str, NormGroup]:
    targets = list(dict.fromkeys(map(str, rows["target"])))
    if not card.grouping:
        return dict.fromkeys(targets, card.groups[0])
    if groups is None:
        raise ResponseError(f"The norms {card.id!r} are by {' and '.join(card.grouping)}",
                            remedy=f"Give a table with person, {', '.join(card.grouping)}.")
    lacking = [name for name in ("person", *card.grouping) if name not in groups.columns]
    if lacking:
        raise ResponseError(f"The table of groups has no column {', '.join(lacking)}",
                            remedy=f"It needs person, {', '.join(card.grouping)}.")
    if groups["person"].duplicated().any():
        double = str(groups.loc[groups["person"].duplicated(), "person"].iloc[0])
        raise ResponseError(f"Person {double!r} stands twice in the table of groups", remedy="Keep one row a person.")
    known = groups.set_index("person").to_dict("index")
    found = {target: card.group_of(**_facts(known[target], card)) for target in targets if target in known}
    return {target: group for target, group in found.items() if group is not None}


def _facts(row: Mapping[str, Any], card: NormCard) -> dict[str, Any]:
    import pandas as pd

    facts: dict[str, Any] = {}
    for name in card.grouping:
        value = row[name]
        empty = value is None or value == "" or pd.isna(value)
        if name != "age":
            facts[name] = "" if empty else str(value)
            continue
        try:
            facts["age"] = None if empty else float(value)
        except ValueError:
            raise ResponseError(f"An age in the table of groups is {value!r}", remedy="Write whole years.") from None
    return facts


def _row(
    row: Mapping[str, Any],
    card: NormCard,
    group: NormGroup | None,
    reliability: Mapping[str, float],
    quantile: float,
    percentile: str,
    level: float,
    told: dict[Caution, None],
) -> dict[str, Any]:
    import pandas as pd

    scale = row["scale"]
    base = {name: row[name] for name in ("wave", "person", "target", "role", "scale", "score")}
    base |= {"norm": card.id, "group": group.id if group else None, "level": level}
    figure = group.figure(scale) if group else None
    if figure is None or group is None or pd.isna(row["score"]):
        return base
    unit = card.unit(scale)
    precision = reliability.get(scale, unit.reliability)
    z = (float(row["score"]) - figure.mean) / figure.sd
    low, high = z, z
    n = figure.n or group.n
    if precision is None:
        told[caution("norm_no_reliability", scale=scale)] = None
    else:
        half = quantile * sqrt(max(0.0, 1 - precision) + ((1 + z * z / 2) / n if n else 0.0))
        low, high = z - half, z + half
        if scale not in reliability:
            told[caution("norm_reliability_of_card", of=unit.reliability_of, value=precision)] = None
    for end, at in (("", z), ("_low", low), ("_high", high)):
        if end and precision is None:
            continue
        base |= {f"z{end}": at, f"t{end}": 50 + 10 * at, f"stanine{end}": float(_stanine(at)),
                 f"percentile{end}": _percentile(at, card, percentile)}
    return base


def _stanine(z: float) -> int:
    return min(9, max(1, floor(2 * z + 5.5)))


def _percentile(z: float, card: NormCard, how: str) -> float:
    if how == "author" and card.cubic is not None:
        return card.cubic.at(50 + 10 * z)
    return 100 * NormalDist().cdf(z)


def _cautions(rows: pd.DataFrame, card: NormCard, placed: Mapping[str, NormGroup]) -> list[Caution]:
    told = [caution("norm_sample", norm=card.id, kind=card.sample.kind, collected=card.sample.collected)]
    targets = set(map(str, rows["target"]))
    if len(placed) < len(targets):
        told.append(caution("norm_no_group", n=len(targets) - len(placed), of=len(targets)))
    if any(group.n is None and any(one.n is None for one in group.figures) for group in placed.values()):
        told.append(caution("norm_n_unknown", norm=card.id))
    gaps = int((rows["n_answered"] < rows["n_items"]).fillna(False).sum())
    if gaps:
        told.append(caution("norm_gaps", n=gaps, of=len(rows)))
    return told


def _labels(groups: pd.DataFrame | None) -> dict[str, str] | None:
    if groups is None:
        return None
    if "person" not in groups.columns or "group" not in groups.columns or groups["person"].duplicated().any():
        raise ResponseError("The table of groups needs the columns person and group, one row a person",
                            remedy="Correct the table.")
    known = groups.dropna(subset=["group"])
    return {str(person): str(group) for person, group in zip(known["person"], known["group"], strict=True)}


def _local_groups(
    by_target: pd.DataFrame, labels: Mapping[str, str] | None, minimum: int
) -> tuple[tuple[NormGroup, ...], int]:
    group = "" if labels is None else by_target["target"].map(labels)
    named = by_target.assign(group=group).dropna(subset=["group"])
    made: list[NormGroup] = []
    left = 0
    for label, rows in named.groupby("group"):
        figures = []
        for scale, some in rows.groupby("scale"):
            spread = float(some["score"].std(ddof=1)) if len(some) > 1 else 0.0
            if len(some) < minimum or spread <= 0:
                left += 1
                continue
            figures.append(NormFigure(str(scale), float(some["score"].mean()), spread, len(some)))
        if figures:
            n = min(figure.n or 0 for figure in figures)
            name = "all" if labels is None else f"g{len(made) + 1}"
            made.append(NormGroup(name, tuple(figures), group=str(label), n=n))
    return tuple(made), left


def _statistic(instrument: Instrument, used: Sequence[str]) -> Literal["mean", "sum"]:
    rules = {instrument.scale(name).rule for name in used}
    if rules == {"sum"}:
        return "sum"
    if rules == {"mean"}:
        return "mean"
    raise InstrumentError(f"The scales of {instrument.id!r} are formed as {', '.join(sorted(rules))}",
                          remedy="Norms are made of means or of sums; choose an instrument of one kind.")


def _unit(instrument: Instrument, scale: str) -> NormUnit:
    one = instrument.scale(scale)
    options = [instrument.response_scale(item) for item in one.items]
    low = sum(option.low for option in options)
    high = sum(option.high for option in options)
    parts = 1 if one.rule == "sum" else len(options)
    return NormUnit((scale,), low / parts, high / parts, len(options))

"""Answers become scores: by key, rule and the fewest answers that a score needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coachresearch.core.caution import Caution, caution
from coachresearch.core.contracts import PEOPLE, SCORES, RaterRole
from coachresearch.core.errors import Fault, InstrumentError, ResponseError
from coachresearch.instruments.instrument import Instrument, Scale
from coachresearch.responses.responses import Responses
from coachresearch.scoring.keys import check_key, turned
from coachresearch.scoring.rules import OCCASION, joined

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scale scores, long: one row per rater, target, wave and scale.

    Parameters
    ----------
    frame : DataFrame
        Under the scores contract; copied. `score` is empty where too few items were answered.
    cautions : tuple of Caution
        What the reader of any number from these scores must know.
    """

    frame: pd.DataFrame
    cautions: tuple[Caution, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", SCORES.check(self.frame, error=ResponseError))

    @classmethod
    def from_imported(cls, frame: pd.DataFrame, *, cautions: Iterable[Caution] = ()) -> Scores:
        """Take scores that others formed.

        Parameters
        ----------
        frame : DataFrame
            Under the scores contract, with or without the column ``source`` that the store keeps.
        cautions : iterable of Caution
            Those of the import.
        """
        sources = sorted(frame["source"].dropna().unique()) if "source" in frame else []
        told = [*cautions, *(caution("scores_imported", file=str(name)) for name in sources)]
        return cls(frame.drop(columns="source", errors="ignore"), tuple(dict.fromkeys(told)))

    def join(self, other: Scores) -> Scores:
        """Put two sets of scores together, for example computed and imported ones.

        Raises
        ------
        ResponseError
            If both hold the same scale of the same person, target, role and wave.
        """
        import pandas as pd

        return Scores(pd.concat([self.frame, other.frame], ignore_index=True),
                      tuple(dict.fromkeys((*self.cautions, *other.cautions))))

    def matrix(
        self,
        scale: str,
        *,
        role: RaterRole | None = None,
        keep: str | Sequence[str] = (),
        people: pd.DataFrame | None = None,
        everyone: bool = False,
    ) -> pd.DataFrame:
        """Make the scores of one scale wide: one row per target, waves side by side.

        Parameters
        ----------
        scale : str
            Id of the scale.
        role : RaterRole, optional
            Whose view; may be left out only where the scale has scores of one role. Roles are never averaged.
        keep : str or sequence of str
            Columns of `people` to keep: ``arm``, ``team`` ...
        people : DataFrame, optional
            Under the people contract; needed for `keep`.
        everyone : bool
            Whether people without any score have a row too.

        Returns
        -------
        DataFrame
            Index target; the kept columns, then ``scale@wave`` in wave order (float, NaN where there is no score).
            For every role but self, the mean over the raters of that role, and ``n_raters@wave``: how many there were.

        Raises
        ------
        ResponseError
            If there are no such scores, the role is ambiguous, a target is not among the people, or some of the
            scores were imported and others formed from answers.
        """
        rows = self._of(scale, role)
        made = sorted(map(str, rows.loc[rows["score"].notna(), "method"].unique()))
        if len(made) > 1:
            raise ResponseError(f"The scores of scale {scale!r} were made in different ways: {', '.join(made)}",
                                remedy="Compare scores of one making: import all waves of the scale, or none of them.")
        waves = sorted(map(str, rows["wave"].unique()), key=_natural)
        grouped = rows.groupby(["target", "wave"])["score"]
        table = _floats(grouped.mean().unstack("wave").reindex(columns=waves))
        table.columns = [f"{scale}@{wave}" for wave in waves]
        if (rows["role"] != "self").any():
            raters = grouped.count().unstack("wave").reindex(columns=waves).fillna(0).astype("int64")
            for wave in waves:
                table[f"n_raters@{wave}"] = raters[wave]
        return _with_people(table, people, [keep] if isinstance(keep, str) else list(keep), everyone=everyone)

    def _of(self, scale: str, role: RaterRole | None) -> pd.DataFrame:
        rows = self.frame[self.frame["scale"] == scale]
        if rows.empty:
            known = ", ".join(sorted(map(str, self.frame["scale"].unique()))) or "none"
            raise ResponseError(f"There are no scores of scale {scale!r}", remedy=f"There are scores of: {known}.")
        roles = sorted(map(str, rows["role"].unique()))
        if role is None and len(roles) > 1:
            raise ResponseError(f"The scale {scale!r} has scores of several roles: {', '.join(roles)}",
                                remedy="Say which with role=: roles are never averaged.")
        if role is not None and role not in roles:
            raise ResponseError(f"The scale {scale!r} has no scores of the role {role!r}",
                                remedy=f"It has: {', '.join(roles)}.")
        return rows if role is None else rows[rows["role"] == role]


def score(responses: Responses, *, scales: Sequence[str] | None = None) -> Scores:
    """Form the scores of every scale, or of those named.

    Parameters
    ----------
    responses : Responses
        Left as it is.
    scales : sequence of str, optional
        Ids of scales. If left out: every scale of the answered instruments that the answered forms can carry.

    Returns
    -------
    Scores
        `method` is the scale's rule; a score with fewer answers than the scale asks for is empty, and its
        `n_answered` stays. Cautions: ``too_few_answers`` (a scale and how many scores are empty for it),
        ``key_confirmed`` (who confirmed a recalled key), ``form_without_scale``, and those of the responses.

    Raises
    ------
    InstrumentError
        If a scale is not known, two instruments form scales of one name, no answered form carries a named scale, or a
        key is recalled from memory and nobody has confirmed it.

    Notes
    -----
    A sum with gaps is the mean of the answered items times the number of items.
    """
    import pandas as pd

    wanted = _wanted(responses, scales)
    frames: list[pd.DataFrame] = []
    cautions = list(responses.cautions)
    for instrument, scale in wanted:
        check_key(instrument)
        rows, told = _carried(responses, instrument, scale, named=scales is not None)
        cautions += told
        if len(rows):
            frames.append(_scored(turned(rows, instrument, scale.id), _whole(responses, instrument, scale), instrument,
                                  scale))
            cautions += _told(frames[-1], scale)
        if instrument.key_confirmation is not None:
            key = instrument.key_confirmation
            cautions.append(caution("key_confirmed", instrument=instrument.id, by=key.by, on=key.on.isoformat(),
                                    against=key.against))
    formed = {scale for frame in frames for scale in frame["scale"].unique()}
    lost = [name for name in dict.fromkeys(scales or ()) if name not in formed]
    if lost:
        raise InstrumentError(f"No answered form carries enough items of {', '.join(map(repr, lost))}",
                              remedy="Choose a scale of the form that was answered.")
    frame = pd.concat(frames, ignore_index=True) if frames else SCORES.empty()
    return Scores(frame, tuple(dict.fromkeys(cautions)))


def _wanted(responses: Responses, scales: Sequence[str] | None) -> list[tuple[Instrument, Scale]]:
    frame = responses.frame
    used = set(zip(frame["instrument"], frame["version"], strict=True))
    answered = [one for one in responses.instruments if (one.id, one.version) in used]
    if scales is not None:
        for name in scales:
            responses.forming(name)
        return [(one, scale) for one in answered for scale in one.scales if scale.id in scales]
    owners: dict[str, set[str]] = {}
    for one in answered:
        for scale in one.scales:
            owners.setdefault(scale.id, set()).add(one.id)
    shared = {name: found for name, found in owners.items() if len(found) > 1}
    if shared:
        raise InstrumentError.of(Fault(f"The scale {name!r} is formed by {', '.join(sorted(found))}", "",
                                       "Give each scale a name of its own.") for name, found in shared.items())
    return [(one, scale) for one in answered for scale in one.scales]


def _carried(
    responses: Responses, instrument: Instrument, scale: Scale, *, named: bool
) -> tuple[pd.DataFrame, list[Caution]]:
    """Pick the answers given on forms that show enough items of a scale; if it was named, say which forms do not."""
    frame = responses.frame
    rows = frame[(frame["instrument"] == instrument.id) & (frame["version"] == instrument.version)
                 & frame["item"].isin(scale.items)]
    bare = [form.id for form in instrument.forms if len(set(form.items) & set(scale.items)) < scale.min_answered]
    left = sorted(set(bare) & set(map(str, rows["form"].unique()))) if named else []
    told = [caution("form_without_scale", form=form, scale=scale.id, instrument=instrument.id) for form in left]
    return rows[~rows["form"].isin(bare)], told


def _whole(responses: Responses, instrument: Instrument, scale: Scale) -> pd.DataFrame:
    """Return the answers to the parent's items, for a scale that is a share of it; else none."""
    if scale.rule != "share_of_parent":
        return responses.frame.iloc[:0]
    rows, _ = _carried(responses, instrument, instrument.scale(scale.parent), named=False)
    return turned(rows, instrument, scale.parent)


def _scored(rows: pd.DataFrame, whole: pd.DataFrame, instrument: Instrument, scale: Scale) -> pd.DataFrame:
    found = joined(rows, whole, instrument, scale)
    return found[OCCASION].assign(
        scale=scale.id, score=found["joined"].where(found["count"] >= scale.min_answered), n_answered=found["count"],
        n_items=len(scale.keys), method=scale.rule,
    )


def _told(scored: pd.DataFrame, scale: Scale) -> list[Caution]:
    empty = int(scored["score"].isna().sum())
    if not empty:
        return []
    return [caution("too_few_answers", scale=scale.id, n=empty, of=len(scored), needed=scale.min_answered,
                    items=len(scale.keys))]


def _with_people(
    table: pd.DataFrame, people: pd.DataFrame | None, keep: list[str], *, everyone: bool
) -> pd.DataFrame:
    if people is None:
        if keep or everyone:
            raise ResponseError("To keep columns of the people, or everyone, the people are needed",
                                remedy="Give them with people=.")
        return table
    known = PEOPLE.check(people, where="people", error=ResponseError).set_index("person")
    known.index = known.index.rename("target")
    unknown = [name for name in keep if name not in known.columns]
    strangers = [str(target) for target in table.index if target not in known.index]
    if unknown or strangers:
        raise ResponseError.of([
            *(Fault(f"People have no column {name!r}", "", f"They have: {', '.join(known.columns)}.")
              for name in unknown),
            *(Fault(f"Target {name!r} has scores, but does not stand among the people", "", "Add them to the people.")
              for name in strangers)])
    rows = known.index.sort_values() if everyone else table.index
    wide = table.reindex(rows)
    for name in (name for name in wide.columns if name.startswith("n_raters@")):
        wide[name] = wide[name].fillna(0).astype("int64")
    return known.loc[rows, keep].join(wide)


def _floats(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype("Float64").astype("float64")


def _natural(name: str) -> tuple[tuple[int, int | str], ...]:
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part)

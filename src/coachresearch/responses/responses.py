"""What was answered: long, one row per shown item, and it knows its instruments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from coachresearch.core.caution import Caution, caution
from coachresearch.core.contracts import MISSING_KINDS, RESPONSES, RaterRole
from coachresearch.core.errors import Fault, InstrumentError, ResponseError
from coachresearch.instruments.instrument import Instrument
from coachresearch.responses.checks import faults_of
from coachresearch.store.store import open_store
from coachresearch.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd

Unit = Literal["rating", "person"]


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """Answers of one study, checked when they are made.

    Parameters
    ----------
    frame : DataFrame
        Long answers under the responses contract; copied. `person` is who answered, `target` whom it is about.
    instruments : tuple of Instrument
        Every version that was answered.
    study_id : str
        The study that all rows belong to.
    cautions : tuple of Caution
        What the reader of any number from these answers must know.

    Raises
    ------
    ResponseError
        With every fault: of the contract, unknown instruments, versions, forms or items, values outside their scale.
    """

    frame: pd.DataFrame
    instruments: tuple[Instrument, ...]
    study_id: str
    cautions: tuple[Caution, ...] = ()

    def __post_init__(self) -> None:
        found = faults_of(self.frame, self.instruments, study=self.study_id)
        if found:
            raise ResponseError.of(found)
        object.__setattr__(self, "frame", RESPONSES.check(self.frame))
        object.__setattr__(self, "instruments", tuple(self.instruments))

    def forming(self, scale_id: str, *, instrument: str = "") -> tuple[Instrument, ...]:
        """Find the instrument that forms a scale, in every version that is here.

        Parameters
        ----------
        scale_id : str
            Id of the scale.
        instrument : str
            Id of the instrument, where several know a scale of this name.

        Raises
        ------
        InstrumentError
            If no instrument, or more than one, knows the scale.
        """
        candidates = [one for one in self.instruments if not instrument or one.id == instrument]
        found = tuple(one for one in candidates if any(scale.id == scale_id for scale in one.scales))
        if not found:
            known = ", ".join(sorted({scale.id for one in candidates for scale in one.scales})) or "none"
            raise InstrumentError(f"No instrument here forms a scale {scale_id!r}", remedy=f"Known scales: {known}.")
        _refuse_several(f"The scale {scale_id!r} is formed", found)
        return found

    def matrix(
        self,
        items: str | Sequence[str],
        *,
        wave: str | None = None,
        role: RaterRole | None = None,
        instrument: str = "",
        unit: Unit = "rating",
    ) -> pd.DataFrame:
        """Make the answers wide: ratings (or people) × items, as given, nothing turned and nothing averaged.

        Parameters
        ----------
        items : str or sequence of str
            A scale's id, for its items in key order, or item ids.
        wave, role : str, optional
            Which wave and rater role. May be left out only where these items were answered in one.
        instrument : str
            Id of the instrument, where the scale's or the items' names are not unique.
        unit : {"rating", "person"}
            ``rating``: one row per rater and target, index (target, person). ``person``: one row per target,
            index target; refused where a target has several raters of this role.

        Returns
        -------
        DataFrame
            Float columns in response-scale units, one per item; NaN where there is no answer, whatever the reason.

        Raises
        ------
        ResponseError
            If the wave or role is ambiguous or has no answers, or `unit` is ``person`` and someone has several raters.
        """
        _, names, rows = self.select(items, wave=wave, role=role, instrument=instrument)
        return wide(rows, names, column="value", unit=unit)

    def select(
        self, items: str | Sequence[str], *, wave: str | None = None, role: RaterRole | None = None,
        instrument: str = "",
    ) -> tuple[Instrument, tuple[str, ...], pd.DataFrame]:
        """Pick the answers to some items in one wave and one rater role; arguments as in `matrix`.

        Returns
        -------
        Instrument
            The version that was answered.
        tuple of str
            The item ids in order.
        DataFrame
            Their long rows.
        """
        versions = self.forming(items, instrument=instrument) if isinstance(items, str) \
            else self._holding(tuple(items), instrument)
        named = {one.version: one.scale(items).items if isinstance(items, str) else tuple(items) for one in versions}
        frame = self.frame[(self.frame["instrument"] == versions[0].id)
                           & self.frame["item"].isin({item for names in named.values() for item in names})]
        for name, wanted in (("wave", wave), ("role", role)):
            frame = _one_of(frame, name, wanted)
        used = sorted(map(str, frame["version"].unique()))
        if len(used) > 1:
            raise ResponseError(f"These items were answered in several versions of {versions[0].id!r}: "
                                f"{', '.join(used)}", remedy="Keep the answers of each version by themselves.")
        chosen = next(one for one in versions if one.version == used[0])
        return chosen, named[chosen.version], frame.reset_index(drop=True)

    def missing_counts(self, *, by: Sequence[str] = ("instrument", "item")) -> pd.DataFrame:
        """Count answers and each kind of missing.

        Parameters
        ----------
        by : sequence of str
            Columns of the answers to count within.

        Returns
        -------
        DataFrame
            One row per group, columns ``answered`` and every kind of missing, integers.
        """
        state = self.frame["missing"].fillna("answered").rename("state")
        groups = self.frame.groupby([*(self.frame[name] for name in by), state], sort=False)
        counts = groups.size().unstack(fill_value=0).reindex(columns=["answered", *MISSING_KINDS], fill_value=0)
        return counts.astype("int64").rename_axis(columns=None)

    def _holding(self, items: tuple[str, ...], instrument: str) -> tuple[Instrument, ...]:
        candidates = [one for one in self.instruments if not instrument or one.id == instrument]
        found = tuple(one for one in candidates if set(items) <= {item.id for item in one.items})
        if not found:
            raise InstrumentError(f"No instrument here has all of the items {', '.join(items)}",
                                  remedy="Correct the ids, or ask for the items of one instrument at a time.")
        _refuse_several(f"The items {', '.join(items)} are held", found)
        return found


def wide(rows: pd.DataFrame, items: Sequence[str], *, column: str, unit: Unit = "rating") -> pd.DataFrame:
    """Pivot long rows of one wave and role; see `Responses.matrix`."""
    table = rows.pivot(index=["target", "person"], columns="item", values=column)
    table = table.reindex(columns=list(items)).astype("float64").rename_axis(columns=None).sort_index()
    if unit == "rating":
        return table
    several = table.groupby(level="target").size()
    several = several[several > 1]
    if len(several):
        raise ResponseError(f"{len(several)} people have several raters in this role, for example "
                            f"{several.index[0]!r} with {int(several.iloc[0])}",
                            remedy="Use unit='rating', or score first: scores average the raters of one role.")
    return table.droplevel("person")


def _refuse_several(what: str, found: Sequence[Instrument]) -> None:
    names = sorted({one.id for one in found})
    if len(names) > 1:
        raise InstrumentError(f"{what} by several instruments: {', '.join(names)}",
                              remedy="Say which with instrument=.")


def _one_of(rows: pd.DataFrame, name: str, wanted: str | None) -> pd.DataFrame:
    present = sorted(map(str, rows[name].unique()))
    if wanted is None and len(present) == 1:
        return rows
    if wanted is None and present:
        raise ResponseError(f"These items were answered in several {name}s: {', '.join(present)}",
                            remedy=f"Say which with {name}=.")
    if wanted not in present:
        what = f"in {name} {wanted!r}" if wanted is not None else "at all"
        raise ResponseError(f"These items were not answered {what}",
                            remedy=f"There are answers in: {', '.join(present)}." if present else
                            "Check the items and the instrument.")
    return rows[rows[name] == wanted]


def read_responses(path: Path | str, study: Study, instruments: Mapping[str, Instrument]) -> Responses:
    """Read the answers of a study from its store.

    Parameters
    ----------
    path : Path or str
        The store; it is not changed.
    study : Study
        Its id must be the store's, and every wave must be one of its waves.
    instruments : mapping of str to Instrument
        By id, as `read_instruments` gives them; those that were not answered are left aside.

    Returns
    -------
    Responses
        The latest answer to each item. Caution ``instrument_changed``: an instrument's words, options or keys differ
        from those noted in the store when its first answers came in, although the version is the same.

    Raises
    ------
    StoreError
        If the file cannot be read or belongs to another study.
    ResponseError
        With every answer that does not fit the study or its instruments.
    """
    with open_store(path, read_only=True, study=study.id) as store:
        frame = store.responses()
        marks = store.marks()
    name = Path(path).name
    waves = {wave.id for wave in study.waves}
    found = [Fault(f"{count} answers are from wave {wave!r}, which study {study.id!r} does not have", name,
                   f"It has: {', '.join(sorted(waves))}.")
             for wave, count in frame["wave"].value_counts().items() if wave not in waves]
    found += faults_of(frame, instruments.values(), study=study.id, where=name)
    if found:
        raise ResponseError.of(found)
    used = set(zip(frame["instrument"], frame["version"], strict=True))
    answered = tuple(one for one in instruments.values() if (one.id, one.version) in used)
    hashes = {(one.id, one.version): one.content_hash for one in answered}
    changed = tuple(caution("instrument_changed", instrument=mark.instrument, version=mark.version) for mark in marks
                    if hashes.get((mark.instrument, mark.version), mark.content_hash) != mark.content_hash)
    return Responses(frame, answered, study.id, changed)

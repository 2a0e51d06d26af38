"""Do these answers fit the questionnaires they claim to answer? Every fault, reported together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from coachresearch.core.contracts import RESPONSES
from coachresearch.core.errors import Fault, ResponseError
from coachresearch.instruments.instrument import Form, Instrument, ResponseScale

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 50


def faults_of(
    frame: pd.DataFrame, instruments: Iterable[Instrument], *, study: str = "", where: str = ""
) -> tuple[Fault, ...]:
    """List everything in which answers break their contract or their instrument.

    Parameters
    ----------
    frame : DataFrame
        Long answers.
    instruments : iterable of Instrument
        Every version that may have been answered.
    study : str
        The study that all rows must belong to; empty: do not ask.
    where : str
        File name for the messages. Rows count from 1, a header not counted.

    Returns
    -------
    tuple of Fault
        Faults of the contract alone if there are any: the rest cannot be judged before those are mended.
    """
    place = f"{where}, " if where else ""
    try:
        answers = RESPONSES.check(frame, where=where, error=ResponseError)
    except ResponseError as broken:
        return broken.faults
    return (*_row_faults(answers, study, place), *_instrument_faults(answers, tuple(instruments), place))


def options_of(options: ResponseScale) -> str:
    """Say which codes a response scale allows: ``1 to 5``, or a list where there are gaps."""
    low, high = options.low, options.high
    if set(options.values) == set(range(low, high + 1)):
        return f"{low} to {high}"
    return ", ".join(str(value) for value in sorted(options.values))


def answered(number: int | str, item: str, options: ResponseScale, where: str, remedy: str) -> Fault:
    """Build the fault of an answer outside the options of its item."""
    return Fault(f"Item {item!r} was answered {number}, but its response scale {options.id!r} allows "
                 f"{options_of(options)}", where, remedy)


def _row_faults(answers: pd.DataFrame, study: str, place: str) -> list[Fault]:
    empty = answers["value"].isna() & answers["text"].isna()
    silent = empty & answers["missing"].isna()
    torn = ~empty & answers["missing"].notna()
    strangers = (answers["role"] == "self") & (answers["person"] != answers["target"])
    found = [
        *_each(answers, silent, place, lambda row: f"Item {row['item']!r} has neither an answer nor a kind of missing",
               "Give the value, the text, or why there is none."),
        *_each(answers, torn, place,
               lambda row: f"Item {row['item']!r} has both an answer and the kind of missing {row['missing']!r}",
               "Keep one of the two."),
        *_each(answers, strangers, place,
               lambda row: f"Role 'self', but person {row['person']!r} answers about {row['target']!r}",
               "Name the rater's role, or the person as their own target."),
    ]
    if study:
        found += _each(answers, answers["study"] != study, place,
                       lambda row: f"Study {row['study']!r} among the answers of {study!r}",
                       "Keep each study by itself.")
    return found


def _instrument_faults(answers: pd.DataFrame, instruments: Sequence[Instrument], place: str) -> list[Fault]:
    known = {(one.id, one.version): one for one in instruments}
    found: list[Fault] = []
    for (name, version), rows in answers.groupby(["instrument", "version"], sort=False):
        instrument = known.get((str(name), str(version)))
        if instrument is None:
            found.append(_unknown_instrument(str(name), str(version), instruments, place, len(rows)))
            continue
        for form_id, of_form in rows.groupby("form", sort=False):
            forms = {form.id: form for form in instrument.forms}
            if form_id not in forms:
                found.append(Fault(f"Instrument {name!r} has no form {form_id!r}", f"{place}row {_first(of_form)}",
                                   f"It has: {', '.join(forms)}."))
                continue
            found += _form_faults(of_form, instrument, forms[str(form_id)], place)
    return found


def _form_faults(rows: pd.DataFrame, instrument: Instrument, form: Form, place: str) -> list[Fault]:
    asked = set(form.items)
    found = _each(rows, ~rows["role"].isin(form.roles), place,
                  lambda row: f"Form {form.id!r} of {instrument.id!r} is not for the role {row['role']!r}",
                  f"It is for: {', '.join(form.roles)}.")
    for item_id, of_item in rows.groupby("item", sort=False):
        if item_id not in asked:
            found.append(Fault(f"Item {item_id!r} does not stand in form {form.id!r} of {instrument.id!r} "
                               f"{instrument.version}", f"{place}row {_first(of_item)}",
                               "Correct the item's id, or name the form that was used."))
            continue
        options = instrument.response_scale(str(item_id))
        wrong = of_item[of_item["value"].notna() & ~of_item["value"].isin(options.values)]
        found += [answered(int(row["value"]), str(item_id), options,
                           f"{place}row {int(position) + 1}, person {row['person']}, wave {row['wave']}",
                           "Correct the value, or record why there is no answer.")
                  for position, row in wrong.head(_SHOWN).iterrows()]
        if len(wrong) > _SHOWN:
            found.append(Fault(f"{len(wrong) - _SHOWN} more values of item {item_id!r} out of range"))
    return found


def _unknown_instrument(name: str, version: str, instruments: Sequence[Instrument], place: str, rows: int) -> Fault:
    versions = [one.version for one in instruments if one.id == name]
    if versions:
        return Fault(f"{rows} answers are to version {version!r} of instrument {name!r}; known is "
                     f"{', '.join(map(repr, versions))}", place.removesuffix(", "),
                     "Read that version of the instrument as well: answers keep the version they were given to.")
    known = ", ".join(sorted({one.id for one in instruments})) or "none"
    return Fault(f"{rows} answers are to instrument {name!r}, which is not known", place.removesuffix(", "),
                 f"Read its file as well; known instruments: {known}.")


def _first(rows: pd.DataFrame) -> int:
    return int(rows.index[0]) + 1


def _each(
    answers: pd.DataFrame, wrong: pd.Series, place: str, what: Callable[[pd.Series], str], remedy: str
) -> list[Fault]:
    rows = answers[wrong.fillna(False).astype(bool)]
    found = [Fault(what(row), f"{place}row {int(position) + 1}", remedy)
             for position, row in rows.head(_SHOWN).iterrows()]
    if len(rows) > _SHOWN:
        found.append(Fault(f"{len(rows) - _SHOWN} more faults of this kind", place.removesuffix(", ")))
    return found

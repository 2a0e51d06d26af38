"""Begin a study from the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast, get_args

from coachresearch.core.errors import DesignError, InstrumentError
from coachresearch.display.text import sentence
from coachresearch.instruments.cards import published_cards
from coachresearch.instruments.instrument import Instrument
from coachresearch.instruments.library import library
from coachresearch.instruments.published import instrument_of
from coachresearch.instruments.used import use_scale
from coachresearch.studies import writer
from coachresearch.studies.study import Assignment


def new_study(folder: Path, *, title: str, assignment: str, instrument: str, form: str) -> str:
    """Make a study folder and say what comes next.

    Parameters
    ----------
    folder : Path
        Not there yet, or empty; its name becomes the id of the study.
    title : str
        Title; the folder's name if empty.
    assignment, instrument, form : str
        As in `studies.writer.new_study`; the primary outcome is the broadest scale that the form carries, rated by
        direct reports where the form addresses them.

    Raises
    ------
    DesignError, InstrumentError
        For an unknown assignment, instrument or form, or a folder that holds something.
    """
    if assignment not in get_args(Assignment):
        raise DesignError(f"The assignment is {assignment!r}", where="--assignment",
                          remedy=f"Use one of: {', '.join(get_args(Assignment))}.")
    one = _instrument(instrument)
    chosen = one.form(form)
    about_oneself = one.status == "published" and "self" in chosen.roles
    role = "report" if "report" in chosen.roles and not about_oneself else chosen.roles[0]
    name = folder.resolve().name
    made = writer.new_study(
        folder, id=re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "study", title=title or name,
        assignment=cast(Assignment, assignment), instrument=instrument, form=form, scale=_broadest(one, form),
        role=role)
    if instrument not in library():
        use_scale(made, one.id, {})
        return "\n".join([sentence("app.new", folder=made), sentence("app.used_keys", id=one.id)])
    return sentence("app.new", folder=made)


def _instrument(name: str) -> Instrument:
    """Find an instrument that is held whole, or make one with keys alone from a card."""
    known, cards = library(), published_cards()
    return instrument_of(cards[name]) if name in cards and name not in known else known[name]


def _broadest(one: Instrument, form: str) -> str:
    shown = set(one.form(form).items)
    carried = [scale for scale in one.scales if len(shown & set(scale.items)) >= scale.min_answered]
    if not carried:
        raise InstrumentError(f"Form {form!r} of {one.id!r} carries no scale", remedy="Choose another form.")
    return max(carried, key=lambda scale: len(shown & set(scale.items))).id

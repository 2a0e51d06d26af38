"""Fill in a questionnaire in a notebook: one call, and every answer is on disk when it is given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coachresearch.apps.folder import DATABASE, instruments_for
from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import DesignError
from coachresearch.instruments.instrument import Instrument
from coachresearch.store.store import InstrumentMark, Store, open_store
from coachresearch.studies.study import Asked, Study, Wave
from coachresearch.survey.form import choices_of, page_of
from coachresearch.survey.resume import begin
from coachresearch.survey.session import Occasion, Row

if TYPE_CHECKING:
    from coachresearch.survey.widget import FormWidget

_WAIT_FOR_DISK = 10.0


def administer(
    study: Study,
    *,
    person: str,
    target: str | None = None,
    role: RaterRole = "self",
    wave: str | None = None,
    form: str | None = None,
    instrument: str | Instrument | None = None,
    store: Store | None = None,
    language: str = "en",
) -> FormWidget:
    """Ask one person one questionnaire of a study, in the notebook.

    The form shows what was answered before, so the same call takes an interrupted form up again.

    Parameters
    ----------
    study : Study
        Its folder holds ``answers.db``, which is made if it is not there.
    person : str
        Pseudonym of who answers.
    target : str, optional
        Pseudonym of whom the answers are about; may be left out if people answer about themselves.
    role : RaterRole
        What `person` is to `target`.
    wave : str, optional
        Id of the wave; may be left out if the study has one wave, or exactly one that is open today.
    form : str, optional
        Which form of the instrument; the one that the study asks for if left out.
    instrument : str or Instrument, optional
        May be left out if the wave asks this role one questionnaire.
    store : Store, optional
        Where to keep the answers instead of the study's own file.
    language : str
        Language of the wording.

    Returns
    -------
    FormWidget
        Shown by the notebook. From code, `answer(item, code)` and `finish()` do what the page does.

    Raises
    ------
    DesignError
        If the study does not ask this role this questionnaire in this wave, nobody is named as the target, or the
        study's tables do not know the target or the relation.
    InstrumentError
        If the instrument has no wording for this role and language.
    ResponseError
        If answers were stored for another version or form.
    StoreError
        If the file of answers cannot be opened.
    """
    folder, occasion_wave, about = _folder(study), wave_of(study, wave), _target(person, target, role)
    known = {instrument.id: instrument} if isinstance(instrument, Instrument) else instruments_for(folder)
    asked = _asked(study, occasion_wave, role, instrument.id if isinstance(instrument, Instrument) else instrument)
    _check_people(study, folder, wave=occasion_wave.id, person=person, target=about, role=role)
    return _form(
        _found(known, asked.instrument, study),
        store if store is not None else open_store(folder / DATABASE, study=study.id),
        study=study.id, wave=occasion_wave.id, person=person, target=about, role=role,
        form=form or asked.form, language=language,
    )


def administer_instrument(
    instrument: Instrument,
    database: str | Path,
    *,
    person: str,
    target: str | None = None,
    role: RaterRole = "self",
    form: str = "full",
    study: str = "practice",
    wave: str = "T1",
    language: str = "en",
) -> FormWidget:
    """Ask one person one questionnaire without a study, in the notebook.

    Parameters
    ----------
    instrument : Instrument
    database : str or Path
        File of answers; made if it is not there.
    person, target, role, form, language
        As in `administer`.
    study, wave : str
        Ids under which the answers are kept.

    Returns
    -------
    FormWidget
    """
    store = open_store(database, study=study)
    return _form(instrument, store, study=study, wave=wave, person=person, target=_target(person, target, role),
                 role=role, form=form, language=language)


def _form(
    instrument: Instrument,
    store: Store,
    *,
    study: str,
    wave: str,
    person: str,
    target: str,
    role: RaterRole,
    form: str,
    language: str,
) -> FormWidget:
    from coachresearch.survey.widget import FormWidget

    page = page_of(instrument, form, role=role, language=language)
    occasion = Occasion(study, wave, person, target, role, instrument.id, instrument.version, form, language,
                        mode="notebook")
    session = begin(occasion, choices_of(instrument, form), stored=_stored(store, occasion))
    mark = InstrumentMark(instrument.id, instrument.version, instrument.content_hash)

    def save(rows: tuple[Row, ...]) -> None:
        store.append(rows, marks=(mark,), timeout=_WAIT_FOR_DISK)

    return FormWidget(page, session, save=save)


def _stored(store: Store, occasion: Occasion) -> tuple[dict[str, Any], ...]:
    frame = store.responses(wave=occasion.wave, person=occasion.person)
    mine = ((frame["study"] == occasion.study) & (frame["target"] == occasion.target)
            & (frame["role"] == occasion.role) & (frame["instrument"] == occasion.instrument))
    plain = frame[mine].astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    return tuple({**{str(name): value for name, value in row.items()},
                  "answered_at": row["answered_at"].to_pydatetime(warn=False)} for row in rows)


def wave_of(study: Study, wave: str | None) -> Wave:
    """Return the wave named, or the only one that is meant; refused where it is not clear which."""
    if wave is not None:
        return study.wave(wave)
    if len(study.waves) == 1:
        return study.waves[0]
    today = date.today()
    open_now = [one for one in study.waves if one.opens and one.closes and one.opens <= today <= one.closes]
    if len(open_now) == 1:
        return open_now[0]
    raise DesignError(f"Study {study.id!r} has {len(study.waves)} waves, and {len(open_now)} of them are open today",
                      remedy=f"Name one: wave={study.waves[0].id!r}. It has: {', '.join(w.id for w in study.waves)}.")


def _asked(study: Study, wave: Wave, role: RaterRole, instrument: str | None) -> Asked:
    for_role = [asked for asked in wave.asked if role in asked.roles]
    found = [asked for asked in for_role if instrument in (None, asked.instrument)]
    place = f"study {study.id}, wave {wave.id}"
    if len(found) == 1:
        return found[0]
    if found:
        raise DesignError(f"The role {role!r} is asked {len(found)} questionnaires", where=place,
                          remedy=f"Name one: instrument= {' or '.join(repr(asked.instrument) for asked in found)}.")
    questionnaire = f"the questionnaire {instrument!r}" if instrument else "a questionnaire"
    offered = "; ".join(f"{asked.instrument} ({', '.join(asked.roles)})" for asked in wave.asked) or "nothing"
    raise DesignError(f"The role {role!r} is not asked {questionnaire}", where=place,
                      remedy=f"The wave asks: {offered}. Choose one of these roles, or add it to the study file.")


def _found(instruments: Mapping[str, Instrument], wanted: str, study: Study) -> Instrument:
    if wanted not in instruments:
        raise DesignError(f"Study {study.id!r} asks the instrument {wanted!r}, which is not there",
                          remedy=f"Known instruments: {', '.join(sorted(instruments))}.")
    return instruments[wanted]


def _check_people(study: Study, folder: Path, *, wave: str, person: str, target: str, role: RaterRole) -> None:
    """Hold the names to the study's tables, as far as these are filled in."""
    from coachresearch.studies.people_reader import read_people

    if not (folder / "people.csv").is_file():
        return
    people = read_people(folder, study)
    known = people.people["person"]
    if len(known) and target not in set(known):
        raise DesignError(f"{target!r} is not among the people of the study", where="people.csv",
                          remedy="Check the pseudonym, or add a row for this person.")
    relations = people.relations
    if role == "self" or relations.empty:
        return
    listed = relations[(relations["target"] == target) & (relations["rater"] == person) & (relations["role"] == role)]
    if not (listed["wave"].isna() | (listed["wave"] == wave)).any():
        raise DesignError(f"{person!r} is not listed as {role} of {target!r} in wave {wave!r}", where="relations.csv",
                          remedy="Check target and role, or add a row for this relation.")


def _folder(study: Study) -> Path:
    if not study.folder:
        raise DesignError(f"Study {study.id!r} has no folder to keep answers in",
                          remedy="Read it from its file with read_study, or use administer_instrument.")
    return Path(study.folder)


def _target(person: str, target: str | None, role: RaterRole) -> str:
    if role == "self":
        if target not in (None, person):
            raise DesignError(f"The role 'self' is about the person, but the target is {target!r}",
                              remedy="Leave out the target, or say what the person is to the target: role='report'.")
        return person
    if target is None:
        raise DesignError(f"The role {role!r} needs to know whom the answers are about",
                          remedy="Name the person: target='P002'.")
    if target == person:
        raise DesignError(f"Person and target are both {person!r}, but the role is {role!r}",
                          remedy="Use role='self', or name another target.")
    return target

"""Forms where no server is allowed: one HTML file or paper form a person, and the files that come back."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from coachresearch.apps.administer import wave_of
from coachresearch.apps.folder import StudyFolder, open_folder
from coachresearch.apps.serve import asked_in, consent_text
from coachresearch.core.contracts import RATER_ROLES
from coachresearch.core.errors import DesignError, Fault, ResponseError
from coachresearch.instruments.instrument import Instrument
from coachresearch.store.links import Invited
from coachresearch.store.promise import DEFAULT, Mode, promised
from coachresearch.store.store import InstrumentMark, open_store
from coachresearch.survey.events import Submitted
from coachresearch.survey.form import WORDS, choices_of, page_of
from coachresearch.survey.posted import events_in
from coachresearch.survey.resume import begin
from coachresearch.survey.session import Occasion, Row, after
from coachresearch.survey.static_form import Returned, paper_form, read_returned, static_form


def write_forms(
    study: str | Path, out: Path | None = None, *, wave: str = "", language: str = "", paper: bool = False
) -> Iterator[str]:
    """Write a form for everybody who is asked in a wave: a file to be filled in, or one to be printed.

    Parameters
    ----------
    study : str or Path
    out : Path, optional
        Folder to write into; ``forms-WAVE`` in the study folder if left out. It may not hold such files yet.
    wave, language : str
        Empty: the only wave or the one open today; the study's language.
    paper : bool
        For the printer.

    Raises
    ------
    DesignError
        If nobody is asked, a form is there already, or the study is anonymous: such a file names its person.
    InstrumentError
        If a form has no wording for the role and language.
    """
    folder = open_folder(study)
    asked_wave = wave_of(folder.study, wave or None)
    mode = _promised(folder)
    if mode == "anonymous":
        raise DesignError("The study is anonymous, and a form in a file carries the pseudonym of its person",
                          remedy="Ask on the web: coachresearch serve STUDY.")
    wanted = asked_in(folder, asked_wave, language or folder.study.language)
    if not wanted:
        raise DesignError(f"Wave {asked_wave.id!r} asks nobody who stands in people.csv or relations.csv",
                          where=str(folder.path), remedy="Add the people, and who answers about whom.")
    place = out or folder.path / f"{'paper' if paper else 'forms'}-{asked_wave.id}"
    drawn = {place / _name(one): _drawn(folder, one, mode, paper=paper) for one in wanted}
    if len(drawn) < len(wanted):
        raise DesignError("Two people's forms would have the same file name", where=str(place),
                          remedy="Use pseudonyms of letters and digits.")
    there = sorted(path.name for path in drawn if path.exists())
    if there:
        raise DesignError(f"{len(there)} of the forms are there already, such as {there[0]!r}", where=str(place),
                          remedy="Choose another folder with --out.")
    place.mkdir(parents=True, exist_ok=True)
    for path, html in drawn.items():
        begun = path.with_name(f".{path.name}.part")
        begun.write_text(html, encoding="utf-8")
        begun.replace(path)
    yield f"{len(drawn)} forms: {place}"
    if not paper:
        yield "Bring back what people send you with: coachresearch import STUDY FILE.json"


def import_returned(study: str | Path, file: str | Path) -> str:
    """Import the answers that somebody handed back as a file; the same answers twice are kept once.

    Raises
    ------
    ResponseError
        If the file is damaged, belongs to another study, names somebody who is not asked, was made for another version
        of the instrument, or holds what is no answer; every fault is told, and nothing is kept.
    StoreError
        If the answers cannot be kept.
    """
    folder, returned = open_folder(study), read_returned(Path(file))
    instrument = _asked(folder, returned, Path(file))
    rows = _rows(returned, instrument, Path(file))
    said = json.dumps([sorted(returned.facts.items()), sorted(pair for pair in returned.fields if pair[1])])
    mark = InstrumentMark(instrument.id, instrument.version, instrument.content_hash)
    with open_store(folder.database, study=folder.study.id) as store:
        if promised(store) == "anonymous":
            raise ResponseError("The study is anonymous, and this file names its person", where=str(file),
                                remedy="Ask on the web: coachresearch serve STUDY.")
        receipt = store.append(rows, key=f"file:{hashlib.sha256(said.encode('utf-8')).hexdigest()}", marks=(mark,))
    who = f"{returned.facts['person']} about {returned.facts['target']}, {instrument.id}, {returned.facts['wave']}"
    given = sum(row["missing"] != "skipped" for row in rows)
    if receipt.replayed:
        return f"Already here, nothing was added: {who}"
    return f"{given} of {len(rows)} questions answered: {who}"


def _promised(folder: StudyFolder) -> Mode:
    if not folder.database.is_file():
        return DEFAULT
    with open_store(folder.database, create=False, read_only=True, study=folder.study.id) as store:
        return promised(store)


def _drawn(folder: StudyFolder, one: Invited, mode: Mode, *, paper: bool) -> str:
    instrument = folder.instruments[one.instrument]
    language = one.language if one.language in instrument.languages else instrument.languages[0]
    page = page_of(instrument, one.form, role=one.role, language=language)
    occasion = Occasion(folder.study.id, one.wave, one.person, one.target, one.role, instrument.id, instrument.version,
                        one.form, language, "paper" if paper else "file")
    lines = consent_text(folder.path).lines(mode, language)
    if paper:
        return paper_form(page, occasion, lines=lines)
    return static_form(page, occasion, instrument.content_hash, lines=lines)


def _name(one: Invited) -> str:
    about = "" if one.role == "self" else f"-{one.role}-of-{one.target}"
    return re.sub(r"[^\w.-]", "_", f"{one.person}{about}-{one.instrument}-{one.form}") + ".html"


def _asked(folder: StudyFolder, returned: Returned, file: Path) -> Instrument:
    facts = returned.facts
    if facts["study"] != folder.study.id:
        raise ResponseError(f"The answers belong to the study {facts['study']!r}, not to {folder.study.id!r}",
                            where=str(file), remedy="Import them into their own study.")
    wave = next((wave for wave in folder.study.waves if wave.id == facts["wave"]), None)
    wanted = asked_in(folder, wave, facts["language"]) if wave else ()
    names = ("person", "target", "role", "instrument", "form")
    if not any(all(getattr(one, name) == facts[name] for name in names) for one in wanted):
        told = ", ".join(f"{name} {facts[name]!r}" for name in (*names, "wave"))
        raise ResponseError(f"Nobody is asked this: {told}", where=str(file),
                            remedy="Check people.csv, relations.csv and the wave in study.yaml.")
    instrument = folder.instruments[facts["instrument"]]
    if (instrument.version, instrument.content_hash) != (facts["version"], facts["content_hash"]):
        raise ResponseError(f"The form was made from version {facts['version']} of {instrument.id!r}, which is not the "
                            f"one that is here ({instrument.version})", where=str(file),
                            remedy="Put the instrument back as it was when the forms were made.")
    return instrument


def _rows(returned: Returned, instrument: Instrument, file: Path) -> tuple[Row, ...]:
    facts = returned.facts
    role = next(known for known in RATER_ROLES if known == facts["role"])
    page = page_of(instrument, facts["form"], role=role, language=facts["language"])
    occasion = Occasion(facts["study"], facts["wave"], facts["person"], facts["target"], role, instrument.id,
                        instrument.version, facts["form"], facts["language"], "file")
    session = begin(occasion, choices_of(instrument, facts["form"]))
    events, refused = events_in(returned.fields, page, returned.finished_at)
    refusals, rows = list(refused), list[Row]()
    for event in events:
        step = after(session, event)
        session = step.session
        rows += step.rows
        refusals += [step.refusal] if step.refusal else []
    if refusals:
        raise ResponseError.of([
            Fault(WORDS.say(f"refusal.{one.code}", "en", **dict(one.params)), f"{file.name}, item {one.item}",
                  "Ask for the file again; nothing of it was kept.") for one in refusals])
    return (*rows, *after(session, Submitted(returned.finished_at, with_gaps=True)).rows)

"""Writing a study and its people to files, and beginning a new study folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import DesignError
from coachresearch.studies.people import People
from coachresearch.studies.people_reader import TABLES
from coachresearch.studies.reader import FILE, read_study
from coachresearch.studies.study import Arm, Asked, Assignment, Outcome, Study, Wave

_HEADER = "schema: coachresearch/study/1\n"
_COMMENTS = {
    "id": "The name of the study in every row of answers.",
    "title": "The name of the study in reports.",
    "question": "The question in one sentence.",
    "assignment": "How people come into their arms; it decides how strong a sentence the report may write:\n"
                  "randomised     drawn by lot\n"
                  "waitlist       drawn by lot who is coached first; the others wait for the same coaching\n"
                  "matched        each coached person set beside a like one who is not\n"
                  "self_selected  people chose, or were chosen; also a waiting list in order of asking\n"
                  "one_group      everybody is coached\n"
                  "cross_section  asked once, nobody compared",
    "arms": "Who is compared. coached: true for the arm that receives the coaching between the first two waves.",
    "waves": "When is asked, who answers what. Days may be added: opens: 2026-03-02, closes: 2026-03-13.",
    "primary": "The one result that the study is set up for. Decide before the data are seen.",
    "min_group": "Fewest people in a group that may be shown; at least 3.",
}


def write_study(study: Study, path: str | Path, *, comments: bool = False) -> Path:
    """Write a study as YAML that `read_study` reads back as the same study.

    Parameters
    ----------
    study : Study
        Its `folder` is not written.
    path : str or Path
        The file, or an existing folder for ``study.yaml``.
    comments : bool
        Whether to explain each part in a comment, for people who will edit the file.

    Returns
    -------
    Path
        The file. It is written as a whole or not at all.
    """
    file = Path(path) / FILE if Path(path).is_dir() else Path(path)
    _write(file, _yaml(study, comments))
    return file


def write_people(people: People, folder: str | Path) -> Path:
    """Write the four tables of a study folder, so that `read_people` reads back the same people.

    Parameters
    ----------
    people : People
        Behind their contracts.
    folder : str or Path
        An existing folder; tables of the same name are replaced.

    Returns
    -------
    Path
        The folder. Each table is written as a whole or not at all; times stand in UTC.
    """
    frames = (people.people, people.relations, people.coaching, people.outcomes)
    for (name, contract), frame in zip(TABLES.items(), frames, strict=True):
        checked = contract.check(frame, where=name, error=DesignError)
        text = checked.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%dT%H:%M:%S.%fZ")
        _write(Path(folder) / name, text)
    return Path(folder)


def new_study(
    folder: str | Path,
    *,
    id: str,
    title: str,
    assignment: Assignment,
    instrument: str,
    form: str,
    scale: str,
    role: RaterRole = "self",
    question: str = "",
    min_group: int = 5,
) -> Path:
    """Begin a study: a folder with a commented ``study.yaml`` and tables that hold their header lines alone.

    Parameters
    ----------
    folder : str or Path
        A folder that is not there yet, or is empty.
    id, title : str
        Identifier and name.
    assignment : Assignment
        How people come into their arms. Two arms and two waves are laid out; one arm for ``one_group``, no arm and one
        wave for ``cross_section``.
    instrument, form, scale, role : str
        What is asked of whom, and the primary outcome: that scale as seen by that rater role.
    question : str
        The question in one sentence; one about the coaching is proposed if left out.
    min_group : int
        Fewest people in a group that may be shown, at least 3.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DesignError
        If the folder holds something already, or if the study would not be read back; nothing is left behind then.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DesignError(f"{target.name!r} is there already and not empty", where=str(target),
                          remedy="Choose the name of a new folder; nothing was changed.")
    study = _laid_out(id, title, question, assignment, Asked(instrument, form, (role,)),
                      Outcome(scale, role, instrument), min_group)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as room:
        draft = Path(room) / "study"
        draft.mkdir()
        write_study(study, draft, comments=True)
        for name, contract in TABLES.items():
            _write(draft / name, ",".join(contract.names) + "\n")
        read_study(draft)
        if target.is_dir():
            target.rmdir()
        draft.replace(target)
    return target


def _laid_out(
    id: str, title: str, question: str, assignment: Assignment, asked: Asked, primary: Outcome, min_group: int
) -> Study:
    coached, others = Arm("coached", "Coached", True), Arm("comparison", "Not coached yet", False)
    arms = {"cross_section": (), "one_group": (coached,)}.get(assignment, (coached, others))
    first, second = Wave("T1", 1, "Before", (asked,)), Wave("T2", 2, "After", (asked,))
    waves = (Wave("T1", 1, "Survey", (asked,)),) if assignment == "cross_section" else (first, second)
    proposed = {"cross_section": "How well is the questionnaire answered here?",
                "one_group": "What differs after the coaching from before it?"}.get(
                    assignment, "What changes in those coached, compared with those not coached yet?")
    return Study(id=id, title=title, question=question or proposed, assignment=assignment, arms=arms, waves=waves,
                 primary=primary, min_group=min_group)


def _yaml(study: Study, comments: bool) -> str:
    parts = [_HEADER]
    for name, value in _plain(study).items():
        remark = _COMMENTS.get(name, "") if comments else ""
        parts.append("".join(f"# {line}\n" for line in remark.splitlines()) + _dumped({name: value}))
    return ("\n" if comments else "").join(parts)


def _plain(study: Study) -> dict[str, Any]:
    named: dict[str, Any] = {
        "id": study.id,
        "title": study.title,
        "question": study.question,
        "assignment": study.assignment,
        "arms": [{"id": arm.id, "title": arm.title, "coached": arm.coached} for arm in study.arms],
        "waves": [_wave(wave) for wave in study.waves],
        "primary": None if study.primary is None else _outcome(study.primary),
        "secondary": [_outcome(outcome) for outcome in study.secondary],
        "min_group": study.min_group,
        "language": study.language,
        "goal": study.goal,
        "season": study.season,
        "simulated": study.simulated or None,
        "registration": study.registration,
    }
    return {name: value for name, value in named.items() if value not in (None, "", [])}


def _wave(wave: Wave) -> dict[str, Any]:
    days = {name: day.isoformat() for name, day in (("opens", wave.opens), ("closes", wave.closes)) if day is not None}
    asked = [{"instrument": one.instrument, "form": one.form, "roles": list(one.roles)} for one in wave.asked]
    return {"id": wave.id, "title": wave.title, **days, "asked": asked}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    named = {"scale": outcome.scale, "role": outcome.role, "instrument": outcome.instrument,
             "better": outcome.better if outcome.better == "lower" else "",
             "smallest_worthwhile": outcome.smallest_worthwhile}
    return {name: value for name, value in named.items() if value}


def _dumped(value: dict[str, Any]) -> str:
    """Return YAML in which every text that would be read back as a number stands in quotes."""
    import yaml

    def text(dumper: Any, value: str) -> Any:
        style = '"' if _looks_like_a_number(value) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    dumper: Any = type("Dumper", (yaml.SafeDumper,), {})
    dumper.add_representer(str, text)
    return str(yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=116))


def _looks_like_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

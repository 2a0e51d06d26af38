"""The design: arms, waves, who answers what, and the smallest group that may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import DesignError

Assignment = Literal["randomised", "waitlist", "matched", "self_selected", "one_group", "cross_section"]
Season = Literal["spring", "summer", "autumn", "winter"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One group of the comparison.

    Parameters
    ----------
    id, title : str
        Identifier used in `people.csv`, and its name in reports.
    coached : bool
        Whether this arm receives the coaching under study between the first and the second wave.
    """

    id: str
    title: str
    coached: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One questionnaire within a wave: which instrument and form, and which rater roles answer it."""

    instrument: str
    form: str
    roles: tuple[RaterRole, ...]


@dataclass(frozen=True, slots=True)
class Wave:
    """One occasion of asking.

    Parameters
    ----------
    id : str
        ``T1``, ``T2`` ...
    order : int
        Position in time, counted from 1.
    title : str
        Its name in reports.
    asked : tuple of Asked
        Who answers what.
    opens, closes : date or None
        First and last day, if fixed.
    """

    id: str
    order: int
    title: str
    asked: tuple[Asked, ...]
    opens: date | None = None
    closes: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A result that the study was set up for: one scale, as seen by one rater role.

    Parameters
    ----------
    scale, role, instrument : str
        Which scale, who answers, and the instrument that holds it.
    better : {"higher", "lower"}
        Which direction is the hoped-for one; ``lower`` for strain, conflict and the like.
    smallest_worthwhile : float or None
        Smallest difference worth having, in points of the score, set before the data are seen; above 0.
    """

    scale: str
    role: RaterRole
    instrument: str = ""
    better: Literal["higher", "lower"] = "higher"
    smallest_worthwhile: float | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """What is compared with what, when, and for which question.

    Parameters
    ----------
    id, title, question : str
        Identifier, name, and the question in one sentence.
    assignment : {"randomised", "waitlist", "matched", "self_selected", "one_group", "cross_section"}
        How people came into their arms; decides which verbs a report may use. ``cross_section`` has one wave and no
        arms: it can be measured, not compared.
    arms : tuple of Arm
    waves : tuple of Wave
        In time order.
    primary : Outcome or None
        The primary outcome; None only for a cross-section.
    secondary : tuple of Outcome
        Other outcomes named before the data were seen.
    min_group : int
        Fewest people in a group that may be shown.
    language : str
        Language of the report.
    goal, season : str
        What the sponsor wants of the programme, and the phase the business is in.
    simulated : bool
        Whether the answers come from `simulate`: every report then says so.
    registration : str
        Where the plan was registered; empty if it was not.
    folder : str
        Folder of the study file; all its paths are relative to it.
    """

    id: str
    title: str
    question: str
    assignment: Assignment
    arms: tuple[Arm, ...]
    waves: tuple[Wave, ...]
    primary: Outcome | None
    min_group: int
    secondary: tuple[Outcome, ...] = ()
    language: str = "en"
    goal: str = ""
    season: Season | Literal[""] = ""
    simulated: bool = False
    registration: str = ""
    folder: str = ""

    def wave(self, wave_id: str) -> Wave:
        """Return one wave by its id."""
        for wave in self.waves:
            if wave.id == wave_id:
                return wave
        known = ", ".join(wave.id for wave in self.waves)
        raise DesignError(f"Study {self.id!r} has no wave {wave_id!r}", remedy=f"It has: {known}.")

    def arm(self, arm_id: str) -> Arm:
        """Return one arm by its id."""
        for arm in self.arms:
            if arm.id == arm_id:
                return arm
        known = ", ".join(arm.id for arm in self.arms)
        raise DesignError(f"Study {self.id!r} has no arm {arm_id!r}", remedy=f"It has: {known}.")

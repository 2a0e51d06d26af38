"""What a report must be told beside its results: plain words and counts."""

from __future__ import annotations

from dataclasses import dataclass

from coachresearch.claims.design import Design, strength
from coachresearch.core.errors import DesignError, Fault
from coachresearch.core.gate import Gate
from coachresearch.display.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the numbers come from and how to get them again.

    Parameters
    ----------
    data_hash : str
        SHA-256 (hex) of the data that were analysed.
    versions : tuple of (name, version)
        Package and libraries.
    seed : int or None
        Seed of the random numbers; None where none were drawn.
    command : str
        What to call to build the report again.
    revision : str
        Source revision; empty if unknown.
    built : str
        Date of the report; empty for the date in the environment variable SOURCE_DATE_EPOCH, or none.
    """

    data_hash: str
    versions: tuple[tuple[str, str], ...] = ()
    seed: int | None = None
    command: str = ""
    revision: str = ""
    built: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveFacts:
    """One occasion of asking: identifier, name for readers, and its days if they are fixed."""

    id: str
    title: str
    opens: str = ""
    closes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFacts:
    """One group and how many people stand behind it.

    Parameters
    ----------
    id, title : str
        Identifier as used in the results, and name for readers.
    coached : bool
    assigned : int
        People who belong to the arm.
    answered : tuple of (str, int)
        Wave id and how many of them answered.
    analysed : int
        How many of them are in the main analysis.
    """

    id: str
    title: str
    coached: bool
    assigned: int
    answered: tuple[tuple[str, int], ...]
    analysed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentFacts:
    """One questionnaire.

    Parameters
    ----------
    id, title, version, content_hash : str
        Which wording was used.
    licence, citation, doi : str
        Whose it is and how to cite it.
    level : int or None
        Its claim level, 0 to 5; None for one that others published.
    said : tuple of str
        Sentences about what may be said of it, as the library of instruments gives them; else those of the level.
    """

    id: str
    title: str
    version: str
    content_hash: str
    licence: str
    citation: str
    level: int | None
    doi: str = ""
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScaleMeasurement:
    """How well one scale was measured.

    Parameters
    ----------
    id, title : str
    gates : tuple of Gate
        Empty means: not assessable.
    reliability, items : Result or None
        Results of kind ``reliability`` and ``item_analysis``.
    structure : Result or None
        Result of kind ``structure``.
    """

    id: str
    title: str
    gates: tuple[Gate, ...] = ()
    reliability: Result | None = None
    items: Result | None = None
    structure: Result | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementFacts:
    """What a report about the measurement alone must be told.

    Parameters
    ----------
    title : str
    n : int
        People (or ratings) behind the numbers.
    instruments : tuple of InstrumentFacts
    min_group : int
        Fewest people in a group that may be shown.
    provenance : Provenance
    question, source : str
        What was asked of the data, and where they come from.
    notes : tuple of str
        The author's own paragraphs.
    language : str
    simulated : bool
        Whether the answers were made by a program.
    """

    title: str
    n: int
    instruments: tuple[InstrumentFacts, ...]
    min_group: int
    provenance: Provenance
    question: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()
    language: str = "en"
    simulated: bool = False

    def __post_init__(self) -> None:
        _check_floor(self.min_group)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What a report about a study must be told.

    Parameters
    ----------
    title, question : str
        Name of the study, and its question in one sentence.
    design : Design
        How people came into their arms.
    arms : tuple of ArmFacts
        In order; none for a cross-section.
    waves : tuple of WaveFacts
        In time order.
    instruments : tuple of InstrumentFacts
    min_group : int
        Fewest people in a group that may be shown.
    provenance : Provenance
    goal, season, registration : str
        What the sponsor wants, the phase the business is in, where the plan was registered; empty if there is none.
    notes : tuple of str
        The author's own paragraphs, shown with the limits.
    language : str
    simulated : bool
        Whether the answers were made by a program.
    """

    title: str
    question: str
    design: Design
    arms: tuple[ArmFacts, ...]
    waves: tuple[WaveFacts, ...]
    instruments: tuple[InstrumentFacts, ...]
    min_group: int
    provenance: Provenance
    goal: str = ""
    season: str = ""
    registration: str = ""
    notes: tuple[str, ...] = ()
    language: str = "en"
    simulated: bool = False

    def __post_init__(self) -> None:
        strength(self.design)
        _check_floor(self.min_group)
        faults = [fault for arm in self.arms for fault in _arm_faults(arm, {wave.id for wave in self.waves})]
        if faults:
            raise DesignError.of(faults)

    @property
    def names(self) -> dict[str, str]:
        """Arm identifiers to names for readers."""
        return {arm.id: arm.title for arm in self.arms}


def _check_floor(min_group: int) -> None:
    if min_group < 1:
        raise DesignError(f"min_group is {min_group}", remedy="Name the smallest group that may be shown, at least 1.")


def _arm_faults(arm: ArmFacts, waves: set[str]) -> list[Fault]:
    place = f"arm {arm.id}"
    answered = dict(arm.answered)
    faults = [Fault(f"Wave {wave!r} is not one of {', '.join(sorted(waves))}", place, "Correct the wave.")
              for wave in answered if wave not in waves]
    faults += [Fault(f"{n} people answered at {wave}, but {arm.assigned} belong to the arm", place, "Count again.")
               for wave, n in answered.items() if not 0 <= n <= arm.assigned]
    most = min([arm.assigned, *answered.values()])
    if not 0 <= arm.analysed <= most:
        faults.append(Fault(f"{arm.analysed} people are analysed, but at most {most} answered at every wave", place,
                            "Count again."))
    return faults

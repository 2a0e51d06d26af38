"""What went wrong, where, and what to do: the one small tree of errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    what : str
        What happened, with the value seen and the values allowed. Pseudonyms only, never the text of an answer.
    where : str
        File and line, row and column, or the name of the thing; empty where there is no place to point at.
    remedy : str
        What the reader can do about it.
    """

    what: str
    where: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        first = f"{self.what.rstrip('.')}{place}."
        return f"{first}\n{self.remedy}" if self.remedy else first


class CoachResearchError(Exception):
    """Something that the user can mend; it carries one or more faults.

    Parameters
    ----------
    what, where, remedy : str
        The parts of a single `Fault`.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.faults: tuple[Fault, ...] = (Fault(what, where, remedy),)

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Self:
        """Report many faults together.

        Parameters
        ----------
        faults : iterable of Fault
            At least one.

        Raises
        ------
        ValueError
            If there is no fault to report.
        """
        found = tuple(faults)
        if not found:
            raise ValueError("an error needs at least one fault")
        error = cls(found[0].what, where=found[0].where, remedy=found[0].remedy)
        error.faults = found
        return error

    def __str__(self) -> str:
        if len(self.faults) == 1:
            return str(self.faults[0])
        lines = [f"{len(self.faults)} faults:"]
        lines += [f"{number}. {fault}" for number, fault in enumerate(self.faults, start=1)]
        return "\n".join(lines)


class InstrumentError(CoachResearchError):
    """An instrument file, key or wording is wrong."""


class DesignError(CoachResearchError):
    """A study, its people or its waves do not fit together, or a design cannot answer the question asked."""


class ResponseError(CoachResearchError):
    """Answers break their contract."""


class StoreError(CoachResearchError):
    """Answers could not be kept or read back."""


class EstimationError(CoachResearchError):
    """A number cannot be computed from what was given."""


class NotConverged(EstimationError):
    """An iterative estimator stopped before it reached a solution."""


class NotIdentified(EstimationError):
    """A model has more unknowns than the data can tell apart."""

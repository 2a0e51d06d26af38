"""A report: sections of words, results and claims in reading order, saved as one page with its claims beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from coachresearch.claims.claim import Claim
from coachresearch.core.errors import CoachResearchError, Fault
from coachresearch.reports.facts import Provenance
from coachresearch.reports.ledger import ledger_records
from coachresearch.reports.parts import Bullets, Heading, Quote, Section
from coachresearch.reports.words import check_words


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Report:
    """Everything that a page tells.

    Parameters
    ----------
    title : str
    sections : tuple of Section
        In reading order.
    provenance : Provenance
    claims : tuple of Claim
        Also written as data beside the page.
    question : str
        Shown beneath the title.
    language : str
    simulated : bool
        Whether the answers were made by a program; the page then says so first.
    level : int or None
        Lowest claim level of the instruments; decides what may be said of them.
    withheld : tuple of str
        Identifiers of claims that are not shown because a group is too small.

    Raises
    ------
    CoachResearchError
        If a title or a paragraph of the author says more than any evidence can (see `check_words`).
    """

    title: str
    sections: tuple[Section, ...]
    provenance: Provenance
    claims: tuple[Claim, ...] = ()
    question: str = ""
    language: str = "en"
    simulated: bool = False
    level: int | None = None
    withheld: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        for where, text in (("title", self.title), ("question", self.question), *_quotes(self.sections)):
            try:
                check_words(text, level=self.level, where=where, language=self.language)
            except CoachResearchError as refused:
                faults += refused.faults
        if faults:
            raise CoachResearchError.of(faults)

    def html(self) -> str:
        """Return the page: no script, no request, the same bytes for the same input."""
        from coachresearch.reports.page import page

        return page(self)

    def json(self) -> str:
        """Return title, claims and provenance as JSON, for another program to check."""
        record = {
            "title": self.title, "question": self.question, "language": self.language, "simulated": self.simulated,
            "claims": ledger_records(self.claims, self.language), "withheld": list(self.withheld),
            "provenance": asdict(self.provenance),
        }
        return json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    def save(self, path: str | Path) -> Path:
        """Write the page, and its claims as JSON beside it, each whole or not at all.

        Parameters
        ----------
        path : str or Path
            Ends in ``.html``; the JSON file has the same name with ``.json``. Its folder exists.

        Returns
        -------
        Path
            The page.

        Raises
        ------
        CoachResearchError
            If the name does not end in .html, or the folder is not there or cannot be written.
        """
        target = Path(path)
        if target.suffix != ".html":
            raise CoachResearchError(f"A report is saved as .html; the name given is {target.name!r}",
                                     remedy=f"Call it {target.with_suffix('.html').name!r}.")
        texts = ((target.with_suffix(".json"), self.json()), (target, self.html()))
        waiting = [(file.with_name(f".{file.name}.part"), file, text) for file, text in texts]
        try:
            for part, _, text in waiting:
                part.write_text(text, encoding="utf-8", newline="\n")
            for part, file, _ in waiting:
                part.replace(file)
        except OSError as problem:
            for part, _, _ in waiting:
                part.unlink(missing_ok=True)
            raise CoachResearchError(f"The report cannot be written: {problem.strerror}", where=str(target),
                                     remedy="Check that the folder exists and may be written to.") from None
        return target


def _quotes(sections: tuple[Section, ...]) -> list[tuple[str, str]]:
    found = []
    for section in sections:
        for part in section.parts:
            inner = part.items if isinstance(part, Bullets) else (part.words,) if isinstance(part, Heading) else (part,)
            found += [(section.id, one.text) for one in inner if isinstance(one, Quote)]
    return found

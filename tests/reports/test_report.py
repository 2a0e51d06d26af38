from __future__ import annotations

import os
from pathlib import Path

import pytest

from coachresearch.core.errors import CoachResearchError
from coachresearch.reports.parts import Bullets, Heading, Quote, Section, say
from coachresearch.reports.report import Report
from coachresearch.reports.study import study_report
from coachresearch.reports.words import check_words


@pytest.mark.parametrize("text", [
    "A validated scale", "Validated: trust", "This has been proven.", "It is a reliable scale for leaders",
    "not only validated but famous, validated"])
def test_words_that_claim_too_much_are_refused_with_the_sentence_that_holds(text: str) -> None:
    with pytest.raises(CoachResearchError, match="says more than any evidence can") as refused:
        check_words(text, level=0, where="title")
    assert 'What the evidence supports is: "Draft items; no evidence yet."' in str(refused.value)
    assert "(title)" in str(refused.value)


@pytest.mark.parametrize("text", [
    "Not yet validated", "It was never validated.", "This has not been proven.", "unvalidated items",
    "a reliable train", "Improve trust"])
def test_denials_and_other_words_pass(text: str) -> None:
    check_words(text, level=None, where="title")


def test_the_remedy_follows_the_level() -> None:
    with pytest.raises(CoachResearchError, match="For research on groups only"):
        check_words("validated", level=2, where="x")
    with pytest.raises(CoachResearchError, match="Published by others"):
        check_words("validated", level=None, where="x")


def test_every_text_of_the_author_is_read(new_facts) -> None:
    with pytest.raises(CoachResearchError, match="3 faults") as refused:
        study_report(new_facts(title="A validated result", question="Is it proven?", notes=("A reliable scale.",)),
                     measurement=[], changes=[], claims=[])
    assert [fault.where for fault in refused.value.faults] == ["title", "question", "limits"]
    sections = (Section("s", say("heading.limits"), (Bullets((Quote("validated"),)), Heading(Quote("proven")))),)
    with pytest.raises(CoachResearchError, match="2 faults"):
        Report(title="T", sections=sections, provenance=new_facts().provenance)


def test_a_report_is_saved_whole_or_not_at_all(tmp_path: Path, new_facts, monkeypatch: pytest.MonkeyPatch) -> None:
    report = study_report(new_facts(), measurement=[], changes=[], claims=[])
    target = tmp_path / "report.html"
    assert report.save(str(target)) == target
    before = target.read_bytes()
    real = Path.write_text

    def broken(self: Path, text: str, *args: object, **options: object) -> int:
        if self.name.endswith(".html.part"):
            raise OSError(28, os.strerror(28))
        return real(self, text, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", broken)
    with pytest.raises(CoachResearchError, match="The report cannot be written: No space left"):
        report.save(target)
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_a_wrong_name_or_folder_is_refused(tmp_path: Path, new_facts) -> None:
    report = study_report(new_facts(), measurement=[], changes=[], claims=[])
    with pytest.raises(CoachResearchError, match=r"saved as \.html; the name given is 'report\.pdf'"):
        report.save(tmp_path / "report.pdf")
    with pytest.raises(CoachResearchError, match="Check that the folder exists"):
        report.save(tmp_path / "nowhere" / "report.html")

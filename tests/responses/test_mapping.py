"""Mapping files: faults by line, and a proposal that can be read back."""

import pandas as pd
import pytest

from coachresearch.core.errors import ResponseError
from coachresearch.responses.imports import answers_from
from coachresearch.responses.mapping import (
    Clock,
    Given,
    ItemColumns,
    propose_mapping,
    read_mapping,
    read_score_mapping,
)

WHOLE = """
instrument: care
version: "1.0"
form: full
sheet: Data
person: {column: id}
target: {column: about}
role: {column: who, values: {Boss: manager}}
wave: {constant: T1}
language: {constant: en}
items: "Q_{item}"
not_asked: [trust_04]
missing: {99: dont_know, n/a: not_applicable}
labels: {often enough: 4}
answered_at: {column: at, time_zone: UTC}
people: {arm: group}
ignore: [note]
"""


@pytest.fixture
def saved(tmp_path):
    def save(text):
        path = tmp_path / "answers.map.yaml"
        path.write_text(text, encoding="utf-8")
        return path
    return save


def test_a_whole_mapping(saved):
    found = read_mapping(saved(WHOLE))
    assert found.name == "answers.map.yaml"
    assert (found.instrument, found.version, found.form, found.file.sheet) == ("care", "1.0", "full", "Data")
    assert found.person == Given(column="id")
    assert found.role == Given(column="who", values=(("Boss", "manager"),))
    assert found.items == (ItemColumns(pattern="Q_{item}"),)
    assert found.missing == (("99", "dont_know"), ("n/a", "not_applicable"))
    assert found.labels == (("often enough", 4),)
    assert found.answered_at == Clock("at", "UTC")
    assert (found.people, found.ignore, found.not_asked) == ((("arm", "group"),), ("note",), ("trust_04",))


def test_faults_are_told_by_line(saved):
    text = WHOLE.replace("form: full", "fromm: full").replace("dont_know", "unknown").replace("ignore: [note]",
                                                                                           "ignore: 3")
    with pytest.raises(ResponseError) as refused:
        read_mapping(saved(text))
    message = str(refused.value)
    assert "unknown key 'fromm' (answers.map.yaml, line 4)" in message
    assert "lacks 'form'" in message
    assert "missing.99 is 'unknown' (answers.map.yaml, line 13)" in message and "dont_know" in message
    assert "ignore" in message and "line 17" in message


@pytest.mark.parametrize(("old", "new", "message"), [
    ('items: "Q_{item}"', "items_by_wave: {T1: identical}", "Say which wave it is"),
    ('items: "Q_{item}"\n', "", "Name the columns of the items"),
    ('items: "Q_{item}"', 'items: "Q_"', "identical, a pattern"),
    ("role: {column: who, values: {Boss: manager}}", "role: {}", "{constant: value}"),
])
def test_what_must_be_said_once(saved, old, new, message):
    with pytest.raises(ResponseError) as refused:
        read_mapping(saved(WHOLE.replace(old, new)))
    assert message in str(refused.value)


def test_a_proposal_is_read_back_and_imports(saved, care, instruments):
    frame = pd.DataFrame({"Participant ID": ["P1"], "Group": ["A"], "TRUST 01": [1], "trust_02": [2], "Trust-03": [3],
                          "trust_04": [4], "Shoe: size": [40], "Time": ["T2"]})
    text = propose_mapping(frame.columns, care)
    assert text.startswith("# Proposed from the headings alone")
    found = read_mapping(saved(text))
    assert found.person == Given(column="Participant ID")
    assert found.wave == Given(column="Time")
    assert found.people == (("arm", "Group"),)
    assert found.ignore == ("Shoe: size",)
    imported = answers_from(frame, found, instruments, "spring")
    assert imported.responses_frame["value"].tolist() == [1, 2, 3, 4]
    assert imported.responses_frame["wave"].unique().tolist() == ["T2"]


def test_a_proposal_never_guesses_by_order(saved, care):
    text = propose_mapping(["code", "Q1", "Q2", "trust_02"], care, form="core")
    found = read_mapping(saved(text))
    assert found.items == (ItemColumns(columns=(("trust_02", "trust_02"),)),)
    assert found.not_asked == ("trust_01",)
    assert found.ignore == ("Q1", "Q2")
    nothing = propose_mapping(["Q1", "Q2"], care)
    assert "no heading resembles an item" in nothing
    assert read_mapping(saved(nothing)).person == Given()


def test_a_mapping_of_scores(saved):
    found = read_score_mapping(saved("person: {column: id}\nrole: {constant: self}\nscores:\n"
                                     "  - {column: pre, scale: trust, wave: T1, range: [1, 5]}\nmissing: [99]\n"))
    assert (found.scores[0].low, found.scores[0].high, found.missing) == (1, 5, ("99",))
    with pytest.raises(ResponseError, match=r"scores\.0 lacks 'wave' \(answers\.map\.yaml, line 4\)"):
        read_score_mapping(saved("person: row_number\nrole: {constant: self}\nscores:\n  - {column: a, scale: b}\n"))

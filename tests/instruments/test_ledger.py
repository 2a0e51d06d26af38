"""The evidence ledger: entries, gates, and a level that is computed."""

from dataclasses import replace
from datetime import date

import pytest
import yaml

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.ledger import Entry, Reading, evidence_gates, read_ledger, standing
from coachresearch.instruments.library import claim_level, library

TODAY = date(2026, 6, 1)
CONTENT = (("item_cvi", "1", 0.9, 10, "expert"), ("scale_cvi", "1", 0.95, 10, "expert"),
           ("modified_kappa", "1", 0.8, 10, "expert"), ("correct_sort", "1", 0.8, 40, "person"),
           ("target_people", "1", 0.85, 40, "person"), ("open_problems", "2", 0.02, 18, "person"),
           ("missing_answers", "2", 0.01, 18, "person"))
STRUCTURE = (("cfi", "3", 0.97, 600, "person"), ("tli", "3", 0.96, 600, "person"), ("rmsea", "3", 0.04, 600, "person"),
             ("srmr", "3", 0.05, 600, "person"), ("loading_median", "3", 0.7, 600, "person"))
USE = (("hypotheses", "4", 0.8, 250, "person"), ("other_source_criterion", "4", 0.3, 250, "person"),
       ("impact_ratio", "5", 0.9, 250, "person"))


@pytest.fixture(scope="module")
def mq5():
    return library()["mq5"]


@pytest.fixture
def entry(mq5):
    def make(gate, source, estimate, n, unit, **more):
        made = Entry(
            instrument="mq5", version=mq5.version, content_hash=mq5.content_hash, form="full", language="en",
            use="feedback to groups", population="public agencies", source=source, study="S1", design="one wave", n=n,
            data_kind="real", unit=unit, rater="report", date=date(2026, 1, 1), gate=gate, statistic=gate,
            estimate=estimate, result="+", risk_of_bias="adequate")
        made = replace(made, **more)
        return replace(made, result=evidence_gates()[gate].judge(made))

    return make


@pytest.fixture
def content(entry):
    return [entry(*facts) for facts in CONTENT]


@pytest.fixture
def pilot(entry):
    return [entry("pilot_omega", "R", 0.85, 180, "person", study="S0")]


@pytest.fixture
def structure(entry):
    return [*(entry(*facts, study="S2") for facts in STRUCTURE),
            entry("omega_research", "R", 0.85, 600, "person", interval=(0.82, 0.88), study="S2"),
            entry("retest_icc", "R", 0.8, 120, "person", study="S2")]


def test_without_evidence_a_draft_stands_at_0(mq5):
    found = standing(mq5, (), today=TODAY)
    assert (found.level, found.sentence) == (0, "draft items; no evidence yet")
    assert claim_level(mq5) == 0


def test_the_levels_are_climbed_one_by_one(mq5, entry, content, pilot, structure):
    evidence = []
    levels = []
    for step in (content, pilot, structure, [entry(*facts, study="S3") for facts in USE],
                 [entry(*facts, study=study, independent=True) for study in ("S4", "S5") for facts in USE]):
        evidence += step
        levels.append(standing(mq5, evidence, today=TODAY).level)
    assert levels == [1, 2, 3, 4, 5]
    assert claim_level(mq5, evidence) == 5


def test_each_level_says_its_own_sentence(mq5, content, pilot, structure):
    assert standing(mq5, content, today=TODAY).sentence == "content reviewed by 10 experts and 40 target people"
    assert standing(mq5, [*content, *pilot], today=TODAY).sentence == "pilot; for group research only"
    said = standing(mq5, [*content, *pilot, *structure], today=TODAY)
    assert said.sentence.startswith("structure supported in population public agencies (n = 600, cfi 0.97, tli 0.96")
    assert said.may_not == "predicts; selects"


def test_bad_content_means_that_nothing_later_counts(mq5, entry, content, pilot, structure):
    bad = entry("item_cvi", "1", 0.5, 20, "expert", study="S9")
    found = standing(mq5, [*content, *pilot, *structure, bad], today=TODAY)
    assert found.level == 0
    assert found.failed == (bad,)


def test_a_better_or_larger_study_that_fails_takes_the_level_back(mq5, entry, content, pilot, structure):
    whole = [*content, *pilot, *structure]
    larger = entry("cfi", "3", 0.90, 900, "person", study="S6")
    smaller = entry("cfi", "3", 0.90, 350, "person", study="S6")
    better = replace(smaller, risk_of_bias="very good")
    assert [standing(mq5, [*whole, one], today=TODAY).level for one in (larger, smaller, better)] == [2, 3, 2]


def test_structure_and_pilot_of_one_sample_are_not_independent(mq5, content, structure):
    assert standing(mq5, [*content, *structure], today=TODAY).level == 2


@pytest.mark.parametrize(("change", "told"), [
    ({"data_kind": "model-generated"}, "language model"), ({"date": date(2015, 1, 1)}, "older than ten years"),
    ({"risk_of_bias": "inadequate"}, "risk of bias"), ({"version": "9.9.9"}, "another wording"),
    ({"content_hash": "0" * 64}, "another wording"),
])
def test_evidence_that_does_not_count_is_set_aside_with_a_reason(mq5, content, change, told):
    found = standing(mq5, [replace(one, **change) for one in content], today=TODAY)
    assert (found.level, found.counted) == (0, ())
    assert any(told in reason for reason in found.reasons)


def test_evidence_for_another_reading_is_set_aside(mq5, content):
    other = Reading("full", "de", "feedback to groups", "public agencies")
    found = standing(mq5, content, reading=other, today=TODAY)
    assert found.level == 0
    assert "another form, language, use or population" in found.reasons[0]


def test_a_small_sample_is_undecided_and_not_a_pass(mq5, entry, content):
    few = [entry(*facts) if facts[0] != "item_cvi" else entry("item_cvi", "1", 0.9, 6, "expert") for facts in CONTENT]
    found = standing(mq5, few, today=TODAY)
    assert found.level == 0
    assert any("Undecided gate item_cvi" in reason for reason in found.reasons)


def test_what_is_lacking_is_named(mq5, content):
    assert any("omega_research" in reason for reason in standing(mq5, content, today=TODAY).reasons)


def test_the_lower_bound_is_held_to_the_limit(entry):
    wide = entry("omega_research", "R", 0.75, 400, "person", interval=(0.65, 0.85))
    assert wide.result == "-"
    assert entry("omega_research", "R", 0.75, 400, "person").result == "?"


def test_gates_are_complete():
    gates = evidence_gates()
    assert {gate.source for gate in gates.values()} == {"1", "2", "3", "3b", "R", "4", "4b", "5", "F"}
    assert all(gate.side in ("min", "max", "below") for gate in gates.values())


@pytest.fixture
def written(tmp_path, mq5):
    def write(**change):
        plain = {"instrument": "mq5", "version": mq5.version, "content_hash": mq5.content_hash, "form": "full",
                 "language": "en", "use": "u", "population": "p", "source": "R", "study": "S1", "design": "d", "n": 400,
                 "data_kind": "real", "unit": "person", "rater": "self", "date": "2026-01-01", "gate": "alpha",
                 "statistic": "alpha", "estimate": 0.8, "interval": [0.76, 0.84], "result": "+",
                 "risk_of_bias": "adequate", "preregistered": False, "independent": False} | change
        path = tmp_path / "mq5.yaml"
        path.write_text(yaml.safe_dump({"schema": "coachresearch/ledger/1", "entries": [plain]}), encoding="utf-8")
        return path

    return write


def test_a_ledger_file_is_read(written, mq5):
    one, = read_ledger(written())
    assert (one.estimate, one.interval, one.date) == (0.8, (0.76, 0.84), date(2026, 1, 1))


@pytest.mark.parametrize(("change", "told"), [
    ({"result": "-"}, "says '-', its gate (lower bound >= 0.7, n at least 300) gives '+'"),
    ({"gate": "magic"}, "There is no gate 'magic'"), ({"source": "3"}, "belongs to source R, the entry says 3"),
    ({"data_kind": "imagined"}, "'imagined'"), ({"date": "2026-13-01"}, "is not a day"),
    ({"surprise": 1}, "unknown key"),
])
def test_a_faulty_entry_is_told(written, change, told):
    with pytest.raises(InstrumentError) as caught:
        read_ledger(written(**change))
    assert told in str(caught.value)
    assert "mq5.yaml, line" in str(caught.value)

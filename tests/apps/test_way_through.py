"""From a question to a report, on simulated and on real answers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coachresearch.apps.cli import app
from coachresearch.apps.demo import run_demo
from coachresearch.apps.evaluate import evaluate, study_report_of
from coachresearch.apps.folder import open_folder
from coachresearch.apps.measure import measurements
from coachresearch.apps.score import write_scores

TWO_DECIMALS = 0.005  # the published values are printed to two decimals

# Revelle, psych manual, data set bfi: alpha of agreeableness, conscientiousness, extraversion, neuroticism, openness.
PUBLISHED = {"agreeableness": 0.70, "conscientiousness": 0.73, "extraversion": 0.76, "neuroticism": 0.81,
             "openness": 0.60}


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, list(run_demo(folder))


@pytest.fixture(scope="module")
def public(demo) -> Path:
    return demo[0] / "public_answers"


@pytest.fixture(scope="module")
def spring(demo) -> Path:
    return demo[0] / "spring_cohort"


def test_public_answers_give_the_published_alphas(public):
    opened = open_folder(public)
    found = {scale.id.split("@")[0].removeprefix("bfi_"): scale.reliability.estimate("alpha")
             for scale in measurements(opened, opened.responses())}
    assert set(found) == set(PUBLISHED)
    for scale, alpha in PUBLISHED.items():
        assert found[scale].estimate == pytest.approx(alpha, abs=TWO_DECIMALS), scale
        assert found[scale].conf_low < alpha < found[scale].conf_high


def test_the_simulated_cohort_gives_its_verdict(spring):
    found = evaluate(open_folder(spring))
    primary = found.claims[0]
    assert primary.design == "waitlist"
    assert primary.gate_verdict == "pass"
    assert primary.verdict == "supported"
    assert primary.estimate.conf_low > 0


def test_the_report_is_the_same_bytes_twice(spring):
    once, again = study_report_of(spring).html(), study_report_of(spring).html()
    assert once == again
    assert "These data are simulated" in once
    assert str(spring) not in once


def test_the_claims_beside_the_report_can_be_read_by_a_program(spring, tmp_path):
    page = study_report_of(spring).save(tmp_path / "study.html")
    record = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["claims"][0]["verdict"] == "supported"
    assert len(record["provenance"]["data_hash"]) == 64


def test_scores_are_written(spring, tmp_path):
    write_scores(spring, tmp_path / "scores.csv")
    first = (tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("wave,person,target,role,scale,score")


def test_the_demo_ends_with_two_reports(demo):
    for line in demo[1][-2:]:
        page = Path(line.rsplit(" (", 1)[0])
        assert page.suffix == ".html"
        assert page.read_text(encoding="utf-8").startswith("<!")


def test_the_demo_without_the_public_answers_says_so_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("coachresearch.apps.demo.find_spec", lambda name: None)
    lines = list(run_demo(tmp_path))
    assert "study.html" in lines[-2]
    assert "coachresearch[examples]" in lines[-1]


def test_ready_made_scores_are_evaluated_and_not_assessable(spring, tmp_path):
    study = tmp_path / "totals"
    study.mkdir()
    (study / "study.yaml").write_text((spring / "study.yaml").read_text(encoding="utf-8").replace(
        "id: spring_cohort", "id: totals"), encoding="utf-8")
    people = [f"P{n:02d}" for n in range(24)]
    rows = [f"{who},{'coached' if n % 2 else 'comparison'},{3 + n % 5 / 5},"
            f"{3.2 + n % 5 / 5 + (n % 2) * 0.6 + n % 3 / 10}" for n, who in enumerate(people)]
    (study / "totals.csv").write_text("code,group,before,after\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (study / "people.csv").write_text("person,level,team,arm,treatment_start\n", encoding="utf-8")
    (study / "map.yaml").write_text(
        "person: {column: code}\nrole: {constant: self}\npeople: {arm: group}\nscores:\n"
        "  - {column: before, scale: total, wave: T1}\n  - {column: after, scale: total, wave: T2}\n", encoding="utf-8")
    text = (study / "study.yaml").read_text(encoding="utf-8")
    text = text.replace("primary: {scale: mq5_core, role: report, instrument: mq5}",
                        "primary: {scale: total, role: self}")
    text = text.split("secondary:")[0] + "min_group: 5\nlanguage: en\n"
    (study / "study.yaml").write_text(text, encoding="utf-8")
    runner = CliRunner()
    done = runner.invoke(app, ["import", str(study), str(study / "totals.csv"), "--mapping", str(study / "map.yaml")])
    assert done.exit_code == 0, done.output
    found = evaluate(open_folder(study))
    assert found.claims[0].gate_verdict == "not_assessable"
    assert found.claims[0].weakened
    difference = found.changes[0].estimate("ancova_difference", "coached - comparison")
    assert difference.estimate == pytest.approx(0.6, abs=0.1)

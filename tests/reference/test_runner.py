"""The reader of reference folders: agreement, disagreement, and what is not covered, each said."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(folder, *options):
    return subprocess.run([sys.executable, "-m", "benchmarks.reference", str(folder), *options], cwd=ROOT, check=False,
                          capture_output=True, text=True)


def case(kind, expected, **more):
    return {"id": f"t.{kind}", "topic": "effects", "kind": kind, "tolerance": {"abs": 1e-6, "rel": 0},
            "expected": expected, **more}


def write(folder, *cases):
    (folder / "t.json").write_text(json.dumps({"cases": list(cases)}), encoding="utf-8")


def test_agreement_passes_and_uncovered_kinds_are_listed(tmp_path):
    write(tmp_path, case("ci_r", {"lower": 0.141136640421359, "upper": 0.529033719769772, "extra": 1}),
          case("horoscope", {"sign": 1}))
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not offered: extra (1)" in done.stdout
    assert "horoscope" in done.stdout
    assert "2 numbers compared, 0 beyond tolerance; 1 kinds covered, 1 not." in done.stdout


def test_a_number_beyond_tolerance_fails(tmp_path):
    write(tmp_path, case("ci_r", {"lower": 0.1412, "upper": 0.529033719769772}))
    done = run(tmp_path)
    assert done.returncode == 1
    assert "BEYOND: t.ci_r lower: got 0.141136640421, expected 0.1412" in done.stdout


def test_a_function_that_fails_is_beyond_tolerance(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    write(tmp_path, case("alpha", {"raw_alpha": 1}, data={"columns": ["a", "b"], "missing": "none"}))
    done = run(tmp_path)
    assert done.returncode == 1
    assert "EstimationError" in done.stdout


def test_tolerance_of_a_key_overrides_that_of_the_case(tmp_path):
    wide = case("ci_r", {"lower": 0.1412, "upper": 0.529033719769772})
    wide["tolerance"]["keys"] = {"lower": {"abs": 0.001, "rel": 0}}
    write(tmp_path, wide)
    assert run(tmp_path).returncode == 0

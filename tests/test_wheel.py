"""The wheel is the whole product: elsewhere it lists instruments and writes a report, without clone or make."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel
ROOT = Path(__file__).resolve().parents[1]


def run(*command: str, cwd: Path) -> str:
    plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=cwd, env=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), cwd=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("second")
    run(sys.executable, "-m", "venv", str(home / "env"), cwd=home)
    python = home / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "-c", str(ROOT / "constraints.txt"), str(wheel), cwd=home)
    return python


def test_the_wheel_holds_what_is_shipped(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for part in ("instruments/manager_quality/mq5.yaml", "notebooks/", "data/synthetic/"):
        assert any(name.startswith(f"coachresearch/_shipped/{part}") for name in names), part
    assert any(name.endswith(".js") for name in names)
    assert not any(name.endswith((".db", ".pyc")) or ".ipynb_checkpoints" in name for name in names)


def test_from_an_empty_folder_it_lists_instruments_and_writes_a_report(installed, tmp_path):
    listed = run(str(installed), "-m", "coachresearch", "instruments", "list", cwd=tmp_path)
    assert "mq5" in listed
    assert "mini_markers" in listed
    run(str(installed), "-m", "coachresearch", "demo", "--out", "demo", cwd=tmp_path)
    pages = sorted((tmp_path / "demo").rglob("*.html"))
    assert pages, "no report was written"
    text = pages[0].read_text(encoding="utf-8")
    assert "<h1" in text
    assert str(tmp_path) not in text
    ledger = json.loads(next((tmp_path / "demo").rglob("*.json")).read_text(encoding="utf-8"))
    assert ledger

"""Imports run downwards: the real house obeys, and a hidden upward import is caught."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    code = ("import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as check; "
            "check(['--no-cache'])")
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_the_house_obeys_its_arrows():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_an_upward_import_hidden_in_a_function_is_caught(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    guilty = tmp_path / "src/coachresearch/moments/guilty.py"
    guilty.write_text("def late():\n    from coachresearch.effects import sizes\n    return sizes\n", encoding="utf-8")
    (tmp_path / "src/coachresearch/effects/sizes.py").touch()
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert "coachresearch.moments.guilty" in done.stdout

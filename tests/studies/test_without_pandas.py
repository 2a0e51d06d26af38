"""A study and the instruments are read without loading a frame library: starting is quick."""

import subprocess
import sys

CODE = """
import sys
from pathlib import Path
from coachresearch.instruments.library import library
from coachresearch.instruments.writing import lint_wording
from coachresearch.studies.reader import read_study
from coachresearch.studies.writer import new_study
lint_wording(library()["mq5"])
folder = Path(sys.argv[1])
new_study(folder, id="s", title="S", assignment="waitlist", instrument="mq5", form="core", scale="mq5_core",
          role="report")
read_study(folder)
loaded = {"pandas", "numpy", "scipy", "matplotlib", "statsmodels", "pingouin", "sqlalchemy"} & set(sys.modules)
print(sorted(loaded))
"""


def test_reading_files_loads_no_frames(tmp_path):
    done = subprocess.run([sys.executable, "-c", CODE, str(tmp_path / "s")], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

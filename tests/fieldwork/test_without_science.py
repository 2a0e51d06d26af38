"""The server starts without the libraries that only analyses need."""

import subprocess
import sys

SCIENCE = ("scipy", "statsmodels", "pingouin", "matplotlib", "anywidget", "ipywidgets")


def test_the_server_loads_no_science_and_no_widget():
    code = (
        "import sys\n"
        "import coachresearch.fieldwork.server\n"
        f"print('LOADED', [name for name in {SCIENCE!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "LOADED []"

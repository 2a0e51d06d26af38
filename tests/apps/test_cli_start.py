"""The command line starts light."""

import subprocess
import sys

HEAVY = ("pandas", "scipy", "statsmodels", "pingouin", "matplotlib", "nbformat", "sqlalchemy", "ipywidgets")


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "sys.argv = ['coachresearch', '--help']\n"
        "from coachresearch.apps.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (0, None), end.code\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "instruments" in done.stdout
    assert done.stdout.strip().endswith("LOADED []")

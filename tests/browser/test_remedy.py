"""Without a browser these tests fail, and say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

HERE = Path(__file__).resolve().parent


def test_a_missing_chromium_is_a_failure_that_names_the_remedy():
    command = [sys.executable, "-m", "pytest", "-q", "-m", "browser", "-p", "no:cacheprovider",
               str(HERE / "test_form_in_voila.py")]
    done = subprocess.run(command, env={**os.environ, "CHROMIUM": "/nowhere/chromium"}, cwd=HERE.parent.parent,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "The browser tests need Chromium, and it is not there (/nowhere/chromium). Install Chromium" in done.stdout
    assert "skipped" not in done.stdout

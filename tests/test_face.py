"""The face of the package: every public name is there, and importing it loads nothing heavy."""

import subprocess
import sys

import pytest

import coachresearch as cr


@pytest.mark.parametrize("name", cr.__all__)
def test_every_public_name_is_there(name):
    assert getattr(cr, name) is not None


def test_an_unknown_name_lists_the_known():
    with pytest.raises(AttributeError, match="omega_total"):
        cr.omega_totl


def test_importing_is_light():
    code = "import sys, coachresearch; print([m for m in ('pandas', 'numpy', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

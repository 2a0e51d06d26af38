"""Where the files that come with the package lie."""

import pytest

from coachresearch.core import places
from coachresearch.core.errors import CoachResearchError


def test_the_instruments_are_there():
    assert (places.shipped("instruments") / "manager_quality" / "mq5.yaml").is_file()


def test_the_copy_of_the_wheel_comes_first(tmp_path, monkeypatch):
    package = tmp_path / "src" / "coachresearch"
    for folder in (package / "_shipped" / "instruments", tmp_path / "instruments"):
        folder.mkdir(parents=True)
    monkeypatch.setattr(places, "_PACKAGE", package)
    assert places.shipped("instruments") == package / "_shipped" / "instruments"


def test_a_broken_installation_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "_PACKAGE", tmp_path / "src" / "coachresearch")
    with pytest.raises(CoachResearchError, match="'notebooks' that comes with coachresearch is not there"):
        places.shipped("notebooks")

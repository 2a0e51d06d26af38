"""The table that the R script writes: four free dictionaries and no other."""

import os
import subprocess
from pathlib import Path

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.library import library
from coachresearch.instruments.published import target_of, with_wording
from coachresearch.instruments.wording_sources import loading
from coachresearch.instruments.wording_sources.loading import back_ends, load_wording
from coachresearch.instruments.wording_sources.psychtools import COLUMNS, LAWFUL, SCRIPT, dictionary_target

HEAD = ",".join(f'"{name}"' for name in COLUMNS)


@pytest.fixture(scope="module")
def bfi():
    return library()["bfi25"]


@pytest.fixture
def table(tmp_path, bfi):
    def write(change=lambda lines: lines, head=HEAD):
        lines = [f'"psychTools","9.9.9","GPL (>= 2)","bfi.dictionary","{item.id}","Made-up {item.id}","1"'
                 for item in bfi.items]
        path = tmp_path / "dictionaries.csv"
        path.write_text("\n".join([head, *change(lines)]), encoding="utf-8")
        return path

    return write


def test_the_file_is_told_by_its_columns_and_goes_into_the_instrument(table, bfi):
    found = load_wording(table(), target_of(bfi))
    assert found.source.version == "psychTools 9.9.9, bfi.dictionary"
    assert {row.item for row in found.rows if row.reverse} == {"A1", "C4", "C5", "E1", "E2", "O2", "O5"}
    assert with_wording(bfi, found).item("C4").text


@pytest.mark.parametrize(("change", "told"), [
    (lambda lines: lines[:-1], "lacks 1 of 25 items: O5"),
    (lambda lines: [lines[0].replace("bfi.dictionary", "epi.dictionary"), *lines[1:]], "belongs to others"),
    (lambda lines: [line.replace("bfi.d", "spi.d") for line in lines], "has no rows of bfi.dictionary"),
    (lambda lines: [lines[0] + ',"more"', *lines[1:]], "too many or too few cells"),
])
def test_a_table_that_does_not_fit_is_refused(table, bfi, change, told):
    with pytest.raises(InstrumentError) as caught:
        load_wording(table(change), target_of(bfi))
    assert told in str(caught.value)


def test_other_columns_and_languages_are_refused(table, bfi):
    with pytest.raises(InstrumentError, match="has the columns a, b"):
        load_wording(table(head="a,b"), target_of(bfi), back_end="psychtools")
    with pytest.raises(InstrumentError, match="no wording in de"):
        load_wording(table(), target_of(bfi), languages=("de",))


def test_a_dictionary_of_the_wrong_size_is_refused(table):
    with pytest.raises(InstrumentError, match=r"has 0 rows of 'spi\.dictionary', not 135"):
        dictionary_target(table(), "spi")


def test_the_script_names_the_free_dictionaries_and_no_other():
    text = SCRIPT.read_text(encoding="utf-8")
    assert all(name in text for name in LAWFUL)
    assert not any(name in text for name in ("epi.dictionary", "sai.dictionary", "GERAS", "Athenstaedt"))


def test_back_ends_of_other_packages_are_found(monkeypatch, table, bfi):
    class Point:
        name = "theirs"

        def load(self):
            return lambda path, target, *, languages, terms, sha256: ("theirs", path.name, languages)

    monkeypatch.setattr(loading, "entry_points", lambda group: [Point()] if group == "coachresearch.wording" else [])
    assert "theirs" in back_ends()
    assert load_wording(table(), target_of(bfi), back_end="theirs") == ("theirs", "dictionaries.csv", ("en",))
    with pytest.raises(InstrumentError, match="no back end 'nobody'"):
        load_wording(table(), target_of(bfi), back_end="nobody")


@pytest.mark.reference
def test_what_the_script_writes_is_read(tmp_path, bfi):
    """Runs the R script; needs R with psychTools, and the folder that COACHRESEARCH_WORDING names."""
    path = Path(os.environ["COACHRESEARCH_WORDING"]) / "dictionaries.csv"
    subprocess.run(["Rscript", str(SCRIPT), str(path)], check=True, capture_output=True)
    assert len(load_wording(path, target_of(bfi)).rows) == 25
    for scale, rows in (("spi", 135), ("zola", 165), ("bfi_adjectives", 100)):
        assert len(load_wording(path, dictionary_target(path, scale)).rows) == rows

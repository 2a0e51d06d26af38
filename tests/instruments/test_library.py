"""The shelf: looking up, searching, and what may be said."""

from dataclasses import replace
from datetime import date

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.instrument import confirm_key
from coachresearch.instruments.library import Library, claim_level, claim_sentences, library


@pytest.fixture(scope="module")
def shelf():
    return library()


def test_it_reads_like_a_dictionary(shelf):
    assert shelf["mq5"].id == "mq5"
    assert {"mq5", "mini_markers", "bfi25"} <= set(shelf)
    assert len(shelf) == len(list(shelf)) == len(shelf.items())
    assert "mq5" in shelf
    assert "mq6" not in shelf
    assert shelf.get("mq6") is None
    assert repr(shelf) == f"Library({', '.join(shelf)})"


def test_an_unknown_name_lists_near_names(shelf):
    with pytest.raises(InstrumentError) as caught:
        shelf["mini_marker"]
    assert str(caught.value).startswith("There is no instrument 'mini_marker'.\nDid you mean mini_markers")
    assert "There are: acf, " in caught.value.faults[0].remedy


def test_a_name_near_to_nothing_lists_all(shelf):
    with pytest.raises(KeyError) as caught:
        shelf["zzzz"]
    assert "Did you mean" not in str(caught.value)


def test_it_cannot_be_changed(shelf):
    with pytest.raises(AttributeError):
        shelf.instruments = ()


@pytest.mark.parametrize(("asked", "found"), [
    ({"words": "manager FIVE"}, "mq5"), ({"words": "emotional stability"}, "mini_markers"),
    ({"family": "manager_quality"}, "mq5"), ({"status": "draft"}, "mq5"),
    ({"licence": "free-research"}, "mini_markers"), ({"role": "report", "family": "character"}, "mini_markers"),
    ({"language": "en", "words": "psych"}, "bfi25"),
])
def test_search_finds_what_has_everything_asked_for(shelf, asked, found):
    assert found in [one.id for one in shelf.search(**asked)]


@pytest.mark.parametrize("asked", [{"words": "manager zebra"}, {"language": "xx"},
                                   {"model": "interview", "family": "character"}])
def test_search_finds_nothing_else(shelf, asked):
    assert shelf.search(**asked) == ()


def test_search_for_nothing_is_everything(shelf):
    assert shelf.search() == shelf.instruments


def test_frame_has_a_row_each(shelf):
    import pandas as pd

    frame = shelf.frame.set_index("instrument")
    assert frame.loc["mq5", "level"] == 0
    assert frame.loc["mini_markers", "level"] is pd.NA
    assert frame["key"][["mq5", "mini_markers", "bfi25"]].tolist() == ["own", "unverified", "found"]
    assert frame.loc["mq5", "forms"] == "full, core, pilot"


def test_a_frame_of_nothing_has_no_rows():
    assert len(Library(()).instruments) == 0
    assert len(Library(()).frame) == 0


def test_every_draft_of_ours_stands_at_level_0_and_says_so(shelf):
    for one in shelf.search(status="draft"):
        assert claim_level(one) == 0
        sentence = claim_sentences(one)[0]
        assert "claim level 0" in sentence
        assert "no tested meaning" in sentence


def test_what_others_published_has_no_level_of_ours(shelf):
    assert claim_level(shelf["bfi25"]) is None
    assert len(claim_sentences(shelf["bfi25"])) == 1


def test_a_recalled_key_is_called_unverified_until_confirmed(shelf):
    markers = shelf["mini_markers"]
    assert "unverified" in claim_sentences(markers)[1]
    confirmed = confirm_key(markers, by="A. Reader", on=date(2026, 3, 2), against="the paper")
    assert claim_sentences(confirmed)[1] == (
        "The recalled scoring key of Mini-Markers was confirmed by A. Reader on 2026-03-02 against the paper.")
    assert Library((confirmed,)).frame["key"].tolist() == ["confirmed"]


def test_no_sentence_calls_anything_validated(shelf):
    said = " ".join(sentence for one in shelf.values() for sentence in claim_sentences(one)).lower()
    assert said
    assert not any(word in said for word in ("validated", "proven", "reliable"))


def test_title_is_said_in_the_language_asked_for(shelf):
    two = replace(shelf["bfi25"], title=(("de", "Fünfundzwanzig"), ("en", "Twenty-five")))
    assert claim_sentences(two, "de")[0].startswith("Fünfundzwanzig: ")

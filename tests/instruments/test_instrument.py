"""Looking things up in an instrument, and confirming a key."""

from datetime import date

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.instrument import confirm_key, text_for, words_in
from coachresearch.instruments.reader import read_instrument, read_instruments


@pytest.mark.parametrize(("room", "words"), [
    ("item", "has no item 'x'"), ("scale", "has no scale 'x'"), ("form", "has no form 'x'")])
def test_an_unknown_part_is_named_with_what_there_is(sound, written, room, words):
    tiny = read_instrument(written(sound))
    with pytest.raises(InstrumentError, match=words) as caught:
        getattr(tiny, room)("x")
    assert caught.value.faults[0].remedy.startswith("It has: ")


def test_self_is_never_given_the_words_for_others(sound, written):
    sound["items"][0]["text"] = {"other": "They do."}
    sound["forms"] = [{"id": "full", "items": "all", "roles": ["report"], "minutes": 1}]
    tiny = read_instrument(written(sound))
    assert text_for(tiny.item("i1"), "coach", "en") == "They do."
    with pytest.raises(InstrumentError, match="no wording for the rater role 'self'"):
        text_for(tiny.item("i1"), "self", "en")


def test_a_language_without_wording_is_refused(sound, written):
    with pytest.raises(InstrumentError, match="no wording in language 'de'"):
        text_for(read_instrument(written(sound)).item("i1"), "self", "de")


def test_words_fall_back_to_english_then_to_the_first():
    assert words_in((("de", "Hallo"), ("en", "Hello")), "fr") == "Hello"
    assert words_in((("de", "Hallo"),), "fr") == "Hallo"
    assert words_in((), "en") == ""


def test_a_recalled_key_is_confirmed_by_somebody_against_something():
    markers = read_instruments()["mini_markers"]
    confirmed = confirm_key(markers, by="A. Reader", on=date(2026, 3, 2), against="Saucier (1994), p. 512")
    assert (markers.recalled_key, confirmed.recalled_key) == (True, False)
    assert confirmed.key_confirmation.by == "A. Reader"
    assert confirmed.content_hash == markers.content_hash
    with pytest.raises(InstrumentError, match="by nobody or with nothing"):
        confirm_key(markers, by="A. Reader", on=date(2026, 3, 2), against=" ")


def test_a_key_that_is_not_recalled_needs_no_confirmation():
    with pytest.raises(InstrumentError, match="is not a recalled one"):
        confirm_key(read_instruments()["mq5"], by="A", on=date(2026, 3, 2), against="B")

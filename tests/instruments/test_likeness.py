"""Our items against other wordings: shared runs of content words are found, and ours share none."""

import json
from pathlib import Path

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.instrument import Form, Instrument, Item, Licence, ResponseScale, Scale, Source
from coachresearch.instruments.likeness import (
    SharedRun,
    content_runs,
    content_words,
    run_hashes,
    shared_hashes,
    shared_runs,
)
from coachresearch.instruments.reader import read_instruments

HASHES = Path(__file__).parent / "golden" / "wording_hashes.json"
"""Salted hashes of runs of 120 public-domain items; no wording can be read from them."""
LOUD = "The old dog barks loudly at passing red cars every morning."
SALT = "pepper"


def own(text, status="draft", use="content"):
    return Instrument("own", "0.1.0", "", "competency", "reflective", status, (("en", "Own"),), (("en", "Acts"),),
                      ("en",), (Item("i1", "r", (("other", (("en", text),)),), use=use),),
                      (ResponseScale("r", "frequency", (1, 2), ((), ())),),
                      (Scale("d", (("en", "D"),), (("i1", 1),), "mean", 1),),
                      (Form("full", ("i1",), ("report",), 1.0),), 5, Licence("CC-BY-4.0"), Source("Us"))


def test_words_without_content_are_left_out():
    assert content_words("My manager's door IS open to all of us, and they know it.") == (
        "manager", "door", "open", "know")
    assert content_words("It is what it is.") == ()


def test_runs_slide_along_the_sentence():
    assert content_runs("Old dogs bark at red cars every day.", length=5) == (
        ("old", "dog", "bark", "red", "car"), ("dog", "bark", "red", "car", "every"),
        ("bark", "red", "car", "every", "day"))
    assert content_runs("Old dogs bark.", length=5) == ()


@pytest.mark.parametrize(("text", "words"), [
    (LOUD, ("old", "dog", "bark", "loudly", "passing")),
    ("My dog barks loudly at the passing red car.", ("dog", "bark", "loudly", "passing", "red")),
])
def test_a_shared_run_is_found_in_texts_and_in_hashes(text, words):
    found = shared_runs([own(text)], {"their.7": LOUD})
    assert found[0] == SharedRun("own.i1", "their.7", words)
    hashed = shared_hashes([own(text)], run_hashes([LOUD], salt=SALT), salt=SALT)
    assert [one.words for one in hashed] == [one.words for one in found]


@pytest.mark.parametrize("text", [
    "The old dog barks loudly.", "Red cars pass an old dog that barks every morning.",
    "Loudly barks the old dog at cars.",
])
def test_four_words_in_a_row_are_not_five(text):
    assert shared_runs([own(text)], {"their.7": LOUD}) == ()


def test_another_salt_hides_everything():
    assert shared_hashes([own(LOUD)], run_hashes([LOUD], salt="a"), salt="b") == ()
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in run_hashes([LOUD], salt="a"))


@pytest.mark.parametrize(("status", "use"), [("published", "content"), ("draft", "attention")])
def test_only_what_we_wrote_to_be_answered_is_compared(status, use):
    assert shared_runs([own(LOUD, status, use)], {"their.7": LOUD}) == ()


def test_a_run_of_no_words_is_refused():
    with pytest.raises(InstrumentError, match="A run of 0 words is none"):
        shared_runs([own(LOUD)], {"their.7": LOUD}, length=0)


@pytest.mark.parametrize("length", [5, 3])
def test_our_items_share_no_run_with_public_items(length):
    """Five words are the rule; three are asked as well, because those items are short."""
    held = json.loads(HASHES.read_text(encoding="utf-8"))
    hashes = frozenset(held["runs"][str(length)])
    assert hashes
    assert shared_hashes(read_instruments().values(), hashes, salt=held["salt"], length=length) == ()


def test_our_items_share_no_run_among_themselves():
    """Except wordings of one item for several roles, items taken over, and lists that repeat a question."""
    first = {}
    for one in read_instruments().values():
        lists = {item for scale in one.scales if one.model_of(scale.id) == "formative" for item in scale.items}
        for item in one.items if one.status == "draft" else ():
            for _, words in item.text:
                alone = item.use in ("content", "reserve", "consistency") and item.id not in lists
                name = item.origin or (f"{one.id}.{item.id}" if alone else one.id)
                for run in content_runs(dict(words)["en"]) if item.use != "attention" else ():
                    assert first.setdefault(run, name) == name

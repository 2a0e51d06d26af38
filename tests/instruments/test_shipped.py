"""What the instruments that come with the package promise; a changed word needs a new version."""

import json
from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest

from coachresearch.core.places import shipped
from coachresearch.instruments.instrument import text_for
from coachresearch.instruments.library import claim_level, claim_sentences
from coachresearch.instruments.reader import read_instruments

GOLDEN = Path(__file__).parent / "golden" / "content_hashes.json"
MARKERS = {  # Saucier (1994), recalled; signs as in the public list of Goldberg's hundred markers
    "mm_extraversion": ("talkative extraverted bold energetic", "shy quiet bashful withdrawn"),
    "mm_agreeableness": ("sympathetic warm kind cooperative", "cold unsympathetic rude harsh"),
    "mm_conscientiousness": ("organized efficient systematic practical", "disorganized sloppy inefficient careless"),
    "mm_emotional_stability": ("unenvious relaxed", "moody jealous temperamental envious touchy fretful"),
    "mm_openness": ("creative imaginative philosophical intellectual complex deep", "uncreative unintellectual"),
}
BFI_REVERSED = {"A1", "C4", "C5", "E1", "E2", "O2", "O5"}  # documentation of `bfi` in the R package psych


@pytest.fixture(scope="module")
def instruments():
    return read_instruments()


def test_a_version_is_one_wording_for_good(instruments):
    written = json.loads(GOLDEN.read_text(encoding="utf-8"))
    seen = {f"{one.id} {one.version}": one.content_hash for one in instruments.values()}
    assert seen.items() <= written.items(), "wording, order, labels or keys changed: give the file a new version"


def test_every_file_tells_editors_where_its_schema_is():
    for path in shipped("instruments").rglob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema=")
        schema = (path.parent / first.partition("=")[2]).resolve()
        assert schema.is_file()
        assert schema.name.endswith("schema.json")


def test_mq5_has_five_duties_of_five_and_a_core_of_two_each(instruments):
    mq5 = instruments["mq5"]
    duties = [scale for scale in mq5.scales if scale.parent == "mq5_total"]
    assert [len(scale.items) for scale in duties] == [5] * 5
    asked = [item for item in mq5.form("full").items if mq5.item(item).use == "content"]
    assert sorted(item for scale in duties for item in scale.items) == sorted(asked)
    assert [sum(item in scale.items for item in mq5.form("core").items) for scale in duties] == [2] * 5
    assert set(mq5.scale("mq5_core").items) == set(mq5.form("core").items)


def test_mq5_wants_two_thirds_of_the_answers(instruments):
    for scale in instruments["mq5"].scales:
        assert scale.min_answered == ceil(len(scale.items) * 2 / 3)
        assert scale.rule == "mean"


def test_mq5_turns_ten_items_and_at_least_three_in_the_core(instruments):
    mq5 = instruments["mq5"]
    signs = dict(mq5.scale("mq5_total").keys)
    assert sum(sign < 0 for sign in signs.values()) == 10
    assert sum(signs[item] < 0 for item in mq5.form("core").items) >= 3
    signs = dict(mq5.scale("mq5_pool").keys)
    assert all(sign == signs[item] for scale in mq5.scales for item, sign in scale.keys)


def test_mq5_speaks_to_each_rater_role_in_its_own_voice(instruments):
    mq5 = instruments["mq5"]
    for item in [one for one in mq5.items if one.use != "attention"]:
        assert text_for(item, "report", "en").startswith("My manager ")
        assert text_for(item, "self", "en").startswith("I ")
        assert text_for(item, "peer", "en").startswith("This person ")
    assert all("last three months" in dict(words)["en"] for _, words in mq5.instructions)


def test_mq5_lets_people_say_that_they_could_not_see(instruments):
    scale = instruments["mq5"].response_scale("mot_1")
    assert [dict(words)["en"] for words in scale.labels] == ["Never", "Rarely", "Sometimes", "Often", "Almost always"]
    assert [(kind, dict(words)["en"]) for _, kind, words in scale.missing] == [("dont_know", "No chance to see")]


RESERVE = {"mq5": 25, "csk5": 25, "lch": 30, "crr": 27}
"""Scored items of the four instruments that are piloted first; csk5 has three companions besides."""


@pytest.mark.parametrize(("name", "n"), RESERVE.items())
def test_the_first_to_be_piloted_have_a_reserve_of_the_same_size(instruments, name, n):
    one = instruments[name]
    beside = {item for scale in one.scales if scale.companion for item in scale.items}
    uses = [item.use for item in one.items if item.id not in beside]
    assert uses.count("content") == uses.count("reserve") == n
    everything = {item.id for item in one.items if item.use in ("content", "reserve")}
    assert everything == {item for item in one.form("pilot").items if one.item(item).use in ("content", "reserve")}
    kept = [form for form in one.forms if form.id != "pilot"]
    assert not any(one.item(item).use == "reserve" for form in kept for item in form.items)


def test_every_instrument_of_the_plan_is_there_and_ours_at_level_0(instruments):
    plan = {
        "competency": {"tshape", "lci", "csk5", "bif", "fif", "mob", "f360"},
        "character": {"lch"},
        "manager_quality": {"mq5", "rsep", "tcm"},
        "coaching_process": {"crr", "cfit", "tmc", "ssg", "lsup", "session_log", "session_pulse"},
        "organisation": {"ccl", "acf", "apx"},
    }
    ours = {one.id: one for one in instruments.values() if one.status == "draft"}
    assert {family: {name for name, one in ours.items() if one.family == family} for family in plan} == plan
    assert {claim_level(one) for one in ours.values()} == {0}


def test_only_scores_that_show_a_trait_are_reflective(instruments):
    models = {name: {instruments[name].model_of(scale.id) for scale in instruments[name].scales}
              for name in ("mq5", "lci", "tshape", "tmc", "mob", "bif", "fif", "session_log")}
    assert models["mq5"] == models["lci"] == {"reflective"}
    assert instruments["tshape"].model_of("tshape_bridge") == "reflective"
    assert instruments["tshape"].model_of("tshape_depth") == "formative"
    assert models["session_log"] == {"formative"}
    assert models["mob"] == {"observation", "formative"}
    assert models["bif"] == models["fif"] == {"interview"}


def test_what_f360_takes_over_is_taken_over_unchanged(instruments):
    f360 = instruments["f360"]
    taken = [item for item in f360.items if item.origin]
    assert len([item for item in taken if item.use == "content"]) == 24
    for item in taken:
        source, _, name = item.origin.partition(".")
        theirs = dict(instruments[source].item(name).text)
        assert all(dict(words)["en"] == dict(theirs[role])["en"] for role, words in item.text)
        key = {sign for scale in instruments[source].scales for one, sign in scale.keys if one == name}
        assert item.use != "content" or key == {dict(f360.scales[at].keys)[item.id] for at in range(4)
                                                if item.id in f360.scales[at].items}


def test_observers_see_the_six_situations(instruments):
    options = instruments["mob"].response_scale("situation").labels
    assert [dict(words)["en"] for words in options] == [
        "Team meeting", "Board meeting", "Talk to a large audience", "Presentation", "Negotiation",
        "Meeting with partner agencies"]


@pytest.mark.parametrize("name", ["mob", "bif", "fif"])
def test_ratings_have_described_levels_and_a_note_of_evidence(instruments, name):
    one = instruments[name]
    rated = [item for item in one.items if item.use == "content" and item.anchors]
    notes = {item.pair for item in one.items if item.use == "note"}
    assert {item.id for item in rated} == notes
    assert all([anchor.value for anchor in item.anchors] == [1, 3, 5] for item in rated)


def test_the_german_mq5_is_a_draft_that_says_so(instruments):
    mq5 = instruments["mq5"]
    assert [(one.language, one.state) for one in mq5.translations] == [("de", "untested")]
    said = claim_sentences(mq5)[1]
    assert said.startswith("Manager quality five: the wording in de is a draft translation, untested.")
    for item in [one for one in mq5.items if one.use != "attention"]:
        assert text_for(item, "report", "de").startswith("Meine Führungskraft ")
        assert text_for(item, "self", "de").startswith("Ich ")
        assert text_for(item, "other", "de").startswith("Diese Person ")


def test_mini_markers_are_forty_words_in_order_with_their_keys(instruments):
    markers = instruments["mini_markers"]
    shown = markers.form("full").items
    assert len(shown) == 40
    assert all(before < after for before, after in pairwise(shown))
    for scale, (positive, negative) in MARKERS.items():
        keys = dict(markers.scale(scale).keys)
        assert {word for word, sign in keys.items() if sign > 0} == set(positive.split())
        assert {word for word, sign in keys.items() if sign < 0} == set(negative.split())
    assert all(text_for(item, role, "en") == item.id for item in markers.items for role in ("self", "peer"))
    assert markers.response_scale("bold").values == tuple(range(1, 10))
    assert markers.recalled_key


def test_bfi_turns_seven_items_and_holds_no_wording(instruments):
    bfi = instruments["bfi25"]
    assert {item for scale in bfi.scales for item, sign in scale.keys if sign < 0} == BFI_REVERSED
    assert [len(scale.items) for scale in bfi.scales] == [5] * 5
    assert all(item.text == () for item in bfi.items)
    assert not bfi.recalled_key

"""What items, options and scores are used for: each misuse is found alone, and what fits is read."""

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.content import content_hash
from coachresearch.instruments.instrument import Anchor
from coachresearch.instruments.reader import read_instrument


def asking(data, **item):
    """Add an item that is not scored, and show it."""
    data["items"].append({"id": "extra", "text": {"self": "Say.", "other": "Say."}} | item)
    data["forms"][0]["items"] = [one["id"] if isinstance(one, dict) else one for one in data["items"]]


def options_missing(data):
    del data["response_scales"]["F5"]["options"]


def number_with_options(data):
    data["response_scales"]["F5"] |= {"entry": "number", "low": 1, "high": 5}


def number_without_an_end(data):
    data["response_scales"]["N"] = {"kind": "count", "entry": "number", "low": 0}


def number_the_wrong_way_round(data):
    data["response_scales"]["N"] = {"kind": "count", "entry": "number", "low": 5, "high": 0}


def number_without_end(data):
    data["response_scales"]["N"] = {"kind": "count", "entry": "number", "low": 0, "high": 1_000_000}


def level_that_is_none(data):
    data["items"][1]["anchors"] = [{"value": 4, "text": "Does it."}]


def level_twice(data):
    data["response_scales"]["F3"]["anchors"] = [{"value": 1, "text": "One."}, {"value": 1, "text": "Two."}]


def attention_without_answer(data):
    asking(data, use="attention", response_scale="F3")


def attention_to_no_option(data):
    asking(data, use="attention", response_scale="F3", expects=7)


def consistency_without_pair(data):
    asking(data, use="consistency", response_scale="F3")


def pair_of_nothing(data):
    asking(data, use="consistency", response_scale="F3", pair="i9")


def pair_of_content(data):
    data["items"][1]["pair"] = "i3"


def open_item_with_options(data):
    asking(data, use="open", response_scale="F3")


def text_as_content(data):
    data["response_scales"]["T"] = {"kind": "text", "entry": "text"}
    asking(data, response_scale="T")


def attention_scored(data):
    data["items"][1] |= {"use": "attention", "expects": 1}


def choice_scored(data):
    data["response_scales"]["F5"]["kind"] = "choice"
    data["scales"][1] |= {"keys": {"i4": 1}, "min_answered": 1}
    data["scales"][0]["keys"].pop("i4")
    data["items"][3]["response_scale"] = "F5"
    data["scales"][1].pop("parent", None)


def reaching_without_the_rule(data):
    data["scales"][1]["reaching"] = 2


def rule_without_reaching(data):
    data["scales"][1]["rule"] = "share_reaching"


def share_of_no_parent(data):
    data["scales"][0]["rule"] = "share_of_parent"


def second_of_one(data):
    data["scales"][1] |= {"rule": "second_highest", "min_answered": 1}


def right_without_a_right_answer(data):
    data["scales"][1]["rule"] = "share_right"


def translation_into_nothing(data):
    data["translations"] = [{"language": "de", "state": "untested"}]


@pytest.mark.parametrize(("spoil", "what", "remedy"), [
    (options_missing, "Response scale 'F5' lacks 'options'", "Add it"),
    (number_with_options, "Response scale 'F5' has 'options', which entry: number does not use", "Remove it"),
    (number_without_an_end, "Response scale 'N' lacks 'high'", "Add it"),
    (number_the_wrong_way_round, "Response scale 'N' goes from 5 to 0", "by at most 1000"),
    (number_without_end, "Response scale 'N' goes from 0 to 1000000", "by at most 1000"),
    (level_that_is_none, "Item 'i2' describes level 4, which cannot be chosen", "It allows: 1, 2, 3"),
    (level_twice, "Response scale 'F3' describes level 1 twice", "Keep one"),
    (attention_without_answer, "Attention item 'extra' does not say which answer it expects", "Add expects"),
    (attention_to_no_option, "Item 'extra' expects 7, which cannot be chosen", "allows: 1, 2, 3"),
    (consistency_without_pair, "Item 'extra' of use consistency has no pair", "Name the item"),
    (pair_of_nothing, "Item 'extra' names the pair 'i9', which is not another item", "Correct the id"),
    (pair_of_content, "Item 'i2' has a pair, but its use is content", "consistency, note"),
    (open_item_with_options, "Open item 'extra' does not ask for a text", "entry: text"),
    (text_as_content, "Item 'extra' asks for a text, but its use is content", "open, note or context"),
    (reaching_without_the_rule, "Scale 'half' has the rule sum and a value to be reached", "share_reaching"),
    (rule_without_reaching, "Scale 'half' has the rule share_reaching and no value to be reached", "share_reaching"),
    (share_of_no_parent, "Scale 'all' is a share of its parent and has none", "Name the parent"),
    (second_of_one, "Scale 'half' wants the second highest of one answer", "2 or more"),
    (translation_into_nothing, "A translation into 'de' is described, which the file does not declare", "en"),
], ids=lambda value: getattr(value, "__name__", None))
def test_each_misuse_is_found_alone(sound, written, spoil, what, remedy):
    spoil(sound)
    with pytest.raises(InstrumentError) as caught:
        read_instrument(written(sound))
    fault, = caught.value.faults
    assert fault.what.startswith(what)
    assert fault.where.startswith("tiny.yaml, line ")
    assert remedy in fault.remedy


@pytest.mark.parametrize(("spoil", "what"), [
    (attention_scored, "counts 'i2', whose use is attention"),
    (choice_scored, "counts 'i4', whose options have no order"),
    (right_without_a_right_answer, "counts right answers, but 'i1' expects none"),
], ids=lambda value: getattr(value, "__name__", None))
def test_what_cannot_be_scored_is_refused_in_every_scale(sound, written, spoil, what):
    spoil(sound)
    with pytest.raises(InstrumentError) as caught:
        read_instrument(written(sound))
    assert any(what in fault.what for fault in caught.value.faults)


def test_a_number_stands_for_every_whole_number_between_its_ends(sound, written):
    sound["response_scales"]["N"] = {"kind": "duration", "entry": "number", "low": 0, "high": 30, "unit": "minutes"}
    asking(sound, use="context", response_scale="N")
    scale = read_instrument(written(sound)).response_scale("extra")
    assert (scale.values, scale.low, scale.high) == (tuple(range(31)), 0, 30)
    assert (scale.entry, dict(scale.unit), set(scale.labels)) == ("number", {"en": "minutes"}, {()})


def test_own_words_have_no_lowest_answer(sound, written):
    sound["response_scales"]["T"] = {"kind": "text", "entry": "text"}
    asking(sound, use="open", response_scale="T")
    scale = read_instrument(written(sound)).response_scale("extra")
    assert (scale.entry, scale.values) == ("text", ())
    with pytest.raises(InstrumentError, match="takes texts and has no lowest and highest answer"):
        _ = scale.low


def test_anchors_of_an_item_come_before_those_of_its_scale(sound, written):
    sound["response_scales"]["F3"]["anchors"] = [{"value": 1, "text": "Low.", "examples": ["Late."]}]
    sound["items"][1]["anchors"] = [{"value": 3, "text": "High."}]
    tiny = read_instrument(written(sound))
    low, = tiny.anchors_of("i1")
    assert low == Anchor(1, (("en", "Low."),), ((("en", "Late."),),))
    assert [one.value for one in tiny.anchors_of("i2")] == [3]


def test_a_scale_may_have_a_model_of_its_own(sound, written):
    sound["scales"][1]["model"] = "formative"
    tiny = read_instrument(written(sound))
    assert tiny.model_of("half") == "formative"
    assert tiny.model_of("all") == "reflective"


@pytest.mark.parametrize("change", [
    lambda data: data["items"][1].update(anchors=[{"value": 3, "text": "High."}]),
    lambda data: data["response_scales"]["F3"].update(anchors=[{"value": 3, "text": "High."}]),
    lambda data: data["items"][1].update(use="reserve"),
    lambda data: data["items"][1].update(expects=2),
    lambda data: data["scales"][1].update(rule="share_reaching", reaching=2),
])
def test_what_is_seen_or_scored_otherwise_has_another_hash(sound, written, change):
    before = read_instrument(written(sound, "before.yaml"))
    change(sound)
    assert content_hash(read_instrument(written(sound, "after.yaml"))) != before.content_hash

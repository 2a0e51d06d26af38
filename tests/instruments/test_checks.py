"""What a schema cannot say: each way in which the parts of a file may not fit together."""

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.reader import read_instrument


def double_item(data):
    data["items"].append({"id": "i1", "text": {"self": "I", "other": "They"}})


def double_scale(data):
    data["scales"].append(dict(data["scales"][1]))


def double_form(data):
    data["forms"].append(dict(data["forms"][0]))


def values_out_of_order(data):
    data["response_scales"]["F5"]["options"] = [{"value": 1}, {"value": 3}, {"value": 2}]


def missing_code_is_an_option(data):
    data["response_scales"]["F3"]["missing"][0]["code"] = 3


def missing_code_twice(data):
    data["response_scales"]["F3"]["missing"] *= 2


def default_not_there(data):
    data["response_scale"] = "F4"
    for item in data["items"]:
        item["response_scale"] = "F3"


def item_scale_not_there(data):
    data["items"][2]["response_scale"] = "F4"


def item_scale_nowhere(data):
    del data["response_scale"]
    for item in data["items"][1:]:
        item["response_scale"] = "F3"


def label_missing_in_a_language(data):
    data["languages"] = ["en", "de"]
    for room, language in (("title", "Winzig"),):
        data[room] = {"en": data[room], "de": language}
    data["instructions"] = {role: {"en": text, "de": text} for role, text in data["instructions"].items()}
    for item in data["items"]:
        item["text"] = {role: {"en": text, "de": text} for role, text in item["text"].items()}
    options = data["response_scales"]["F3"]["options"]
    options[0]["label"] = {"en": "Never", "de": "Nie"}
    options[2]["label"] = {"en": "Often", "de": "Oft"}
    data["response_scales"]["F3"]["missing"][0]["label"] = {"en": "No chance", "de": "Keine Gelegenheit"}


def language_not_declared(data):
    data["items"][1]["text"]["self"] = {"en": "I", "fr": "Je"}


def no_wording_for_a_role(data):
    data["items"][3]["text"] = {"self": "I i4."}


def no_wording_for_self(data):
    data["items"][0]["text"] = {"other": "They i1."}


def no_wording_for_one_item(data):
    del data["items"][1]["text"]


def no_instruction_for_a_role(data):
    data["instructions"] = {"self": "How often did you?"}


def key_of_no_item(data):
    data["scales"][0]["keys"]["i9"] = -1


def too_many_answers_wanted(data):
    data["scales"][1]["min_answered"] = 3


def unknown_parent(data):
    data["scales"][1]["parent"] = "whole"


def own_parent(data):
    data["scales"][0]["parent"] = "all"


def child_beyond_its_parent(data):
    data["scales"][0]["keys"] = {"i1": 1, "i3": 1, "i4": 1}


def ranges_mixed(data):
    data["items"][3]["response_scale"] = "F5"


def form_of_no_item(data):
    data["forms"][1]["items"] = ["i2", "i7"]


def form_shows_twice(data):
    data["forms"][1]["items"] = ["i2", "i1", "i2"]


def item_in_no_form(data):
    data["forms"][0]["items"] = ["i1", "i2", "i3"]


def norm_of_no_scale(data):
    data["norms"] = [{"scale": "none", "population": "x", "n": 300, "mean": 2, "sd": 0.5, "source": "y"}]


def impossible_day(data):
    data["source"]["confirmed"] = {"by": "A", "on": "2026-02-30", "against": "B"}


@pytest.mark.parametrize(("spoil", "what", "remedy"), [
    (double_item, "Two items have the id 'i1'; the first stands at tiny.yaml, line", "Give each item an id of its own"),
    (double_scale, "Two scales have the id 'half'", "Give each scale an id of its own"),
    (double_form, "Two forms have the id 'full'", "Give each form an id of its own"),
    (values_out_of_order, "The values of response scale 'F5' neither rise nor fall: 1, 3, 2",
     "Put the options in the order"),
    (missing_code_is_an_option, "Response scale 'F3' uses 3 both as an option and as a missing code",
     "Choose a code that is not among 1, 2, 3"),
    (missing_code_twice, "Response scale 'F3' has the missing code 9 twice", "Give each missing option a code"),
    (default_not_there, "The default response scale 'F4' is not in this file", "The file has: F3, F5"),
    (item_scale_not_there, "Item 'i3' names the response scale 'F4', which is not in this file",
     "The file has: F3, F5"),
    (item_scale_nowhere, "Item 'i1' has no response scale", "give the file a default"),
    (label_missing_in_a_language, "The label of 2 in response scale 'F3' has no text in 'de'",
     "take de out of languages"),
    (language_not_declared, "Item 'i2' for self has a text in 'fr', which the file does not declare", "Add fr"),
    (no_wording_for_a_role, "Item 'i4' has no wording for the role 'report', to which a form shows it",
     "Add a text for report, or for other"),
    (no_wording_for_self, "Item 'i1' has no wording for the role 'self', to which a form shows it",
     "Add a text for self."),
    (no_wording_for_one_item, "Item 'i2' has no wording, though other items have", "take the wording out of all items"),
    (no_instruction_for_a_role, "There is no instruction for the role 'report'", "Add a text for report, or for other"),
    (key_of_no_item, "Scale 'all' has a key for 'i9', which is not an item", "Correct the id, or add the item"),
    (too_many_answers_wanted, "Scale 'half' wants 3 answered items but has 2", "Use a number from 1 to 2"),
    (unknown_parent, "Scale 'half' names the parent 'whole', which is not a scale", "The file has: all, half"),
    (own_parent, "Scale 'all' is its own ancestor", "Break the circle"),
    (child_beyond_its_parent, "Scale 'half' has items that its parent 'all' lacks: i2", "Add them to the parent"),
    (ranges_mixed, "Scale 'all' joins items of different range (F3 1 to 3, F5 1 to 5)", "write mixed_ranges: true"),
    (form_of_no_item, "Form 'short' shows 'i7', which is not an item", "Correct the id"),
    (form_shows_twice, "Form 'short' shows 'i2' twice", "Keep one of the two"),
    (item_in_no_form, "Item 'i4' is in no form", "Add it to a form"),
    (norm_of_no_scale, "A norm is given for 'none', which is not a scale", "The file has: all, half"),
    (impossible_day, "source.confirmed.on is '2026-02-30', which is not a day", "Write it as 2026-03-31"),
], ids=lambda value: getattr(value, "__name__", None))
def test_each_fault_is_found_alone(sound, written, spoil, what, remedy):
    spoil(sound)
    with pytest.raises(InstrumentError) as caught:
        read_instrument(written(sound))
    fault, = caught.value.faults
    assert fault.what.startswith(what)
    assert fault.where.startswith("tiny.yaml, line ")
    assert remedy in fault.remedy


def test_a_circle_of_two_parents_names_both(sound, written):
    sound["scales"][0] |= {"parent": "half", "keys": {"i1": 1, "i2": -1}}
    sound["scales"][0]["min_answered"] = 2
    with pytest.raises(InstrumentError) as caught:
        read_instrument(written(sound))
    assert [fault.what for fault in caught.value.faults] == ["Scale 'all' is its own ancestor",
                                                             "Scale 'half' is its own ancestor"]


def test_a_scale_below_a_circle_is_not_in_it(sound, written):
    sound["scales"][0]["parent"] = "all"
    with pytest.raises(InstrumentError) as caught:
        read_instrument(written(sound))
    assert len(caught.value.faults) == 1


def test_a_scale_that_no_form_can_fill_is_found(sound, written):
    sound["forms"][0]["items"] = ["i1", "i3", "i4"]
    sound["scales"][0]["min_answered"] = 4
    with pytest.raises(InstrumentError, match="'all' can never be scored: it wants 4 answered items and no form"):
        read_instrument(written(sound))


def test_ranges_may_be_mixed_if_that_is_said(sound, written):
    sound["items"][3]["response_scale"] = "F5"
    sound["scales"][0]["mixed_ranges"] = True
    assert read_instrument(written(sound)).response_scale("i4").high == 5


def test_options_may_fall(sound, written):
    sound["response_scales"]["F3"]["options"].reverse()
    scale = read_instrument(written(sound)).response_scale("i1")
    assert (scale.values, scale.low, scale.high) == ((3, 2, 1), 1, 3)

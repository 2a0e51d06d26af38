"""The rules of writing find what they are meant to find, and let plain items pass."""

from dataclasses import replace

import pytest

from coachresearch.instruments.instrument import Form, Instrument, Item, Licence, ResponseScale, Scale, Source
from coachresearch.instruments.reader import read_instruments
from coachresearch.instruments.writing import lint_wording, reading_grade, reading_grade_of, syllables

GRADE = 0.005
"""Half of the last digit of grades worked out by hand to two decimals."""


def draft(texts=("Asks first.",), *, signs=(), model="reflective", status="draft", title="Listens", dimensions=1):
    items = tuple(Item(f"i{place}", "r", (("other", (("en", text),)),)) for place, text in enumerate(texts, start=1))
    signs = signs or (1,) * len(items)
    keys = tuple((item.id, sign) for item, sign in zip(items, signs, strict=True))
    scales = tuple(Scale(f"d{number}", (("en", title),), keys[number::dimensions], "mean", 1)
                   for number in range(dimensions))
    return Instrument("own", "0.1.0", "", "competency", model, status, (("en", "Own"),), (("en", "Acts"),), ("en",),
                      items, (ResponseScale("r", "frequency", (1, 2), ((), ())),), scales,
                      (Form("full", tuple(item.id for item in items), ("report",), 1.0),), 5, Licence("CC-BY-4.0"),
                      Source("Us"))


def found(instrument):
    return [fault.what for fault in lint_wording(instrument)]


def test_all_our_drafts_are_clean():
    drafts = [one for one in read_instruments().values() if one.status == "draft"]
    assert drafts
    for one in drafts:
        assert lint_wording(one) == ()


def test_a_plain_item_passes():
    assert found(draft(["This person asks people what they need."])) == []


@pytest.mark.parametrize(("text", "what"), [
    ("This person " + "goes on " * 8 + "now.", "The item has 19 words"),
    ("This person facilitates interdepartmental communication initiatives.", "The item needs reading grade"),
    ("This person does not ask.", "The item negates ('not')"),
    ("This person doesn't ask.", 'The item negates ("doesn\'t")'),
    ("This person never asks.", "The item negates ('never')"),
    ("This person asks his team.", "The item names a gender ('his')"),
    ("This person asks the stakeholders.", "The item uses jargon ('stakeholders')"),
    ("This person goes the extra mile.", "The item uses an idiom ('extra mile')"),
    ("This person asks and waits.", "The item joins two ideas ('and')"),
    ("This person listened to the team.", "The item names its dimension 'Listens' ('listened')"),
])
def test_each_rule_of_wording_finds_its_case(text, what):
    faults = lint_wording(draft([text]))
    assert any(fault.what.startswith(what) for fault in faults)
    assert all(fault.where == "own, item i1, role other" and fault.remedy for fault in faults)


def test_a_word_that_only_holds_a_listed_one_is_no_fault():
    assert found(draft(["This person notes what the nobleman said."])) == []


def test_small_words_of_a_title_name_nothing():
    assert found(draft(["This person works with all of us."], title="Stays with all of them")) == []


def test_what_others_published_is_left_alone():
    assert found(draft(["This person does not ask."], status="published")) == []


def test_items_in_other_languages_are_not_judged_by_english_rules():
    one = draft()
    german = replace(one, items=(Item("i1", "r", (("other", (("de", "Er fragt nicht und geht or not."),)),)),))
    assert found(german) == []


@pytest.mark.parametrize(("signs", "what"), [
    ("++++++++-+", "1 of 10 items are keyed the other way (10%)"),
    ("-+-+-+-+-+", "5 of 10 items are keyed the other way (50%)"),
    ("---+++++++", "The first half has 3 reversed items and the second 0"),
    ("-++++++-+-", "6 items in a row are keyed the same way"),
])
def test_each_rule_of_balance_finds_its_case(signs, what):
    marks = tuple(1 if sign == "+" else -1 for sign in signs)
    assert what in found(draft(["Asks first."] * len(marks), signs=marks))


def test_a_balanced_form_passes():
    marks = tuple(1 if sign == "+" else -1 for sign in "+-++-++-++")
    assert found(draft(["Asks first."] * 10, signs=marks)) == []


@pytest.mark.parametrize("model", ["observation", "interview"])
def test_observers_get_no_reversed_items(model):
    assert found(draft(["Asks first."] * 2, signs=(1, -1), model=model)) == [
        f"1 items are reversed in a form for {model}"]


def test_formative_forms_need_no_balance():
    assert found(draft(["Asks first."] * 10, model="formative")) == []


def test_dimensions_take_turns():
    one = draft(["Asks first."] * 4, dimensions=2)
    assert found(one) == []
    blocked = replace(one, forms=(Form("full", ("i1", "i3", "i2", "i4"), ("report",), 1.0),))
    assert found(blocked) == ["Items 'i1' and 'i3' of 'd0' stand side by side",
                              "Items 'i2' and 'i4' of 'd1' stand side by side"]


@pytest.mark.parametrize(("word", "count"), [
    ("ask", 1), ("asks", 1), ("people", 2), ("manager", 3), ("make", 1), ("makes", 1), ("choices", 2), ("missed", 1),
    ("affected", 3), ("little", 2), ("criticism", 3), ("someone's", 2), ("finished", 2), ("pushes", 2), ("rules", 1),
    ("I", 1), ("the", 1), ("agreed", 2),
])
def test_syllables_are_counted(word, count):
    assert syllables(word) == count


@pytest.mark.parametrize(("text", "grade"), [
    ("The cat sat on the mat.", 0.39 * 6 + 11.8 * 6 / 6 - 15.59),
    ("My manager asks people what they need.", 0.39 * 7 + 11.8 * 10 / 7 - 15.59),
    ("One. Two.", 0.39 * 1 + 11.8 * 1 - 15.59),
    ("", 0.0),
])
def test_reading_grade_is_the_formula_of_1975(text, grade):
    assert reading_grade(text) == pytest.approx(grade, abs=GRADE)


def with_use(text, use):
    one = draft([text])
    return replace(one, items=(replace(one.items[0], use=use),))


@pytest.mark.parametrize(("use", "told"), [
    ("reserve", True), ("consistency", True), ("context", False), ("open", False), ("note", False),
    ("attention", False),
])
def test_statements_alone_must_say_one_thing_without_negation(use, told):
    assert bool(found(with_use("Do you sit and not ask?", use))) is told


@pytest.mark.parametrize("use", ["context", "open", "note"])
def test_every_question_must_be_easy_to_read(use):
    assert found(with_use("What organisational responsibilities characterise your intervention?", use))


def test_an_attention_item_is_only_held_to_its_length():
    assert found(with_use("To show that you are reading, please choose Never and nothing else.", "attention")) == []
    assert found(with_use("Please " * 20 + "choose Never.", "attention")) == ["The item has 22 words"]


def test_described_levels_are_held_to_their_words():
    from coachresearch.instruments.instrument import Anchor

    one = draft(["How well did it go?"], model="observation")
    level = Anchor(1, (("en", "He leaves and does not ask."),), ((("en", "Goes the extra mile."),),))
    described = replace(one, items=(replace(one.items[0], anchors=(level,)),))
    assert [(fault.what, fault.where) for fault in lint_wording(described)] == [
        ("A level names a gender ('he')", "own, item i1, level 1"), ("A level uses an idiom ('extra mile')",
                                                                     "own, item i1, level 1")]


def test_a_form_for_observers_alone_has_no_reversed_items():
    one = draft(["Asks first."] * 3, signs=(1, -1, 1))
    watched = replace(one, forms=(Form("watch", ("i1", "i2"), ("observer",), 1.0),))
    assert found(watched) == ["1 items are reversed in a form for observation"]


def test_balance_is_asked_of_reflective_scores_alone():
    one = draft(["Asks first."] * 10, model="formative")
    shown = replace(one.scales[0], model="reflective")
    assert found(replace(one, scales=(shown,)))[0] == "0 of 10 items are keyed the other way (0%)"


def test_the_reading_grade_of_a_form_is_that_of_its_statements():
    one = draft(["The cat sat on the mat.", "My manager asks people what they need."])
    both = reading_grade("The cat sat on the mat. My manager asks people what they need.")
    assert reading_grade_of(one) == pytest.approx(both, abs=GRADE)
    attention = replace(one, items=(one.items[0], replace(one.items[1], use="attention")))
    assert reading_grade_of(attention) == pytest.approx(reading_grade("The cat sat on the mat."), abs=GRADE)
    assert reading_grade_of(replace(one, items=tuple(replace(item, text=()) for item in one.items))) is None

"""A page as plain data: wording per role and language, options, and clear refusals."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.core.places import shipped
from coachresearch.instruments.instrument import text_for
from coachresearch.instruments.reader import read_instrument
from coachresearch.survey.form import WORDS, choices_of, page_of, spoken


@pytest.fixture(scope="module")
def mq5():
    return read_instrument(shipped("instruments") / "manager_quality" / "mq5.yaml")


def test_a_page_carries_the_wording_of_the_role(mq5):
    for role in ("report", "self", "peer"):
        page = page_of(mq5, role=role)
        assert [question.item for question in page.questions] == list(mq5.form("full").items)
        assert [question.text for question in page.questions] == [
            text_for(mq5.item(item), role, "en") for item in mq5.form("full").items]
    assert page_of(mq5, role="self").text("mot_1").startswith("I ")
    assert page_of(mq5, role="report").text("mot_1").startswith("My manager ")
    assert "your manager" in page_of(mq5, role="report").instructions
    assert "this person" in page_of(mq5, role="peer").instructions


def test_options_outside_the_scale_stand_apart(mq5):
    question = page_of(mq5, role="report").questions[0]
    assert [(option.code, option.label, option.missing) for option in question.options] == [
        (1, "Never", None), (2, "Rarely", None), (3, "Sometimes", None), (4, "Often", None), (5, "Almost always", None)]
    assert [(option.code, option.label, option.missing) for option in question.outside] == [
        (9, "No chance to see", "dont_know")]


def test_a_draft_says_so(mq5):
    assert "no evidence" in page_of(mq5, role="self").note
    assert page_of(replace(mq5, status="published"), role="self").note == ""


def test_a_page_is_plain_data_and_can_be_cut(mq5):
    page = page_of(mq5, "core", role="report").only(("rel_3", "dec_1"))
    plain = json.loads(json.dumps(page.data()))
    assert [question["item"] for question in plain["questions"]] == ["rel_3", "dec_1"]
    assert plain["questions"][0]["options"][4] == {"code": 5, "label": "Almost always", "missing": None}
    assert (plain["language"], plain["direction"], plain["form"]) == ("en", "ltr", "core")


def test_a_language_written_from_right_to_left_is_marked(mq5):
    def hebrew(words):
        return (*words, ("he", "\N{HEBREW LETTER ALEF}"))

    items = tuple(replace(item, text=tuple((role, hebrew(words)) for role, words in item.text)) for item in mq5.items)
    scales = tuple(replace(scale, labels=tuple(map(hebrew, scale.labels)),
                           missing=tuple((code, kind, hebrew(words)) for code, kind, words in scale.missing))
                   for scale in mq5.response_scales)
    page = page_of(replace(mq5, items=items, response_scales=scales), role="self", language="he")
    assert (page.direction, page.questions[0].text) == ("rtl", "\N{HEBREW LETTER ALEF}")
    assert spoken("he") == "en"


def test_an_instrument_with_keys_alone_cannot_be_shown(mq5):
    keys = replace(mq5, items=tuple(replace(item, text=()) for item in mq5.items))
    with pytest.raises(InstrumentError, match="keys only: the wording of its items belongs to its owner") as error:
        page_of(keys, role="self")
    assert "Add the wording under your own licence" in str(error.value)


def test_every_missing_word_is_named_at_once(mq5):
    with pytest.raises(InstrumentError) as error:
        page_of(mq5, role="self", language="fr")
    assert len(error.value.faults) == len(mq5.form("full").items) + 6
    assert "has no wording in language 'fr' for the role 'self'" in str(error.value)
    assert "Option 1 has no label in language 'fr'" in str(error.value)


def test_a_role_that_does_not_answer_the_form_is_refused(mq5):
    narrow = replace(mq5, forms=tuple(replace(form, roles=("report",)) for form in mq5.forms))
    with pytest.raises(InstrumentError, match="Form 'full' of 'mq5' is not answered by the role 'coach'"):
        page_of(narrow, role="coach")


def test_choices_are_the_codes_of_the_page(mq5):
    page = page_of(mq5, role="report")
    assert [(choices.item, choices.codes) for choices in choices_of(mq5)] == [
        (question.item, tuple(option.code for option in (*question.options, *question.outside)))
        for question in page.questions]


def test_every_language_says_everything():
    english = WORDS.codes()
    assert len(english) > 20
    for folder in WORDS.folder.iterdir():
        import yaml

        words = {code: text for path in folder.glob("*.yaml")
                 for code, text in yaml.safe_load(path.read_text(encoding="utf-8")).items()}
        assert sorted(words) == list(english), folder.name
    assert WORDS.say("progress", "de", n=1, of=3) == "1 von 3 beantwortet"
    assert WORDS.say("gaps", "en", n=1).startswith("1 question has no answer yet.")
    assert WORDS.say("trouble", "en", n=2).startswith("2 answers are NOT saved.")

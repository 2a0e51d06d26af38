"""Sentences live in files; code hands over a code and parameters."""

import pytest

from coachresearch.core.catalogue import Catalogue


@pytest.fixture
def catalogue(tmp_path):
    english = "gone: '{n:plural(person,people)} left {wave}'\nsize: 'd = {d:.2f}'\nshown: '{p:pct}'\n"
    for language, text in (("en", english), ("de", "size: 'd ist {d:.2f}'\n")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "words.yaml").write_text(text, encoding="utf-8")
    return Catalogue(tmp_path, {"pct": lambda value: f"{value * 100:.0f} %"})


def test_numbers_bring_their_noun(catalogue):
    assert catalogue.say("gone", n=1, wave="T2") == "1 person left T2"
    assert catalogue.say("gone", n=3, wave="T2") == "3 people left T2"


def test_negative_numbers_have_a_true_minus(catalogue):
    assert catalogue.say("size", d=-0.5) == "d = \N{MINUS SIGN}0.50"


def test_named_formats_are_used(catalogue):
    assert catalogue.say("shown", p=0.25) == "25 %"


def test_a_language_without_the_sentence_falls_to_english(catalogue):
    assert catalogue.say("size", "de", d=1) == "d ist 1.00"
    assert catalogue.say("gone", "de", n=1, wave="T1") == "1 person left T1"


def test_an_unknown_code_is_an_error(catalogue):
    with pytest.raises(KeyError, match="no sentence 'lost'"):
        catalogue.say("lost")


def test_a_forgotten_parameter_is_an_error(catalogue):
    with pytest.raises(KeyError, match="wave"):
        catalogue.say("gone", n=1)


def test_codes_are_listed(catalogue):
    assert catalogue.codes() == ("gone", "shown", "size")
    assert catalogue.knows("gone")
    assert not catalogue.knows("lost")


def test_a_code_that_stands_twice_is_an_error(tmp_path):
    (tmp_path / "en").mkdir()
    for name in ("a", "b"):
        (tmp_path / "en" / f"{name}.yaml").write_text("same: text\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'same' stands twice"):
        Catalogue(tmp_path).codes()

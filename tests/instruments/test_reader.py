"""A file becomes an instrument; a bad file gives every fault with its line and remedy."""

import json
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.instrument import Instrument, KeyConfirmation, text_for
from coachresearch.instruments.reader import SCHEMA, read_instrument, read_instruments

THREE_FAULTS = """\
schema: coachresearch/instrument/1
id: tiny
version: 1.0.0
family: managers
model: reflective
status: draft
title: Tiny
construct: Two acts.
languages: [en]
licence: {id: CC-BY-4.0}
source: {citation: Us, found: own, key: own}
response_scale: F2
response_scales:
  F2:
    kind: frequency
    options:
      - {value: 1, label: Never}
      - {value: 1, label: Always}
items:
  - {id: i1, text: I ask.}
  - {id: i2, text: I listen.}
scales:
  - id: both
    title: Both
    keys: {i1: 1, i3: -1}
    rule: mean
    min_answered: 2
forms:
  - {id: full, items: all, roles: [self], minutes: 1}
reporting_floor: 5
"""


def faults_of(path):
    with pytest.raises(InstrumentError) as caught:
        read_instrument(path)
    return caught.value.faults


def test_a_sound_file_becomes_an_instrument(sound, written):
    tiny = read_instrument(written(sound))
    assert (tiny.id, tiny.version, tiny.family, tiny.model, tiny.status) == (
        "tiny", "1.0.0", "manager_quality", "reflective", "draft")
    assert [item.response_scale for item in tiny.items] == ["F3"] * 4
    assert text_for(tiny.item("i1"), "self", "en") == "I i1."
    assert text_for(tiny.item("i1"), "report", "en") == "They i1."
    assert tiny.response_scale("i1").values == (1, 2, 3)
    assert tiny.response_scale("i1").missing == ((9, "dont_know", (("en", "No chance to see"),)),)
    assert tiny.scale("half").keys == (("i1", 1), ("i2", -1))
    assert tiny.scale("half").parent == "all"
    assert tiny.form("full").items == ("i1", "i2", "i3", "i4")
    assert tiny.form("short").items == ("i2", "i1")
    assert dict(tiny.instructions)["other"] == (("en", "How often did they?"),)
    assert tiny.recalled_key is False
    assert len(tiny.content_hash) == 64


def test_a_file_with_three_faults_reports_three_with_lines(written):
    faults = faults_of(written(THREE_FAULTS))
    assert [(fault.what, fault.where) for fault in faults] == [
        ("family is 'managers'", "tiny.yaml, line 4"),
        ("Response scale 'F2' has the value 1 twice", "tiny.yaml, line 18"),
        ("Scale 'both' has a key for 'i3', which is not an item", "tiny.yaml, line 25"),
    ]
    assert all(fault.remedy for fault in faults)


def test_items_without_wording_may_be_bare_ids(sound, written):
    sound["items"] = ["i1", "i2", "i3", "i4"]
    tiny = read_instrument(written(sound))
    assert tiny.item("i1").text == ()
    with pytest.raises(InstrumentError, match="is not held here"):
        text_for(tiny.item("i1"), "self", "en")


def test_a_bare_wording_is_for_everybody(sound, written):
    sound["items"] = [{"id": f"i{number}", "text": "kind"} for number in (1, 2, 3, 4)]
    tiny = read_instrument(written(sound))
    assert text_for(tiny.item("i1"), "self", "en") == text_for(tiny.item("i1"), "report", "en") == "kind"


def test_two_languages_are_read(sound, written):
    sound["languages"] = ["en", "de"]
    sound["title"] = {"en": "Tiny", "de": "Winzig"}
    del sound["instructions"]
    sound["response_scales"] = {"F3": {"kind": "frequency", "options": [{"value": 1}, {"value": 2}]}}
    text = {"self": {"en": "I", "de": "Ich"}, "other": {"en": "They", "de": "Sie"}}
    sound["items"] = [{"id": f"i{number}", "text": text} for number in (1, 2, 3, 4)]
    tiny = read_instrument(written(sound))
    assert text_for(tiny.item("i1"), "self", "de") == "Ich"
    assert tiny.response_scale("i1").labels == ((), ())


def test_norms_are_read(sound, written):
    sound["norms"] = [{"scale": "all", "population": "Nurses, 2020", "n": 300, "mean": 2, "sd": 0.5, "source": "X"}]
    norm, = read_instrument(written(sound)).norms
    assert (norm.scale, norm.n, norm.mean, norm.sd) == ("all", 300, 2.0, 0.5)


def test_a_recalled_key_is_unverified_until_the_file_says_who_confirmed_it(sound, written):
    sound["source"]["key"] = "recalled"
    assert read_instrument(written(sound)).recalled_key is True
    sound["source"]["confirmed"] = {"by": "A. Reader", "on": "2026-03-02", "against": "the paper, p. 510"}
    tiny = read_instrument(written(sound))
    assert tiny.recalled_key is False
    assert tiny.key_confirmation == KeyConfirmation("A. Reader", date(2026, 3, 2), "the paper, p. 510")


@pytest.mark.parametrize("content", ["5\n", "just text\n", "- 1\n- 2\n"])
def test_a_file_that_is_no_instrument_at_all_says_so(written, content):
    fault, = faults_of(written(content))
    assert "which is not of type object" in fault.what


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    assert "is not" in faults_of(path)[0].what


def test_a_folder_is_read_with_its_sub_folders(sound, written, tmp_path):
    written(sound, "a/tiny.yaml")
    written(sound | {"id": "other"}, "b/c/other.yml")
    assert list(read_instruments(tmp_path)) == ["other", "tiny"]
    assert list(read_instruments(tmp_path / "a", tmp_path / "b")) == ["other", "tiny"]


def test_faults_of_all_files_come_together(sound, written, tmp_path):
    written(sound | {"family": "x"}, "a.yaml")
    written(sound | {"reporting_floor": 2}, "b.yaml")
    written(sound, "c.yaml")
    written(sound, "d.yaml")
    with pytest.raises(InstrumentError) as caught:
        read_instruments(tmp_path)
    assert [fault.where.split(",")[0] for fault in caught.value.faults] == ["a.yaml", "b.yaml", "d.yaml"]
    assert caught.value.faults[2].what.startswith("Two files hold the instrument 'tiny': ")


@pytest.mark.parametrize(("name", "words"), [("none", "There is no folder"), ("empty", "holds no instrument"),
                                             ("file.yaml", "is a file, not a folder")])
def test_a_folder_without_instruments_is_named(tmp_path, name, words):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.yaml").write_text("a: 1\n")
    with pytest.raises(InstrumentError, match=words):
        read_instruments(tmp_path / name)


def test_the_schema_is_one_and_explains_every_property():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)

    def unexplained(part, path=""):
        for name, below in part.get("properties", {}).items():
            if "description" not in below:
                yield f"{path}.{name}"
            yield from unexplained(below, f"{path}.{name}")
        for room in ("items", "additionalProperties"):
            if isinstance(part.get(room), dict):
                yield from unexplained(part[room], f"{path}[]")

    assert list(unexplained(schema)) == []


JUNK = st.sampled_from([None, 0, -1, 2.5, True, "", "x", "i1", [], [1], [None], {}, {"en": "x"}, {"a": []}, [[]], [{}]])


def places(data, path=()):
    yield path
    below = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in below:
        yield from places(value, (*path, step))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_the_file_it_is_an_instrument_or_faults(sound, written, data):
    import copy

    broken = copy.deepcopy(sound)
    path = data.draw(st.sampled_from([place for place in places(broken) if place]))
    junk = data.draw(JUNK)
    spot = broken
    for step in path[:-1]:
        spot = spot[step]
    spot[path[-1]] = junk
    try:
        assert isinstance(read_instrument(written(broken)), Instrument)
    except InstrumentError as error:
        assert all(fault.what and fault.where.startswith("tiny.yaml, line ") for fault in error.faults)

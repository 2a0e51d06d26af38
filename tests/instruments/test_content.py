"""The content hash changes with what respondents see or scores depend on, and with nothing else."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coachresearch.instruments.content import content_hash, hash_of
from coachresearch.instruments.reader import read_instrument

SEEN = {
    "a word": lambda data: data["items"][0]["text"].update(self="I do it."),
    "a label": lambda data: data["response_scales"]["F3"]["options"][0].update(label="Not once"),
    "a missing option": lambda data: data["response_scales"]["F3"].pop("missing"),
    "an instruction": lambda data: data["instructions"].update(self="How often?"),
    "the order": lambda data: data["items"].reverse(),
    "the order of a form": lambda data: data["forms"][1].update(items=["i1", "i2"]),
    "a key": lambda data: data["scales"][0]["keys"].update(i1=-1),
    "the rule": lambda data: data["scales"][0].update(rule="sum"),
    "the answers needed": lambda data: data["scales"][0].update(min_answered=2),
    "who may answer": lambda data: data["forms"][1].update(roles=["report"]),
}
UNSEEN = {
    "version": lambda data: data.update(version="1.0.1"),
    "construct": lambda data: data.update(construct="Something else."),
    "minutes": lambda data: data["forms"][0].update(minutes=7),
    "terms": lambda data: data["licence"].update(note="New."),
    "title of a scale": lambda data: data["scales"][0].update(title="New"),
    "order within a key": lambda data: data["scales"][0].update(keys=dict(reversed(data["scales"][0]["keys"].items()))),
    "order of scales": lambda data: data["scales"].reverse(),
    "reporting floor": lambda data: data.update(reporting_floor=9),
}


def hashed(written, data):
    return read_instrument(written(data)).content_hash


@pytest.mark.parametrize("change", SEEN.values(), ids=SEEN)
def test_what_is_seen_or_scored_changes_the_hash(sound, written, change):
    before = hashed(written, sound)
    changed = copy.deepcopy(sound)
    change(changed)
    assert hashed(written, changed) != before


@pytest.mark.parametrize("change", UNSEEN.values(), ids=UNSEEN)
def test_what_is_neither_seen_nor_scored_does_not(sound, written, change):
    before = hashed(written, sound)
    changed = copy.deepcopy(sound)
    change(changed)
    assert changed != sound or list(changed["scales"][0]["keys"]) != list(sound["scales"][0]["keys"])
    assert hashed(written, changed) == before


def test_the_hash_of_an_instrument_can_be_computed_again(sound, written):
    tiny = read_instrument(written(sound))
    assert content_hash(tiny) == tiny.content_hash


def test_the_form_of_the_file_does_not_count(sound, written, tmp_path):
    import json

    path = tmp_path / "tiny.json.yaml"
    path.write_text(json.dumps(sound), encoding="utf-8")
    assert read_instrument(path).content_hash == hashed(written, sound)


def test_hash_is_sha_256_of_plain_json():
    # printf '{"a":[1,"ü"]}' | sha256sum
    assert hash_of({"a": [1, "ü"]}) == "ed78539db46bbb967b64b6225be6904ef03bbe5be5ab5d18d0799b7b68c2255a"


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_order_of_keys_does_not_count(data):
    assert hash_of(data) == hash_of(dict(reversed(data.items())))

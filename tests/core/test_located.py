"""YAML that remembers its lines: every fault names the line where it stands."""

import pytest

from coachresearch.core.errors import DesignError, InstrumentError
from coachresearch.core.located import read_located, texts

SCHEMA = {
    "type": "object",
    "required": ["id", "n", "kind"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "description": "A short name."},
        "n": {"type": "integer", "minimum": 3, "description": "At least three people."},
        "kind": {"enum": ["a", "b"]},
        "list": {"type": "array", "items": {"type": "object", "additionalProperties": False, "properties": {"x": {}}}},
    },
}


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "f.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_scalars_follow_yaml_1_2(written):
    text = "a: no\nb: on\nc: 12:30\nd: 1\ne: 1.5\nf: true\ng: ~\nh: '7'\ni: 2026-03-02\nj: 1_0\n"
    data = read_located(written(text)).data
    assert data == {"a": "no", "b": "on", "c": "12:30", "d": 1, "e": 1.5, "f": True, "g": None, "h": "7",
                    "i": "2026-03-02", "j": "1_0"}


def test_lines_are_known_to_the_leaves(written):
    located = read_located(written("a:\n  - x: 1\n    y: 2\n  - x: 3\n"))
    assert located.where("a", 0, "y") == "f.yaml, line 3"
    assert located.where("a", 1, "x") == "f.yaml, line 4"
    assert located.where("a", 1, "never", "there") == "f.yaml, line 4"
    assert located.where() == "f.yaml, line 1"


def test_schema_faults_come_together_in_file_order_with_lines(written):
    with pytest.raises(InstrumentError) as caught:
        read_located(written("id: 5\nn: 2\nlist:\n  - x: 1\n  - z: 1\n"), schema=SCHEMA, error=InstrumentError)
    faults = caught.value.faults
    assert [(fault.where, fault.what) for fault in faults] == [
        ("f.yaml, line 1", "the file lacks 'kind'"),
        ("f.yaml, line 1", "id is 5, which is not of type string"),
        ("f.yaml, line 2", "n: 2 is less than the minimum of 3"),
        ("f.yaml, line 5", "list.1 has unknown key 'z'"),
    ]
    assert [fault.remedy for fault in faults] == ["Add it.", "A short name.", "At least three people.",
                                                  "Known keys are x."]


def test_several_missing_keys_are_one_fault(written):
    with pytest.raises(InstrumentError) as caught:
        read_located(written("id: a\n"), schema=SCHEMA, error=InstrumentError)
    assert [fault.what for fault in caught.value.faults] == ["the file lacks 'n', 'kind'"]


def test_a_choice_shows_what_was_seen_and_what_is_allowed(written):
    with pytest.raises(InstrumentError, match="kind is 'c'") as caught:
        read_located(written("id: a\nn: 3\nkind: c\n"), schema=SCHEMA, error=InstrumentError)
    assert caught.value.faults[0].remedy == "Use one of: a, b."


def test_every_duplicate_key_is_reported(written):
    with pytest.raises(DesignError) as caught:
        read_located(written("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n"), error=DesignError)
    assert [(fault.what, fault.where) for fault in caught.value.faults] == [
        ("Key 'a' stands twice", "f.yaml, line 2"), ("Key 'c' stands twice", "f.yaml, line 5")]


@pytest.mark.parametrize(("content", "words"), [
    ("a: [1, 2\nb: 3\n", "is not YAML"),
    ("a: &x 1\nb: *x\n", "uses a YAML alias"),
    ("", "is empty"),
    ("# nothing but a remark\n", "is empty"),
    (b"a: \xe4\n", "is not UTF-8"),
    (b"\x00\x01\x02", "is not YAML"),
])
def test_what_is_not_plain_yaml_is_refused(written, content, words):
    with pytest.raises(InstrumentError, match=words):
        read_located(written(content), error=InstrumentError)


def test_a_syntax_fault_names_line_and_column(written):
    with pytest.raises(InstrumentError) as caught:
        read_located(written("a: 1\nb: 'open\n"), error=InstrumentError)
    assert caught.value.faults[0].where.startswith("f.yaml, line ")


def test_a_mark_of_order_at_the_start_is_ignored(written):
    assert read_located(written(b"\xef\xbb\xbfa: 1\n")).data == {"a": 1}


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(InstrumentError, match="cannot be read: No such file"):
        read_located(tmp_path / "none.yaml", error=InstrumentError)


def test_a_huge_file_is_not_read(written):
    with pytest.raises(InstrumentError, match=r"holds 2,000,01\d bytes; at most 2,000,000 are read"):
        read_located(written("a: " + "x" * 2_000_010), error=InstrumentError)


def test_texts_are_sorted_by_language_and_bare_text_is_english():
    assert texts("Hello") == (("en", "Hello"),)
    assert texts({"en": "Hello", "de": "Hallo"}) == (("de", "Hallo"), ("en", "Hello"))
    assert texts(None) == ()

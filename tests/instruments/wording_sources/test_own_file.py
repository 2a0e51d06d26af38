"""A user's own wording: read with its terms, or refused."""

import json
from datetime import date

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.cards import published_cards
from coachresearch.instruments.published import instrument_of, target_of
from coachresearch.instruments.wording_sources.loading import load_wording
from coachresearch.instruments.wording_sources.table import Terms
from coachresearch.instruments.wording_sources.template import OPEN, paste_template

TERMS = Terms("A. Reader", date(2026, 3, 2), "the article, appendix", "free for research")


@pytest.fixture(scope="module")
def shelf():
    return published_cards()


@pytest.fixture
def own(tmp_path, shelf):
    def load(text, name="own.csv", scale="cses", terms=TERMS, languages=("en",)):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load_wording(path, target_of(shelf[scale]), terms=terms, languages=languages)

    return load


def table(rows=12, head="item,text"):
    return "\n".join([head, *(f"{number},Made-up {number}" for number in range(1, rows + 1))])


def test_a_csv_of_items_and_texts(own):
    found = own(table())
    assert [row.text for row in found.rows][:2] == ["Made-up 1", "Made-up 2"]
    assert [row.item for row in found.rows if row.reverse] == ["2", "4", "6", "8", "10", "12"]
    assert (found.source.by, found.source.origin, found.source.licence) == (
        "A. Reader", "the article, appendix", "free for research")


def test_only_the_languages_asked_for_are_taken(own):
    text = "item,text,lang\n" + "\n".join(f"{number},Made-up {lang} {number},{lang}" for number in range(1, 13)
                                          for lang in ("en", "fr"))
    assert own(text, languages=("fr",)).languages == ("fr",)
    assert len(own(text, languages=("en", "fr")).rows) == 24


def test_json_with_labels_and_terms(own, shelf):
    data = {"items": [{"item": str(number), "text": f"Made-up {number}"} for number in range(1, 13)],
            "labels": {str(value): f"Label {value}" for value in range(1, 6)},
            "terms": {"by": "B", "on": "2026-03-02", "origin": "o", "licence": "l"}}
    found = own(json.dumps(data), "own.json", terms=None)
    one = instrument_of(shelf["cses"], wording=found)
    assert [dict(words)["en"] for words in one.response_scales[0].labels] == [f"Label {value}" for value in range(1, 6)]


@pytest.mark.parametrize(("text", "told"), [
    (table(11), "lacks 1 of 12 items: 12"),
    (table(13), "does not know 1 of 12 items: 13"),
    (table() + "\n3,Again", "has twice 1 of 12 items: 3"),
    (table().replace("Made-up 3\n", "=1+1\n"), "begins with '='"),
    (table().replace("Made-up 3\n", "@cmd\n"), "begins with '@'"),
    (table().replace("Made-up 3\n", "y" * 1001 + "\n"), "has 1,001 characters"),
    (table().replace("Made-up 3\n", "\n"), "has no text"),
    (table(head="item,wording"), "has the columns item, wording"),
    (table(head="item,text,item"), "has the columns"),
    (table() + ",one,two", "more cells than columns"),
    ("", "has the columns none"),
])
def test_a_faulty_table_is_refused_with_what_and_where(own, text, told):
    with pytest.raises(InstrumentError) as caught:
        own(text)
    assert told in str(caught.value)


def test_all_faults_of_a_file_are_told_together(own):
    with pytest.raises(InstrumentError) as caught:
        own(table(10).replace("Made-up 3\n", "=1\n"))
    assert len(caught.value.faults) == 2


def test_a_key_that_differs_is_refused(own):
    text = "item,text,reverse\n" + "\n".join(f"{number},Made-up {number},false" for number in range(1, 13))
    with pytest.raises(InstrumentError) as caught:
        own(text)
    assert len(caught.value.faults) == 6
    assert "item 2 is not reversed, the key says otherwise" in str(caught.value)


def test_a_ten_megabyte_item_is_not_read(own):
    with pytest.raises(InstrumentError, match="larger than 2,000,000 bytes"):
        own("item,text\n1," + "z" * 10_000_000)


@pytest.mark.parametrize(("name", "content"), [
    ("own.json", "[" * 100_000), ("own.json", "{}"), ("own.json", '{"items": 3}'), ("own.txt", "x"),
    ("own.yaml", "items: *a"), ("own.json", "{'a': 1}"),
])
def test_what_cannot_be_read_is_named(own, name, content):
    with pytest.raises(InstrumentError, match=name):
        own(content, name)


def test_bytes_that_are_no_text_are_named(tmp_path, shelf):
    path = tmp_path / "own.csv"
    path.write_bytes(b"item,text\n1,\xff\xfe\x00")
    with pytest.raises(InstrumentError, match="not a CSV file in UTF-8"):
        load_wording(path, target_of(shelf["cses"]), terms=TERMS)


def test_without_terms_nothing_is_loaded(own):
    with pytest.raises(InstrumentError, match="Nobody has said under which terms"):
        own(table(), terms=None)
    with pytest.raises(InstrumentError, match="lack by, licence"):
        own(table(), terms=Terms("", date(2026, 3, 2), "o", " "))


@pytest.mark.parametrize(("scale", "word"), [("pcq24", "paid for"), ("sl7", "asked for")])
def test_a_licence_that_forbids_needs_a_permission(own, shelf, scale, word):
    rows = shelf[scale].head.n_items
    with pytest.raises(InstrumentError, match=f"must be {word} first"):
        own(table(rows), scale=scale)
    agreed = Terms("A", date(2026, 3, 2), "the owner", "licence", "letter of 2026-02-01")
    assert own(table(rows), scale=scale, terms=agreed).source.agreement == "letter of 2026-02-01"


def test_there_is_a_template_for_every_scale_that_is_open(shelf):
    open_scales = [name for name in shelf if shelf[name].head.licence in OPEN and shelf[name].head.kind == "scale"
                   and shelf[name].head.n_items]
    assert len(open_scales) >= 18
    for name in open_scales:
        text = paste_template(shelf[name])
        assert text.count("  - item: ") == shelf[name].head.n_items
        assert f"scale: {name}" in text


def test_a_filled_in_template_loads(own, shelf):
    text = paste_template(shelf["hse_msit"])
    filled = text.replace('text: ""', "text: Made-up").replace("  by:", "  by: A").replace("  on:", "  on: 2026-03-02")
    filled = filled.replace("  origin:", "  origin: the manual").replace("  licence:", "  licence: OGL")
    found = own(filled, "hse.yaml", scale="hse_msit", terms=None)
    assert instrument_of(shelf["hse_msit"], wording=found).scale("hse_msit_dem").keys[0] == ("hse_msit_03", -1)


def test_an_empty_template_says_what_it_lacks(own, shelf):
    with pytest.raises(InstrumentError, match="do not say when"):
        own(paste_template(shelf["hse_msit"]), "hse.yaml", scale="hse_msit", terms=None)


def test_a_template_without_a_key_takes_the_key_with_the_wording(own, shelf):
    text = paste_template(shelf["aot7"])
    assert "The key is not on the card" in text
    filled = "\n".join(line.replace("reverse:", "reverse: false").replace("subscale:", "subscale: AOT")
                       for line in text.splitlines())
    filled = filled.replace('text: ""', "text: Made-up")
    one = instrument_of(shelf["aot7"], wording=own(filled, "aot.yaml", scale="aot7"))
    assert [scale.id for scale in one.scales] == ["aot7_aot"]
    assert one.key_confirmation.against == "the article, appendix"


def test_there_is_no_template_for_a_framework(shelf):
    with pytest.raises(InstrumentError, match="nothing to paste"):
        paste_template(shelf["opm_28"])

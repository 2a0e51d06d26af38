"""Cards of published scales: what every card keeps, and what a faulty one is told."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest
import yaml

from coachresearch.core.errors import InstrumentError
from coachresearch.core.places import shipped
from coachresearch.instruments.cards import card_files, published_cards, read_card, read_references
from coachresearch.instruments.reader import read_instruments

GOLDEN = Path(__file__).parent / "golden" / "open_questions.json"
HEADS_SECONDS = 1.0  # a list must not read whole cards: 0.04 s on an idle machine, twenty times that where it is busy


@pytest.fixture(scope="module")
def shelf():
    return published_cards()


@pytest.fixture(scope="module")
def cards(shelf):
    return {name: shelf[name] for name in shelf}


def blocks(data):
    if isinstance(data, dict):
        if "source" in data:
            yield data
        for value in data.values():
            yield from blocks(value)
    elif isinstance(data, list):
        for value in data:
            yield from blocks(value)


def test_more_than_a_hundred_cards_of_five_families(shelf):
    assert len(shelf) > 100
    families = [head.family for head in shelf.heads]
    counts = {family: families.count(family) for family in set(families)}
    assert counts == {"competency": 13, "character": 29, "manager_quality": 35, "coaching_process": 14,
                      "organisation": 18}


def test_heads_are_read_without_the_rest():
    started = time.perf_counter()
    published_cards()
    assert time.perf_counter() - started < HEADS_SECONDS


def test_the_head_says_what_the_card_says(shelf, cards):
    assert all(cards[head.id].head == head for head in shelf.heads)


def test_ids_are_those_of_no_instrument_held_whole(shelf):
    assert not set(shelf) & set(read_instruments())


def test_every_mark_is_whole(cards):
    known = set(read_references())
    for card in cards.values():
        for block in blocks(dict(card.data)):
            assert block["source"] in ("found", "recalled")
            assert "confidence" in block if block["source"] == "recalled" else set(block["ref"]) <= known
            assert set(block.get("ref", ())) <= known


def test_the_marks_that_were_counted_are_still_there(cards):
    marks = [block["source"] for card in cards.values() for block in blocks(dict(card.data))]
    assert (marks.count("found"), marks.count("recalled")) == (156, 531)


def test_dois_look_like_dois(cards):
    values = [card.data["doi"]["value"] for card in cards.values() if "doi" in card.data]
    assert len(values) > 70
    assert all(re.fullmatch(r"10\.\d{4,9}/\S+", value) for value in values)


def test_whole_keys_are_partitions_and_their_reversed_items_agree(cards):
    whole = [card for card in cards.values() if card.head.extent == "complete" and card.subscales]
    assert len(whole) >= 38
    for card in whole:
        parts = [part for part in card.subscales if not part.get("overlaps")]
        listed = [item for part in parts for item in part["items"]]
        assert sorted(listed) == list(range(1, card.head.n_items + 1))
        turned = {item for part in parts for item in part["reverse"]}
        assert all(set(part["reverse"]) <= set(part["items"]) for part in card.subscales)
        assert turned == set(card.data["key"].get("reverse_total", turned))


def test_an_open_question_goes_only_when_something_is_found(cards):
    for name, before in json.loads(GOLDEN.read_text(encoding="utf-8")).items():
        gone = set(before["verify"]) - set(cards[name].data.get("verify", ()))
        found = sum(block["source"] == "found" for block in blocks(dict(cards[name].data)))
        assert found >= before["found"] + len(gone), name


def test_ipip_neo_120_is_keyed_as_its_author_keys_it(cards):
    card = cards["ipip_neo_120"]
    turned = card.data["key"]["reverse_total"]
    assert len(turned) == 55
    assert [sum(low < item <= low + 30 for item in turned) for low in (0, 30, 60, 90)] == [4, 8, 18, 25]
    for part in card.subscales:
        for item in part["items"]:
            assert part["id"] == "NEOAC"[(item - 1) % 5] + str((item - 1) % 30 // 5 + 1)


def test_no_card_scores_reflection_and_insight_as_one(cards):
    assert [one["id"] for one in cards["sris"].data["composites"]] == ["reflection"]


def test_trust_inventories_of_one_name_are_two_cards(cards):
    assert cards["oti_sf"].data["authors"] != cards["oti_nm"].data["authors"]


def test_an_alias_finds_its_card_and_near_names_are_told(shelf):
    assert shelf["hexaco60"].id == "hexaco_60"
    assert "hexaco60" in shelf
    with pytest.raises(InstrumentError) as caught:
        shelf["hexaco_6"]
    assert "Did you mean hexaco_60" in str(caught.value)


def test_a_card_cannot_be_changed(cards):
    with pytest.raises(TypeError):
        cards["gtl"].data["id"] = "other"


@pytest.fixture
def broken(tmp_path):
    def write(change, name="cses.yaml"):
        shutil.copy(shipped("instruments") / "published" / "references.yaml", tmp_path)
        data = yaml.safe_load((shipped("instruments") / "published" / "cses.yaml").read_text(encoding="utf-8"))
        change(data)
        path = tmp_path / name
        path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("change", "told"), [
    (lambda d: d["subscales"][0]["items"].remove(3), "is 'other_numbers'"),
    (lambda d: d["subscales"][0]["reverse"].append(13), "reverses items that it does not have: 13"),
    (lambda d: d["key"].update(reverse_total=[2]), "differ in 4, 6, 8, 10, 12"),
    (lambda d: d["n_items"].update(ref=["R99"], source="found"), "'R99' is not in references.yaml"),
    (lambda d: d["n_items"].pop("confidence"), "lacks 'confidence'"),
    (lambda d: d["n_items"].update(source="guessed"), "is 'guessed'"),
    (lambda d: d["doi"].update(value="doi.org/10.1"), "doi.value"),
    (lambda d: d["response"]["anchors"].pop(), "5 points and 4 labels"),
    (lambda d: d["response"].update(values=[1, 1, 2, 3, 5]), "has a value twice"),
    (lambda d: d["response"].update(max=7), "values 1, 2, 3, 4, 5, 6, 7"),
    (lambda d: d.update(composites=[{"id": "T", "name": "t", "of": ["CSE", "XYZ"]}]), "'XYZ', which is not a dim"),
    (lambda d: d.update(wording_text="x"), "unknown key 'wording_text'"),
    (lambda d: d.update(id="other"), "stands in the file 'cses.yaml'"),
    (lambda d: d["subscales"].append({"id": "B", "name": "b", "n": 1, "items": [1], "reverse": []}),
     "Item 1 stands in CSE and in B"),
])
def test_a_faulty_card_is_told_what_and_where(broken, change, told):
    with pytest.raises(InstrumentError) as caught:
        read_card(broken(change))
    assert told in str(caught.value)
    assert "cses.yaml, line" in str(caught.value)


def test_a_head_that_cannot_be_read_names_the_faults_of_the_card(broken, tmp_path):
    broken(lambda d: d.pop("licence"))
    with pytest.raises(InstrumentError, match="lacks 'licence'"):
        published_cards(tmp_path)


def test_two_cards_of_one_name_are_refused(broken, tmp_path):
    broken(lambda d: None)
    broken(lambda d: d.update(id="twin", aliases=["cses"]), "twin.yaml")
    with pytest.raises(InstrumentError, match="Two cards are called 'cses'"):
        published_cards(tmp_path)


def test_files_that_are_not_cards_are_left_aside():
    names = {path.name for path in card_files(shipped("instruments") / "published")}
    assert "bfi25.yaml" not in names
    assert "references.yaml" not in names

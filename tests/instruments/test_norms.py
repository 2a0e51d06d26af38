"""Norm cards: what they hold, and what a faulty one is told."""

import pytest
import yaml

from coachresearch.core.errors import InstrumentError
from coachresearch.core.places import shipped
from coachresearch.instruments.cards import published_cards
from coachresearch.instruments.norms import norm_cards, read_norms, write_norms
from coachresearch.instruments.published import instrument_of

FILE = shipped("instruments") / "published" / "norms" / "ipip_neo_120_web.yaml"


@pytest.fixture(scope="module")
def card():
    return norm_cards()["ipip_neo_120_web"]


def test_eight_groups_of_thirty_five_figures(card):
    assert len(card.groups) == 8
    assert all(len(group.figures) == 35 for group in card.groups)
    assert set(card.scales) == {scale.id for scale in instrument_of(published_cards()["ipip_neo_120"]).scales}


def test_units_are_those_of_the_questionnaire(card):
    one = instrument_of(published_cards()["ipip_neo_120"])
    for scale in one.scales:
        unit = card.unit(scale.id)
        assert (unit.low, unit.high, unit.items) == (len(scale.items), 5 * len(scale.items), len(scale.items))
        assert scale.rule == card.statistic


def test_domain_means_are_near_the_sums_of_their_facet_means(card):
    # A slip in one figure of the file would show. The published figures themselves differ by up to 0.69 of 96 points.
    for group in card.groups:
        for letter in "neoac":
            facets = sum(group.figure(f"ipip_neo_120_{letter}{number}").mean for number in range(1, 7))
            assert group.figure(f"ipip_neo_120_{letter}").mean == pytest.approx(facets, abs=0.7)


@pytest.mark.parametrize(("sex", "age", "group"), [
    ("male", 20, "men_to_20"), ("male", 20.9, "men_to_20"), ("male", 21, "men_21_40"), ("female", 40, "women_21_40"),
    ("female", 41, "women_41_60"), ("female", 60, "women_41_60"), ("male", 61, "men_from_61"),
])
def test_a_person_finds_the_group(card, sex, age, group):
    assert card.group_of(sex=sex, age=age).id == group


@pytest.mark.parametrize("facts", [{"sex": "male"}, {"age": 30}, {"sex": "other", "age": 30}, {}])
def test_a_person_without_the_facts_finds_none(card, facts):
    assert card.group_of(**facts) is None


def test_the_authors_percentiles(card):
    assert [card.cubic.at(t) for t in (20, 26.9, 50, 73.1)] == [1, 1, 49, 99]


def test_a_card_is_written_as_it_was_read(card, tmp_path):
    assert read_norms(write_norms(card, tmp_path / "copy.yaml")) == card


@pytest.fixture
def changed(tmp_path):
    def write(change):
        data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
        change(data)
        path = tmp_path / "norms.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("change", "told"), [
    (lambda d: d["groups"][0]["scores"].update(ipip_neo_120_n={"mean": 3.2, "sd": 0.6}), "lies outside 24 to 120"),
    (lambda d: d["groups"][0]["scores"].update(ipip_neo_120_n={"mean": 119.0, "sd": 30.0}), "No scores from 24 to 120"),
    (lambda d: d["groups"][0]["scores"].update(other={"mean": 1, "sd": 1}), "'other', which has no unit"),
    (lambda d: d["groups"][0].update(age={"to": 25}), "overlap"),
    (lambda d: d["groups"][0].pop("sex"), "does not say its sex"),
    (lambda d: d["groups"][1].update(id="men_to_20"), "Two groups have the id 'men_to_20'"),
    (lambda d: d["groups"][0]["scores"]["ipip_neo_120_n"].update(sd=0), "groups.0.scores.ipip_neo_120_n.sd"),
    (lambda d: d.pop("sample"), "lacks 'sample'"),
    (lambda d: d.update(source="recalled"), "lacks 'confidence'"),
])
def test_a_faulty_card_is_told_what(changed, change, told):
    with pytest.raises(InstrumentError) as caught:
        read_norms(changed(change))
    assert told in str(caught.value)

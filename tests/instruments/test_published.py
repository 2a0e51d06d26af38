"""A card becomes a questionnaire: keys, reasons against it, versions."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.cards import published_cards
from coachresearch.instruments.instrument import WordingSource, confirm_key
from coachresearch.instruments.library import library
from coachresearch.instruments.published import instrument_of, target_of, why_not, with_wording
from coachresearch.instruments.wording_sources.table import row, wording_of

SOURCE = WordingSource("file", "mine.csv", "", "0" * 64, "with leave", datetime(2026, 3, 2, tzinfo=UTC), by="A. Reader",
                       origin="the article")


@pytest.fixture(scope="module")
def shelf():
    return published_cards()


def worded(target, lang="en", word="Made-up"):
    return wording_of([row(target, item, f"{word} {item}", lang) for item in target.items], target, SOURCE)


def test_every_card_can_or_says_why_not(shelf):
    made = [name for name in shelf if not why_not(shelf[name])]
    assert len(made) == 39
    for name in made:
        one = instrument_of(shelf[name])
        assert one.recalled_key is shelf[name].key_recalled
        assert {item for scale in one.scales for item in scale.items} <= {item.id for item in one.items}
    for name in set(shelf) - set(made):
        with pytest.raises(InstrumentError, match="cannot be made into a questionnaire"):
            instrument_of(shelf[name])


@pytest.mark.parametrize(("name", "reason"), [
    ("opm_28", "it is a framework"), ("coachability_scale", "holds no key"), ("fos", "not hold the whole key (counts)"),
    ("csps_manager", "not a mean or a sum"), ("fevs_supervisor", "other_numbers"),
])
def test_the_reason_is_named(shelf, name, reason):
    assert reason in "; ".join(why_not(shelf[name]))


def test_ipip_neo_120_has_thirty_facets_in_five_domains(shelf):
    one = instrument_of(shelf["ipip_neo_120"])
    domains = [scale for scale in one.scales if not scale.parent]
    assert [scale.id[-1] for scale in domains] == list("neoac")
    for domain in domains:
        facets = [scale for scale in one.scales if scale.parent == domain.id]
        assert len(facets) == 6
        assert sorted(item for facet in facets for item in facet.items) == sorted(domain.items)
        assert (domain.rule, domain.min_answered) == ("sum", 18)
    turned = {item for scale in one.scales for item, sign in scale.keys if sign < 0}
    assert {int(item[-3:]) for item in turned} == set(shelf["ipip_neo_120"].data["key"]["reverse_total"])


def test_items_that_count_only_globally_have_no_score_of_their_own(shelf):
    one = instrument_of(shelf["teique_sf"])
    assert [scale.id for scale in one.scales if "_g" in scale.id] == []
    assert len(one.scale("teique_sf_total").items) == 30


def test_the_short_form_that_needs_a_conversion_is_not_summed(shelf):
    assert [scale.id for scale in instrument_of(shelf["wemwbs"]).scales] == ["wemwbs_wb"]


def test_single_words_are_their_own_wording(shelf):
    one = instrument_of(shelf["unipolar_markers_100"])
    assert len(one.items) == 100
    assert one.item("self_pitying").text[0][1] == (("en", "self-pitying"),)
    assert [len(scale.items) for scale in one.scales] == [20] * 5


def test_a_recalled_key_waits_for_confirmation(shelf):
    one = instrument_of(shelf["mini_ipip"])
    assert one.recalled_key
    assert not confirm_key(one, by="A", on=date(2026, 3, 2), against="the paper, p. 1").recalled_key


def test_another_wording_is_another_version(shelf):
    card = shelf["cses"]
    bare = instrument_of(card)
    first, second = (instrument_of(card, wording=worded(target_of(card), word=word)) for word in ("One", "Two"))
    assert bare.version == "1.0.0"
    assert len({bare.version, first.version, second.version}) == 3
    assert first.version.startswith("1.0.0+")
    assert len({bare.content_hash, first.content_hash, second.content_hash}) == 3
    assert instrument_of(card, wording=worded(target_of(card), word="One")) == first


def test_a_translation_is_marked_untested(shelf):
    one = instrument_of(shelf["cses"], wording=worded(target_of(shelf["cses"]), lang="de"))
    assert [(each.language, each.state) for each in one.translations] == [("de", "untested")]
    assert one.instructions == ()


def test_a_key_brought_with_the_wording_is_confirmed_by_who_brought_it(shelf):
    card = shelf["saoq"]
    target = target_of(card)
    rows = [row(target, item, f"Made-up {item}", "en") for item in target.items]
    keyed = [replace(one, reverse=int(one.item) % 5 == 0, subscale="RSD" if int(one.item) < 20 else "PRO")
             for one in rows]
    one = instrument_of(card, wording=wording_of(keyed, target, SOURCE))
    assert [scale.id for scale in one.scales] == ["saoq_rsd", "saoq_pro"]
    assert one.key_confirmation.by == "A. Reader"
    assert not one.recalled_key
    assert "supplied with the wording by A. Reader" in one.source.note


def test_wording_goes_into_an_instrument_that_holds_keys_alone():
    bfi = library()["bfi25"]
    one = with_wording(bfi, worded(target_of(bfi)))
    assert one.item("A1").text[0][1] == (("en", "Made-up A1"),)
    assert one.scales == bfi.scales
    assert one.version != bfi.version
    with pytest.raises(InstrumentError, match="wording of its own"):
        with_wording(one, worded(target_of(bfi)))


def test_wording_of_another_scale_is_refused(shelf):
    with pytest.raises(InstrumentError, match="The wording is that of 'cses'"):
        instrument_of(shelf["ngse"], wording=worded(target_of(shelf["cses"])))


def test_there_is_no_wording_for_a_framework(shelf):
    with pytest.raises(InstrumentError, match="no wording to load"):
        target_of(shelf["opm_28"])

"""What a draft of ours must say of itself, rule by rule; and that every one of ours says it."""

from dataclasses import replace

import pytest

from coachresearch.instruments.completeness import lint, lint_completeness
from coachresearch.instruments.instrument import (
    Anchor,
    Form,
    Instrument,
    Item,
    Licence,
    ResponseScale,
    Scale,
    Source,
)
from coachresearch.instruments.reader import read_instruments

WORDS = (("en", "Said"),)
LEVELS = tuple(Anchor(value, WORDS, (WORDS,)) for value in (1, 2, 3))
DRAFTS = sorted(name for name, one in read_instruments().items() if one.status == "draft")


def whole(n=3, *, model="reflective", kind="frequency"):
    items = tuple(Item(f"i{place}", "r", (("other", (("en", "Asks first."),)),)) for place in range(1, n + 1))
    names = tuple(item.id for item in items)
    scale = Scale("d", WORDS, tuple((name, 1) for name in names), "mean", -(-2 * n // 3), definition=WORDS)
    return Instrument("own", "0.1.0", "", "competency", model, "draft", WORDS, WORDS, ("en",), items,
                      (ResponseScale("r", kind, (1, 2, 3), (WORDS,) * 3),), (scale,),
                      (Form("full", names, ("report",), 1.0),), 5, Licence("CC-BY-4.0"), Source("Us"),
                      instructions=(("other", WORDS),), intended_uses=("a",), forbidden_uses=("b",),
                      planned_evidence=("c",))


def found(instrument):
    return [fault.what for fault in lint_completeness(instrument)]


@pytest.mark.parametrize("name", DRAFTS)
def test_ours_are_clean(name):
    assert lint(read_instruments()[name]) == ()


def test_a_whole_draft_is_clean_and_what_others_published_is_theirs():
    assert found(whole()) == []
    assert found(replace(whole(), status="published", intended_uses=())) == []


@pytest.mark.parametrize(("change", "what"), [
    (lambda one: replace(one, response_scales=(ResponseScale("r", "frequency", (1, 2), (WORDS, ())),)),
     "Response scale 'r' has no label for 2"),
    (lambda one: replace(one, scales=(replace(one.scales[0], definition=()),)), "Scale 'd' has no definition"),
    (lambda one: replace(one, scales=(replace(one.scales[0], min_answered=1),)),
     "Scale 'd' is formed from 1 of 3 answers"),
    (lambda one: replace(one, scales=(Scale("d", WORDS, (("i1", 1), ("i2", 1)), "mean", 2, definition=WORDS),)),
     "Item 'i3' counts in no score"),
    (lambda one: replace(one, intended_uses=()), "There are no intended uses"),
    (lambda one: replace(one, forbidden_uses=()), "There are no forbidden uses"),
    (lambda one: replace(one, planned_evidence=()), "There are no planned evidence"),
    (lambda one: replace(one, instructions=()), "There are no instructions"),
])
def test_each_gap_is_found_alone(change, what):
    assert found(change(whole())) == [what]


def test_numbers_and_formative_scores_have_rules_of_their_own():
    one = whole(model="formative")
    assert found(replace(one, scales=(replace(one.scales[0], min_answered=3),))) == []
    number = ResponseScale("r", "count", (0, 1, 2), ((),) * 3, entry="number")
    assert found(replace(whole(), response_scales=(number,))) == []


@pytest.mark.parametrize("model", ["observation", "interview"])
def test_levels_are_described_with_examples(model):
    one = whole(1, model=model, kind="level")
    assert found(one) == ["Item 'i1' describes 0 levels"]
    described = replace(one, items=(replace(one.items[0], anchors=LEVELS),))
    assert found(described) == []
    bare = replace(one, items=(replace(one.items[0], anchors=(*LEVELS[:2], Anchor(3, WORDS))),))
    assert found(bare) == ["Level 3 of item 'i1' has no example"]


def test_long_forms_check_for_attention():
    one = whole(20)
    assert found(one) == ["Form 'full' has 0 attention items for 20 items",
                          "Form 'full' shows no consistency item together with its pair"]
    more = (Item("a", "r", one.items[0].text, use="attention", expects=1),
            Item("c", "r", one.items[0].text, use="consistency", pair="i4"))
    form = replace(one.forms[0], items=(*one.forms[0].items, "a", "c"))
    assert found(replace(one, items=(*one.items, *more), forms=(form,))) == []
    assert found(replace(one, forms=(replace(one.forms[0], roles=("observer",)),))) == []

"""Whether an instrument of our own says all that its users must know, and can be answered with attention."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path

from coachresearch.core.errors import Fault
from coachresearch.instruments.instrument import Form, Instrument, Item, Scale
from coachresearch.instruments.writing import lint_wording

FEWEST_LEVELS = 3
_ATTENTION_PER = 20
_RULES_OF_TWO_THIRDS = ("mean", "sum")


def lint(instrument: Instrument) -> tuple[Fault, ...]:
    """List everything in which a draft of our own breaks our rules: wording, balance, order and completeness.

    Returns
    -------
    tuple of Fault
        Empty for what others published.
    """
    return (*lint_wording(instrument), *lint_completeness(instrument))


def lint_completeness(instrument: Instrument) -> tuple[Fault, ...]:
    """List what a draft of our own leaves unsaid.

    Every point of every scale of options has a label. Every score has a definition; one that shows a trait is formed
    from two thirds of its items. Every content item counts in a score. Intended uses, forbidden uses and planned
    evidence are written down. Items rated by observers and interviewers describe at least three levels, with examples.
    Forms with 20 or more items of reflective scores hold one attention item for every 20 and one consistency item,
    unless observers fill them in.

    Returns
    -------
    tuple of Fault
        Empty for what others published.
    """
    if instrument.status != "draft":
        return ()
    checks = (_labels, _scores, _unscored, _uses, _levels, _checks_of_care)
    return tuple(fault for check in checks for fault in check(instrument))


def _labels(instrument: Instrument) -> Iterator[Fault]:
    for scale in instrument.response_scales:
        bare = [value for value, label in zip(scale.values, scale.labels, strict=True) if not label]
        if scale.entry == "choice" and bare:
            yield _fault(instrument, f"Response scale {scale.id!r} has no label for {', '.join(map(str, bare))}",
                         "Label every point.")


def _scores(instrument: Instrument) -> Iterator[Fault]:
    for scale in instrument.scales:
        if not scale.definition:
            yield _fault(instrument, f"Scale {scale.id!r} has no definition", "Say what it means.")
        wanted = ceil(len(scale.keys) * 2 / 3)
        if _shows_a_trait(instrument, scale) and scale.min_answered != wanted:
            yield _fault(instrument, f"Scale {scale.id!r} is formed from {scale.min_answered} of {len(scale.keys)} "
                         "answers", f"Use two thirds: {wanted}.")


def _shows_a_trait(instrument: Instrument, scale: Scale) -> bool:
    return instrument.model_of(scale.id) == "reflective" and scale.rule in _RULES_OF_TWO_THIRDS


def _unscored(instrument: Instrument) -> Iterator[Fault]:
    counted = {item for scale in instrument.scales for item in scale.items}
    for item in instrument.items:
        if item.use in ("content", "reserve") and item.id not in counted:
            yield _fault(instrument, f"Item {item.id!r} counts in no score",
                         "Key it, or give it the use context, open or note.")


def _uses(instrument: Instrument) -> Iterator[Fault]:
    for name, said in (("intended uses", instrument.intended_uses), ("forbidden uses", instrument.forbidden_uses),
                       ("planned evidence", instrument.planned_evidence), ("instructions", instrument.instructions)):
        if not said:
            yield _fault(instrument, f"There are no {name}", "Write them down.")


def _levels(instrument: Instrument) -> Iterator[Fault]:
    if instrument.model not in ("observation", "interview"):
        return
    for item in instrument.items:
        anchors = instrument.anchors_of(item.id)
        if item.use == "content" and instrument.response_scale(item.id).kind == "level":
            if len(anchors) < FEWEST_LEVELS:
                yield _fault(instrument, f"Item {item.id!r} describes {len(anchors)} levels",
                             f"Describe at least {FEWEST_LEVELS}.")
            for anchor in anchors:
                if not anchor.examples:
                    yield _fault(instrument, f"Level {anchor.value} of item {item.id!r} has no example", "Add one.")


def _checks_of_care(instrument: Instrument) -> Iterator[Fault]:
    traits = {item for scale in instrument.scales if _shows_a_trait(instrument, scale) for item in scale.items}
    for form in instrument.forms:
        asked = len(traits.intersection(form.items))
        if asked < _ATTENTION_PER or form.roles == ("observer",):
            continue
        wanted, found = asked // _ATTENTION_PER, len(_of_use(instrument, form, "attention"))
        if found < wanted:
            yield _fault(instrument, f"Form {form.id!r} has {found} attention items for {asked} items",
                         f"Have at least {wanted}.")
        pairs = [item for item in _of_use(instrument, form, "consistency") if item.pair in form.items]
        if not pairs:
            yield _fault(instrument, f"Form {form.id!r} shows no consistency item together with its pair",
                         "Add one.")


def _of_use(instrument: Instrument, form: Form, use: str) -> list[Item]:
    return [item for item in map(instrument.item, form.items) if item.use == use]


def _fault(instrument: Instrument, what: str, remedy: str) -> Fault:
    return Fault(what, Path(instrument.path).name or instrument.id, remedy)

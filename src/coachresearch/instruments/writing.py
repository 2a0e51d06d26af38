"""Whether our own items are written so that people can answer them: rules of wording, balance and order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path

from coachresearch.core.errors import Fault
from coachresearch.instruments.instrument import Form, Instrument, ItemUse, Scale

MOST_WORDS = 16
HIGHEST_GRADE = 8.0
FEWEST_REVERSED, MOST_REVERSED = 0.30, 0.40
LONGEST_RUN = 5
_BALANCED_FROM = 6
"""Forms shorter than this are too short for a share of reversed items to mean anything."""

_STATEMENTS = ("content", "reserve", "consistency")

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def lint_wording(instrument: Instrument) -> tuple[Fault, ...]:
    """List where the wording, balance or order of a draft breaks our rules of writing.

    Each English wording of each item: at most 16 words; reading grade at most 8; no negation, gendered word, idiom or
    jargon; one idea (no "and", no "or"); no word of the name of its dimension. Of questions that are not scored the
    last two rules and that on negation are not asked; of attention items the length alone; of the descriptions of
    levels the words. Each form with six or more items of reflective scores: 30 to 40 % of these keyed the other way, as
    many in the first half as in the second (give or take one), no more than five in a row keyed the same, and no two
    neighbours of one dimension. Forms for observers and interviewers: no reversed items at all. What others published
    is not ours to change and has no faults here.

    Parameters
    ----------
    instrument : Instrument
        Any instrument.

    Returns
    -------
    tuple of Fault
        In the order of the items, then of the forms; empty if all is well.
    """
    if instrument.status != "draft":
        return ()
    return (*_item_faults(instrument), *_form_faults(instrument))


def reading_grade_of(instrument: Instrument, form: str = "full") -> float | None:
    """Return the reading grade of what a form asks, in English, in the first rater role it is for.

    Parameters
    ----------
    instrument : Instrument
    form : str
        Id of a form.

    Returns
    -------
    float or None
        Grade of the items read one after the other, as one text; None where no English wording is held.
    """
    chosen = instrument.form(form)
    said = []
    for item in map(instrument.item, chosen.items):
        by_role = dict(item.text)
        words = by_role.get(chosen.roles[0]) or by_role.get("other") or ()
        said += [text for language, text in words if language == "en" and item.use in _STATEMENTS]
    return reading_grade(" ".join(text if text.endswith((".", "?", "!")) else f"{text}." for text in said)) \
        if said else None


def reading_grade(text: str) -> float:
    """Return the Flesch-Kincaid grade of an English text: years of school needed to read it.

    Syllables are counted by groups of vowels, silent endings left out, so a single word may be off by one.

    References
    ----------
    Kincaid, Fishburne, Rogers & Chissom (1975), Derivation of new readability formulas, Research Branch Report 8-75:
    0.39 (words / sentences) + 11.8 (syllables / words) - 15.59.
    """
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(1, len(re.findall(r"[.!?]+(?=\s|$)", text)))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def syllables(word: str) -> int:
    """Return the number of syllables of an English word, counted by groups of vowels; at least one."""
    letters = re.sub(r"['’](s|t|m|d|re|ve|ll)$", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", letters))
    silent = (
        re.search(r"[^aeiouyl]e$|[aeiouy]le$", letters)
        or re.search(r"[^aeioutdy]ed$", letters)
        or re.search(r"[^aeiouysxzcglh]es$|[aeiouy]les$|[^cs]hes$", letters)
    )
    return max(1, groups - bool(silent))


def _item_faults(instrument: Instrument) -> Iterator[Fault]:
    dimensions = _dimensions(instrument)
    for item in instrument.items:
        names = [_english_title(scale) for scale in dimensions if item.id in scale.items]
        for role, words in item.text:
            text = dict(words).get("en")
            if text is not None:
                place = f"{_file(instrument)}, item {item.id}, role {role}"
                yield from (Fault(what, place, remedy) for what, remedy in _text_faults(text, names, item.use))
        for level in item.anchors:
            place = f"{_file(instrument)}, item {item.id}, level {level.value}"
            for words in (level.text, *level.examples):
                yield from (Fault(f"A level{what}", place, remedy)
                            for what, remedy in _word_faults(_words(dict(words).get("en", ""))))


def _text_faults(text: str, dimension_names: list[str], use: ItemUse) -> Iterator[tuple[str, str]]:
    words = _words(text)
    if len(words) > MOST_WORDS:
        yield f"The item has {len(words)} words", f"Use at most {MOST_WORDS}."
    if use == "attention":
        return
    grade = reading_grade(text)
    if grade > HIGHEST_GRADE:
        yield f"The item needs reading grade {grade:.1f}", f"Use shorter words; at most grade {HIGHEST_GRADE:.0f}."
    yield from ((f"The item{what}", remedy) for what, remedy in _word_faults(words))
    if use not in _STATEMENTS:
        return
    avoided = _avoided("en")
    for word in words:
        if word in avoided["negations"] or word.endswith(("n't", "n’t")):
            yield f"The item negates ({word!r})", "Say what is done, or its real opposite."
        if word in avoided["joining"]:
            yield f"The item joins two ideas ({word!r})", "Ask one thing; write two items."
    for name in dimension_names:
        for title_word in _WORD.findall(name.lower()):
            named = [word for word in words if _same_stem(word, title_word)]
            if title_word not in avoided["small_words"] and named:
                yield f"The item names its dimension {name!r} ({named[0]!r})", "Name an act, not the dimension."


def _word_faults(words: list[str]) -> Iterator[tuple[str, str]]:
    avoided = _avoided("en")
    for word in words:
        if word in avoided["gendered"]:
            yield f" names a gender ({word!r})", "Use they, their or the person."
        if word in avoided["jargon"]:
            yield f" uses jargon ({word!r})", "Use a plain word."
    for idiom in sorted(avoided["idioms"]):
        if f" {idiom} " in f" {' '.join(words)} ":
            yield f" uses an idiom ({idiom!r})", "Say it plainly; idioms do not translate."


def _form_faults(instrument: Instrument) -> Iterator[Fault]:
    turned = _reversed_items(instrument)
    scored = {item for scale in _reflective(instrument) for item in scale.items}
    for form in instrument.forms:
        place = f"{_file(instrument)}, form {form.id}"
        for_watchers = instrument.model in ("observation", "interview") or form.roles == ("observer",)
        if for_watchers:
            several = len(turned.intersection(form.items))
            if several:
                watcher = "interview" if instrument.model == "interview" else "observation"
                yield Fault(f"{several} items are reversed in a form for {watcher}", place,
                            "Key all items of such a form the same way.")
            continue
        signs = [item in turned for item in form.items if item in scored]
        if len(signs) >= _BALANCED_FROM:
            yield from (Fault(what, place, remedy) for what, remedy in _balance_faults(signs))
        yield from _neighbours(instrument, form, place)


def _balance_faults(signs: list[bool]) -> Iterator[tuple[str, str]]:
    share = sum(signs) / len(signs)
    if not FEWEST_REVERSED <= share <= MOST_REVERSED:
        yield (f"{sum(signs)} of {len(signs)} items are keyed the other way ({share:.0%})",
               f"Have {FEWEST_REVERSED:.0%} to {MOST_REVERSED:.0%}.")
    middle = len(signs) // 2
    first, second = sum(signs[:middle]), sum(signs[len(signs) - middle:])
    if abs(first - second) > 1:
        yield (f"The first half has {first} reversed items and the second {second}", "Spread them evenly.")
    run = max(len(list(same)) for _, same in groupby(signs))
    if run > LONGEST_RUN:
        yield f"{run} items in a row are keyed the same way", f"Have at most {LONGEST_RUN}."


def _neighbours(instrument: Instrument, form: Form, place: str) -> Iterator[Fault]:
    dimensions = [scale for scale in _reflective(instrument) if set(scale.items) & set(form.items)]
    if len(dimensions) < 2:
        return
    for before, after in zip(form.items, form.items[1:], strict=False):
        shared = [scale.id for scale in dimensions if before in scale.items and after in scale.items]
        if shared:
            yield Fault(f"Items {before!r} and {after!r} of {shared[0]!r} stand side by side", place,
                        "Let the dimensions take turns.")


def _dimensions(instrument: Instrument) -> tuple[Scale, ...]:
    """Scales that are part of a larger one, and companions; all scales where there is no larger one."""
    parts = tuple(scale for scale in instrument.scales if scale.parent or scale.companion)
    return parts if any(scale.parent for scale in parts) else instrument.scales


def _reflective(instrument: Instrument) -> tuple[Scale, ...]:
    return tuple(scale for scale in _dimensions(instrument) if instrument.model_of(scale.id) == "reflective")


def _reversed_items(instrument: Instrument) -> frozenset[str]:
    return frozenset(item for scale in _dimensions(instrument) for item, sign in scale.keys if sign < 0)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@cache
def _avoided(language: str) -> Mapping[str, frozenset[str]]:
    import yaml

    path = Path(__file__).with_name("wording") / f"{language}.yaml"
    lists = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: frozenset(words) for name, words in lists.items()}


def _english_title(scale: Scale) -> str:
    return dict(scale.title).get("en", "")


def _same_stem(word: str, other: str) -> bool:
    shared = 0
    for one, two in zip(word, other, strict=False):
        if one != two:
            break
        shared += 1
    return shared >= 4 and shared >= min(len(word), len(other)) - 3


def _file(instrument: Instrument) -> str:
    return Path(instrument.path).name or instrument.id

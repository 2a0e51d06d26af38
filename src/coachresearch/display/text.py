"""Sentences and plain text: every word that a reader of a result sees comes from the message catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.core.catalogue import Catalogue
from coachresearch.core.caution import Caution
from coachresearch.core.estimate import Estimate
from coachresearch.display import numbers
from coachresearch.display.terms import written, written_interval

if TYPE_CHECKING:
    from coachresearch.display.result import Result

MESSAGES = Catalogue(
    Path(__file__).parent / "messages",
    {
        "num": numbers.number,
        "share": numbers.share,
        "signed": numbers.signed,
        "pct": numbers.percent,
        "p": numbers.p_value,
        "count": numbers.count,
    },
)
"""The catalogue of the telling wing. Formats beside Python's own: num, share, signed, pct, p, count."""

_CODE = "_code"


def sentence(code: str, language: str = "en", /, **params: object) -> str:
    """Render one catalogue entry.

    Parameters
    ----------
    code : str
        Key of the entry.
    language : str
        Language asked for; English where an entry is not translated.
    **params : object
        What the entry quotes. A parameter ``unit_code="unit.points"`` is itself rendered and handed on as ``unit``.

    Raises
    ------
    KeyError
        If the catalogue has no such entry, or the entry quotes a parameter that was not given.
    """
    words = {name: value for name, value in params.items() if not name.endswith(_CODE)}
    for name, value in params.items():
        if name.endswith(_CODE):
            words[name.removesuffix(_CODE)] = MESSAGES.say(str(value), language)
    return MESSAGES.say(code, language, **words)


def caution_sentence(caution: Caution, language: str = "en") -> str:
    """Render a caution; a code without an entry is an error, never a blank."""
    return sentence(f"caution.{caution.code}", language, **caution.values)


def method_sentences(result: Result, language: str = "en") -> tuple[str, ...]:
    """Return how the numbers were made: the method of the result, then those of its estimates, each once."""
    codes = [code for code in (result.method, *(one.method for one in result.estimates)) if code]
    return tuple(sentence(f"method.{code}", language) for code in dict.fromkeys(codes))


def label(term: str, language: str = "en") -> str:
    """Return the label of a term; a term without one is shown under its own name."""
    code = f"label.{term}"
    return MESSAGES.say(code, language) if MESSAGES.knows(code) else term.replace("_", " ")


def group_label(group: str, language: str = "en", names: Mapping[str, str] | None = None) -> str:
    """Return a group's name for readers; ``a - b`` becomes ``A minus B``."""
    known = names or {}
    if " - " in group and group not in known:
        later, earlier = group.split(" - ", 1)
        return sentence("label.minus", language, a=known.get(later, later), b=known.get(earlier, earlier))
    return known.get(group, group)


def heading(result: Result, language: str = "en") -> str:
    """Return what the result is and what it is about: ``Reliability: Trust``."""
    kind = sentence(f"title.{result.kind}", language, title=result.title)
    return kind if result.title in kind else f"{kind}: {result.title}"


def estimate_text(estimate: Estimate, language: str = "en") -> str:
    """Write an estimate with its interval and n: ``.84, 95% CI [.78, .89], n = 41``."""
    parts = [written(estimate.term, estimate.estimate)]
    inside = written_interval(estimate)
    if inside != numbers.NOTHING:
        level = numbers.percent(estimate.conf_level)
        parts.append(sentence("line.interval", language, level=level, interval=inside))
    if estimate.n:
        parts.append(f"n = {numbers.count(estimate.n)}")
    return ", ".join(parts)


def summary(result: Result, language: str = "en") -> str:
    """Return a result as plain text: heading, one line per estimate, method, cautions.

    Parameters
    ----------
    result : Result
    language : str
    """
    lines = [heading(result, language)]
    lines += [f"  {_line_name(one, language)}: {estimate_text(one, language)}" for one in result.estimates]
    lines += [sentence("line.method", language, method=text) for text in method_sentences(result, language)]
    lines += [sentence("line.caution", language, caution=caution_sentence(one, language)) for one in result.cautions]
    return "\n".join(lines)


def _line_name(estimate: Estimate, language: str) -> str:
    name = label(estimate.term, language)
    return f"{group_label(estimate.group, language)}, {name}" if estimate.group else name

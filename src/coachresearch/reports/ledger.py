"""The list of claims: each with its interval, its design, its measurement and what it does not show."""

from __future__ import annotations

from collections.abc import Sequence

from coachresearch.claims.claim import Claim, Wording
from coachresearch.claims.design import strength
from coachresearch.display import numbers
from coachresearch.display.html import escaped
from coachresearch.display.text import sentence
from coachresearch.reports.parts import Say
from coachresearch.reports.words import gate_sentence

_COLUMNS = ("claim", "estimate", "n", "design", "gate", "held", "open")
_SIGNS = (("supported", "\N{CHECK MARK}"), ("not_shown", "\N{WHITE CIRCLE}"), ("opposite", "\N{DOWNWARDS ARROW}"),
          ("cannot_be_told", "?"), ("withdrawn", "\N{MULTIPLICATION SIGN}"))


def spoken(wording: Wording | Say, language: str = "en") -> str:
    """Render what a claim or a part has to say."""
    return sentence(wording.code, language, **dict(wording.params))


def claim_sentences(claim: Claim, language: str = "en") -> tuple[str, ...]:
    """Return a claim in words: the sentence itself, how its verb was weakened, and what it is worth."""
    said = [spoken(claim.sentence, language)]
    said += [sentence("claim.weakened", language)] if claim.weakened else []
    said += [sentence("claim.disputed", language)] if claim.disputed and claim.verdict != "withdrawn" else []
    said += [spoken(claim.worth, language)] if claim.worth else []
    return tuple(said)


def ledger_records(claims: Sequence[Claim], language: str = "en") -> list[dict[str, object]]:
    """Return the claims as plain data, each with its sentences."""
    return [claim.record | {
        "sentences": list(claim_sentences(claim, language)),
        "open": [sentence(f"open.{code}", language) for code in claim.does_not_show],
    } for claim in claims]


def ledger_html(claims: Sequence[Claim], *, id: str, number: int, language: str = "en") -> str:
    """Return the claims as a table that becomes a stack of cards on a narrow screen."""
    heads = {column: sentence(f"ledger.{column}", language) for column in _COLUMNS}
    head = "".join(f'<th role="columnheader" scope="col">{escaped(words)}</th>' for words in heads.values())
    rows = "".join(_row(claim, heads, language) for claim in claims)
    name = escaped(sentence("table.number", language, number=number))
    title = escaped(sentence("ledger.title", language))
    return (f'<table class="ledger" id="{escaped(id)}" role="table"><caption><b>{name}</b><i>{title}</i></caption>'
            f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>')


def _row(claim: Claim, heads: dict[str, str], language: str) -> str:
    words = {
        "estimate": f'<p class="number">{escaped(_estimate(claim))}</p>'
                    f"<p>{escaped(sentence(f'estimand.{claim.estimand}', language))}</p>",
        "n": escaped(numbers.count(claim.estimate.n) if claim.estimate.n else numbers.NOTHING),
        "design": escaped(sentence("ledger.design_words", language, design_code=f"design.{claim.design}",
                                   grade_code=f"grade.{strength(claim.design).grade}")),
        "gate": escaped(spoken(gate_sentence(claim.gate, claim.outcome), language)),
        "held": escaped(held_sentence(claim, language)),
        "open": "<ul>" + "".join(f"<li>{escaped(sentence(f'open.{code}', language))}</li>"
                                 for code in claim.does_not_show) + "</ul>",
    }
    said = "".join(f"<p>{escaped(one)}</p>" for one in claim_sentences(claim, language))
    verdict = escaped(sentence(f"verdict.{claim.verdict}", language))
    first = (f'<th role="rowheader" scope="row" id="claim-{escaped(claim.id)}"><strong class="verdict {claim.verdict}">'
             f'<span aria-hidden="true">{dict(_SIGNS)[claim.verdict]}</span> {verdict}</strong>{said}</th>')
    cells = "".join(f'<td role="cell"><b class="label" aria-hidden="true">{escaped(heads[name])}</b>{text}</td>'
                    for name, text in words.items())
    return f'<tr role="row">{first}{cells}</tr>'


def _estimate(claim: Claim) -> str:
    one = claim.estimate
    if claim.verdict == "withdrawn":
        return numbers.NOTHING
    return f"{numbers.signed(one.estimate)} {numbers.interval(one.conf_low, one.conf_high)}"


def held_sentence(claim: Claim, language: str = "en") -> str:
    """Say in how many of which other analyses the reading held."""
    if claim.verdict == "withdrawn":
        return numbers.NOTHING
    if not claim.sensitivity:
        return sentence("ledger.no_checks", language)
    names = "; ".join(sentence(f"check.{code}", language) for code, _ in claim.sensitivity)
    return sentence("ledger.held_words", language, held=claim.held, of=len(claim.sensitivity), names=names)

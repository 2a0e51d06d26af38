"""A report as one HTML page: the words around it are in a template, the parts are rendered here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.display.figures import drawing
from coachresearch.display.html import escaped, table_html
from coachresearch.display.tables import Table, result_table
from coachresearch.display.text import MESSAGES, method_sentences, sentence
from coachresearch.reports.ledger import ledger_html, spoken
from coachresearch.reports.parts import (
    Bullets,
    Drawn,
    Folded,
    Heading,
    LedgerOf,
    Part,
    Quote,
    Say,
    Section,
    Tabled,
    TableOf,
    Terms,
)

if TYPE_CHECKING:
    from coachresearch.reports.report import Report

_TEMPLATES = Path(__file__).parent / "templates"


def page(report: Report) -> str:
    """Return the whole page.

    Parameters
    ----------
    report : Report
        Tables and figures are numbered in reading order; every id is made from its section and number.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    language = spoken_language(report.language)
    writer = _Writer(language, report.language)
    sections = [writer.section(section) for section in report.sections]
    return environment.get_template("page.html").render(
        report=report, language=language, author_language=report.language, sections=sections,
        style=(_TEMPLATES / "page.css").read_text(encoding="utf-8"), say=lambda code: sentence(code, language),
        facts=_provenance(report, language))


def spoken_language(language: str) -> str:
    """Return the language the page is written in: the one asked for if the catalogue speaks it, else English."""
    return language if (MESSAGES.folder / language).is_dir() else "en"


def build_date(built: str = "", environment: Mapping[str, str] = os.environ) -> str:
    """Return the date of a report: the one given, else that of SOURCE_DATE_EPOCH, else none."""
    epoch = environment.get("SOURCE_DATE_EPOCH", "")
    if built or not epoch:
        return built
    return datetime.fromtimestamp(int(epoch), UTC).date().isoformat()


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A section as the template takes it; `html` is already safe."""

    id: str
    heading: str
    html: str


@dataclass(slots=True)
class _Writer:
    language: str
    author_language: str
    tables: count[int] = field(default_factory=lambda: count(1))
    figures: count[int] = field(default_factory=lambda: count(1))

    def section(self, section: Section) -> _Rendered:
        parts = "\n".join(self._part(part) for part in section.parts)
        return _Rendered(section.id, spoken(section.heading, self.language), parts)

    def _part(self, part: Part) -> str:
        if isinstance(part, Say | Quote):
            return f"<p{self._foreign(part)}>{self._words(part)}</p>"
        if isinstance(part, Heading):
            return f"<h3{self._foreign(part.words)}>{self._words(part.words)}</h3>"
        if isinstance(part, Bullets):
            return "<ul>" + "".join(f"<li{self._foreign(one)}>{self._words(one)}</li>" for one in part.items) + "</ul>"
        if isinstance(part, Terms):
            return "<dl>" + "".join(
                f"<div><dt>{self._words(name)}</dt><dd{self._foreign(what)}>{self._words(what)}</dd></div>"
                for name, what in part.pairs) + "</dl>"
        if isinstance(part, Folded):
            return (f"<details><summary>{self._words(part.title)}</summary>"
                    f'<pre tabindex="0">{escaped(part.text)}</pre></details>')
        return self._shown(part)

    def _shown(self, part: TableOf | Tabled | Drawn | LedgerOf) -> str:
        if isinstance(part, Drawn):
            return self._figure(part)
        number = next(self.tables)
        if isinstance(part, LedgerOf):
            return ledger_html(part.claims, id=f"table-{number}", number=number, language=self.language)
        table = part.table if isinstance(part, Tabled) else _table(part, self.language)
        html = table_html(table, id=f"table-{number}", language=self.language, number=number)
        folded = part.folded if isinstance(part, TableOf) else None
        return f"<details><summary>{self._words(folded)}</summary>{html}</details>" if folded else html

    def _figure(self, part: Drawn) -> str:
        number = next(self.figures)
        title = self._words(part.title, escape=False)
        drawn = drawing(part.kind, part.frame, id=f"figure-{number}", title=title, language=self.language)
        name = escaped(sentence("figure.number", self.language, number=number))
        words = escaped(sentence("figure.in_words", self.language))
        return (f"<figure>{drawn.svg}<figcaption><b>{name}</b> <i>{escaped(title)}</i>"
                f"<details><summary>{words}</summary><p>{escaped(drawn.description)}</p></details>"
                "</figcaption></figure>")

    def _words(self, words: Say | Quote, *, escape: bool = True) -> str:
        text = words.text if isinstance(words, Quote) else spoken(words, self.language)
        return escaped(text) if escape else text

    def _foreign(self, words: Say | Quote) -> str:
        apart = isinstance(words, Quote) and self.author_language != self.language
        return f' lang="{escaped(self.author_language)}"' if apart else ""


def _table(part: TableOf, language: str) -> Table:
    """The table of a result; where only some estimates are shown, the notes about methods stand in the full one."""
    if not part.terms:
        return result_table(part.result, language, dict(part.names))
    some = tuple(one for one in part.result.estimates if one.term in part.terms)
    whole = result_table(replace(part.result, estimates=some, method="", cautions=part.result.cautions), language,
                         dict(part.names))
    notes = tuple(caution for caution in whole.notes if caution not in method_sentences(part.result, language))
    return replace(whole, notes=notes)


def _provenance(report: Report, language: str) -> list[tuple[str, str]]:
    told = report.provenance
    pairs = [
        ("data_hash", told.data_hash), ("versions", ", ".join(f"{name} {version}" for name, version in told.versions)),
        ("seed", "" if told.seed is None else str(told.seed)), ("command", told.command), ("revision", told.revision),
        ("built", build_date(told.built)),
    ]
    return [(sentence(f"provenance.{name}", language), text) for name, text in pairs if text]

"""Results as HTML: real tables with captions and scopes; everything that comes from data is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from coachresearch.display.tables import Column, Table, result_table
from coachresearch.display.text import sentence

if TYPE_CHECKING:
    from coachresearch.display.result import Result

STYLE = (
    ".cr-table{border-collapse:collapse;border-top:2px solid #222;border-bottom:2px solid #222;"
    "font-variant-numeric:tabular-nums;background:#fff;color:#1a1a1a}"
    ".cr-table caption{text-align:left;padding:0 0 .4em}"
    ".cr-table caption b,.cr-table caption i{display:block}"
    ".cr-table th,.cr-table td{padding:.25em .75em;text-align:right;font-weight:400;border:0}"
    ".cr-table thead th{border-bottom:1px solid #222;vertical-align:bottom}"
    ".cr-table .cr-text{text-align:left}"
    ".cr-table .cr-group{text-align:left;font-weight:700;padding-top:.7em}"
    ".cr-note{font-size:.92em;margin:.4em 0 0;max-width:44em}"
)
"""Rules for the tables of a notebook; a report brings its own style sheet with the same classes."""


def escaped(text: object) -> str:
    """Make any text safe between tags and inside quoted attributes."""
    return escape(str(text), quote=True)


def result_html(result: Result, *, id: str = "result", language: str = "en") -> str:
    """Return a result as one HTML fragment for a notebook: its table with notes, and its own few style rules.

    Parameters
    ----------
    result : Result
    id : str
        Prefix of every id in the fragment.
    language : str
    """
    table = table_html(result_table(result, language), id=f"{id}-table", language=language)
    return f'<div class="cr-result" id="{escaped(id)}"><style>{STYLE}</style>{table}</div>'


def table_html(table: Table, *, id: str, language: str = "en", number: int | None = None) -> str:
    """Return a table in APA style: number and italic title above, rules above and below only, notes beneath.

    Parameters
    ----------
    table : Table
    id : str
        Id of the element; ids are given, never drawn at random, so that a rerun is byte-identical.
    language : str
    number : int, optional
        Number of the table within its report.
    """
    numbered = f"<b>{escaped(sentence('table.number', language, number=number))}</b>" if number is not None else ""
    head = "".join(f'<th scope="col"{_class(column)}>{escaped(column.label)}</th>' for column in table.columns)
    bodies = "".join(_body(block.heading, block.rows, table.columns) for block in table.blocks)
    return (
        f'<div class="cr-scroll" role="region" tabindex="0" aria-labelledby="{escaped(id)}-caption">'
        f'<table class="cr-table" id="{escaped(id)}">'
        f'<caption id="{escaped(id)}-caption">{numbered}<i>{escaped(table.title)}</i></caption>'
        f"<thead><tr>{head}</tr></thead>{bodies}</table></div>{_notes(table, language)}"
    )


def _body(heading: str, rows: Sequence[Sequence[str]], columns: Sequence[Column]) -> str:
    group = (f'<tr><th class="cr-group" scope="rowgroup" colspan="{len(columns)}">{escaped(heading)}</th></tr>'
             if heading else "")
    lines = "".join(_row(row, columns) for row in rows)
    return f"<tbody>{group}{lines}</tbody>"


def _row(row: Sequence[str], columns: Sequence[Column]) -> str:
    first = f'<th scope="row"{_class(columns[0])}>{escaped(row[0])}</th>'
    rest = "".join(f"<td{_class(column)}>{escaped(cell)}</td>"
                   for column, cell in zip(columns[1:], row[1:], strict=True))
    return f"<tr>{first}{rest}</tr>"


def _class(column: Column) -> str:
    return ' class="cr-text"' if column.align == "text" else ""


def _notes(table: Table, language: str) -> str:
    if not table.notes:
        return ""
    first = f"<i>{escaped(sentence('table.note', language))}</i> "
    return f'<p class="cr-note">{first}{" ".join(escaped(note) for note in table.notes)}</p>'

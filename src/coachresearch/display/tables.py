"""Results as tables of words, before any markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal

from coachresearch.core.caution import Caution
from coachresearch.core.estimate import Estimate
from coachresearch.display import numbers
from coachresearch.display.terms import written, written_interval
from coachresearch.display.text import caution_sentence, group_label, heading, label, method_sentences, sentence

if TYPE_CHECKING:
    from coachresearch.display.result import Result

_WIDE = frozenset({"item_analysis"})
_COLUMNS = ("estimate", "interval", "std_error", "statistic", "df", "p_value", "n")


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column and how its cells stand."""

    label: str
    align: Literal["text", "number"] = "number"


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that belong together, under a heading if there is one."""

    rows: tuple[tuple[str, ...], ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it will be read.

    Parameters
    ----------
    title : str
        Set in italics beneath the number.
    columns : tuple of Column
        The first one names the rows.
    blocks : tuple of Block
        Every row holds one text per column.
    notes : tuple of str
        What stands below.
    """

    title: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for block in self.blocks:
            for row in block.rows:
                if len(row) != len(self.columns):
                    raise ValueError(f"row {row!r} has {len(row)} cells; the table has {len(self.columns)} columns")


def result_table(result: Result, language: str = "en", names: Mapping[str, str] | None = None) -> Table:
    """Return the table of a result: one row per estimate, or one per item where a result is about items.

    Parameters
    ----------
    result : Result
    language : str
    names : mapping of str to str, optional
        Names for readers of the groups (arms, items).
    """
    cautions = tuple(caution_sentence(_renamed(one, names or {}), language) for one in result.cautions)
    notes = (*method_sentences(result, language), *cautions)
    shape = _wide if result.kind in _WIDE else _long
    columns, blocks = shape(result.estimates, language, names or {})
    return Table(heading(result, language), columns, blocks, notes)


def _renamed(one: Caution, names: Mapping[str, str]) -> Caution:
    return Caution(one.code, tuple((key, names.get(value, value) if isinstance(value, str) else value)
                                   for key, value in one.params))


def _wide(
    estimates: Sequence[Estimate], language: str, names: Mapping[str, str]
) -> tuple[tuple[Column, ...], tuple[Block, ...]]:
    terms = tuple(dict.fromkeys(one.term for one in estimates))
    groups = tuple(dict.fromkeys(one.group for one in estimates))
    values = {(one.group, one.term): written(one.term, one.estimate) for one in estimates}
    rows = tuple(
        (names.get(group, group) or sentence("label.whole", language),
         *(values.get((group, term), numbers.NOTHING) for term in terms),
         numbers.count(next(one.n for one in estimates if one.group == group)))
        for group in groups
    )
    head = (Column(sentence("column.item", language), "text"), *(Column(label(term, language)) for term in terms),
            Column(sentence("column.n", language)))
    return head, (Block(rows),)


def _long(
    estimates: Sequence[Estimate], language: str, names: Mapping[str, str]
) -> tuple[tuple[Column, ...], tuple[Block, ...]]:
    used = tuple(column for column in _COLUMNS if any(_cell(one, column) != numbers.NOTHING for one in estimates))
    blocks = _by_group(estimates, used, language, names)
    levels = {one.conf_level for one in estimates if isfinite(one.conf_level)}
    level = numbers.percent(max(levels)) if len(levels) == 1 else ""
    head = [Column(sentence("column.term", language), "text")]
    head += [Column(sentence(f"column.{column}", language, level=level).strip()) for column in used]
    return tuple(head), blocks


def _by_group(
    estimates: Sequence[Estimate], used: Sequence[str], language: str, names: Mapping[str, str]
) -> tuple[Block, ...]:
    """One block a group; groups that hold one estimate each are gathered under the name of their term."""
    size = Counter(one.group for one in estimates)
    alone = Counter(one.term for one in estimates if one.group and size[one.group] == 1)
    rows: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for one in estimates:
        group = group_label(one.group, language, names)
        term = label(one.term, language)
        gathered = one.group and size[one.group] == 1 and alone[one.term] > 1
        block, name = (("term", term), group) if gathered else (("group", group), term)
        rows.setdefault(block, []).append((name, *(_cell(one, column) for column in used)))
    return tuple(Block(tuple(lines), heading) for (_, heading), lines in rows.items())


def _cell(estimate: Estimate, column: str) -> str:
    if column == "estimate":
        return written(estimate.term, estimate.estimate)
    if column == "interval":
        return written_interval(estimate)
    if column == "p_value":
        return numbers.p_value(estimate.p_value)
    if column == "n":
        return numbers.count(estimate.n) if estimate.n else numbers.NOTHING
    if column == "df":
        whole = isfinite(estimate.df) and estimate.df == round(estimate.df)
        return numbers.number(estimate.df, 0 if whole else 1)
    value: float = getattr(estimate, column)
    return numbers.number(value)

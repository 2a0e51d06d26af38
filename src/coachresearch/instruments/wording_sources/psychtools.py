"""Wording from the dictionaries of the R package psychTools, as the script beside this module writes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.instruments.instrument import WordingSource
from coachresearch.instruments.wording_sources.table import (
    Terms,
    Wording,
    WordingTarget,
    bounded_bytes,
    check_hash,
    row,
    sha256_of,
    wording_of,
)

SCRIPT = Path(__file__).with_name("psychtools.R")
"""The R script that writes the table: ``Rscript psychtools.R dictionaries.csv``."""
COLUMNS = ("package", "version", "licence", "object", "item", "text", "keying")
LAWFUL: Mapping[str, int] = {
    "bfi.dictionary": 25, "spi.dictionary": 135, "zola.dictionary": 165, "bfi.adjectives.dictionary": 100,
}
"""Dictionaries whose wording is free (International Personality Item Pool, single words), and their size."""
_OBJECTS = {"bfi25": "bfi.dictionary", "spi": "spi.dictionary", "zola": "zola.dictionary",
            "bfi_adjectives": "bfi.adjectives.dictionary"}
_MOST = 1_000_000
_TERMS = "package: {licence}; wording: International Personality Item Pool or single words, free to use"


def load_psychtools(
    path: Path,
    target: WordingTarget,
    *,
    languages: Sequence[str] = ("en",),
    terms: Terms | None = None,
    sha256: str = "",
) -> Wording:
    """Read the wording of a scale from the table that the R script wrote.

    Parameters
    ----------
    path : Path
        CSV file with the columns `COLUMNS`.
    target : WordingTarget
        ``bfi25``; for the other dictionaries see `dictionary_target`.
    languages : sequence of str
        English alone.
    terms : Terms, optional
        Not needed: the wording is free.
    sha256 : str
        Hash of the file, if it is to be checked.

    Raises
    ------
    InstrumentError
        If the file is not such a table, or its items are not those of the scale.

    Notes
    -----
    The signs of the file are left aside: the dictionary scores its fourth factor as stability, the key as neuroticism.
    """
    wanted = _OBJECTS.get(target.scale_id)
    if wanted is None:
        raise InstrumentError(f"psychTools has no free wording of {target.scale_id!r}", where=path.name,
                              remedy=f"It has that of: {', '.join(sorted(_OBJECTS))}.")
    if set(languages) != {"en"}:
        other = ", ".join(sorted(set(languages) - {"en"})) or "no language"
        raise InstrumentError(f"psychTools has no wording in {other}", where=path.name, remedy="It has English alone.")
    content = bounded_bytes(path, _MOST)
    digest = sha256_of(content)
    check_hash(digest, sha256, where=path.name, remedy="Write it again with the R script, or state its own hash.")
    lines = [line for line in _lines(content, path.name) if line["object"] == wanted]
    if not lines:
        raise InstrumentError(f"{path.name} has no rows of {wanted}", where=path.name,
                              remedy=f"Write it again: {_CALL}.")
    rows = [row(target, line["item"], line["text"], "en") for line in lines]
    source = WordingSource("psychtools", path.name, f"psychTools {lines[0]['version']}, {wanted}", digest,
                           _TERMS.format(licence=lines[0]["licence"]), datetime.now(UTC))
    return wording_of(rows, target, source)


def dictionary_target(path: Path, scale_id: str) -> WordingTarget:
    """Describe a dictionary for which there is no card (spi, zola, bfi_adjectives), so that its table can be read.

    Raises
    ------
    InstrumentError
        If the file is not such a table, or has not the number of rows that the dictionary has.
    """
    wanted = _OBJECTS.get(scale_id, "")
    items = tuple(line["item"] for line in _lines(bounded_bytes(path, _MOST), path.name) if line["object"] == wanted)
    if len(items) != LAWFUL.get(wanted, -1):
        raise InstrumentError(f"{path.name} has {len(items)} rows of {wanted or scale_id!r}, "
                              f"not {LAWFUL.get(wanted, 0)}", where=path.name, remedy=f"Write it again: {_CALL}.")
    return WordingTarget(scale_id, items, None, {}, (), "public-domain")


_CALL = f"Rscript {SCRIPT.name} FILE.csv"


def _lines(content: bytes, name: str) -> Iterator[Mapping[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        columns = tuple(reader.fieldnames or ())
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise InstrumentError(f"{name} is not a CSV file in UTF-8: {problem}", where=name,
                              remedy=f"Write it again: {_CALL}.") from None
    if columns != COLUMNS:
        raise InstrumentError(f"{name} has the columns {', '.join(columns)}", where=name,
                              remedy=f"Expected {', '.join(COLUMNS)}: {_CALL}.")
    faults = [
        Fault(f"The dictionary {line['object']!r} is not read", f"{name}, line {number}",
              f"Its wording belongs to others. Read are: {', '.join(LAWFUL)}.")
        for number, line in enumerate(lines, start=2) if line["object"] not in LAWFUL
    ]
    faults += [Fault("The line has too many or too few cells", f"{name}, line {number}", f"Write it again: {_CALL}.")
               for number, line in enumerate(lines, start=2) if None in line or None in line.values()]
    if faults:
        raise InstrumentError.of(dict.fromkeys(faults))
    return iter(lines)

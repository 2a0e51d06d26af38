"""Sentences live in message catalogues; code hands over a code and parameters."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Formats = Mapping[str, Callable[[Any], str]]


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """A folder of ``<language>/*.yaml`` files: flat ``code: sentence`` pairs.

    A sentence may hold ``{name}``, ``{name:.2f}`` (with a true minus sign), ``{name:plural(person,people)}``
    (number and noun) and ``{name:<format>}`` for each of `formats`.

    Parameters
    ----------
    folder : Path
        Folder with one sub-folder a language.
    formats : mapping of str to function
        Named formats for values.
    """

    folder: Path
    formats: Formats = field(default_factory=dict)

    def say(self, code: str, language: str = "en", /, **params: object) -> str:
        """Render one sentence.

        Raises
        ------
        KeyError
            If the catalogue has no such code, in the language asked for or in English.
        """
        sentences = _sentences(self.folder, language)
        sentence = sentences.get(code) or _sentences(self.folder, "en").get(code)
        if sentence is None:
            raise KeyError(f"no sentence {code!r} in the message catalogue {self.folder.name!r} ({language})")
        return _Formatter(self.formats).format(sentence, **params)

    def knows(self, code: str) -> bool:
        """Whether the English catalogue has this code."""
        return code in _sentences(self.folder, "en")

    def codes(self) -> tuple[str, ...]:
        """Every code of the English catalogue, sorted."""
        return tuple(sorted(_sentences(self.folder, "en")))


class _Formatter(string.Formatter):
    def __init__(self, formats: Formats) -> None:
        self._formats = formats

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in self._formats:
            return self._formats[format_spec](value)
        if format_spec.startswith("plural("):
            singular, plural = format_spec.removeprefix("plural(").removesuffix(")").split(",")
            return f"{value} {singular if value == 1 else plural}"
        return str(format(value, format_spec)).replace("-", "\N{MINUS SIGN}") if format_spec else str(value)


@cache
def _sentences(folder: Path, language: str) -> Mapping[str, str]:
    import yaml

    found: dict[str, str] = {}
    for path in sorted((folder / language).glob("*.yaml")):
        for code, sentence in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).items():
            if code in found:
                raise ValueError(f"message {code!r} stands twice in the catalogue ({path.name})")
            found[code] = str(sentence)
    return found

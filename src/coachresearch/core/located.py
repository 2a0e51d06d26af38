"""YAML that remembers its lines, checked against a JSON Schema, with every fault reported together."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coachresearch.core.errors import CoachResearchError, Fault

Path_ = tuple[str | int, ...]
_LARGEST = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """Plain data from a YAML file, and the line of every part of it.

    Parameters
    ----------
    name : str
        File name used in messages.
    data : Any
        Dictionaries, lists and scalars. Scalars follow YAML 1.2: ``no``, ``on`` and ``12:30`` are text.
    lines : mapping
        Path of keys and positions to a line number, counted from 1.
    """

    name: str
    data: Any
    lines: Mapping[Path_, int]

    def where(self, *path: str | int) -> str:
        """Return ``file, line n`` for a path, or for its nearest known ancestor."""
        steps = tuple(path)
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return f"{self.name}, line {self.lines.get(steps, 1)}"


def read_located(
    path: Path, *, schema: Mapping[str, Any] | None = None, error: type[CoachResearchError] = CoachResearchError
) -> Located:
    """Read a YAML file and check it against a schema.

    Parameters
    ----------
    path : Path
        UTF-8 file of at most 2 MB. Aliases and tags are refused.
    schema : mapping, optional
        JSON Schema (draft 2020-12).
    error : type of CoachResearchError
        What to raise.

    Raises
    ------
    CoachResearchError
        Of the type `error`, with every fault of syntax, duplicate keys and schema that was found.
    """
    located = _parsed(path, error)
    if schema is not None:
        found = schema_faults(located, schema)
        if found:
            raise error.of(found)
    return located


def schema_faults(located: Located, schema: Mapping[str, Any]) -> tuple[Fault, ...]:
    """List everything in which the data break a JSON Schema, in the order of the file."""
    Draft202012Validator = _validator_class()
    problems = sorted(Draft202012Validator(schema).iter_errors(located.data),
                      key=lambda problem: located.lines.get(tuple(problem.absolute_path), 0))
    return tuple(dict.fromkeys(_schema_fault(located, problem) for problem in problems))


def _validator_class() -> Any:
    """Import the validator without its grammar of international addresses, which takes seconds to build.

    Where Jupyter is installed, that grammar comes along; it serves a format check that no schema here asks for.
    """
    grammar = "rfc3987_syntax"
    hidden = grammar not in sys.modules
    if hidden:
        sys.modules[grammar] = None  # type: ignore[assignment]
    try:
        from jsonschema import Draft202012Validator
    finally:
        if hidden:
            del sys.modules[grammar]
    return Draft202012Validator


def _schema_fault(located: Located, problem: Any) -> Fault:
    path = tuple(problem.absolute_path)
    spot = ".".join(str(step) for step in path) or "the file"
    place = located.where(*path)
    if problem.validator == "additionalProperties":
        known = sorted(problem.schema.get("properties", {}))
        extra = sorted(set(problem.instance) - set(known), key=str)
        first = extra[0] if extra else ""
        return Fault(f"{spot} has unknown key {', '.join(map(repr, extra))}", located.where(*path, first),
                     f"Known keys are {', '.join(known)}." if known else "Remove it.")
    if problem.validator == "required":
        missing = [name for name in problem.validator_value if name not in problem.instance]
        return Fault(f"{spot} lacks {', '.join(map(repr, missing))}", place, "Add it.")
    if problem.validator == "enum":
        allowed = ", ".join(map(str, problem.validator_value))
        return Fault(f"{spot} is {problem.instance!r}", place, f"Use one of: {allowed}.")
    meaning = problem.schema.get("description", "") if isinstance(problem.schema, Mapping) else ""
    if problem.validator == "type":
        wanted = problem.validator_value
        wanted = wanted if isinstance(wanted, str) else " or ".join(wanted)
        return Fault(f"{spot} is {_short(problem.instance)}, which is not of type {wanted}", place, meaning)
    return Fault(f"{spot}: {_short(problem.message)}", place, meaning)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 160 else f"{text[:157]}..."


def _parsed(path: Path, error: type[CoachResearchError]) -> Located:
    import yaml

    text = _text_of(path, error)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise error(f"{path.name} uses a YAML alias (*name)", where=path.name, remedy="Write the text out.")
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"{path.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else path.name
        raise error(f"{path.name} is not YAML: {getattr(problem, 'problem', None) or problem}", where=place,
                    remedy="Mend the indentation, quotes or colons at that place.") from None
    if node is None:
        raise error(f"{path.name} is empty", where=path.name)
    lines: dict[Path_, int] = {}
    faults: list[Fault] = []
    data = _plain(node, (), lines, faults, path.name)
    if faults:
        raise error.of(faults)
    return Located(path.name, data, lines)


def _text_of(path: Path, error: type[CoachResearchError]) -> str:
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise error(f"{path.name} holds {size:,} bytes; at most {_LARGEST:,} are read", where=path.name,
                        remedy="Split it, or check that it is the right file.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(f"{path.name} is not UTF-8 (byte {problem.start})", where=path.name,
                    remedy="Save it as UTF-8.") from None
    except OSError as problem:
        raise error(f"{path.name} cannot be read: {problem.strerror}", where=str(path),
                    remedy="Check the path and its permissions.") from None


def _plain(node: Any, path: Path_, lines: dict[Path_, int], faults: list[Fault], name: str) -> Any:
    import yaml

    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in found:
                faults.append(Fault(f"Key {key!r} stands twice", f"{name}, line {line}", "Keep one of the two."))
            lines[(*path, key)] = line
            found[key] = _plain(value_node, (*path, key), lines, faults, name)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, position), lines, faults, name) for position, child in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    text: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        try:
            if "_" not in text:
                return number(text)
        except ValueError:
            continue
    return text


def texts(value: str | Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Turn a text, or a mapping of language to text, into sorted words; a bare text is English."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (("en", value),)
    return tuple(sorted((str(language), str(text)) for language, text in value.items()))

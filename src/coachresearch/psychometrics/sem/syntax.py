"""A model in words: factors, regressions, covariances and intercepts, read with the place of every word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Literal, cast

from coachresearch.core.errors import EstimationError, Fault

Operator = Literal["=~", "~~", "~", "~1"]

_NAME = r"[^\W\d][\w.]*"
_TOKEN = re.compile(
    rf"(?P<space>[ \t]+)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>{_NAME})"
    r'|(?P<text>"[^"\n]*")|(?P<op>=~|~~|:=|~)|(?P<sign>[-+*(),/^|])')
class ModelSyntaxError(EstimationError):
    """A model text that cannot be read; each fault says line and column."""


@dataclass(frozen=True, slots=True)
class Modifier:
    """What is said of a parameter in one group.

    Parameters
    ----------
    fixed, start : float
        The value it is fixed at, or the one to start from; NaN if not said.
    free : bool
        True if ``NA*`` frees what would be fixed.
    label : str
        Parameters of one label are equal.
    """

    fixed: float = nan
    start: float = nan
    free: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One parameter as written.

    Parameters
    ----------
    lhs, op, rhs : str
        ``f =~ x``, ``x ~~ y``, ``y ~ x``, or ``x ~1`` with an empty right side.
    modifiers : tuple of Modifier
        One for all groups or one for each; empty if nothing was said.
    line, column : int
        Place of the right side in the text, counted from 1; 0 for a model without text.
    """

    lhs: str
    op: Operator
    rhs: str
    modifiers: tuple[Modifier, ...] = ()
    line: int = 0
    column: int = 0

    @property
    def where(self) -> str:
        """Line and column, for a fault."""
        return f"line {self.line}, column {self.column}" if self.line else ""


@dataclass(frozen=True, slots=True)
class Defined:
    """A quantity made from labelled parameters: ``indirect := a*b``."""

    name: str
    expression: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """A model as written, before it meets data.

    Parameters
    ----------
    terms : tuple of Term
        In the order of the text.
    defined : tuple of Defined
        Quantities made from labelled parameters.
    text : str
        What was read; empty for a model made from keys.
    """

    terms: tuple[Term, ...]
    defined: tuple[Defined, ...] = ()
    text: str = ""

    @property
    def factors(self) -> tuple[str, ...]:
        """Latent variables, in the order of the text."""
        return tuple(dict.fromkeys(term.lhs for term in self.terms if term.op == "=~"))

    @property
    def observed(self) -> tuple[str, ...]:
        """Observed variables, indicators first."""
        latent = set(self.factors)
        indicators = [term.rhs for term in self.terms if term.op == "=~"]
        others = [name for op in ("~", "~~", "~1") for term in self.terms if term.op == op
                  for name in (term.lhs, term.rhs)]
        return tuple(name for name in dict.fromkeys([*indicators, *others]) if name and name not in latent)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int
    column: int


def parse_model(text: str) -> Model:
    """Read a model from its text.

    Parameters
    ----------
    text : str
        One statement a line or between semicolons; ``#`` begins a remark. ``f =~ x1 + x2`` (f is measured by),
        ``y ~ x`` (regressed on), ``x ~~ y`` (covariance or variance), ``x ~ 1`` (intercept), ``name := a*b``
        (defined). Before a right side: ``0.5*x`` fixes, ``NA*x`` frees, ``start(0.8)*x`` starts, ``a*x`` labels; the
        same label makes parameters equal; ``c(a, b)*x`` says it for each group.

    Returns
    -------
    Model

    Raises
    ------
    ModelSyntaxError
        If something cannot be read, a label starts at two values or a parameter stands twice; all faults of the text
        together, each with line and column.

    Notes
    -----
    The language follows that of lavaan (Rosseel, 2012, Journal of Statistical Software 48(2)).
    """
    terms: list[Term] = []
    defined: list[Defined] = []
    faults: list[Fault] = []
    for statement, line, column in _statements(text):
        try:
            if ":=" in statement:
                defined.append(_definition(statement, line, column))
            else:
                terms += _Reader(_tokens(statement, line, column)).terms()
        except ModelSyntaxError as error:
            faults += error.faults
    faults += _repeated(terms) + _starts(terms) + _unknown_labels(terms, defined)
    if not terms and not faults:
        faults.append(Fault("The model has no statement", remedy='Write for example "trust =~ t1 + t2 + t3".'))
    if faults:
        raise ModelSyntaxError.of(faults)
    return Model(tuple(terms), tuple(defined), text)


def model_of_keys(scales: Mapping[str, Sequence[str]]) -> Model:
    """Make the model in which every scale is a factor of its own items; the factors correlate.

    Parameters
    ----------
    scales : mapping of str to sequence of str
        Scale to items, as an instrument's own keys say.

    Raises
    ------
    EstimationError
        If there is no scale, a scale without items, an item twice in a scale or a name that is both.
    """
    if not scales:
        raise EstimationError("There is no scale to make a model of", remedy="Give {scale: items}.")
    for scale, items in scales.items():
        if not items:
            raise EstimationError(f"Scale {scale!r} has no items", remedy="Give its items, or leave it out.")
        twice = sorted({item for item in items if list(items).count(item) > 1})
        if twice:
            raise EstimationError(f"Scale {scale!r} has {', '.join(map(repr, twice))} twice",
                                  remedy="Name every item once.")
        if any(scale in others for others in scales.values()):
            raise EstimationError(f"{scale!r} is the name of a scale and of an item", remedy="Rename one of them.")
    return Model(tuple(Term(scale, "=~", item) for scale, items in scales.items() for item in items))


def _statements(text: str) -> Iterator[tuple[str, int, int]]:
    """Each statement with its line and the column where it begins; a line that ends in an operator runs on."""
    held, at = "", (0, 0)
    for number, line in enumerate(text.splitlines(), start=1):
        place = 1
        for part in line.split("#", 1)[0].split(";"):
            if part.strip() and held:
                yield from ((held + "\n" + part, *at),) if not _open(part) else ()
                held = held + "\n" + part if _open(part) else ""
            elif part.strip() and _open(part):
                held, at = part, (number, place)
            elif part.strip():
                yield part, number, place
            place += len(part) + 1
    if held:
        yield held, *at


def _open(part: str) -> bool:
    return part.rstrip().endswith(("+", "~", "*", ",", "=")) and not part.rstrip().endswith(":=")


def _tokens(statement: str, line: int, column: int) -> list[_Token]:
    found: list[_Token] = []
    for step, part in enumerate(statement.split("\n")):
        shift, place = (column, 0) if not step else (1, 0)
        while place < len(part):
            match = _TOKEN.match(part, place)
            if match is None:
                raise ModelSyntaxError(f"{part[place]!r} cannot be read", where=f"line {line + step}, column "
                                       f"{place + shift}", remedy="Operators are =~, ~~, ~ and :=.")
            if match.lastgroup != "space":
                found.append(_Token(str(match.lastgroup), match.group(), line + step, place + shift))
            place = match.end()
    return found


class _Reader:
    """Reads the tokens of one statement from left to right."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens, self.at = tokens, 0

    def terms(self) -> list[Term]:
        left = [self.take("name", "a variable")]
        while self.peek() == "+":
            self.at += 1
            left.append(self.take("name", "a variable"))
        operator = self.take("op", "=~, ~~, ~ or :=")
        found = self.right(left, operator.text)
        while self.peek() == "+":
            self.at += 1
            found += self.right(left, operator.text)
        if self.at < len(self.tokens):
            raise self.wrong("+ or the end of the statement")
        return found

    def right(self, left: list[_Token], operator: str) -> list[Term]:
        modifiers: tuple[Modifier, ...] = ()
        while self.modified():
            modifiers = _merged(modifiers, self.modifier(operator))
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        if token is not None and token.kind == "number" and operator == "~" and token.text in ("0", "1"):
            self.at += 1
            op, rhs = "~1", ""
            if token.text == "0":
                modifiers = (Modifier(fixed=0.0),)
        else:
            token = self.take("name", "a variable")
            op, rhs = operator, token.text
        return [Term(one.text, cast(Operator, op), rhs, modifiers, token.line, token.column) for one in left]

    def modified(self) -> bool:
        """Whether a modifier stands here: anything before a ``*``."""
        depth = 0
        for token in self.tokens[self.at:]:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0 and token.text in ("*", "+"):
                return token.text == "*"
            if depth == 0 and token.kind == "op":
                return False
        return False

    def modifier(self, operator: str) -> tuple[Modifier, ...]:
        token = self.tokens[self.at]
        if token.text == "c" and self.peek(1) == "(":
            self.at += 2
            found = [self.single()]
            while self.peek() == ",":
                self.at += 1
                found.append(self.single())
            self.take_sign(")")
        else:
            found = [self.single()]
        self.take_sign("*")
        return tuple(found)

    def single(self) -> Modifier:
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        if token is not None and token.text in ("start", "label", "equal") and self.peek(1) == "(":
            self.at += 2
            if token.text == "start":
                found = Modifier(start=self.number())
            else:
                found = Modifier(label=self.take("text", 'a "label"').text.strip('"'))
            self.take_sign(")")
            return found
        if token is not None and token.kind == "name":
            self.at += 1
            return Modifier(free=True) if token.text == "NA" else Modifier(label=token.text)
        return Modifier(fixed=self.number())

    def number(self) -> float:
        sign = 1.0
        if self.peek() in ("-", "+"):
            sign = -1.0 if self.peek() == "-" else 1.0
            self.at += 1
        return sign * float(self.take("number", "a number").text)

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.tokens[place].text if place < len(self.tokens) else ""

    def take(self, kind: str, wanted: str) -> _Token:
        if self.at >= len(self.tokens) or self.tokens[self.at].kind != kind:
            raise self.wrong(wanted)
        self.at += 1
        return self.tokens[self.at - 1]

    def take_sign(self, sign: str) -> None:
        if self.peek() != sign:
            raise self.wrong(sign)
        self.at += 1

    def wrong(self, wanted: str) -> ModelSyntaxError:
        if self.at < len(self.tokens):
            token = self.tokens[self.at]
            where = f"line {token.line}, column {token.column}"
            if token.text == "|":
                return ModelSyntaxError("Thresholds (|) belong to ordinal models", where=where,
                                        remedy="Leave them out: the items of this model are continuous.")
            return ModelSyntaxError(f"{token.text!r} stands where {wanted} is expected", where=where,
                                    remedy="A statement is for example f =~ x1 + x2, y ~ x, x1 ~~ x2 or x ~ 1.")
        last = self.tokens[-1]
        return ModelSyntaxError(f"The statement ends where {wanted} is expected",
                                where=f"line {last.line}, column {last.column + len(last.text)}",
                                remedy="Finish it, or take away the last sign.")


def _merged(old: tuple[Modifier, ...], new: tuple[Modifier, ...]) -> tuple[Modifier, ...]:
    if not old:
        return new
    size = max(len(old), len(new))
    pairs = zip(old * (size if len(old) == 1 else 1), new * (size if len(new) == 1 else 1), strict=False)
    return tuple(Modifier(one.fixed if one.fixed == one.fixed else two.fixed,
                          one.start if one.start == one.start else two.start, one.free or two.free,
                          one.label or two.label) for one, two in pairs)


def _definition(statement: str, line: int, column: int) -> Defined:
    name, _, expression = statement.partition(":=")
    where = f"line {line}, column {column + len(statement) - len(statement.lstrip())}"
    if not re.fullmatch(_NAME, name.strip()):
        raise ModelSyntaxError(f"{name.strip()!r} is not a name", where=where, remedy="Write for example ind := a*b.")
    if not expression.strip():
        raise ModelSyntaxError(f"Nothing stands behind {name.strip()} :=", where=where,
                               remedy="Write for example ind := a*b.")
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
    except SyntaxError:
        raise ModelSyntaxError(f"{expression.strip()!r} cannot be read", where=where,
                               remedy="A definition adds, subtracts, multiplies and divides labels.") from None
    allowed = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.Constant, ast.Add, ast.Sub, ast.Mult,
               ast.Div, ast.Pow, ast.USub, ast.UAdd)
    if any(not isinstance(node, allowed) or (isinstance(node, ast.Constant) and not isinstance(node.value, int | float))
           for node in ast.walk(tree)):
        raise ModelSyntaxError(f"{expression.strip()!r} holds more than labels, numbers and + - * / ^", where=where,
                               remedy="A definition adds, subtracts, multiplies and divides labels.")
    return Defined(name.strip(), expression.strip(), line, column)


def labels_of(expression: str) -> tuple[str, ...]:
    """Names that stand in the expression of a definition."""
    tree = ast.parse(expression.replace("^", "**"), mode="eval")
    return tuple(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))


def _repeated(terms: list[Term]) -> list[Fault]:
    seen: dict[tuple[str, str, str], Term] = {}
    faults = []
    for term in terms:
        first, second = sorted((term.lhs, term.rhs)) if term.op == "~~" else (term.lhs, term.rhs)
        key = (first, term.op, second)
        if key in seen:
            faults.append(Fault(f"{term.lhs} {term.op} {term.rhs}".strip() + " stands twice", term.where,
                                f"It stands in {seen[key].where} already: take one away."))
        seen[key] = term
    return faults


def _starts(terms: list[Term]) -> list[Fault]:
    starts: dict[str, tuple[float, Term]] = {}
    faults = []
    for term in terms:
        for one in term.modifiers:
            if not one.label or one.start != one.start:
                continue
            before = starts.setdefault(one.label, (one.start, term))
            if before[0] != one.start:
                faults.append(Fault(f"Label {one.label!r} starts at {one.start:g} here and at {before[0]:g} in "
                                    f"{before[1].where}", term.where, "Give one starting value for one label."))
    return faults


def _unknown_labels(terms: list[Term], defined: list[Defined]) -> list[Fault]:
    known = {one.label for term in terms for one in term.modifiers if one.label}
    faults = []
    for one in defined:
        unknown = [name for name in labels_of(one.expression) if name not in known]
        if unknown:
            faults.append(Fault(f"{one.name} := uses {', '.join(map(repr, unknown))}, which labels no parameter",
                                f"line {one.line}, column {one.column}",
                                f"Labels are: {', '.join(sorted(known)) or 'none yet; write for example y ~ a*x'}."))
        known.add(one.name)
    return faults

"""What is asked: items, the options shown, the scores formed from them, and who says so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, TypeVar

from coachresearch.core.contracts import MissingKind, RaterRole
from coachresearch.core.errors import InstrumentError

Language = str
Words = tuple[tuple[Language, str], ...]
"""The same text in one or more languages, sorted by language code."""

Family = Literal["competency", "character", "manager_quality", "coaching_process", "organisation"]
ModelKind = Literal["reflective", "formative", "observation", "interview"]
Status = Literal["draft", "published"]
Entry = Literal["choice", "number", "text"]
"""How an answer is given: one of the options, a whole number within limits, or the respondent's own words."""
ItemUse = Literal["content", "reserve", "attention", "consistency", "context", "open", "note"]
"""What an item is for; see `Item`."""
ScaleRule = Literal["mean", "sum", "highest", "second_highest", "share_reaching", "share_right", "share_of_parent"]
"""How answers are joined to a score; see `Scale`."""

_Named = TypeVar("_Named", "Item", "Scale", "Form", "ResponseScale")


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a level looks like: the conduct it stands for, and examples of what may be seen or shown.

    Parameters
    ----------
    value : int
        The level, one of the values of the response scale.
    text : Words
        The conduct.
    examples : tuple of Words
        Things that a person at this level was seen to do or could show.
    """

    value: int
    text: Words
    examples: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseScale:
    """The options shown for an item.

    Parameters
    ----------
    id : str
        Identifier within the instrument.
    kind : str
        What the options express: agreement, frequency, accuracy, typicality, level ...; ``choice`` has no order.
    values : tuple of int
        Codes in the order shown; every whole number allowed where `entry` is ``number``, none where it is ``text``.
    labels : tuple of Words
        One label per value; an empty tuple of words where the point carries no label.
    missing : tuple of (int, MissingKind, Words)
        Options outside the scale: code, kind and label.
    entry : {"choice", "number", "text"}
        How an answer is given.
    unit : Words
        What a number counts, such as minutes.
    anchors : tuple of Anchor
        What the levels look like, where that is the same for every item.
    """

    id: str
    kind: str
    values: tuple[int, ...]
    labels: tuple[Words, ...]
    missing: tuple[tuple[int, MissingKind, Words], ...] = ()
    entry: Entry = "choice"
    unit: Words = ()
    anchors: tuple[Anchor, ...] = ()

    @property
    def low(self) -> int:
        """Lowest code; an error where answers are texts."""
        return min(self._numbers())

    @property
    def high(self) -> int:
        """Highest code; an error where answers are texts."""
        return max(self._numbers())

    def _numbers(self) -> tuple[int, ...]:
        if not self.values:
            raise InstrumentError(f"Response scale {self.id!r} takes texts and has no lowest and highest answer",
                                  remedy="Ask for the ends of scales with options or numbers only.")
        return self.values


@dataclass(frozen=True, slots=True)
class Item:
    """One question; it does not know its scoring direction.

    Parameters
    ----------
    id : str
        Identifier, unique in the instrument.
    response_scale : str
        Id of its `ResponseScale`.
    text : tuple of (str, Words)
        Wording per rater role: ``self``, a named role, or ``other`` for every role without wording of its own.
        Empty where the wording is its owner's and not held here.
    use : ItemUse
        ``content``: part of what is measured. ``reserve``: written to replace content, shown in pilot forms alone.
        ``attention``: tells which answer to give. ``consistency``: says what `pair` says in other words. ``context``:
        a fact about the occasion. ``open``: asks for own words. ``note``: what was seen, as grounds for `pair`.
        Only content and reserve items are scored.
    expects : int or None
        The answer asked for by an attention item, or the right answer to a case.
    pair : str
        Id of the item that a consistency item repeats, or that a note belongs to.
    origin : str
        Instrument and item that the wording was taken from unchanged, as ``mq5.mot_3``.
    anchors : tuple of Anchor
        What the levels look like for this item.
    """

    id: str
    response_scale: str
    text: tuple[tuple[str, Words], ...] = ()
    use: ItemUse = "content"
    expects: int | None = None
    pair: str = ""
    origin: str = ""
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """A score to be formed; one item may serve several scales.

    Parameters
    ----------
    id : str
        Identifier, unique in the instrument.
    title, definition : Words
        Name and meaning.
    keys : tuple of (str, int)
        Item id and +1, or -1 for an item that is turned before scoring.
    rule : ScaleRule
        How answered items are joined. ``mean``; ``sum`` (with gaps: the mean of the answered items times the number of
        items); ``highest`` and ``second_highest`` answer; ``share_reaching``: share of the answers at `reaching` or
        above; ``share_right``: share of the answers that are the expected ones; ``share_of_parent``: sum of the answers
        over the sum of the parent's.
    min_answered : int
        Fewest answered items for which a score is formed.
    parent : str
        Id of the scale that this one is part of; empty if none.
    reaching : int or None
        The answer that counts as reached, for ``share_reaching``.
    model : ModelKind or None
        Where it differs from the instrument's; read it with `Instrument.model_of`.
    companion : bool
        Asked beside the construct and never part of it.
    """

    id: str
    title: Words
    keys: tuple[tuple[str, int], ...]
    rule: ScaleRule
    min_answered: int
    definition: Words = ()
    parent: str = ""
    reaching: int | None = None
    model: ModelKind | None = None
    companion: bool = False

    @property
    def items(self) -> tuple[str, ...]:
        """Item ids in key order."""
        return tuple(item for item, _ in self.keys)


@dataclass(frozen=True, slots=True)
class Form:
    """Which items are shown, in which order, to which rater roles.

    Parameters
    ----------
    id : str
        ``full``, ``core`` ...
    items : tuple of str
        Item ids in the order shown.
    roles : tuple of RaterRole
        Who may answer this form.
    minutes : float
        Usual time to answer.
    """

    id: str
    items: tuple[str, ...]
    roles: tuple[RaterRole, ...]
    minutes: float


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms under which the wording may be used: an SPDX id or a class of terms, whose it is, and a note."""

    id: str
    holder: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the instrument comes from; `found` and `key`: whether its statements and its key were seen or recalled."""

    citation: str
    doi: str = ""
    found: Literal["own", "found", "recalled"] = "own"
    note: str = ""
    key: Literal["own", "found", "recalled"] = "own"


@dataclass(frozen=True, slots=True)
class KeyConfirmation:
    """Who compared a recalled scoring key with the published form, when, and with which document."""

    by: str
    on: date
    against: str


@dataclass(frozen=True, slots=True)
class WordingSource:
    """Where a wording that is not ours was loaded from, and under which terms.

    Parameters
    ----------
    back_end : str
        Name of the loader.
    file, version : str
        Name of the file without its folder; name and version of the package in it, if it is one.
    sha256 : str
        Hash of the file (hex).
    licence : str
        Terms as the file or the user states them.
    loaded_at : datetime
        When (UTC).
    by, origin, agreement : str
        Who took responsibility for the terms, where the wording was taken from, and number or date of a permission;
        empty where the file itself carries the terms.
    """

    back_end: str
    file: str
    version: str
    sha256: str
    licence: str
    loaded_at: datetime
    by: str = ""
    origin: str = ""
    agreement: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """How far a translation has come: ``untested``, ``back_translated``, or ``tested`` with people who speak it."""

    language: Language
    state: Literal["untested", "back_translated", "tested"]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Norm:
    """Mean and spread of one scale in a described sample."""

    scale: str
    population: str
    n: int
    mean: float
    sd: float
    source: str


@dataclass(frozen=True, slots=True)
class Instrument:
    """A questionnaire as sourced data; a changed word is a new version.

    Parameters
    ----------
    id, version : str
        Identifier and version of the wording, order, labels and keys.
    content_hash : str
        SHA-256 (hex) over everything that a respondent sees or a score depends on.
    title, construct, instructions : Words
        Name, what it measures, and what is said to the respondent.
    status : {"draft", "published"}
        ``draft``: our own, without evidence from data yet. ``published``: its evidence stands in the literature.
    recalled_key : bool
        Whether the scoring key is known from memory only and nobody has confirmed it: reports print it as unverified.
    key_confirmation : KeyConfirmation or None
        Who confirmed a recalled key; belongs into the provenance of every score.
    translations : tuple of Translation
        How far each language other than that of the first wording has come.
    wording : WordingSource or None
        Where a wording that is not ours was loaded from; None for wording of the file itself, and where there is none.
    path : str
        File the instrument was read from.
    """

    id: str
    version: str
    content_hash: str
    family: Family
    model: ModelKind
    status: Status
    title: Words
    construct: Words
    languages: tuple[Language, ...]
    items: tuple[Item, ...]
    response_scales: tuple[ResponseScale, ...]
    scales: tuple[Scale, ...]
    forms: tuple[Form, ...]
    reporting_floor: int
    licence: Licence
    source: Source
    instructions: tuple[tuple[str, Words], ...] = ()
    norms: tuple[Norm, ...] = ()
    intended_uses: tuple[str, ...] = ()
    forbidden_uses: tuple[str, ...] = ()
    planned_evidence: tuple[str, ...] = ()
    recalled_key: bool = False
    key_confirmation: KeyConfirmation | None = None
    translations: tuple[Translation, ...] = ()
    wording: WordingSource | None = None
    path: str = field(default="", compare=False)

    def item(self, item_id: str) -> Item:
        """Return one item by its id."""
        return _found(self.items, item_id, "item", self.id)

    def scale(self, scale_id: str) -> Scale:
        """Return one scale by its id."""
        return _found(self.scales, scale_id, "scale", self.id)

    def form(self, form_id: str) -> Form:
        """Return one form by its id."""
        return _found(self.forms, form_id, "form", self.id)

    def response_scale(self, item_id: str) -> ResponseScale:
        """Return the options of one item."""
        return _found(self.response_scales, self.item(item_id).response_scale, "response scale", self.id)

    def model_of(self, scale_id: str) -> ModelKind:
        """Return how the items of a scale hang together.

        Alpha, omega and factor models apply to ``reflective`` scales and to no others.
        """
        return self.scale(scale_id).model or self.model

    def anchors_of(self, item_id: str) -> tuple[Anchor, ...]:
        """Return what the levels of an item look like: its own anchors, else those of its response scale."""
        return self.item(item_id).anchors or self.response_scale(item_id).anchors


def confirm_key(instrument: Instrument, *, by: str, on: date, against: str) -> Instrument:
    """Return the instrument with its recalled scoring key confirmed.

    Parameters
    ----------
    instrument : Instrument
        One whose key is recalled.
    by : str
        Who compared the key with the published form.
    on : date
        When.
    against : str
        The document it was compared with, with page.

    Raises
    ------
    InstrumentError
        If the key is not a recalled one, or if it is not said who compared it with what.
    """
    if not instrument.recalled_key:
        raise InstrumentError(f"The key of instrument {instrument.id!r} is not a recalled one",
                              remedy="There is nothing to confirm; leave the call out.")
    if not by.strip() or not against.strip():
        raise InstrumentError(f"The key of instrument {instrument.id!r} cannot be confirmed by nobody or with nothing",
                              where=f"by={by!r}, against={against!r}",
                              remedy="Say who compared the key, and with which document and page.")
    return replace(instrument, recalled_key=False, key_confirmation=KeyConfirmation(by, on, against))


def _found(things: tuple[_Named, ...], wanted: str, noun: str, instrument: str) -> _Named:
    for thing in things:
        if thing.id == wanted:
            return thing
    known = ", ".join(thing.id for thing in things)
    raise InstrumentError(f"Instrument {instrument!r} has no {noun} {wanted!r}", remedy=f"It has: {known}.")


def words_in(words: Words, language: Language, fallback: Language = "en") -> str:
    """Pick a language from `words`: the one asked for, else the fallback, else the first; empty if there is none."""
    spoken = dict(words)
    if language in spoken:
        return spoken[language]
    if fallback in spoken:
        return spoken[fallback]
    return words[0][1] if words else ""


def text_for(item: Item, role: str, language: Language) -> str:
    """Return the wording of an item for a rater role.

    Raises
    ------
    InstrumentError
        If the wording is not held here, or not for this role or language.
    """
    by_role = dict(item.text)
    words = by_role.get(role) or (by_role.get("other") if role != "self" else None)
    if not item.text:
        raise InstrumentError(f"The wording of item {item.id!r} is not held here",
                              remedy="Load it from where its owner publishes it.")
    if words is None:
        raise InstrumentError(f"Item {item.id!r} has no wording for the rater role {role!r}",
                              remedy=f"It has wording for: {', '.join(by_role)}.")
    spoken = dict(words)
    if language not in spoken:
        raise InstrumentError(f"Item {item.id!r} has no wording in language {language!r} for the role {role!r}",
                              remedy=f"It has: {', '.join(spoken)}.")
    return spoken[language]

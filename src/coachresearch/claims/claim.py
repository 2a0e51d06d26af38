"""A claim: an estimate, read through its design and its measurement, with the verb that it may use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isfinite, isnan
from typing import Literal

from coachresearch.claims.design import Design, strength
from coachresearch.claims.ladder import is_draft, rung
from coachresearch.core.caution import Parameter
from coachresearch.core.errors import DesignError
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, Verdict

Estimand = Literal["ancova_difference", "change_difference", "mean_change", "mean_difference", "hedges_g",
                   "hedges_g_change", "d_av", "did", "jump", "wedge_effect"]
Unit = Literal["points", "sd"]
ClaimVerdict = Literal["supported", "not_shown", "opposite", "cannot_be_told", "withdrawn"]
Verb = Literal[
    "raised", "lowered", "rose_more", "fell_more", "was_higher_after", "was_lower_after", "higher_cannot_be_told",
    "lower_cannot_be_told", "was_not_shown_to_differ", "no_interval", "withdrawn",
]
Wanted = Literal["higher", "lower"]

_UNITS: tuple[tuple[Estimand, Unit], ...] = (
    ("ancova_difference", "points"), ("change_difference", "points"), ("mean_change", "points"),
    ("mean_difference", "points"), ("hedges_g", "sd"), ("hedges_g_change", "sd"), ("d_av", "sd"),
    ("did", "points"), ("jump", "points"), ("wedge_effect", "points"),
)
_UP: tuple[Verb, ...] = ("higher_cannot_be_told", "was_higher_after", "rose_more", "raised")
_DOWN: tuple[Verb, ...] = ("lower_cannot_be_told", "was_lower_after", "fell_more", "lowered")
_DECISIVE = ("leavers_shifted", "same_raters")
_BETWEEN: tuple[Estimand, ...] = ("ancova_difference", "change_difference", "mean_difference", "hedges_g",
                                 "hedges_g_change", "did", "jump", "wedge_effect")


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence before it is one: key of the message catalogue and what it quotes."""

    code: str
    params: tuple[tuple[str, Parameter], ...] = ()

    @property
    def values(self) -> dict[str, Parameter]:
        """The parameters as a fresh dictionary."""
        return dict(self.params)


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be said about one outcome; built by `make_claim`.

    Parameters
    ----------
    id : str
        Identifier within its report.
    outcome : str
        The outcome in the user's words.
    estimand : Estimand
        What the estimate is an estimate of; its words are ``estimand.<code>``.
    estimate : Estimate
        Coached minus comparison, or later minus earlier.
    design : Design
    gate : Gate or None
        The measurement behind it.
    status_level : int or None
        Claim level of the instrument, 0 to 5; None for one that others published.
    verdict, verb : str
        What came out, and the verb that may be used.
    does_not_show : tuple of str
        Codes (``open.<code>``) of what stays open.
    smallest_worthwhile : float or None
        Smallest difference worth having, set beforehand, in the unit of the estimate.
    sensitivity : tuple of (str, Estimate)
        Other analyses of the same outcome: code (``check.<code>``) and estimate.
    coached, comparison : str
        Names of the arms; empty where there is none.
    wanted : {"higher", "lower"}
        Which direction is the hoped-for one.
    """

    id: str
    outcome: str
    estimand: Estimand
    estimate: Estimate
    design: Design
    gate: Gate | None
    status_level: int | None
    verdict: ClaimVerdict
    verb: Verb
    does_not_show: tuple[str, ...]
    smallest_worthwhile: float | None = None
    sensitivity: tuple[tuple[str, Estimate], ...] = ()
    coached: str = ""
    comparison: str = ""
    wanted: Wanted = "higher"

    @property
    def draft(self) -> bool:
        """Whether the items are drafts, so that only their answers may be spoken of."""
        return is_draft(self.status_level)

    @property
    def unit(self) -> Unit:
        """Unit of the estimate: points of the response scale, or standard deviations."""
        return dict(_UNITS)[self.estimand]

    @property
    def gate_verdict(self) -> Verdict:
        """Verdict of the gate; a missing gate is not assessable."""
        return self.gate.verdict if self.gate is not None else "not_assessable"

    @property
    def held(self) -> int:
        """In how many of the other analyses the interval leads to the same reading."""
        mine = _direction(self.estimate)
        return sum(_direction(other) == mine for _, other in self.sensitivity)

    @property
    def disputed(self) -> bool:
        """Whether other analyses of the same data speak against this one."""
        return disputed(self.estimate, self.sensitivity)

    @property
    def sentence(self) -> Wording:
        """The claim in words: key ``claim.<verb>``, or ``claim.draft.<verb>`` where the items are drafts."""
        kind = "claim.draft" if self.draft and self.verb not in ("withdrawn", "no_interval") else "claim"
        code = ".".join(part for part in (kind, self.verb, self._form) if part)
        return Wording(code, tuple(sorted(self._quoted().items())))

    @property
    def weakened(self) -> bool:
        """Whether the verb is one step weaker than the design alone would allow, because of the measurement."""
        return self.gate_verdict == "not_assessable" and self.verdict in ("supported", "opposite", "cannot_be_told") \
            and self.verb != "no_interval" and strength(self.design).grade > 0

    @property
    def worth(self) -> Wording | None:
        """How the interval stands to the smallest difference worth having; None if none was set or can be told."""
        if self.smallest_worthwhile is None or self.verdict in ("withdrawn", "cannot_be_told"):
            return None
        low, high, needed = self.estimate.conf_low, self.estimate.conf_high, abs(self.smallest_worthwhile)
        if self.wanted == "lower":
            low, high = -high, -low
        code = "worth.enough" if low >= needed else "worth.too_small" if high < needed else "worth.open"
        return Wording(code, (("needed", needed), ("unit_code", f"unit.{self.unit}")))

    @property
    def record(self) -> dict[str, object]:
        """The claim as plain data for a JSON file; numbers that do not exist are None."""
        return {
            "id": self.id, "outcome": self.outcome, "estimand": self.estimand, "unit": self.unit,
            "estimate": _plain(asdict(self.estimate)), "design": self.design,
            "design_grade": strength(self.design).grade,
            "gate": _plain(asdict(self.gate)) if self.gate is not None else None, "gate_verdict": self.gate_verdict,
            "status_level": self.status_level, "verdict": self.verdict, "verb": self.verb,
            "does_not_show": list(self.does_not_show), "smallest_worthwhile": self.smallest_worthwhile,
            "worth": self.worth.code if self.worth else None,
            "sensitivity": [{"check": code, **_plain(asdict(one))} for code, one in self.sensitivity],
            "held": self.held, "disputed": self.disputed, "checks": len(self.sensitivity), "coached": self.coached,
            "comparison": self.comparison,
            "wanted": self.wanted,
        }

    @property
    def _form(self) -> str:
        if self.verb == "was_not_shown_to_differ":
            return "" if self.estimand in _BETWEEN else "alone"
        if self.verb in ("higher_cannot_be_told", "lower_cannot_be_told"):
            return self.design if self.design in ("one_group", "cross_section") else "weak"
        return ""

    def _quoted(self) -> dict[str, Parameter]:
        one = self.estimate
        quoted: dict[str, Parameter] = {
            "outcome": self.outcome, "size": abs(one.estimate), "estimate": one.estimate, "low": one.conf_low,
            "high": one.conf_high, "level": one.conf_level, "n": one.n, "unit_code": f"unit.{self.unit}",
            "coached": self.coached, "comparison": self.comparison,
        }
        if self.gate is not None and self.gate.statistic:
            quoted |= {"value": self.gate.value, "statistic_code": f"label.{self.gate.statistic}"}
        return quoted


def make_claim(
    *,
    id: str,
    outcome: str,
    estimand: Estimand,
    estimate: Estimate,
    design: Design,
    gate: Gate | None,
    status_level: int | None,
    smallest_worthwhile: float | None = None,
    sensitivity: tuple[tuple[str, Estimate], ...] = (),
    coached: str = "",
    comparison: str = "",
    wanted: Wanted = "higher",
    self_report: bool = True,
    reservations: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Claim:
    """Decide what may be said about one outcome.

    Parameters
    ----------
    id, outcome, estimand, estimate, design, gate, status_level
        As in `Claim`.
    smallest_worthwhile, sensitivity, coached, comparison, wanted
        As in `Claim`.
    self_report : bool
        Whether the people of the study rated themselves.
    reservations : tuple of str
        Codes (``open.<code>``) of what speaks against the design as it was carried out; they cost a grade.
    notes : tuple of str
        Codes of what else stays open, at no cost.

    Returns
    -------
    Claim
        A failed gate withdraws the claim. Without an interval, nothing can be told. An interval that holds zero was not
        shown to differ, which is never the same as no effect. Otherwise the verb follows the grade of the design, one
        grade weaker where the measurement could not be assessed, and one where other analyses dispute it (one of them
        leads the opposite way, or fewer than half lead the same way) or there are reservations; at grade 0 the cause
        cannot be told.

    Raises
    ------
    DesignError
        For an unknown design or estimand, or a difference between arms in a study of one group.
    InstrumentError
        For a claim level that does not exist.
    """
    _check(estimand, design)
    rung(status_level)
    doubt = disputed(estimate, sensitivity)
    lost = doubt or bool(reservations)
    verdict, verb = _judged(estimate, max(_grade(design, gate) - lost, 0), gate, wanted)
    left = _left_open(design, gate, verdict, draft=is_draft(status_level), self_report=self_report)
    if verdict != "withdrawn":
        left = (*reservations, *(("other_analyses",) if doubt else ()), *notes, *left)
    return Claim(id, outcome, estimand, estimate, design, gate, status_level, verdict, verb, left, smallest_worthwhile,
                 sensitivity, coached, comparison, wanted)


def disputed(estimate: Estimate, sensitivity: tuple[tuple[str, Estimate], ...]) -> bool:
    """Whether other analyses speak against a reading.

    One leads the opposite way, or fewer than half the same way, or one that decides alone does not lead the same way:
    where many left, the finding must outlast the assumption that leavers fared otherwise (`leavers_shifted`), and where
    raters changed, it must show in the ratings of those who rated at both waves (`same_raters`).
    """
    alone = [_direction(one) for code, one in sensitivity if code in _DECISIVE]
    mine, others = _direction(estimate), [_direction(one) for _, one in sensitivity]
    if not mine or not others:
        return False
    return -mine in others or any(one != mine for one in alone) or sum(one == mine for one in others) < len(others) / 2


def deciding_gate(gates: Iterable[Gate]) -> Gate | None:
    """Return the gate that decides a claim: the first failed one, else one that could not be assessed, else a pass."""
    order: tuple[Verdict, ...] = ("fail", "not_assessable", "pass")
    found = sorted(gates, key=lambda gate: order.index(gate.verdict))
    return found[0] if found else None


def _check(estimand: str, design: str) -> None:
    strength(design)
    known = [name for name, _ in _UNITS]
    if estimand not in known:
        raise DesignError(f"There is no estimand {estimand!r}", remedy=f"There are: {', '.join(known)}.")
    if design == "one_group" and estimand in _BETWEEN:
        raise DesignError(f"A study of one group has no {estimand!r}: there is no other arm to compare with",
                          remedy="Claim the mean_change or d_av of the group.")
    if design != "one_group" and estimand not in _BETWEEN:
        raise DesignError(f"The change within one arm ({estimand!r}) is not what a {design!r} design compares",
                          remedy=f"Claim a difference between arms: {', '.join(_BETWEEN)}.")


def _grade(design: str, gate: Gate | None) -> int:
    grade = strength(design).grade
    assessed = gate is not None and gate.verdict == "pass"
    return grade if assessed else max(grade - 1, 0)


def _direction(estimate: Estimate) -> int | None:
    """1 above zero, -1 below, 0 where the interval holds zero, None without an interval."""
    low, high = estimate.conf_low, estimate.conf_high
    if isnan(estimate.estimate) or isnan(low) or isnan(high):
        return None
    return 1 if low > 0 else -1 if high < 0 else 0


def _judged(estimate: Estimate, grade: int, gate: Gate | None, wanted: Wanted) -> tuple[ClaimVerdict, Verb]:
    if gate is not None and gate.verdict == "fail":
        return "withdrawn", "withdrawn"
    direction = _direction(estimate)
    if direction is None:
        return "cannot_be_told", "no_interval"
    if direction == 0:
        return "not_shown", "was_not_shown_to_differ"
    verb = (_UP if direction > 0 else _DOWN)[grade]
    if grade == 0:
        return "cannot_be_told", verb
    hoped = direction == (1 if wanted == "higher" else -1)
    return ("supported" if hoped else "opposite"), verb


def _left_open(
    design: str, gate: Gate | None, verdict: ClaimVerdict, *, draft: bool, self_report: bool
) -> tuple[str, ...]:
    if verdict == "withdrawn":
        return ("failed_measurement",)
    left = ["not_no_effect"] if verdict == "not_shown" else list(strength(design).leaves_open)
    left += ["draft_items"] if draft else []
    left += ["measurement_unknown"] if gate is None or gate.verdict == "not_assessable" else []
    left += ["own_view"] if self_report else []
    return (*left, "single_persons", "later_times")


def _plain(record: dict[str, object]) -> dict[str, object]:
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in record.items()}

"""Whether the measurement carries the claim: pass, fail, or not assessable."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Literal, get_args

Verdict = Literal["pass", "fail", "not_assessable"]
GateKind = Literal["reliability", "structure", "invariance", "agreement"]
GateUnit = Literal["person", "rating"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One check of a scale that a claim depends on.

    A missing gate is ``not_assessable``, never ``pass``.

    Parameters
    ----------
    scale : str
        Identifier of the scale.
    kind : {"reliability", "structure", "invariance", "agreement"}
        What was checked.
    verdict : {"pass", "fail", "not_assessable"}
        What came out.
    statistic : str
        Name of the deciding number (``omega_total``, ``rmsea`` ...); empty if none could be computed.
    value : float
        That number; NaN if none.
    rule : str
        Code of the named rule (author and year) that was applied; key ``rule.<code>`` of the catalogue.
    n : int
        Units behind it.
    unit : {"person", "rating"}
        What the rows were.
    reason : str
        Code of the reason for ``not_assessable``; key ``gate_reason.<code>`` of the catalogue.
    """

    scale: str
    kind: GateKind
    verdict: Verdict
    statistic: str = ""
    value: float = nan
    rule: str = ""
    n: int = 0
    reason: str = ""
    unit: GateUnit = "person"

    def __post_init__(self) -> None:
        if self.verdict not in get_args(Verdict):
            raise ValueError(f"verdict {self.verdict!r} is not one of {get_args(Verdict)}")
        if self.kind not in get_args(GateKind):
            raise ValueError(f"kind {self.kind!r} is not one of {get_args(GateKind)}")


def not_assessable(scale: str, kind: GateKind = "reliability", *, reason: str = "no_items", n: int = 0) -> Gate:
    """Build the gate of a scale about which nothing could be checked."""
    return Gate(scale=scale, kind=kind, verdict="not_assessable", reason=reason, n=n)

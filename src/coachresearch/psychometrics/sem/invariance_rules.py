"""Named rules for how much worse a stricter step may fit."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from coachresearch.core.errors import EstimationError
from coachresearch.psychometrics.rules import structure_rule

Step = Literal["configural", "metric", "scalar", "strict"]
STEPS: tuple[Step, ...] = ("configural", "metric", "scalar", "strict")


@dataclass(frozen=True, slots=True)
class Limits:
    """A step fails if the comparative fit falls by `cfi` and one of the others rises by as much as said.

    With `alone` it fails if the comparative fit falls by more than `cfi`, whatever the others do.
    """

    cfi: float
    rmsea: float = inf
    srmr: float = inf
    alone: bool = False


@dataclass(frozen=True, slots=True)
class InvarianceRule:
    """When a step of the ladder counts as reached.

    Parameters
    ----------
    code : str
        Its sentence is ``rule.<code>``.
    loadings, later : Limits
        For equal loadings; for equal intercepts and residuals.
    small_loadings, small_later : Limits
        The same for up to `small` rows in all.
    small : int
    fewest_people : int
        With fewer rows in the smallest group nothing is decided.
    configural : str
        Code of the rule of fit that the model without any equality must pass.

    Notes
    -----
    The limits are their authors'; the fewest people are ours.
    """

    code: str
    loadings: Limits
    later: Limits
    small_loadings: Limits
    small_later: Limits
    small: int = 300
    fewest_people: int = 100
    configural: str = "browne_cudeck1993"

    def holds(self, step: Step, n: int, delta: tuple[float, float, float], rmsea: float) -> bool:
        """Whether a step is reached, from its changes of cfi, rmsea and srmr, and its own rmsea."""
        if step == "configural":
            return rmsea <= structure_rule(self.configural).cut
        small = n <= self.small
        if step == "metric":
            limits = self.small_loadings if small else self.loadings
        else:
            limits = self.small_later if small else self.later
        if limits.alone:
            return not delta[0] < -limits.cfi
        return not (delta[0] <= -limits.cfi and (delta[1] >= limits.rmsea or delta[2] >= limits.srmr))


_CHEUNG = Limits(0.010, alone=True)
INVARIANCE_RULES: tuple[InvarianceRule, ...] = (
    InvarianceRule("chen2007", Limits(0.010, 0.015, 0.030), Limits(0.010, 0.015, 0.010),
                   Limits(0.005, 0.010, 0.025), Limits(0.005, 0.010, 0.005)),
    InvarianceRule("cheung_rensvold2002", _CHEUNG, _CHEUNG, _CHEUNG, _CHEUNG),
)
"""Chen (2007, p. 501): a fall of CFI of .010 (.005 up to 300 people) or more, supplemented by RMSEA or SRMR; Cheung &
Rensvold (2002, p. 251): a fall of CFI beyond .01."""


def invariance_rule(code: str) -> InvarianceRule:
    """Return a rule by its code.

    Raises
    ------
    EstimationError
        If there is no such rule; the message lists what there is.
    """
    for rule in INVARIANCE_RULES:
        if rule.code == code:
            return rule
    raise EstimationError(f"There is no invariance rule {code!r}",
                          remedy=f"There are: {', '.join(rule.code for rule in INVARIANCE_RULES)}.")

"""What a design can ever claim, before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from coachresearch.claims.claim import Estimand, Verb, make_claim
from coachresearch.claims.design import Design, strength
from coachresearch.core.estimate import Estimate
from coachresearch.core.gate import Gate, not_assessable


@dataclass(frozen=True, slots=True)
class Prospect:
    """The strongest claim that a design allows.

    Parameters
    ----------
    design : Design
    grade : int
        0 to 3, as in `claims.design`.
    best, unmeasured, disputed : str
        Verb with a clear interval: everything else in order; the measurement not assessable; other analyses against it.
    leaves_open : tuple of str
        Codes (``open.<code>``) of what even the best result leaves open.
    """

    design: Design
    grade: int
    best: Verb
    unmeasured: Verb
    disputed: Verb
    leaves_open: tuple[str, ...]


def prospect(design: Design, *, self_report: bool = True) -> Prospect:
    """Return what a design can ever claim, whatever comes out.

    Raises
    ------
    DesignError
        If there is no such design.
    """
    grade = strength(design).grade
    estimand: Estimand = "mean_change" if design == "one_group" else "ancova_difference"
    clear = Estimate(estimand, 1.0, conf_low=0.5, conf_high=1.5, conf_level=0.95, n=100)
    against = Estimate(estimand, -1.0, conf_low=-1.5, conf_high=-0.5, conf_level=0.95, n=100)
    sound = Gate("any", "reliability", "pass")

    def of(gate: Gate, sensitivity: tuple[tuple[str, Estimate], ...] = ()) -> tuple[Verb, tuple[str, ...]]:
        made = make_claim(id="any", outcome="", estimand=estimand, estimate=clear, design=design, gate=gate,
                          status_level=None, sensitivity=sensitivity, self_report=self_report)
        return made.verb, made.does_not_show

    best, left = of(sound)
    return Prospect(design, grade, best, of(not_assessable("any"))[0], of(sound, (("other", against),))[0], left)

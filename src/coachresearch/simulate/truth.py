"""What is true of a simulated cohort: every number a study would like to know."""

from __future__ import annotations

from dataclasses import dataclass, fields

from coachresearch.core.errors import DesignError, Fault

_SHARES = ("rater_agreement", "rater_stability", "coach_icc", "leader_drop_out", "rater_silence", "skipped",
           "no_chance", "careless")


@dataclass(frozen=True, slots=True)
class Truth:
    """The known truth behind simulated answers.

    Parameters
    ----------
    leaders : int
        People whom the study is about; they are dealt to the arms in equal parts, by lot.
    reports_low, reports_high : int
        Fewest and most raters a leader has in each rater role but self.
    effect : float
        What coaching adds between the first and the second wave, in standard deviations of the leaders' conduct.
    trend : float
        What happens to everybody between two waves.
    stability : float
        Correlation of a leader's conduct between two waves.
    rater_agreement : float
        Share of the variance of ratings that lies between leaders.
    rater_stability : float
        Correlation of a rater's own view between two waves.
    self_bias : float
        Self minus others, in standard deviations of a rating.
    loading : float
        Standardised loading of an item's reaction on the rating.
    loading_spread : float
        Half the width of the range from which each item's loading is drawn.
    centre : float
        Middle of the thresholds; below 0, high answers are frequent.
    coaches : int
        Number of coaches.
    coach_icc : float
        Share of the variance after, among the coached, that lies between coaches.
    leader_drop_out : float
        Chance that a leader is gone before the next wave, with all ratings of them.
    rater_silence : float
        Chance that a rater does not answer at a wave.
    skipped, no_chance : float
        Chance that an answer is left out; that another person than the leader chooses a "no chance to see" option.
    careless : float
        Share of raters who answer without reading.
    complaints : float
        Complaints a person and month in a team whose leader is at the average.
    complaints_slope : float
        Change of their logarithm per standard deviation of the leader's conduct.
    """

    leaders: int = 60
    reports_low: int = 4
    reports_high: int = 6
    effect: float = 0.5
    trend: float = 0.0
    stability: float = 0.75
    rater_agreement: float = 0.35
    rater_stability: float = 0.6
    self_bias: float = 0.4
    loading: float = 0.7
    loading_spread: float = 0.1
    centre: float = -0.5
    coaches: int = 4
    coach_icc: float = 0.05
    leader_drop_out: float = 0.05
    rater_silence: float = 0.1
    skipped: float = 0.01
    no_chance: float = 0.02
    careless: float = 0.03
    complaints: float = 0.1
    complaints_slope: float = -0.3

    def __post_init__(self) -> None:
        found = [_fault(name, getattr(self, name), "a share from 0 up to, but below, 1")
                 for name in _SHARES if not 0 <= getattr(self, name) < 1]
        if not 0 <= self.loading_spread <= min(self.loading, 0.999 - self.loading):
            found.append(_fault("loading_spread", self.loading_spread, "so small that loadings stay between 0 and 1"))
        if not -1 < self.stability < 1:
            found.append(_fault("stability", self.stability, "a correlation between -1 and 1"))
        if self.skipped + self.no_chance >= 1:
            found.append(_fault("skipped", self.skipped, "less than 1 together with no_chance"))
        for name, low in (("leaders", 2), ("reports_low", 1), ("reports_high", self.reports_low), ("coaches", 1)):
            if getattr(self, name) < low:
                found.append(_fault(name, getattr(self, name), f"at least {low}"))
        if self.complaints <= 0:
            found.append(_fault("complaints", self.complaints, "above 0"))
        if found:
            raise DesignError.of(found)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of all parts of the truth."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def whole(cls) -> tuple[str, ...]:
        """Names of the parts that are counts."""
        return tuple(field.name for field in fields(cls) if isinstance(field.default, int))


def _fault(name: str, value: float, allowed: str) -> Fault:
    return Fault(f"{name} is {value:g}", "truth", f"It must be {allowed}.")

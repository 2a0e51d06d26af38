"""Do intervals hold the truth, and do tests err as often as they say? python -m benchmarks.calibration.effects [--full]

Trials of a known truth are drawn by `coachresearch.draws.trials`, and each design is fitted as users would. Where its
assumptions hold, rates must lie within Monte Carlo error of nominal; where they are broken on purpose, the failure is
printed, and the verb that a claim may use stands beside it. Results go to effects_calibration.csv beside this file.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

from coachresearch.claims.prospect import prospect
from coachresearch.core.errors import EstimationError
from coachresearch.draws.trials import TrialPlan, Trials, draw_trials
from coachresearch.effects.designs.observational import self_selected
from coachresearch.effects.designs.one_group import one_group
from coachresearch.effects.designs.randomised import randomised
from coachresearch.effects.missing.leaving import weighted_for_leaving
from coachresearch.effects.planning.simulated import fits_of

ARMS = {"pre": "pre", "post": "post", "arm": "arm", "coached": "c", "comparison": "o"}
HOLDS = [(f"n {n}, reliability {rel}, attrition {gone}, {shape}",
          TrialPlan(n=n, reliability=rel, attrition=gone, shape=shape))
         for n in (15, 30, 60, 150) for rel in (0.6, 0.9) for gone in (0.0, 0.4)
         for shape in ("normal", "t", "unequal", "ordinal")]
"""Chance decided, and drop-out is at random: the adjusted difference must be right, whatever the shape."""


def rates(value: np.ndarray, error: np.ndarray, df: np.ndarray, truth: float) -> dict[str, float]:
    usable = np.isfinite(error) & (error > 0) & (df > 0)
    value, reach = value[usable], t.isf(0.025, df[usable]) * error[usable]
    n = len(value)
    return {"n": n, "bias": float(value.mean()) - truth, "bias_error": float(value.std(ddof=1)) / sqrt(n),
            "coverage": float((np.abs(value - truth) <= reach).mean()), "error": sqrt(0.95 * 0.05 / n),
            "rejects_zero": float((np.abs(value) > reach).mean())}


def frame_of(trials: Trials, row: int) -> pd.DataFrame:
    alone = -1 - np.arange(trials.pre.shape[1])
    return pd.DataFrame({"pre": trials.pre[row], "post": trials.post[row],
                         "arm": np.where(trials.coached[row], "c", "o"),
                         "coach": np.where(trials.coached[row], trials.coach[row], alone)})


def each(plan: TrialPlan, rng: np.random.Generator, trials: int, fit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    drawn, found = draw_trials(rng, plan, trials), []
    for row in range(trials):
        try:
            one = fit(frame_of(drawn, row))
        except EstimationError:
            continue
        found.append((one.estimate, one.std_error, one.df if np.isfinite(one.df) else 1e9))
    return tuple(np.array(column) for column in zip(*found, strict=True))


def holding(rng: np.random.Generator, trials: int, plans: list | None = None) -> list[dict[str, object]]:
    """Designs whose assumptions hold, with no effect and with one of half a standard deviation."""
    rows = []
    for name, plan in HOLDS if plans is None else plans:
        for effect in (0.0, 0.5):
            fits = fits_of(replace(plan, effect=effect), rng, trials)
            truth = effect if plan.shape != "ordinal" else float(np.nanmean(
                fits_of(replace(plan, effect=effect, n=5000), rng, 40).estimate))
            rows.append({"design": "randomised", "condition": name, "truth": truth, "verb": "raised"}
                        | rates(fits.estimate, fits.error, fits.df, truth))
    return rows


def clustered(rng: np.random.Generator, trials: int) -> list[dict[str, object]]:
    """People of one coach are alike: errors of people, and CR2 errors by coach."""
    rows = []
    for coaches in (3, 8, 20):
        plan = TrialPlan(n=60, coaches=coaches, coach_icc=0.1)
        for name, cluster in (("errors of people", None), ("errors by coach (CR2)", "coach")):
            found = each(plan, rng, trials, lambda d, c=cluster: randomised(d, **ARMS, title="x", cluster=c).main)
            rows.append({"design": "randomised", "condition": f"{coaches} coaches, ICC .1, {name}", "truth": 0.0,
                         "verb": "raised"} | rates(*found, 0.0))
    return rows


def broken(rng: np.random.Generator, trials: int) -> list[dict[str, object]]:
    """No effect at all, and assumptions broken on purpose."""
    def change(d: pd.DataFrame):
        return one_group(d[d["arm"] == "c"], pre="pre", post="post", title="x", stability=0.7 * 0.8,
                         population_mean=0.0)

    cases = [
        ("one_group", "lowest third selected", TrialPlan(n=45, selection="lowest_third"), lambda d: change(d).main),
        ("one_group", "lowest third, regression taken off", TrialPlan(n=45, selection="lowest_third"),
         lambda d: change(d).estimate("change_beyond_regression")),
        ("self_selected", "those about to gain choose", TrialPlan(n=60, selection="self"),
         lambda d: self_selected(d, **ARMS, title="x").main),
        ("self_selected", "the same, weighted", TrialPlan(n=60, selection="self"),
         lambda d: self_selected(d, **ARMS, title="x").estimate("weighted_difference", "c - o")),
        ("self_selected", "lowest third coached, ANCOVA on the score that decided",
         TrialPlan(n=60, selection="lowest_third"), lambda d: randomised(d, **ARMS, title="x").main),
        ("self_selected", "lowest third coached, change scores", TrialPlan(n=60, selection="lowest_third"),
         lambda d: randomised(d, **ARMS, title="x").estimate("change_difference", "c - o")),
        ("randomised", "those who gain less leave", TrialPlan(n=60, attrition=0.3, informative=1.5),
         lambda d: randomised(d, **ARMS, title="x").main),
        ("randomised", "those who gain less leave, weighted by the score before",
         TrialPlan(n=60, attrition=0.3, informative=1.5), lambda d: weighted_for_leaving(d, **ARMS)),
    ]
    return [{"design": design, "condition": name, "truth": 0.0, "verb": prospect(design).best}
            | rates(*each(plan, rng, trials, fit), 0.0) for design, name, plan, fit in cases]


def main(arguments: list[str]) -> int:
    full = "--full" in arguments
    rng = np.random.default_rng(20250321)
    held = holding(rng, 20_000 if full else 2_000)
    rows = [*held, *clustered(rng, 1_000 if full else 200), *broken(rng, 1_000 if full else 200)]
    print(f"{'design':<15}{'condition':<66}{'bias':>8}{'coverage':>10}{'finds':>8}  strongest verb")
    for row in rows:
        print(f"{row['design']:<15}{row['condition']:<66}{row['bias']:>8.3f}{row['coverage']:>10.3f}"
              f"{row['rejects_zero']:>8.3f}  {row['verb']}")
    out = Path(__file__).parent / "effects_calibration.csv"
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([{key: f"{value:.5f}" if isinstance(value, float) else value for key, value in row.items()}
                          for row in rows])
    off = [row for row in held if abs(row["coverage"] - 0.95) > 4 * row["error"] + 0.005]
    print(f"{len(held)} conditions in which the design holds; {len(off)} beyond four Monte Carlo errors (and .005)")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How fast, beside R on the same machine in the same run: python -m benchmarks.effects.effects

One thread each (OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1). Seconds of processor time on both sides.
Writes effects_results.json beside this file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from coachresearch.draws.trials import TrialPlan
from coachresearch.effects.bootstrap import bootstrap_difference
from coachresearch.effects.meta.analysis import meta_analysis
from coachresearch.effects.meta.fit import pool
from coachresearch.effects.missing.imputation import impute
from coachresearch.effects.planning.simulated import fits_of

GOALS = {"ancova_trials_10000": 0.2, "bootstrap_10000_n200": 0.2, "mice_20x500x60": 20.0}


def seconds(run, times: int = 3) -> float:
    run()
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best


def ours() -> dict[str, float]:
    rng = np.random.default_rng(1)
    v = rng.uniform(0.02, 0.2, 100)
    studies = pd.DataFrame({"y": rng.normal(0.3, np.sqrt(v + 0.05)), "v": v})
    first, second = rng.standard_normal(100) + 0.5, rng.standard_normal(100)
    gaps = rng.standard_normal((500, 60)) + rng.standard_normal((500, 1))
    gaps[rng.random(gaps.shape) < 0.2] = np.nan
    table = pd.DataFrame(gaps, columns=[f"x{n}" for n in range(60)])
    return {
        "ancova_trials_10000": seconds(lambda: fits_of(TrialPlan(n=50, effect=0.4), rng, 10_000, robust=False)),
        "bootstrap_10000_n200": seconds(lambda: bootstrap_difference(first, second, rng=rng)),
        "meta_reml_100": seconds(lambda: [meta_analysis(studies, effect="y", variance="v", title="x")
                                          for _ in range(10)]) / 10,
        "meta_reml_100_fit_alone": seconds(lambda: [
            pool(studies["y"].to_numpy(), v, np.ones((100, 1)), "reml") for _ in range(50)]) / 50,
        "mice_20x500x60": seconds(lambda: impute(table, rng=rng), times=1),
    }


def theirs() -> dict[str, float]:
    if shutil.which("Rscript") is None:
        return {}
    done = subprocess.run(["Rscript", str(Path(__file__).parent / "effects.R")], capture_output=True, text=True,
                          check=True)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def main() -> int:
    mine, known = ours(), theirs()
    known["meta_reml_100_fit_alone"] = known.get("meta_reml_100", float("nan"))
    rows = {name: {"seconds": round(value, 4), "r_seconds": round(known[name], 4) if name in known else None,
                   "ratio": round(known[name] / value, 1) if name in known else None, "goal": GOALS.get(name)}
            for name, value in mine.items()}
    for name, row in rows.items():
        print(f"{name:<24}{row['seconds']:>9}  R {row['r_seconds']}  ratio {row['ratio']}  goal {row['goal']}")
    (Path(__file__).parent / "effects_results.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

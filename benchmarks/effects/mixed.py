"""Time mixed models against lme4, lmerTest, pbkrtest (R) and statsmodels: python -m benchmarks.effects.mixed [--save]

One thread each (set OMP_NUM_THREADS=1 and OPENBLAS_NUM_THREADS=1 beforehand), one run, the least of three, in processor
seconds, which a busy machine distorts least; ours from a data frame to the finished result. Where Rscript is absent its
columns stay empty. `--save` writes the table to mixed_results.json beside this file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from coachresearch.effects.mixed.many import fit_many
from coachresearch.effects.mixed.model import mixed_model
from coachresearch.effects.mixed.random import Random, read_random

RANDOM = (Random("person"), Random("coach"))
SLOPES = (Random("person", ("1", "time")), Random("coach"))
TRIALS = 1000


def big() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    m = 5000
    person, wave = np.repeat(np.arange(m), 4), np.tile(np.arange(4.0), m)
    coach = person % 200
    y = rng.normal(size=4 * m) + rng.normal(size=m)[person] + 0.3 * rng.normal(size=200)[coach] + 0.2 * wave \
        + 0.3 * rng.normal(size=m)[person] * wave
    return pd.DataFrame({"y": y, "time": wave, "arm": coach % 2, "person": person, "coach": coach})


def trials() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(2)
    person, wave = np.repeat(np.arange(120), 3), np.tile(np.arange(3), 120)
    frame = pd.DataFrame({"person": person, "coached": person % 2, "w1": (wave == 1) * 1, "w2": (wave == 2) * 1})
    return frame, rng.normal(size=(TRIALS, 360)) + rng.normal(size=(TRIALS, 120))[:, person]


def least(call: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        call()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def many(frame: pd.DataFrame, outcomes: np.ndarray) -> None:
    one, two, arm = (frame[name].to_numpy(float) for name in ("w1", "w2", "coached"))
    X = np.column_stack([np.ones(len(frame)), one, two, one * arm, two * arm])
    fit_many(X, outcomes, read_random(frame, (Random("person"),)))


def ours(data: pd.DataFrame, frame: pd.DataFrame, outcomes: np.ndarray) -> dict[str, float]:
    def fit(random: tuple[Random, ...], df: str) -> object:
        return mixed_model(data, outcome="y", fixed=("time*arm",), random=random, df=df)

    return {"fit": least(lambda: fit(RANDOM, "none")), "slopes": least(lambda: fit(SLOPES, "none")),
            "satterthwaite": least(lambda: fit(RANDOM, "satterthwaite")),
            "kenward_roger": least(lambda: fit(RANDOM, "kenward_roger")),
            "trials": least(lambda: many(frame, outcomes))}


def in_r(data: pd.DataFrame, frame: pd.DataFrame, outcomes: np.ndarray) -> dict[str, float]:
    program = shutil.which("Rscript")
    if program is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        data.to_csv(Path(folder, "big.csv"), index=False)
        frame.to_csv(Path(folder, "trials.csv"), index=False)
        np.savetxt(Path(folder, "outcomes.csv"), outcomes, delimiter=",")
        done = subprocess.run([program, str(Path(__file__).with_suffix(".R")), folder], capture_output=True, text=True,
                              check=True)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def in_statsmodels(data: pd.DataFrame) -> dict[str, float]:
    from statsmodels.regression.mixed_linear_model import MixedLM

    def fit(columns: list[str]) -> object:
        exog = np.column_stack([np.ones(len(data)), data["time"], data["arm"], data["time"] * data["arm"]])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return MixedLM(data["y"].to_numpy(), exog, data["person"].to_numpy(),
                           exog_re=np.column_stack([np.ones(len(data)), *(data[one] for one in columns)])).fit()

    return {"fit": least(lambda: fit([]), 1), "slopes": least(lambda: fit(["time"]), 1)}


def main(arguments: list[str]) -> int:
    data, (frame, outcomes) = big(), trials()
    mine, r, python = ours(data, frame, outcomes), in_r(data, frame, outcomes), in_statsmodels(data)
    print(f"{'what':<16}{'ours':>10}{'R':>10}{'ratio':>8}{'statsmodels':>13}{'ratio':>8}")
    for name, seconds in mine.items():
        other, third = r.get(name, float("nan")), python.get(name, float("nan"))
        print(f"{name:<16}{seconds:>10.3f}{other:>10.3f}{other / seconds:>8.1f}{third:>13.2f}{third / seconds:>8.1f}")
    if "--save" in arguments:
        table = {"what": "processor seconds, one thread, least of three; 5,000 people x 4 waves in 200 coaches; "
                         "kenward_roger: ours with the fit, pbkrtest's vcovAdj alone; trials: 1,000 fits of 120 "
                         "people x 3 waves, ours with Satterthwaite's degrees of freedom; statsmodels without "
                         "the coaches",
                 "ours": mine, "R": r, "statsmodels": python}
        Path(__file__).with_name("mixed_results.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

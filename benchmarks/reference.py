"""Hold our numbers against a folder of reference results: python -m benchmarks.reference FOLDER [--all]

Every ``*.json`` file of the folder holds cases (format coachresearch-reference/1): data, expected numbers, tolerance.
For every case of a kind that stands in `benchmarks.kinds.KINDS` our functions are run on the data, and every number
that both sides have is compared: |got - expected| / (abs + rel * |expected|), which passes up to 1. Printed per topic
and kind: cases, numbers compared, numbers that we do not offer, the worst ratio and where it is. Kinds that we do not
cover, and cases that we decline, are listed: silence would look like agreement. `--all` prints every number beyond
tolerance.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import kinds, kinds_effects, kinds_meta, kinds_sem
from benchmarks.kinds import Declined

KINDS = {**kinds.KINDS, **kinds_effects.KINDS, **kinds_meta.KINDS, **kinds_sem.KINDS}


@dataclass
class Tally:
    """What came out for one topic and kind."""

    cases: int = 0
    compared: int = 0
    not_offered: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0
    where: str = ""
    declined: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Run every case of a folder; return 1 if a number lies beyond its tolerance or a function fails."""
    if not arguments:
        print(__doc__.splitlines()[0])
        return 2
    folder = Path(arguments[0])
    files = sorted(folder.glob("*.json"))
    if not files:
        print(f"No *.json in {folder}")
        return 2
    tallies: dict[tuple[str, str], Tally] = {}
    uncovered: Counter[tuple[str, str]] = Counter()
    for file in files:
        for case in json.loads(file.read_text(encoding="utf-8")).get("cases", []):
            key = (case["topic"], case["kind"])
            if case["kind"] in KINDS:
                run_case(case, file.with_suffix(".csv"), tallies.setdefault(key, Tally()))
            else:
                uncovered[key] += 1
    return report(tallies, uncovered, show_all="--all" in arguments)


def run_case(case: dict[str, Any], csv: Path, tally: Tally) -> None:
    """Compute one case and compare it."""
    import pandas as pd

    data = pd.read_csv(csv) if csv.is_file() else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = flat(KINDS[case["kind"]](case, data))
    except Declined as reason:
        tally.declined[str(reason)] += 1
        return
    except Exception as problem:
        tally.cases += 1
        tally.worst = float("inf")
        tally.failures.append(f"{case['id']}: {type(problem).__name__}: {problem}")
        return
    tally.cases += 1
    for path, expected in flat(case["expected"]).items():
        if path not in got:
            tally.not_offered[path[-1] if isinstance(path[-1], str) else path[0]] += 1
            continue
        compare(case, path, got[path], expected, tally)


def compare(case: dict[str, Any], path: tuple, got: float, expected: float, tally: Tally) -> None:
    """Add one number to the tally."""
    limit = tolerance(case["tolerance"], path)
    allowed = limit["abs"] + limit["rel"] * abs(expected)
    ratio = abs(got - expected) / allowed if allowed else 0.0 if got == expected else float("inf")
    ratio = float("inf") if ratio != ratio else ratio
    tally.compared += 1
    if ratio >= tally.worst:
        tally.worst, tally.where = ratio, f"{case['id']} {'.'.join(map(str, path))}"
    if ratio > 1:
        tally.failures.append(f"{case['id']} {'.'.join(map(str, path))}: got {got:.12g}, expected {expected:.12g}")


def tolerance(given: dict[str, Any], path: tuple) -> dict[str, float]:
    """Return the tolerance of a number; `keys` overrides it for everything below a key of that name."""
    for step in reversed(path):
        if step in given.get("keys", {}):
            return {"abs": 0.0, "rel": 0.0} | given["keys"][step]
    return {"abs": given["abs"], "rel": given["rel"]}


def flat(value: Any, path: tuple = ()) -> dict[tuple, float]:
    """Lay nested numbers out as path to number; text and absent values are left out."""
    if isinstance(value, dict):
        return {at: number for key, part in value.items() for at, number in flat(part, (*path, key)).items()}
    if isinstance(value, (list, tuple)):
        return {at: number for place, part in enumerate(value) for at, number in flat(part, (*path, place)).items()}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return {}
    return {path: float(value)}


def report(
    tallies: dict[tuple[str, str], Tally], uncovered: Counter[tuple[str, str]], *, show_all: bool
) -> int:
    """Print what came out."""
    print(f"{'topic':<14}{'kind':<18}{'cases':>6}{'numbers':>9}{'worst':>10}  where")
    for (topic, kind), tally in sorted(tallies.items()):
        print(f"{topic:<14}{kind:<18}{tally.cases:>6}{tally.compared:>9}{tally.worst:>10.2g}  {tally.where}")
        if tally.not_offered:
            names = ", ".join(f"{name} ({n})" for name, n in sorted(tally.not_offered.items()))
            print(f"{'':<14}not offered: {names}")
        for reason, n in sorted(tally.declined.items()):
            print(f"{'':<14}declined, {n} cases: {reason}")
        for failure in tally.failures if show_all else tally.failures[:3]:
            print(f"{'':<14}BEYOND: {failure}")
    if uncovered:
        print("\nKinds not covered:")
        for (topic, kind), n in sorted(uncovered.items()):
            print(f"{topic:<14}{kind:<18}{n:>6} cases")
    beyond = sum(len(tally.failures) for tally in tallies.values())
    numbers = sum(tally.compared for tally in tallies.values())
    print(f"\n{numbers} numbers compared, {beyond} beyond tolerance; "
          f"{len(tallies)} kinds covered, {len(uncovered)} not.")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

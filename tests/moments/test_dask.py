"""The same call on a Dask cluster: identical counts and bits, and a killed worker loses nothing."""

import importlib
import sys

import numpy as np
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect, collect_by
from coachresearch.moments.pairs import PairTables

PARTITIONS = 8
READER = '''
"""Answers of one partition; the worker that is the first to read number 5 dies over it."""
import os

import numpy as np
import pandas as pd


def partition(number, *, killed=""):
    if killed and number == 5 and not os.path.exists(killed):
        with open(killed, "w"):
            os._exit(1)
    frame = pd.DataFrame(np.random.default_rng(number).integers(1, 6, size=(300, 4)), columns=list("abcd"))
    return frame.assign(person=number * 1000 + np.arange(300))
'''


@pytest.fixture(scope="module")
def partition(tmp_path_factory):
    """The reader, in a module of its own: workers do not see the tests."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "partition_reader.py").write_text(READER)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("partition_reader").partition
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def cluster(partition):
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                      silence_logs=50) as two, Client(two) as client:
        yield client


@pytest.mark.filterwarnings("default")
def test_a_cluster_gives_the_same_bits_and_a_killed_worker_loses_nothing(cluster, partition, tmp_path):
    import dask.dataframe as dd

    killed = tmp_path / "killed"
    data = dd.from_map(partition, range(PARTITIONS), killed=str(killed), meta=partition(0))
    told = []
    found = collect(data, into=PairTables, values=range(1, 6), columns=list("abcd"), person="person",
                    progress=lambda *at: told.append(at))
    assert killed.exists()
    frames = [partition(number) for number in range(PARTITIONS)]
    here = collect(frames, into=PairTables, values=range(1, 6), columns=list("abcd"))
    np.testing.assert_array_equal(found.counts, here.counts)
    assert told[-1] == (PARTITIONS, PARTITIONS * 300)
    np.testing.assert_array_equal(collect(data, columns=list("abcd")).scatter,
                                  collect(frames, columns=list("abcd")).scatter)
    groups = collect_by(data.assign(arm=data["person"] % 2), "arm", columns=["a"])
    assert {name: one.n for name, one in groups.items()} == {"0": 1200, "1": 1200}


@pytest.mark.filterwarnings("default")
def test_faults_come_back_from_the_workers(cluster, partition):
    import dask.dataframe as dd

    data = dd.from_map(partition, [1, 2, 1], meta=partition(0))
    with pytest.raises(EstimationError, match="rows of 300 persons are spread over several batches"):
        collect(data, columns=["a"], person="person")
    with pytest.raises(EstimationError, match="'a' holds 4, 5, but its answers are 1, 2, 3"):
        collect(data, columns=["a"], into=PairTables, values=(1, 2, 3))

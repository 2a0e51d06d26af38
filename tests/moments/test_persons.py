"""All rows of one person stand in one batch."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.moments.collect import collect


def rows(persons, **columns):
    return pd.DataFrame({"person": persons, "a": np.arange(float(len(persons))), **columns})


@pytest.mark.parametrize("names", [["P1", "P2", "P3", "P4"], [11, 12, 13, 14]])
def test_persons_stand_beside_the_numbers_and_not_among_them(names):
    found = collect([rows(names[:2]), rows(names[2:])], person="person")
    assert (found.columns, found.n) == (("a",), 4)
    assert collect(pa.Table.from_pandas(rows(names)), person="person").columns == ("a",)


@pytest.mark.parametrize("names", [["P1", "P2", "P3", "P1"], [11, 12, 13, 11]])
def test_a_person_in_two_batches_is_refused(names):
    with pytest.raises(EstimationError, match=r"rows of 1 person are spread over several batches \(column person"):
        collect([rows(names[:2]), rows(names[2:])], person="person")


def test_two_rows_of_a_person_need_another_unit():
    with pytest.raises(EstimationError, match=r'(?s)3 rows belong to 2 persons.*unit="rating"'):
        collect(rows(["P1", "P1", "P2"]), person="person")
    assert collect(rows(["P1", "P1", "P2"]), person="person", unit="rating").n == 3


def test_rows_of_nobody_and_a_missing_column_are_refused():
    with pytest.raises(EstimationError, match="1 of 2 rows name no person"):
        collect(rows(["P1", None]), person="person")
    with pytest.raises(EstimationError, match="no column 'who'"):
        collect(rows(["P1"]), person="who")

"""Errors say what, where and what to do, and carry many faults at once."""

import pytest

from coachresearch.core.errors import (
    CoachResearchError,
    DesignError,
    EstimationError,
    Fault,
    InstrumentError,
    NotConverged,
    NotIdentified,
    ResponseError,
    StoreError,
)


def test_fault_reads_as_two_lines():
    fault = Fault("Item 'a' was answered 6.", "b.csv, row 2", "Correct it.")
    assert str(fault) == "Item 'a' was answered 6 (b.csv, row 2).\nCorrect it."


def test_fault_without_place_or_remedy_is_one_sentence():
    assert str(Fault("It is empty")) == "It is empty."


def test_error_with_one_fault_is_that_fault():
    error = InstrumentError("It is empty", where="a.yaml", remedy="Fill it.")
    assert str(error) == str(error.faults[0]) == "It is empty (a.yaml).\nFill it."


def test_many_faults_are_numbered_and_kept_in_order():
    faults = (Fault("One"), Fault("Two", remedy="Mend it."))
    error = DesignError.of(iter(faults))
    assert isinstance(error, DesignError)
    assert error.faults == faults
    assert str(error) == "2 faults:\n1. One.\n2. Two.\nMend it."


def test_an_error_without_fault_cannot_be_made():
    with pytest.raises(ValueError, match="at least one fault"):
        CoachResearchError.of([])


@pytest.mark.parametrize("error", [InstrumentError, DesignError, ResponseError, StoreError, EstimationError])
def test_every_error_is_of_the_one_tree(error):
    assert issubclass(error, CoachResearchError)


@pytest.mark.parametrize("error", [NotConverged, NotIdentified])
def test_estimation_has_two_branches(error):
    assert issubclass(error, EstimationError)

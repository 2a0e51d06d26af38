"""What an entry means, one cell at a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from coachresearch.instruments.instrument import ResponseScale
from coachresearch.responses.cells import Unclear, answer_in, key_of, meanings_of, name_in, score_in, time_in

LABELS = ((("en", "No"),), (("en", "Partly"), ("de", "Naja")), (("en", "Naja"),))
SCALE = ResponseScale("s", "agreement", (0, 1, 2), LABELS, ((8, "not_applicable", (("en", "Does not apply"),)),))


@pytest.mark.parametrize(("cell", "key"), [
    (None, ""), ("  ", ""), (4, "4"), (4.0, "4"), ("4.0", "4"), (" 04 ", "4"), (4.5, "4.5"), ("Often ", "often"),
    ("no  chance\tto see", "no chance to see"), ("e\u0301", "é"), (True, "true"), ("STRASSE", "strasse"),
    ("Straße", "strasse")])
def test_entries_are_compared_in_one_form(cell, key):
    assert key_of(cell) == key


@pytest.mark.parametrize(("cell", "meaning"), [
    ("no", (0, None)), (0, (0, None)), ("2", (2, None)), ("partly", (1, None)), (8, (None, "not_applicable")),
    ("does not APPLY", (None, "not_applicable")), (None, (None, "skipped")),
    ("naja", Unclear("holds 'naja', a label of several options")),
    (3, Unclear("was answered 3")), ("1.5", Unclear("was answered 1.5")),
    (False, Unclear("is False, which is no answer")),
    ("inf", Unclear("holds 'inf', which is neither a code nor a label"))])
def test_answers(cell, meaning):
    assert answer_in(cell, meanings_of(SCALE)) == meaning


def test_the_mapping_goes_before_the_instrument():
    meanings = meanings_of(SCALE, missing=(("2", "refused"),), labels=(("naja", 1),), blank="not_shown")
    assert answer_in(2, meanings) == (None, "refused")
    assert answer_in("Naja", meanings) == (1, None)
    assert answer_in("", meanings) == (None, "not_shown")


@pytest.mark.parametrize(("cell", "name"), [
    ("  P1 ", "P1"), (17, "17"), (17.0, "17"), ("007", "007"), (None, Unclear("is empty")), ("  ", Unclear("is empty")),
    ("a@b.org", Unclear("holds a mail address")), ("P\x001", Unclear("holds a control character")),
    (True, Unclear("is True, which is no name"))])
def test_names(cell, name):
    assert name_in(cell) == name


@pytest.mark.parametrize(("cell", "score"), [
    (None, None), ("3.25", 3.25), (4, 4.0), ("nan", Unclear("is 'nan', which is not a number")),
    ("3,5", Unclear("is '3,5', which is not a number (write decimals with a point)"))])
def test_scores(cell, score):
    assert score_in(cell) == score


def test_times_are_turned_to_utc():
    berlin = ZoneInfo("Europe/Berlin")
    assert time_in("2026-07-01 12:00", berlin, "") == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert time_in("2026-07-01T12:00+00:00", berlin, "") == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert time_in(datetime(2026, 1, 1, 12), berlin, "") == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert time_in(None, berlin, "") is None
    assert time_in("1.7.2026", berlin, "%d.%m.%Y %H:%M") == Unclear("is '1.7.2026', which is not %d.%m.%Y %H:%M")
    assert time_in(45000, berlin, "") == Unclear("is 45000, which is no date and time")

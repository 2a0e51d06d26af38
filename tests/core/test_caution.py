"""A caution carries a code and its figures, and is the same whatever the order they were given in."""

from coachresearch.core.caution import caution


def test_parameters_are_sorted_so_that_equal_cautions_are_equal():
    assert caution("no_answer", n=3, of=41, wave="T2") == caution("no_answer", wave="T2", of=41, n=3)


def test_values_are_a_fresh_dictionary():
    one = caution("no_answer", n=3)
    one.values["n"] = 4
    assert one.values == {"n": 3}

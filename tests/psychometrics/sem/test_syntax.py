"""The language of models: what it means, and where it points when it cannot be read."""

import pytest

from coachresearch.core.errors import EstimationError
from coachresearch.psychometrics.sem.syntax import ModelSyntaxError, Modifier, model_of_keys, parse_model
from coachresearch.psychometrics.sem.table import Choices, parameter_table


def test_a_text_becomes_terms_with_their_places():
    model = parse_model("# trust and its items\ntrust =~ a*t1 + 0.5*t2 +\n  NA*t3; y ~ start(0.2)*trust\n"
                        "y ~ 1\nt1 ~~ t2")
    assert [(one.lhs, one.op, one.rhs) for one in model.terms] == [
        ("trust", "=~", "t1"), ("trust", "=~", "t2"), ("trust", "=~", "t3"), ("y", "~", "trust"), ("y", "~1", ""),
        ("t1", "~~", "t2")]
    assert [one.where for one in model.terms[:4]] == [
        "line 2, column 12", "line 2, column 21", "line 3, column 6", "line 3, column 25"]
    assert model.terms[0].modifiers == (Modifier(label="a"),)
    assert model.terms[1].modifiers[0].fixed == 0.5
    assert model.terms[2].modifiers[0].free
    assert model.terms[3].modifiers[0].start == 0.2
    assert model.factors == ("trust",)
    assert model.observed == ("t1", "t2", "t3", "y")


@pytest.mark.parametrize(("text", "says"), [
    ("f =~ x1 + + x2", r"'\+' stands where a variable is expected \(line 1, column 11\)"),
    ("f =~ x1 +", r"ends where a variable is expected \(line 1, column 10\)"),
    ("f =~ x1\ny ~ a*x ; y ? x", r"'\?' cannot be read \(line 2, column 13\)"),
    ("f =~ 0.5x1", r"'0\.5' stands where a variable is expected \(line 1, column 6\)"),
    ("f = x1 + x2", r"'=' cannot be read \(line 1, column 3\)"),
    ("f =~ x1 + x2 + x1", r"f =~ x1 stands twice \(line 1, column 16\).*\n.*line 1, column 6"),
    ("f =~ start(1)*a*x1 + start(2)*a*x2", "Label 'a' starts at 2 here and at 1 in line 1, column 17"),
    ("y ~ a*x\nind := a*b", r"ind := uses 'b', which labels no parameter \(line 2, column 1\).*\n.*are: a"),
    ("y ~ a*x\nind := open(a)", "more than labels, numbers"),
    ("y ~ a*x\nind := a*", "cannot be read"),
    ("x1 | t1", r"Thresholds \(\|\) belong to ordinal models \(line 1, column 4\)"),
    ("", "has no statement"),
])
def test_what_cannot_be_read_is_shown_with_its_place(text, says):
    with pytest.raises(ModelSyntaxError, match="(?s)" + says):
        parse_model(text)


def test_all_faults_of_a_text_are_told_at_once():
    with pytest.raises(ModelSyntaxError) as caught:
        parse_model("f =~ x1 + + x2\ng = y\nh =~ z1 + z1")
    assert [fault.where for fault in caught.value.faults] == ["line 1, column 11", "line 2, column 3",
                                                              "line 3, column 11"]


def test_the_keys_of_an_instrument_are_a_model():
    model = model_of_keys({"trust": ("t1", "t2"), "safety": ("s1", "s2", "s3")})
    assert model.factors == ("trust", "safety")
    assert model.observed == ("t1", "t2", "s1", "s2", "s3")


@pytest.mark.parametrize(("scales", "says"), [
    ({}, "no scale"), ({"trust": ()}, "has no items"), ({"trust": ("t1", "t1")}, "has 't1' twice"),
    ({"trust": ("t1", "trust")}, "name of a scale and of an item")])
def test_keys_that_make_no_model_are_refused(scales, says):
    with pytest.raises(EstimationError, match=says):
        model_of_keys(scales)


def test_the_table_completes_the_model():
    model = parse_model("f =~ x1 + x2 + x3\ng =~ y1 + y2 + y3\ng ~ f + z")
    table = parameter_table(model, model.observed, ("",), Choices(mean_structure=True))
    named = {one.name: one for one in table.rows}
    assert named["f =~ x1"].fixed == 1
    assert named["z ~~ z"].exogenous
    assert named["f ~1"].fixed == 0
    assert "f ~~ g" not in named
    assert table.predictors == ("z",)
    assert table.n_free == 4 + 6 + 2 + 2 + 6


def test_equal_labels_and_equal_groups_share_a_parameter():
    model = parse_model("f =~ a*x1 + a*x2 + x3")
    table = parameter_table(model, model.observed, ("one", "two"), Choices(
        identification="std_lv", mean_structure=True, equal=("loadings", "intercepts"), except_for=("x3 ~1",)))
    place = {(one.name, one.group): one.free for one in table.rows}
    assert place["f =~ x1", 0] == place["f =~ x2", 1] >= 0
    assert place["f =~ x3", 0] == place["f =~ x3", 1]
    assert place["x3 ~1", 0] != place["x3 ~1", 1]
    assert place["f ~~ f", 0] == -1 < place["f ~~ f", 1]
    assert place["f ~1", 0] == -1 < place["f ~1", 1]


def test_an_unknown_variable_is_shown_in_the_text():
    model = parse_model("f =~ x1 + x2 +\n  x9")
    with pytest.raises(EstimationError, match=r"'x9' is not in the data \(line 2, column 3\)"):
        parameter_table(model, ("x1", "x2"), ("",), Choices())


def test_modifiers_must_fit_the_groups():
    model = parse_model("f =~ c(a, b, d)*x1 + x2")
    with pytest.raises(EstimationError, match="has 3 modifiers for 2 groups"):
        parameter_table(model, ("x1", "x2"), ("one", "two"), Choices())

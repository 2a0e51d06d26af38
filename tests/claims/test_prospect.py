import pytest

from coachresearch.claims.design import STRENGTHS
from coachresearch.claims.prospect import prospect
from coachresearch.core.errors import DesignError


def test_chance_alone_may_ever_say_raised():
    assert [design for design in STRENGTHS if prospect(design).best == "raised"] == ["randomised"]
    assert prospect("randomised").disputed == prospect("randomised").unmeasured == "rose_more"


def test_one_group_can_never_tell_the_cause():
    found = prospect("one_group")
    assert (found.grade, found.best) == (0, "higher_cannot_be_told")
    assert "passing_time" in found.leaves_open


def test_a_design_that_does_not_exist_is_refused():
    with pytest.raises(DesignError, match="no design 'hope'"):
        prospect("hope")

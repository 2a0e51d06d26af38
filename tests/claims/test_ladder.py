from __future__ import annotations

import pytest

from coachresearch.claims.ladder import LADDER, PUBLISHED, is_draft, rung
from coachresearch.core.errors import InstrumentError
from coachresearch.display.text import MESSAGES


def test_every_rung_has_its_sentences_and_no_other_is_written() -> None:
    codes = {code for one in (*LADDER, PUBLISHED) for code in (one.may, one.may_not, one.needs)}
    assert codes == {code for code in MESSAGES.codes() if code.startswith("ladder.")}


def test_levels_run_from_draft_to_replicated() -> None:
    assert [one.level for one in LADDER] == [0, 1, 2, 3, 4, 5]
    assert [rung(level) for level in range(6)] == list(LADDER)
    assert rung(None) is PUBLISHED


@pytest.mark.parametrize("level", [-1, 6])
def test_a_level_that_does_not_exist_is_refused(level: int) -> None:
    with pytest.raises(InstrumentError, match="Levels run from 0"):
        rung(level)


def test_drafts_are_levels_nought_and_one() -> None:
    assert [is_draft(level) for level in (None, 0, 1, 2, 5)] == [False, True, True, False, False]

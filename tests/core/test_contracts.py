"""The frames that travel: a changed column is a change of every file that was ever exported."""

import json
from pathlib import Path

import pytest

from coachresearch.core.contracts import (
    COACHING,
    ESTIMATES,
    MISSING_KINDS,
    OUTCOMES,
    PEOPLE,
    RATER_ROLES,
    RELATIONS,
    RESPONSES,
    SCORES,
)
from coachresearch.core.errors import ResponseError
from coachresearch.core.frames import Contract

GOLDEN = Path(__file__).parent / "golden"
CONTRACTS = (RESPONSES, SCORES, ESTIMATES, PEOPLE, RELATIONS, COACHING, OUTCOMES)


def described(contract: Contract) -> dict:
    return {
        "name": contract.name,
        "key": list(contract.key),
        "columns": [
            {"name": one.name, "dtype": one.dtype, "required": one.required, "allowed": list(one.allowed)}
            for one in contract.columns
        ],
    }


def answer(**changed) -> dict:
    row = {
        "study": "s1", "wave": "T1", "person": "P1", "target": "P1", "role": "self", "instrument": "mq5",
        "version": "0.1.0", "form": "core", "item": "mot_1", "value": 4, "text": None, "missing": None,
        "language": "en", "mode": "file", "part": 1, "position": 1, "seconds": 2.5, "answered_at": "2026-03-02T09:00Z",
    }
    return {**row, **changed}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_contract_is_the_one_written_down(contract):
    written = json.loads((GOLDEN / f"{contract.name}_contract.json").read_text(encoding="utf-8"))
    assert described(contract) == written


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_empty_frame_keeps_its_contract(contract):
    empty = contract.empty()
    assert list(empty.columns) == list(contract.names)
    assert [str(dtype) for dtype in empty.dtypes] == [column.dtype for column in contract.columns]
    assert contract.faults(empty) == ()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_key_columns_are_columns(contract):
    assert set(contract.key) <= set(contract.names)


def test_an_answer_passes_and_is_cast():
    import pandas as pd

    checked = RESPONSES.check(pd.DataFrame([answer(), answer(item="mot_2", value=None, missing="dont_know")]))
    assert [str(dtype) for dtype in checked.dtypes] == [column.dtype for column in RESPONSES.columns]
    assert checked["value"].tolist()[0] == 4
    assert pd.isna(checked["value"][1])
    assert checked["answered_at"][0] == pd.Timestamp("2026-03-02T09:00Z")


def test_the_same_answer_twice_is_refused():
    import pandas as pd

    with pytest.raises(ResponseError, match="Row repeats an earlier one: study, wave, person") as caught:
        RESPONSES.check(pd.DataFrame([answer(), answer(value=2)]), where="a.csv", error=ResponseError)
    assert caught.value.faults[0].where == "a.csv, row 2"


@pytest.mark.parametrize(("column", "value", "words"), [
    ("role", "boss", "is not one of self, manager, peer, report, coach, observer"),
    ("missing", "lost", f"is not one of {', '.join(MISSING_KINDS)}"),
    ("mode", "fax", "is not one of notebook, web, paper, file, import, simulated"),
    ("value", "4.5", "is not a whole number"),
    ("seconds", "slow", "is not a number"),
    ("answered_at", "31.03.2026", "is not a date"),
    ("person", " ", "'person' is empty"),
])
def test_a_bad_cell_is_named(column, value, words):
    import pandas as pd

    fault, = RESPONSES.faults(pd.DataFrame([answer(**{column: value})]).astype({column: object}), where="a.csv")
    assert words in fault.what
    assert fault.where == f"a.csv, row 1, column {column}"
    assert fault.remedy


def test_roles_are_six_and_each_once():
    assert len(RATER_ROLES) == len(set(RATER_ROLES)) == 6

"""Exports of survey services: recognised, proposed, read; and answers that stand one a row."""

import csv
import io

import openpyxl
import pytest
import yaml

from coachresearch.core.errors import ResponseError
from coachresearch.responses.imports import read_answers
from coachresearch.responses.layouts import headed, layout_of
from coachresearch.responses.mapping import mapping_from
from coachresearch.responses.proposal import propose
from coachresearch.responses.table import read_table

ITEMS = ("trust_01", "trust_02", "trust_03", "trust_04")
WORDS = tuple(f"Sentence {name}" for name in ITEMS)

QUALTRICS = [
    ["StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished", "RecordedDate",
     "ResponseId", "RecipientEmail", "ExternalReference", "UserLanguage", "Q1_1", "Q1_2", "Q1_3", "Q1_4", "Q9"],
    ["Start Date", "End Date", "Response Type", "IP Address", "Progress", "Duration (in seconds)", "Finished",
     "Recorded Date", "Response ID", "Recipient Email", "External Data Reference", "User Language",
     *(f"In the last four weeks, how often ...\nhow often? - {text}" for text in WORDS), "Anything, or; else?"],
    ['{"ImportId":"startDate","timeZone":"UTC"}', *(f'{{"ImportId":"c{n}"}}' for n in range(16))],
    ["2026-03-01 10:00:00", "2026-03-01 10:05:00", "IP Address", "192.0.2.1", "100", "300", "True",
     "2026-03-01 10:05:01", "R_1", "a@example.org", "", "EN", "Often", "Never", "Always", "", "fine"],
    ["2026-03-01 11:00:00", "2026-03-01 11:05:00", "Survey Preview", "192.0.2.2", "100", "300", "True",
     "2026-03-01 11:05:01", "R_2", "", "", "EN", "Often", "Never", "Always", "Rarely", ""],
    ["2026-03-01 12:00:00", "2026-03-01 12:05:00", "IP Address", "192.0.2.3", "100", "300", "True",
     "2026-03-01 12:05:01", "R_3", "", "", "DE", "2", "Nie", "No chance to see", "Immer", ""],
]
LIMESURVEY = [
    ["id", "submitdate", "lastpage", "startlanguage", "seed", "token", "startdate", "datestamp",
     *(f"LEAD[{name}]" for name in ITEMS)],
    ["1", "2026-03-01 10:05:00", "3", "en", "11", "tk1", "2026-03-01 10:00:00", "2026-03-01 10:05:00", "A4", "A1",
     "A5", "A2"],
    ["2", "2026-03-01 10:06:00", "3", "de", "12", "tk2", "2026-03-01 10:00:00", "2026-03-01 10:05:00", "A1", "A1",
     "A3", ""],
]
SURVEYMONKEY = [
    ["Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address", "First Name",
     "Last Name", "Custom Data 1", "How often do you see this?", "", "", "", "What else?"],
    ["", "", "", "", "", "", "", "", "", *WORDS, "Open-Ended Response"],
    ["1001", "55", "03/01/2026 10:00:00 AM", "03/01/2026 10:05:00 AM", "192.0.2.1", "a@example.org", "Ada", "L", "",
     "Often", "Never", "Always", "Rarely", "hm"],
    ["1002", "55", "03/01/2026 01:00:00 PM", "03/01/2026 01:05:00 PM", "192.0.2.2", "", "", "", "",
     "Always", "Rarely", "", "Sometimes", ""],
]
GOOGLE = [
    ["Timestamp", "Username", *(f"How often? [{text}]" for text in WORDS)],
    ["2026/03/01 10:05:00 AM GMT+1", "a@example.org", "Often", "Never", "Always", "Rarely"],
    ["2026/03/01 11:05:00 AM GMT+1", "b@example.org", "Nie", "Never", "Always", "Rarely"],
]
MICROSOFT = [
    ["ID", "Start time", "Completion time", "Email", "Name", *WORDS, "Anything else?"],
    ["1", "2026-03-01 10:00:00", "2026-03-01 10:05:00", "anonymous", None, "Often", "Never", "Always", "Rarely", None],
    ["2", "2026-03-01 10:00:00", "2026-03-01 10:06:00", "anonymous", None, "Never", "Never", "Never", "Never", "x"],
]
FILES = {"qualtrics": QUALTRICS, "limesurvey": LIMESURVEY, "surveymonkey": SURVEYMONKEY, "google_forms": GOOGLE,
         "microsoft_forms": MICROSOFT}


def as_csv(rows, **options):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, **options).writerows(rows)
    return text.getvalue()


@pytest.fixture
def write(tmp_path):
    def build(layout, kind="csv", rows=None):
        path = tmp_path / f"{layout}.{kind}"
        rows = rows or FILES[layout]
        if kind == "csv":
            path.write_text(as_csv(rows), encoding="utf-8-sig", newline="")
            return path
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
        return path
    return build


@pytest.fixture
def walk(write, care, instruments):
    """From the file to answers with nothing but the proposed mapping."""
    def build(layout, kind="csv"):
        path = write(layout, kind)
        text = propose(read_table(path, layout=None), care)
        return text, read_answers(path, mapping_from(yaml.safe_load(text), "proposed.yaml"), instruments, "spring")
    return build


def values(imported):
    frame = imported.responses_frame
    return {person: [None if value != value else int(value) for value in rows["value"].astype("float64")]
            for person, rows in frame.groupby("person", sort=False)}


@pytest.mark.parametrize("layout", FILES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_each_service_is_recognised_by_its_own_headings(write, layout, kind):
    found = read_table(write(layout, kind), layout=None)
    assert found.layout == layout
    assert len(set(found.columns)) == len(found.columns)
    assert len(found.rows) == len(FILES[layout]) - {"qualtrics": 3, "surveymonkey": 2}.get(layout, 1)
    assert found.numbers[0] == {"qualtrics": 4, "surveymonkey": 3}.get(layout, 2)


def test_qualtrics_from_the_file_to_answers(walk):
    text, imported = walk("qualtrics")
    assert values(imported) == {"R_1": [4, 1, 5, None], "R_3": [2, 1, None, 5]}
    frame = imported.responses_frame
    assert frame["missing"].dropna().tolist() == ["skipped", "dont_know"]
    assert frame["language"].tolist() == ["en"] * 4 + ["de"] * 4
    assert str(frame["answered_at"][0]) == "2026-03-01 10:05:01+00:00"
    assert [(one.code, dict(one.params)["n"]) for one in imported.cautions] == [("import_no_answers", 1)]
    assert '- "IPAddress"  # says who somebody is' in text
    assert '- "Q9"  # not recognised' in text
    assert 'Status: ["Survey Preview"]' in text


def test_limesurvey_from_the_file_to_answers(walk):
    text, imported = walk("limesurvey")
    assert values(imported) == {"tk1": [4, 1, 5, 2], "tk2": [1, 1, 3, None]}
    assert imported.responses_frame["language"].unique().tolist() == ["en", "de"]
    assert '"a4": 4' in text


def test_surveymonkey_from_the_file_to_answers(walk):
    text, imported = walk("surveymonkey")
    assert values(imported) == {"1001": [4, 1, 5, 2], "1002": [5, 2, None, 3]}
    assert str(imported.responses_frame["answered_at"].iloc[-1]) == "2026-03-01 13:05:00+00:00"
    assert all(f'- "{name}"  # says who somebody is' in text for name in ("First Name", "Last Name", "Email Address"))


def test_google_forms_from_the_file_to_answers(walk):
    text, imported = walk("google_forms")
    assert values(imported) == {"R0002": [4, 1, 5, 2], "R0003": [1, 1, 5, 2]}
    assert '"Username"  # says who somebody is' in text
    assert "answered_at" not in text


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_microsoft_forms_from_the_file_to_answers(walk, kind):
    _, imported = walk("microsoft_forms", kind)
    assert values(imported) == {"1": [4, 1, 5, 2], "2": [1, 1, 1, 1]}


def test_headings_that_stand_twice_are_numbered():
    assert headed([["ID", "Start time", "Completion time", "Agree", "Agree"]], "microsoft_forms").columns == (
        "ID", "Start time", "Completion time", "Agree", "Agree (2)")


def test_a_plain_spreadsheet_is_not_taken_for_an_export():
    assert layout_of([]) is None
    assert layout_of([["id", "q1"], ["1", "4"]]) is None
    assert layout_of([["Timestamp"], ["2026"]]) is None
    assert layout_of([["Respondent ID", "Collector ID", "Start Date", "End Date"], ["1", "2", "3", "4"]]) is None


def test_an_ambiguous_question_is_not_guessed(write, care):
    rows = [list(row) for row in GOOGLE]
    rows[0][3] = rows[0][2].replace("[", " [")
    text = propose(read_table(write("google_forms", rows=rows), layout=None), care)
    assert "trust_01" in text.split("not_asked")[1]
    assert "trust_02" in text.split("not_asked")[1]


def test_a_mapping_for_another_service_is_told(write, care, instruments):
    path = write("google_forms")
    mapping = mapping_from({"layout": "qualtrics", "instrument": "care", "form": "full", "person": "row_number",
                            "role": {"constant": "self"}, "wave": {"constant": "T1"}, "language": {"constant": "en"},
                            "items": "identical"})
    with pytest.raises(ResponseError, match="not laid out as qualtrics exports it"):
        read_answers(path, mapping, instruments, "spring")


LONG = {"instrument": "care", "form": "core", "person": {"column": "who"}, "role": {"constant": "self"},
        "wave": {"column": "wave"}, "language": {"constant": "en"}, "items": "identical",
        "long": {"item": "question", "value": "answer"}, "ignore": "others"}


def long_file(tmp_path, lines):
    path = tmp_path / "long.csv"
    path.write_text("who,wave,question,answer,note\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_answers_that_stand_one_a_row(tmp_path, instruments):
    path = long_file(tmp_path, ["P1,T1,trust_01,4,", "P2,T1,trust_01,Never,", "P1,T1,trust_02,2,x", "P1,T2,trust_01,5,",
                                "P1,T2,trust_02,9,"])
    frame = read_answers(path, mapping_from(LONG), instruments, "spring").responses_frame
    found = frame.set_index(["person", "wave", "item"])
    assert found["value"].dropna().to_dict() == {("P1", "T1", "trust_01"): 4, ("P1", "T1", "trust_02"): 2,
                                                 ("P2", "T1", "trust_01"): 1, ("P1", "T2", "trust_01"): 5}
    assert found["missing"].dropna().to_dict() == {("P2", "T1", "trust_02"): "skipped",
                                                   ("P1", "T2", "trust_02"): "dont_know"}


def test_faults_of_a_long_file(tmp_path, instruments):
    path = long_file(tmp_path, ["P1,T1,trust_01,4,", "P1,T1,trust_01,5,", "P1,T1,,5,", "P1,T1,trust_02,7,"])
    with pytest.raises(ResponseError) as refused:
        read_answers(path, mapping_from(LONG), instruments, "spring")
    told = str(refused.value)
    assert "'trust_01' is answered a second time" in told and "row 3" in told
    assert "The item is empty" in told
    assert "was answered 7" in told
    with pytest.raises(ResponseError, match="names a column 'nothing'"):
        read_answers(path, mapping_from(LONG | {"long": {"item": "nothing", "value": "answer"}}), instruments, "spring")
    with pytest.raises(ResponseError, match="leaves out rows by a column 'Status'"):
        read_answers(path, mapping_from(LONG | {"leave_out": {"Status": ["x"]}}), instruments, "spring")

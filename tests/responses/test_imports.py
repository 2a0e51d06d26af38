"""Spreadsheets of others become answers, all of them or none, and every fault is named by row and column."""

from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from coachresearch.core.contracts import PEOPLE, RESPONSES
from coachresearch.core.errors import CoachResearchError, InstrumentError, ResponseError, StoreError
from coachresearch.responses.imports import answers_from, import_answers, read_answers
from coachresearch.responses.mapping import mapping_from
from coachresearch.store.store import open_store

BASIC = {"instrument": "care", "form": "full", "person": {"column": "id"}, "role": {"constant": "self"},
         "wave": {"constant": "T1"}, "language": {"constant": "en"}, "items": "identical"}
HEADING = "id,trust_01,trust_02,trust_03,trust_04"


def mapping(**changes):
    return mapping_from({**BASIC, **changes})


@pytest.fixture
def written(tmp_path):
    def write(*lines, name="answers.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes("\n".join(lines).encode(encoding))
        return path
    return write


@pytest.fixture
def told(instruments):
    """The whole message with which a file is refused."""
    def refuse(path, mapping, error=ResponseError):
        with pytest.raises(error) as refused:
            read_answers(path, mapping, instruments, "spring")
        return str(refused.value)
    return refuse


def values(imported, person):
    frame = imported.responses_frame
    rows = frame[frame["person"] == person]
    return [kind if pd.isna(value) else int(value) for value, kind in zip(rows["value"], rows["missing"], strict=True)]


def test_a_csv_file(written, instruments):
    path = written(HEADING, "P1,1,2,3,4", "P2,5,,4.0,9", "", "P3,,,,")
    imported = read_answers(path, mapping(), instruments, "spring")
    RESPONSES.check(imported.responses_frame)
    assert values(imported, "P1") == [1, 2, 3, 4]
    assert values(imported, "P2") == [5, "skipped", 4, "dont_know"]
    assert values(imported, "P3") == []
    assert (imported.rows, imported.left_out) == (3, 1)
    assert [(one.code, one.values) for one in imported.cautions] == [
        ("import_left_out", {"n": 1, "of": 3, "file": "answers.csv"})]
    first = imported.responses_frame.iloc[0]
    assert first[["study", "wave", "target", "role", "instrument", "version", "form", "language", "mode"]].tolist() == [
        "spring", "T1", "P1", "self", "care", "1.0", "full", "en", "import"]


@pytest.mark.parametrize(("name", "separator", "encoding"), [
    ("a.csv", ";", "utf-8-sig"), ("a.tsv", "\t", "utf-8"), ("a.txt", ";", "utf-8")])
def test_separators_and_byte_order_marks(written, instruments, name, separator, encoding):
    path = written(HEADING.replace(",", separator), "Pé,1,2,3,4".replace(",", separator), name=name, encoding=encoding)
    assert values(read_answers(path, mapping(), instruments, "spring"), "Pé") == [1, 2, 3, 4]


def test_labels_in_any_language_and_kinds_of_missing(written, instruments):
    path = written(HEADING + ",note", "P1,Often, never ,OFT,no chance to  see,x", "P2,99,n/a,often enough,Immer,x")
    imported = read_answers(path, mapping(missing={"99": "refused", "N/A": "not_applicable"},
                                          labels={"often enough": 4}, ignore=["note"]), instruments, "spring")
    assert values(imported, "P1") == [4, 1, 4, "dont_know"]
    assert values(imported, "P2") == ["refused", "not_applicable", 4, 5]


def test_blank_means_what_the_mapping_says(written, instruments):
    path = written(HEADING, "P1,1,,3,4")
    assert values(read_answers(path, mapping(blank="not_shown"), instruments, "spring"), "P1") == [1, "not_shown", 3, 4]


def test_roles_targets_waves_times_and_people(written, instruments):
    path = written(
        "rater;about;who;when;lang;done;group;grade;" + ";".join(f"Q{number}" for number in range(1, 5)),
        "R1;P1;Team member;before;de;31.03.2026 14:02;A;senior;1;2;3;4",
        "P1;P1;Me;after;en;01.04.2026 09:00;A;;5;4;3;2")
    understood = mapping(
        person={"column": "rater"}, target={"column": "about"},
        role={"column": "who", "values": {"Team member": "report", "Me": "self"}},
        wave={"column": "when", "values": {"before": "T1", "after": "T2"}}, language={"column": "lang"},
        items={f"trust_0{number}": f"Q{number}" for number in range(1, 5)},
        answered_at={"column": "done", "time_zone": "Europe/Berlin", "format": "%d.%m.%Y %H:%M"},
        people={"arm": "group", "level": "grade"})
    imported = read_answers(path, understood, instruments, "spring")
    rows = imported.responses_frame.drop_duplicates("person")
    assert rows[["person", "target", "role", "wave", "language"]].values.tolist() == [
        ["R1", "P1", "report", "T1", "de"], ["P1", "P1", "self", "T2", "en"]]
    assert rows["answered_at"].tolist() == [datetime(2026, 3, 31, 12, 2, tzinfo=UTC),
                                            datetime(2026, 4, 1, 7, 0, tzinfo=UTC)]
    PEOPLE.check(imported.people_frame)
    assert imported.people_frame[["person", "arm", "level"]].values.tolist() == [["P1", "A", "senior"]]


def test_waves_side_by_side(written, instruments):
    items = ["trust_01", "trust_02"]
    path = written(",".join(["id", *(f"{item}_{wave}" for wave in ("pre", "post") for item in items)]),
                   "P1,1,2,3,4", "P2,5,5,,")
    understood = {**BASIC, "form": "core", "items_by_wave": {"T1": "{item}_pre", "T2": "{item}_post"}}
    understood.pop("wave")
    understood.pop("items")
    imported = read_answers(path, mapping_from(understood), instruments, "spring")
    frame = imported.responses_frame
    assert frame.groupby(["wave", "person"])["value"].apply(list).to_dict() == {
        ("T1", "P1"): [1, 2], ("T1", "P2"): [5, 5], ("T2", "P1"): [3, 4]}
    assert (imported.rows, imported.left_out) == (2, 1)


def test_rows_without_a_name_are_people_of_their_own(written, instruments):
    path = written(HEADING.removeprefix("id,"), "1,2,3,4", "5,5,5,5")
    imported = read_answers(path, mapping(person="row_number"), instruments, "spring")
    assert imported.responses_frame["person"].unique().tolist() == ["R0002", "R0003"]


def test_everything_wrong_is_told_at_once_by_row_and_column(written, told):
    message = told(written(
        "id,trust_01,trust_02,trust_03,shoe_size",
        "P1,6,2,3,40", "P2,1,sometimes maybe,3,41", "P1,1,2,3,42", ",1,2,3,43", "anna@example.org,1,2,3,44",
        "P5,3.5,2,a long remark that somebody wrote in the wrong column,45"), mapping())
    for part in (
        "The mapping names a column 'trust_04', which answers.csv does not have (mapping)",
        "answers.csv has columns that the mapping does not mention: shoe_size (mapping)",
        "Item 'trust_01' was answered 6, but its response scale 'often5' allows 1 to 5 (Never, Rarely, Sometimes, "
        "Often, Always) (answers.csv, row 2, column trust_01)",
        "Item 'trust_02' holds 'sometimes maybe', which is neither a code nor a label",
        "answers.csv, row 3, column trust_02",
        "Person 'P1' answers as self in wave 'T1' a second time (first in row 2) (answers.csv, row 4, column id)",
        "The person is empty (answers.csv, row 5, column id)",
        "The person holds a mail address (answers.csv, row 6, column id)",
        "Put a pseudonym in its place",
        "Item 'trust_01' was answered 3.5",
        "Item 'trust_03' holds a text of 53 characters",
    ):
        assert part in message
    assert message.startswith("9 faults:")
    assert "anna" not in message and "remark" not in message


def test_a_bad_column_does_not_bury_the_others(written, told):
    message = told(written(HEADING, *(f"P{row},7,1,1,1" for row in range(100)), "P200,1,1,1,8"), mapping())
    assert "80 more faults in column trust_01" in message
    assert "column trust_04" in message


def test_items_without_a_column_must_be_declared(written, told, instruments):
    path = written("id,Q1,Q2,Q3", "P1,1,2,3")
    named = {"trust_01": "Q1", "trust_02": "Q2", "trust_03": "Q3"}
    assert "No column is named for the items trust_04" in told(path, mapping(items=named))
    imported = read_answers(path, mapping(items=named, not_asked=["trust_04"]), instruments, "spring")
    assert imported.responses_frame["item"].tolist() == list(named)
    assert "has no items trust_99" in told(path, mapping(items={**named, "trust_99": "Q4"}, not_asked=["trust_04"]))
    assert "Several items are said to stand in column Q1" in told(path, mapping(
        items={**named, "trust_04": "Q1"}))


def test_other_columns_may_be_left_aside_on_purpose(written, instruments, told):
    path = written(HEADING + ",a,b", "P1,1,2,3,4,x,y")
    assert values(read_answers(path, mapping(ignore="others"), instruments, "spring"), "P1") == [1, 2, 3, 4]
    assert "ignores a column 'c', which answers.csv does not have" in told(path, mapping(ignore=["a", "b", "c"]))


def test_roles_and_targets_that_do_not_fit(written, told):
    path = written(HEADING + ",who,about", "P1,1,2,3,4,boss,P1", "P2,1,2,3,4,coach,P1", "P3,1,2,3,4,self,P1")
    message = told(path, mapping(role={"column": "who"}, target={"column": "about"}))
    assert "The rater's role is 'boss', which is not one of self, manager, peer" in message
    assert "Form 'full' of 'care' is not for the role 'coach'" in message
    assert "Role 'self', but person 'P3' answers about 'P1'" in message
    assert "need a target" in told(path, mapping(role={"constant": "report"}, ignore=["who", "about"]))
    assert "is 'bos', which is not one of" in told(path, mapping(role={"constant": "bos"}, ignore="others"))


def test_people_who_contradict_themselves_and_times_that_are_none(written, told):
    path = written(HEADING + ",arm,when,at", "P1,1,2,3,4,A,T1,2026-01-01", "P1,1,2,3,4,B,T2,soon")
    message = told(path, mapping(wave={"column": "when"}, people={"arm": "arm"},
                                 answered_at={"column": "at", "time_zone": "UTC"}))
    assert "arm of 'P1' is 'B', and 'A' further up (answers.csv, row 3, column arm)" in message
    assert "The time is 'soon', which is not a date such as 2026-03-31 14:02" in message
    assert "no time zone 'Mars/Olympus'" in told(path, mapping(
        wave={"column": "when"}, people={"arm": "arm"}, answered_at={"column": "at", "time_zone": "Mars/Olympus"}))


def test_undecodable_bytes_are_named(written, told, instruments, tmp_path):
    path = tmp_path / "answers.csv"
    path.write_bytes(HEADING.encode() + b"\nP\xc3\xa9,1,2,3,4\nP\xe9,1,2,3,4\n")
    message = told(path, mapping())
    assert "Byte 0xE9 is not UTF-8 (answers.csv, line 3, byte 2)" in message
    assert "encoding: cp1252" in message
    path = written(HEADING, "Pé,1,2,3,4", encoding="cp1252")
    assert values(read_answers(path, mapping(encoding="cp1252"), instruments, "spring"), "Pé") == [1, 2, 3, 4]
    assert "is not utf-8" in told(written(HEADING, "P,1,2,3,4", encoding="utf-16"), mapping())
    assert "no encoding 'klingon'" in told(path, mapping(encoding="klingon"))


@pytest.mark.parametrize(("lines", "message"), [
    ((HEADING, "P1,1,2,3", "P2,1,2,3,4,5"), "The row has 4 cells, the heading 5 (answers.csv, row 2)"),
    ((HEADING + ",id", "P1,1,2,3,4,5"), "The heading 'id' stands 2 times"),
    ((HEADING + ",", "P1,1,2,3,4,5"), "Column 6 has no heading"),
    ((HEADING, ), "holds no rows"),
    ((), "holds no rows"),
    ((HEADING, 'P1,1,2,3,"4'), "is not CSV"),
    (("id;x,trust_01", "1"), "The heading holds comma and semicolon"),
    ((HEADING, "P1,,,,"), "There is not a single answer"),
])
def test_files_that_are_not_tables(written, told, lines, message):
    assert message in told(written(*lines), mapping())


def test_files_that_are_not_there_or_of_another_kind(tmp_path, told):
    assert "cannot be read" in told(tmp_path / "none.csv", mapping())
    (tmp_path / "a.pdf").touch()
    assert "is of a type that is not read (.pdf)" in told(tmp_path / "a.pdf", mapping())
    for name, kind in (("a.xlsx", "Excel"), ("a.sav", "SPSS")):
        (tmp_path / name).write_bytes(b"not at all")
        assert f"{name} is not an {kind} file" in told(tmp_path / name, mapping())


def test_an_unknown_instrument_version_or_form(written, told):
    path = written(HEADING, "P1,1,2,3,4")
    assert "There is no instrument 'car'" in told(path, mapping(instrument="car"), InstrumentError)
    assert "asks for version '3'" in told(path, mapping(version="3"), InstrumentError)
    assert "has no form 'long'" in told(path, mapping(form="long"), InstrumentError)


def excel(path, *rows, sheets=("Data",)):
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for row in rows:
        book.active.append(row)
    for name in sheets[1:]:
        book.create_sheet(name)
    book.save(path)
    return path


def test_an_excel_file(tmp_path, instruments, told):
    path = excel(tmp_path / "a.xlsx", [*HEADING.split(","), "at"],
                 [17, 1, "Often", None, 4.0, datetime(2026, 3, 31, 14)], [None] * 6, ["P2", 2, 2, 2, 2])
    understood = mapping(answered_at={"column": "at", "time_zone": "UTC"})
    imported = read_answers(path, understood, instruments, "spring")
    assert values(imported, "17") == [1, 4, "skipped", 4]
    assert imported.responses_frame["answered_at"].tolist()[0] == pd.Timestamp("2026-03-31 14:00Z")
    excel(path, HEADING.split(","), ["P1", True, datetime(2026, 5, 3), 3, 4])
    message = told(path, mapping())
    assert "is True, which is no answer" in message and "is the date 2026-05-03" in message
    assert "a.xlsx, row 2, column trust_02" in message


def test_excel_sheets_and_formulas(tmp_path, instruments, told):
    path = excel(tmp_path / "a.xlsx", HEADING.split(","), ["P1", 1, 2, 3, 4], sheets=("Data", "Notes"))
    assert "has several sheets: Data, Notes" in told(path, mapping())
    assert "has no sheet 'Date'" in told(path, mapping(sheet="Date"))
    assert values(read_answers(path, mapping(sheet="Data"), instruments, "spring"), "P1") == [1, 2, 3, 4]
    excel(path, HEADING.split(","), ["P1", 1, 2, 3, "=1+1"])
    assert "The formula has no stored value (a.xlsx, row 2, column 5)" in told(path, mapping())


def test_an_spss_file(tmp_path, instruments, told):
    path = tmp_path / "a.sav"
    frame = pd.DataFrame({"id": ["P1", "P2"], "trust_01": [5.0, 99.0], "trust_02": [2.0, float("nan")],
                          "trust_03": [3.0, 1.0], "trust_04": [4.0, 4.0]})
    pyreadstat.write_sav(frame, path, missing_ranges={"trust_01": [99]},
                         variable_value_labels={"trust_02": {1: "Never", 2: "Rarely"}})
    assert "Item 'trust_01' is 99, which the file declares as missing (a.sav, row 2, column trust_01)" in told(
        path, mapping())
    imported = read_answers(path, mapping(missing={"99": "refused"}), instruments, "spring")
    assert values(imported, "P1") == [5, 2, 3, 4]
    assert values(imported, "P2") == ["refused", "skipped", 1, 4]


def test_spss_labels_that_contradict_the_instrument(tmp_path, instruments, told):
    path = tmp_path / "a.sav"
    frame = pd.DataFrame({"id": ["P1"], **{f"trust_0{number}": [float(number)] for number in range(1, 5)}})
    turned = {1: "Always", 2: "Often", 3: "Sometimes", 4: "Rarely", 5: "Never"}
    pyreadstat.write_sav(frame, path, variable_value_labels={f"trust_0{number}": turned for number in range(1, 5)})
    message = told(path, mapping())
    assert "Column trust_01 labels 1 as 'Always', which is 5 for item 'trust_01'" in message
    assert values(read_answers(path, mapping(codes="labels"), instruments, "spring"), "P1") == [5, 4, 3, 2]


def test_a_frame_is_a_spreadsheet_too(instruments):
    frame = pd.DataFrame([["P1", 1, 2.0, "Often", None]], columns=HEADING.split(","))
    before = frame.copy()
    imported = answers_from(frame, mapping(), instruments, "spring")
    assert values(imported, "P1") == [1, 2, 4, "skipped"]
    pd.testing.assert_frame_equal(frame, before)


def test_kept_once_and_the_same_file_is_recognised(tmp_path, written, instruments):
    path = written(HEADING, "P1,1,2,3,4", "P2,5,,4,9")
    imported = read_answers(path, mapping(), instruments, "spring")
    with open_store(tmp_path / "spring.db", study="spring") as store:
        first = import_answers(store, imported)
        path.rename(path.with_name("renamed.csv"))
        renamed = read_answers(path.with_name("renamed.csv"), mapping(), instruments, "spring")
        assert import_answers(store, renamed) == first
        pd.testing.assert_frame_equal(store.responses(), imported.responses_frame)
        assert store.imports()[["name", "sha256", "rows"]].values.tolist() == [
            ["answers.csv", imported.source_hash, 2]]
        assert [mark.instrument for mark in store.marks()] == ["care"]


def test_a_file_understood_anew_is_imported_only_on_request(tmp_path, written, instruments):
    path = written(HEADING, "P1,1,2,3,9")
    first = read_answers(path, mapping(), instruments, "spring")
    second = read_answers(path, mapping(missing={"9": "refused"}), instruments, "spring")
    with open_store(tmp_path / "spring.db") as store:
        import_answers(store, first)
        with pytest.raises(StoreError, match="already used for other rows"):
            import_answers(store, second)
        receipt = import_answers(store, second, again=True)
        assert import_answers(store, second, again=True) == receipt
        assert store.responses()["missing"].dropna().tolist() == ["refused"]
        assert len(store.responses(latest=False)) == 8


def test_nothing_is_kept_when_the_store_refuses(tmp_path, written, instruments):
    imported = read_answers(written(HEADING, "P1,1,2,3,4"), mapping(), instruments, "autumn")
    changed = read_answers(written(HEADING, "P1,1,2,3,5"), mapping(),
                           {"care": replace(instruments["care"], content_hash="0" * 64)}, "spring")
    with open_store(tmp_path / "spring.db", study="spring") as store:
        with pytest.raises(StoreError, match="Rows of study 'autumn'"):
            import_answers(store, imported)
        import_answers(store, read_answers(written(HEADING, "P1,1,2,3,4"), mapping(), instruments, "spring"))
        with pytest.raises(CoachResearchError, match="is not what it was"):
            import_answers(store, changed)
        assert len(store.responses(latest=False)) == 4
        assert len(store.imports()) == 1

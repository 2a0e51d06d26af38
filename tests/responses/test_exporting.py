"""Exports: every format read back by another program, who could be told apart held back, hostile text harmless."""

from dataclasses import replace

import openpyxl
import pandas as pd
import pyarrow.parquet
import pyreadstat
import pytest
from openpyxl.utils.escape import unescape

from coachresearch.core.errors import ResponseError, StoreError
from coachresearch.instruments.instrument import Item, ResponseScale
from coachresearch.responses.exporting import Choice, export, small_groups
from coachresearch.responses.labelled import names_for
from coachresearch.responses.responses import Responses
from coachresearch.responses.sheets import write_excel
from coachresearch.responses.variables import variables_of

K = 3
HOSTILE = ("=HYPERLINK(\"http://x\")", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "＝1", "<script>alert(1)</script>",
           "' OR 1=1 --", "{{7*7}}", "\u202egnirts", "e\u0301 🙂 ب", "a\x0bb", "x" * 40_000, "_x000b_", "line\nbreak")


@pytest.fixture
def care_open(care):
    """The questionnaire with a question for own words, long labels, and an item whose wording is long."""
    words = ResponseScale("words", "text", (), (), entry="text")
    often = replace(care.response_scales[0], labels=tuple((("en", f"{'é' * 100} {value}"),) for value in range(1, 6)))
    items = (*(replace(item, text=(("self", (("en", f"{item.id} {'ü' * 200}"),)),)) for item in care.items),
             Item("why", "words", (("self", (("en", "Why?"),)),), use="open"))
    form = replace(care.forms[0], items=tuple(item.id for item in items))
    return replace(care, items=items, response_scales=(often, words), forms=(form,))


@pytest.fixture
def responses(care, answers):
    frames = [answers((1, 2, 3, None), person=f"P{number}") for number in range(4)]
    return Responses(pd.concat(frames, ignore_index=True), (care,), "spring")


@pytest.fixture
def hostile(care_open, answers):
    frames = []
    for number, text in enumerate(HOSTILE):
        frame = answers((5, 2, None, 1), person=f"P{number:02}")
        last = frame.iloc[[0]].assign(item="why", value=None, text=text)
        frames.append(pd.concat([frame, last], ignore_index=True))
    return Responses(pd.concat(frames, ignore_index=True), (care_open,), "spring")


def test_csv_is_long_and_can_be_imported_again(tmp_path, responses):
    written = export(responses, tmp_path / "a.csv", Choice("csv"), min_group=K)
    back = pd.read_csv(written.path, dtype="string", keep_default_na=False)
    assert Responses(back, responses.instruments, "spring").frame.sort_values(["person", "item"])["value"].tolist() == \
        responses.frame.sort_values(["person", "item"])["value"].tolist()
    assert (written.rows, written.people) == (16, 4)
    book = pd.read_csv(written.codebook, dtype="string").set_index("name")
    assert book.loc["trust_02", "scales"] == "trust-"
    assert book.loc["trust_01", "values"] == "1 = Never; 2 = Rarely; 3 = Sometimes; 4 = Often; 5 = Always"
    assert book.loc["trust_04", ["n", "n_missing"]].tolist() == ["0", "4"]
    assert book.loc["trust_01", ["instrument", "version", "content_hash", "licence"]].tolist() == [
        "care", "1.0", "c" * 64, "CC-BY-4.0"]
    assert book.loc["person", "label"] == "Who answered (pseudonym)"


def test_rows_stand_in_the_order_of_pseudonyms_and_not_of_arrival(tmp_path, responses):
    turned = replace(responses, frame=responses.frame.iloc[::-1].reset_index(drop=True))
    one = export(responses, tmp_path / "a.csv", Choice("csv"), min_group=K).path.read_bytes()
    assert export(turned, tmp_path / "b.csv", Choice("csv"), min_group=K).path.read_bytes() == one


def test_times_languages_and_texts_can_be_held_back(tmp_path, hostile):
    frame = hostile.frame.assign(answered_at=pd.Timestamp("2026-05-04 12:30:15", tz="UTC"), seconds=2.5)
    full = replace(hostile, frame=frame)

    def read(**changes):
        written = export(full, tmp_path / "a.csv", Choice("csv", **changes), min_group=K)
        return pd.read_csv(written.path), [one.code for one in written.cautions]

    day, cautions = read()
    assert set(day["answered_at"]) == {"2026-05-04T00:00:00.000000Z"} and day["seconds"].isna().all()
    assert cautions == ["texts_included"]
    assert set(read(times="full")[0]["answered_at"]) == {"2026-05-04T12:30:15.000000Z"}
    nothing, cautions = read(times="none", language=False, texts=False)
    assert nothing["answered_at"].isna().all() and set(nothing["language"]) == {"und"}
    assert "why" not in set(nothing["item"]) and cautions == []


def test_spss_has_labels_measures_and_user_missing_codes(tmp_path, responses):
    path = export(responses, tmp_path / "a.sav", Choice("sav"), min_group=K).path
    frame, meta = pyreadstat.read_sav(path, user_missing=True)
    assert list(frame.columns) == ["wave", "person", "target", "role", "language", "trust_01", "trust_02", "trust_03",
                                   "trust_04"]
    assert frame["trust_04"].tolist() == [-91.0] * 4
    assert meta.column_names_to_labels["trust_01"] == "Sentence trust_01"
    assert meta.variable_value_labels["trust_01"] == {
        1: "Never", 2: "Rarely", 3: "Sometimes", 4: "Often", 5: "Always", -91: "skipped", -92: "don't know",
        -93: "not applicable", -94: "prefers not to say", -95: "not shown"}
    assert meta.missing_ranges["trust_04"] == [{"lo": -95.0, "hi": -91.0}]
    assert meta.variable_measure["trust_01"] == "ordinal"
    assert pyreadstat.read_sav(path)[0]["trust_04"].isna().all()


def test_stata_has_labels_and_its_own_missing_letters(tmp_path, responses):
    path = export(responses, tmp_path / "a.dta", Choice("dta"), min_group=K).path
    frame, meta = pyreadstat.read_dta(path, user_missing=True)
    assert frame["trust_04"].tolist() == ["a"] * 4
    assert frame["trust_01"].tolist() == [1] * 4
    assert meta.variable_value_labels["trust_01"]["a"] == "skipped"
    assert pd.read_stata(path, convert_categoricals=False)["trust_04"].isna().all()


@pytest.mark.parametrize(("format", "longest"), [("sav", [256, 120]), ("dta", [80])])
def test_labels_that_are_cut_are_told_and_whole_in_the_codebook(tmp_path, hostile, format, longest):
    written = export(hostile, tmp_path / f"a.{format}", Choice(format), min_group=K)
    cut = {dict(one.params)["longest"] for one in written.cautions if one.code == "label_cut"}
    assert cut == set(longest)
    book = pd.read_csv(written.codebook).set_index("name")
    assert book.loc["trust_01", "label"] == f"trust_01 {'ü' * 200}"
    assert f"{'é' * 100} 5" in book.loc["trust_01", "values"]
    read = pyreadstat.read_sav if format == "sav" else pyreadstat.read_dta
    frame, meta = read(written.path)
    label = meta.column_names_to_labels["trust_01"]
    assert label.startswith("trust_01 ü") and "\ufffd" not in label
    if format == "sav":
        assert len(label.encode()) <= 256
        assert all(len(one.encode()) <= 120 for one in meta.variable_value_labels["trust_01"].values())
    texts = dict(zip(frame["person"], frame["why"], strict=True))
    assert texts["P11"] == "e\u0301 🙂 ب" and texts["P00"] == HOSTILE[0] and len(texts["P13"]) == 40_000


def test_excel_runs_nothing_and_loses_nothing_but_what_a_cell_cannot_hold(tmp_path, hostile):
    written = export(hostile, tmp_path / "a.xlsx", Choice("xlsx"), min_group=K)
    assert [one.code for one in written.cautions] == ["texts_included", "cell_cut"]
    book = openpyxl.load_workbook(written.path)
    assert book.sheetnames == ["answers", "codebook"]
    sheet = book["answers"]
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds <= {"s", "n"}
    heading = [cell.value for cell in sheet[1]]
    found = {row[heading.index("person")].value: row[heading.index("text")].value for row in sheet.iter_rows(min_row=2)
             if row[heading.index("item")].value == "why"}
    assert found["P00"] == HOSTILE[0] and found["P04"] == "\t=1" and found["P10"] == HOSTILE[10]
    assert unescape(found["P05"]) == "\r=1" and unescape(found["P12"]) == "a\x0bb"
    assert unescape(found["P14"]) == "_x000b_" and found["P15"] == "line\nbreak"
    assert len(found["P13"]) == 32_767
    assert not any(cell.hyperlink for row in sheet.iter_rows() for cell in row)


def test_csv_guards_texts_and_leaves_numbers_alone(tmp_path, hostile):
    written = export(hostile, tmp_path / "a.csv", Choice("csv"), min_group=K)
    texts = pd.read_csv(written.path, dtype="string").dropna(subset="text").set_index("person")["text"]
    assert texts["P00"] == f"'{HOSTILE[0]}" and texts["P06"] == "'＝1" and texts["P07"] == HOSTILE[7]
    bare = export(hostile, tmp_path / "b.csv", Choice("csv", guard_formulas=False), min_group=K)
    assert pd.read_csv(bare.path, dtype="string").dropna(subset="text").set_index("person")["text"]["P00"] == HOSTILE[0]


def test_parquet_keeps_types_and_its_codebook(tmp_path, hostile):
    written = export(hostile, tmp_path / "a.parquet", Choice("parquet"), min_group=K)
    table = pyarrow.parquet.read_table(written.path)
    assert b"trust_01" in table.schema.metadata[b"coachresearch"]
    back = table.to_pandas()
    assert back["value"].dropna().astype(int).tolist().count(5) == len(HOSTILE)
    assert set(HOSTILE[:12]) <= set(back["text"].dropna())


def test_a_wide_csv_has_a_row_a_rater_and_codes_for_missing(tmp_path, responses):
    written = export(responses, tmp_path / "a.csv", Choice("csv", shape="wide"), min_group=K)
    frame = pd.read_csv(written.path)
    assert len(frame) == 4 and frame["trust_04"].tolist() == [-91] * 4


def test_groups_below_the_minimum_are_refused_and_nothing_is_written(tmp_path, responses, answers, care):
    people = pd.DataFrame({"person": [f"P{n}" for n in range(4)], "level": ["1", "1", "1", "2"], "team": ["a"] * 4,
                           "arm": ["coached"] * 4})
    with pytest.raises(ResponseError, match=r"Only 1 person answered with level 2, language en") as refused:
        export(responses, tmp_path / "a.csv", Choice("csv", attributes=("level",)), min_group=K, people=people)
    assert "P3" not in str(refused.value)
    assert "leave out level or language" in str(refused.value)
    assert list(tmp_path.iterdir()) == []
    written = export(responses, tmp_path / "a.csv", Choice("csv", attributes=("team",)), min_group=K, people=people)
    assert set(pd.read_csv(written.path)["team"]) == {"a"}
    with pytest.raises(ResponseError, match="4 people answered, and groups below 5"):
        export(responses, tmp_path / "b.csv", Choice("csv"), min_group=5)
    odd = pd.concat([responses.frame, answers(person="P9", language="de")], ignore_index=True)
    with pytest.raises(ResponseError, match="Only 1 person answered with language de"):
        export(Responses(odd, (care,), "spring"), tmp_path / "b.csv", Choice("csv"), min_group=K)
    with pytest.raises(ResponseError, match="no table of people"):
        export(responses, tmp_path / "b.csv", Choice("csv", attributes=("level",)), min_group=K)
    assert not (tmp_path / "b.csv").exists()


def test_many_raters_do_not_hide_the_one_they_rate(answers):
    frame = pd.concat([answers(person=f"R{n}", target=f"P{m}", role="report") for m in range(3) for n in
                       range(m * 5, m * 5 + 5)], ignore_index=True)
    about = pd.DataFrame({"level": ["x", "y", "y"]}, index=["P0", "P1", "P2"])
    found = small_groups(frame, about, language=False, min_group=2)
    assert [one.what for one in found] == ["Only 1 of those answered about have level x"]


def test_small_groups_of_raters_are_told(tmp_path, responses, answers, care):
    frame = pd.concat([responses.frame, answers(person="R1", target="P0", role="report")], ignore_index=True)
    written = export(Responses(frame, (care,), "spring"), tmp_path / "a.csv", Choice("csv"), min_group=K)
    assert [one.code for one in written.cautions] == ["rater_groups_small"]


def test_names_are_legal_and_told_apart_whatever_their_case():
    assert names_for(["Abc", "abc", "1st", "_x", "a b", "ALL", "trust.1", "é"], longest=64) == {
        "Abc": "Abc", "abc": "abc_2", "1st": "v1st", "_x": "v_x", "a b": "a_b", "ALL": "v_ALL", "trust.1": "trust_1",
        "é": "v"}
    stata = names_for(["a" * 40, "a" * 41, "int", "str12", "x"], longest=32, stata=True)
    assert len(set(stata.values())) == 5 and max(map(len, stata.values())) == 32
    assert stata["int"] == "int_" and stata["str12"] == "str12_"


def test_missing_codes_stay_below_the_answers(care, answers):
    options = ResponseScale("often5", "count", tuple(range(-99, 100)), (), entry="number")
    instrument = replace(care, response_scales=(options,))
    found = variables_of(Responses(answers((-99, -91, 0, 5)), (instrument,), "spring"))
    assert [code for code, _ in found[0].missing] == [-991, -992, -993, -994, -995]


def test_a_file_that_cannot_be_written_is_told_and_an_older_one_stays(tmp_path, responses):
    for format in ("csv", "xlsx", "sav", "dta", "parquet"):
        with pytest.raises(StoreError, match="cannot be written"):
            export(responses, tmp_path / "none" / f"a.{format}", Choice(format), min_group=K)
    with pytest.raises(StoreError, match="cannot be written"):
        write_excel({"a": responses.frame}, tmp_path / "none" / "a.xlsx")

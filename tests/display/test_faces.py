from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from coachresearch.core.caution import Caution
from coachresearch.core.contracts import ESTIMATES
from coachresearch.core.estimate import Estimate
from coachresearch.display.html import result_html, table_html
from coachresearch.display.result import Result
from coachresearch.display.tables import Block, Column, Table, result_table
from coachresearch.display.text import MESSAGES, caution_sentence, group_label, label, sentence
from coachresearch.display.tidy import estimates_frame

SUMMARY = """\
Reliability: Trust
  Cronbach's alpha: .84, 95% CI [.78, .89], n = 41
  Standard error of measurement: 0.23, n = 41
  trust_01, Loading: .71, n = 41
  trust_02, Loading: −.62, n = 41
Method: Reliability from complete rows of keyed items.
Method: Alpha with the interval of Feldt (1965)."""


def test_the_summary_is_plain_text(reliability: Result) -> None:
    text = reliability.summary()
    assert text.startswith(SUMMARY)
    assert text.endswith("Mind: 3 of 44 rows had a gap and are left out wherever complete rows are needed.")
    assert str(reliability) == text


def test_the_frame_is_the_contract_at_full_precision(reliability: Result) -> None:
    frame = reliability.frame
    assert tuple(frame.columns) == ESTIMATES.names
    assert frame["estimate"].tolist() == [0.8412, 0.2251, 0.71, -0.62]
    assert frame["p_value"].isna().all()
    assert ESTIMATES.faults(frame) == ()
    assert reliability.figure_frame.equals(frame)
    frame.loc[0, "estimate"] = 0.0
    assert reliability.frame["estimate"][0] == 0.8412
    assert list(estimates_frame(()).columns) == list(ESTIMATES.names)


def test_the_html_face_is_a_real_table(reliability: Result) -> None:
    soup = BeautifulSoup(reliability._repr_html_(), "html.parser")
    table = soup.find("table")
    assert table is not None
    assert table.find("caption").get_text() == "Reliability: Trust"
    assert [head.get_text() for head in table.select("thead th")] == ["Quantity", "Estimate", "95% CI", "n"]
    assert all(head["scope"] == "col" for head in table.select("thead th"))
    assert [row.find("th")["scope"] for row in table.select("tbody tr")] == ["row", "row", "rowgroup", "row", "row"]
    assert table.select("tbody")[1].find("th").get_text() == "Loading"
    assert "3 of 44 rows" in soup.find("p", class_="cr-note").get_text()
    assert result_html(reliability) == result_html(reliability)


def test_a_result_about_items_has_one_row_an_item_and_is_escaped(items: Result) -> None:
    html = items._repr_html_()
    soup = BeautifulSoup(html, "html.parser")
    assert [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.select("tbody tr")] == [
        ["trust_01", "3.46", "5%", "40"], ["<b>", "2.00", "0%", "41"]]
    assert "<b>" not in html


def test_hostile_text_is_escaped_everywhere(reliability: Result) -> None:
    hostile = '<script>alert("x")</script>'
    one = replace(reliability, title=hostile, estimates=(Estimate("alpha", 0.5, group=hostile),))
    html = result_html(one, id='x" onload="y')
    soup = BeautifulSoup(html, "html.parser")
    assert soup.find("script") is None
    assert soup.find(attrs={"onload": True}) is None
    assert hostile in soup.get_text()


def test_a_numbered_table_and_a_ragged_one() -> None:
    table = Table("Scores", (Column("Who", "text"), Column("M")), (Block((("a", "1"),), "Group"),), ("One note.",))
    soup = BeautifulSoup(table_html(table, id="t", number=2), "html.parser")
    assert [part.get_text() for part in soup.find("caption").children] == ["Table 2", "Scores"]
    assert soup.find("p", class_="cr-note").get_text() == "Note. One note."
    with pytest.raises(ValueError, match="2 columns"):
        Table("Scores", table.columns, (Block((("a",),)),))


def test_columns_that_hold_nothing_are_left_out(reliability: Result) -> None:
    labels = [column.label for column in result_table(reliability).columns]
    assert "p" not in labels
    tested = replace(reliability, estimates=(Estimate("mean_change", 0.2, p_value=0.0004, statistic=4.1, df=39.2),))
    table = result_table(tested)
    assert [column.label for column in table.columns] == ["Quantity", "Estimate", "Statistic", "df", "p"]
    assert table.blocks[0].rows == (("Mean change", "0.20", "4.10", "39.2", "< .001"),)


def test_names_for_readers_reach_groups_and_cautions(reliability: Result) -> None:
    one = replace(
        reliability, estimates=(Estimate("mean_change", 0.2, group="c - w"),), method="", cautions=(
            Caution("no_answer_in_arm", (("arm", "c"), ("n", 1), ("of", 9), ("wave", "T2"))),))
    table = result_table(one, names={"c": "Coached", "w": "Waiting"})
    assert table.blocks[0].heading == "Coached minus Waiting"
    assert table.notes == ("1 of 9 people in Coached gave no answer at T2.",)
    assert group_label("a - b") == "a minus b"


def test_a_code_without_a_sentence_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"caution\.no_such"):
        caution_sentence(Caution("no_such"))
    assert label("no_such_term") == "no such term"


def test_a_parameter_may_itself_be_a_code() -> None:
    said = sentence("worth.open", needed=0.2, unit_code="unit.points")
    assert said.endswith("(0.20 scale points).")


def test_every_sentence_names_only_formats_that_exist() -> None:
    import string

    for code in MESSAGES.codes():
        template = _template(code)
        for _, name, spec, _ in string.Formatter().parse(template):
            if name and spec:
                assert spec in MESSAGES.formats or spec.startswith("plural(") or spec[0] in ".,0123456789", code


def _template(code: str) -> str:
    from coachresearch.core.catalogue import _sentences

    return _sentences(MESSAGES.folder, "en")[code]


def test_faces_without_a_figure_load_no_matplotlib() -> None:
    code = (
        "import sys\n"
        "from coachresearch.display.result import Result\n"
        "from coachresearch.core.estimate import Estimate\n"
        "import coachresearch.display.figures\n"
        "one = Result(title='T', estimates=(Estimate('alpha', .8),), method='')\n"
        "one.summary(), one._repr_html_()\n"
        "sys.exit('matplotlib' in sys.modules or 'scipy' in sys.modules or 'pandas' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()

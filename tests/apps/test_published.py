"""Published scales from the command line to scores: shown, brought in, confirmed, asked, scored, placed."""

from datetime import date

import pytest
import yaml

from coachresearch.apps.administer import administer
from coachresearch.apps.catalogue import library_lines, shown
from coachresearch.apps.norms import read_groups, write_norm_scores
from coachresearch.apps.published import confirm_published, use_published, write_script, write_template
from coachresearch.apps.score import write_scores
from coachresearch.apps.setup import new_study
from coachresearch.core.errors import DesignError, InstrumentError, ResponseError
from coachresearch.instruments.wording_sources.table import Terms
from coachresearch.studies.reader import read_study

NORMS = "ipip_neo_120_web"


@pytest.fixture
def study(tmp_path):
    def make(instrument):
        folder = tmp_path / "study"
        new_study(folder, title="Practice", assignment="cross_section", instrument=instrument, form="full")
        file = folder / "study.yaml"
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        data["waves"][0]["asked"][0]["roles"] = ["self"]
        data["primary"]["role"] = "self"
        file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return folder

    return make


def answered(folder, answer, *, person="P1", language="en"):
    form = administer(read_study(folder / "study.yaml"), person=person, language=language)
    for question in form.page["questions"]:
        form.answer(question["item"], answer(question["item"]))
    form.finish()
    return form


def scored(folder):
    import pandas as pd

    write_scores(folder)
    return pd.read_csv(folder / "scores.csv").set_index(["person", "scale"])["score"]


def test_ours_and_published_stand_apart():
    lines = library_lines()
    ours, theirs = (next(number for number, line in enumerate(lines) if line.startswith(word)) for word in
                    ("Ours", "Published by others"))
    rows = {line.split()[0]: number for number, line in enumerate(lines) if line}
    assert ours < rows["mq5"] < theirs < rows["hexaco_60"]
    assert rows["mini_markers"] > theirs
    assert len(library_lines(which="published")) > 110


@pytest.mark.parametrize(("asked", "has", "lacks"), [
    ({"family": "competency"}, "aels", "hexaco_60"), ({"licence": "public-domain"}, "ipip_neo_120", "hexaco_60"),
    ({"words": "markers"}, "unipolar_markers_100", "hexaco_60"), ({"which": "ours"}, "mq5", "hexaco_60"),
])
def test_the_list_is_filtered(asked, has, lacks):
    names = [line.split()[0] for line in library_lines(**asked) if line]
    assert has in names
    assert lacks not in names


def test_a_filter_that_leaves_nothing_says_so():
    with pytest.raises(InstrumentError, match="Nothing in the library"):
        library_lines(family="astrology")


def test_a_card_says_what_is_known_and_how_well():
    text = shown("hexaco_60")
    assert "HEXACO-60: hexaco_60, a published scale" in text
    assert "DOI: 10.1080/00223890902935878 [found: R67]" in text
    assert "H honesty-humility: 6 -12 18 -24 -30 36 -42 -48 54 -60" in text
    assert "alpha; scope H; value 0.79; n 936; sample college [recalled, medium confidence: unverified]" in text
    assert "Terms: free-research; free for non-profit academic research" in text
    assert "Wording: authors' HEXACO site. How to load it: own file." in text
    assert "R67: Ashton and Lee 2009" in text
    assert shown("hexaco60") == text


def test_an_unknown_name_lists_near_ones():
    with pytest.raises(InstrumentError, match="Did you mean hexaco_60"):
        shown("hexaco")


def test_ipip_neo_120_from_archive_to_norms(study, npm_archive, tmp_path):
    folder = study("ipip_neo_120")
    path, digest = npm_archive()
    told = use_published(folder, "ipip_neo_120", wording=path, languages=("en", "de"), sha256=digest)
    assert "120 items, 35 scores, languages de, en" in told[0]
    assert any(digest in line for line in told)
    assert any("translation that nobody has tested" in line for line in told)
    form = answered(folder, lambda item: 4)
    assert form.page["questions"][6]["text"] == "Made-up act 7 (en)"
    scores = scored(folder)
    # All fours: a facet of four items, k of them reversed, sums to 4 * (4 - k) + 2 * k; a domain to its six facets.
    turned = {"n": (0, 1, 1, 1, 3, 1), "e": (2, 2, 1, 1, 0, 0), "o": (0, 2, 2, 3, 3, 2), "a": (1, 4, 2, 4, 4, 2),
              "c": (0, 3, 2, 2, 2, 4)}
    for letter, counts in turned.items():
        facets = [16 - 2 * count for count in counts]
        assert [scores["P1", f"ipip_neo_120_{letter}{number}"] for number in range(1, 7)] == facets
        assert scores["P1", f"ipip_neo_120_{letter}"] == sum(facets)
    groups = tmp_path / "groups.csv"
    groups.write_text("person,sex,age\nP1,female,34\n", encoding="utf-8")
    told = write_norm_scores(folder, NORMS, groups)
    assert "35 normed scores of 1 person against" in told[0]
    assert "(found: R01, R03)" in told[1]
    import pandas as pd

    placed = pd.read_csv(folder / "norm_scores.csv").set_index("scale")
    assert placed.loc["ipip_neo_120_n", "t"] == pytest.approx(50 + 10 * (82 - 72.14) / 16.16)
    assert "Made-up" not in (folder / "norm_scores.csv").read_text(encoding="utf-8")
    assert b"Made-up" not in (folder / "answers.db").read_bytes()


def test_answers_in_a_translation_are_not_placed(study, npm_archive, tmp_path):
    folder = study("ipip_neo_120")
    path, digest = npm_archive()
    use_published(folder, "ipip_neo_120", wording=path, languages=("de",), sha256=digest)
    form = answered(folder, lambda item: 3, language="de")
    assert form.page["questions"][0]["options"][0]["label"] == "Won't 1 de"
    groups = tmp_path / "groups.csv"
    groups.write_text("person,sex,age\nP1,female,34\n", encoding="utf-8")
    with pytest.raises(InstrumentError, match="The answers are in de, the norms"):
        write_norm_scores(folder, NORMS, groups)


def test_answers_score_without_the_wording(study, npm_archive):
    folder = study("ipip_neo_120")
    path, digest = npm_archive()
    use_published(folder, "ipip_neo_120", wording=path, sha256=digest)
    answered(folder, lambda item: 4)
    before = scored(folder)
    path.unlink()
    assert scored(folder).equals(before)
    with pytest.raises(InstrumentError, match="holds keys only"):
        answered(folder, lambda item: 4, person="P2")


def test_mini_markers_score_only_after_their_key_is_confirmed(study):
    folder = study("mini_markers")
    answered(folder, lambda item: 9 if item in ("bold", "energetic") else 5)
    with pytest.raises(InstrumentError, match="recalled from memory and not confirmed"):
        write_scores(folder)
    told = confirm_published(folder, "mini_markers", by="A. Reader", on=date(2026, 3, 2),
                             against="Saucier (1994), p. 511")
    assert "  mm_extraversion: bold energetic extraverted talkative -bashful -quiet -shy -withdrawn" in told
    assert "confirmed by A. Reader on 2026-03-02 against Saucier (1994), p. 511." in told[-2]
    scores = scored(folder)
    assert scores["P1", "mm_extraversion"] == (9 + 9 + 6 * 5) / 8
    assert scores["P1", "mm_agreeableness"] == 5


def test_a_template_is_filled_in_and_brought_in(study, tmp_path):
    folder = study("cses")
    place = tmp_path / "cses.yaml"
    write_template("cses", place)
    with pytest.raises(InstrumentError, match="is there already"):
        write_template("cses", place)
    with pytest.raises(InstrumentError):
        use_published(folder, "cses", wording=place)
    text = place.read_text(encoding="utf-8").replace('text: ""', "text: Made-up")
    place.write_text(text, encoding="utf-8")
    told = use_published(folder, "cses", wording=place, terms=Terms("A", date(2026, 3, 2), "the article", "free"))
    assert any("A takes responsibility for its use; taken from the article." in line for line in told)
    assert any("have the same text" in line for line in told)


def test_the_script_is_written(tmp_path):
    assert "Rscript" in write_script(tmp_path / "words.R")
    assert "bfi.dictionary" in (tmp_path / "words.R").read_text(encoding="utf-8")


def test_what_is_not_there_is_named(study, tmp_path):
    with pytest.raises(DesignError, match=r"holds no study\.yaml"):
        use_published(tmp_path, "cses")
    folder = study("mini_markers")
    with pytest.raises(InstrumentError, match="Bring it in first"):
        confirm_published(folder, "hexaco_60", by="A", on=date(2026, 3, 2), against="B")
    with pytest.raises(InstrumentError, match="There is no norm card 'none'"):
        answered(folder, lambda item: 5)
        write_norm_scores(folder, "none")


@pytest.mark.parametrize("text", ["", "name,sex\nP1,male\n", "person,sex\nP1\n", "person,sex\nP1,male,3\n"])
def test_a_table_of_groups_that_cannot_be_read_is_named(tmp_path, text):
    path = tmp_path / "groups.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ResponseError, match=r"groups\.csv"):
        read_groups(path)
    with pytest.raises(ResponseError, match=r"no file 'gone\.csv'"):
        read_groups(tmp_path / "gone.csv")

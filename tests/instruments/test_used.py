"""What a study folder says of published scales: used, worded, confirmed."""

from datetime import date

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.library import library
from coachresearch.instruments.used import CONFIRMED, USED, confirm_in, key_hash, use_scale, with_published
from coachresearch.instruments.wording_sources.table import Terms

ON = date(2026, 3, 2)


@pytest.fixture(scope="module")
def whole():
    return dict(library())


@pytest.fixture
def archive(npm_archive, tmp_path):
    path, digest = npm_archive()
    return path, digest, tmp_path


def test_a_folder_without_the_files_adds_nothing(tmp_path, whole):
    assert list(with_published(tmp_path, whole)) == sorted(whole)


def test_a_scale_with_keys_alone(tmp_path, whole):
    made, loaded = use_scale(tmp_path, "hexaco60", whole)
    assert loaded is None
    assert with_published(tmp_path, whole)["hexaco_60"] == made
    assert (made.version, made.wording) == ("1.0.0", None)


def test_a_scale_with_its_wording_comes_back_as_it_was(archive, whole):
    path, digest, folder = archive
    made, loaded = use_scale(folder, "ipip_neo_120", whole, wording=path, languages=("en", "de"), sha256=digest)
    again = with_published(folder, whole)["ipip_neo_120"]
    assert (again.version, again.content_hash, again.items) == (made.version, made.content_hash, made.items)
    assert again.wording.sha256 == digest
    assert loaded.languages == ("de", "en")
    assert "Made-up" not in (folder / USED).read_text(encoding="utf-8")


def test_without_the_wording_file_keys_score_under_the_version_that_was_noted(archive, whole):
    path, digest, folder = archive
    made, _ = use_scale(folder, "ipip_neo_120", whole, wording=path, sha256=digest)
    path.unlink()
    again = with_published(folder, whole)["ipip_neo_120"]
    assert (again.version, again.content_hash, again.scales) == (made.version, made.content_hash, made.scales)
    assert all(item.text == () for item in again.items)
    assert again.wording.sha256 == digest


def test_a_wording_file_that_changed_is_refused(archive, whole):
    path, digest, folder = archive
    use_scale(folder, "ipip_neo_120", whole, wording=path, sha256=digest)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InstrumentError, match="has the SHA-256"):
        with_published(folder, whole)


def test_other_instructions_are_another_version(archive, whole):
    path, digest, folder = archive
    first, _ = use_scale(folder, "ipip_neo_120", whole, wording=path, sha256=digest)
    second, _ = use_scale(folder, "ipip_neo_120", whole, wording=path, sha256=digest, instructions={"en": "Tell us."})
    assert first.version != second.version
    assert with_published(folder, whole)["ipip_neo_120"].version == second.version


def test_terms_of_an_own_file_are_kept(tmp_path, whole):
    own = tmp_path / "own.csv"
    own.write_text("item,text\n" + "\n".join(f"{number},Made-up {number}" for number in range(1, 13)), encoding="utf-8")
    use_scale(tmp_path, "cses", whole, wording=own, terms=Terms("A. Reader", ON, "the article", "free"))
    again = with_published(tmp_path, whole)["cses"]
    assert (again.wording.by, again.wording.origin, again.wording.licence) == ("A. Reader", "the article", "free")


def test_a_faulty_wording_leaves_the_folder_as_it_was(tmp_path, whole):
    use_scale(tmp_path, "cses", whole)
    before = (tmp_path / USED).read_bytes()
    with pytest.raises(InstrumentError):
        use_scale(tmp_path, "cses", whole, wording=tmp_path / "gone.csv")
    assert (tmp_path / USED).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [USED]


def test_a_card_that_cannot_score_is_not_taken(tmp_path, whole):
    with pytest.raises(InstrumentError, match="cannot be made into a questionnaire"):
        use_scale(tmp_path, "fos", whole)
    assert not (tmp_path / USED).exists()


def test_a_confirmed_key_is_confirmed_when_the_folder_is_read(tmp_path, whole):
    assert with_published(tmp_path, whole)["mini_markers"].recalled_key
    confirm_in(tmp_path, whole["mini_markers"], by="A. Reader", on=ON, against="the paper, p. 511")
    one = with_published(tmp_path, whole)["mini_markers"]
    assert not one.recalled_key
    assert (one.key_confirmation.by, one.key_confirmation.on, one.key_confirmation.against) == (
        "A. Reader", ON, "the paper, p. 511")
    assert with_published(tmp_path, whole, confirmed=False)["mini_markers"].recalled_key


def test_a_second_confirmation_takes_the_place_of_the_first(tmp_path, whole):
    for who in ("A", "B"):
        confirm_in(tmp_path, whole["mini_markers"], by=who, on=ON, against="the paper")
    assert (tmp_path / CONFIRMED).read_text(encoding="utf-8").count("instrument:") == 1
    assert with_published(tmp_path, whole)["mini_markers"].key_confirmation.by == "B"


@pytest.mark.parametrize(("old", "new", "told"), [
    ("instrument: mini_markers", "instrument: nobody", "no instrument 'nobody' whose key could be confirmed"),
    ("2026-03-02", "2026-03-42", "is not a day"),
    ("by: A. Reader", "by: ' '", "cannot be confirmed by nobody"),
    ("key_hash: ", "key_hash: 0", "key_hash"),
])
def test_a_faulty_confirmation_is_told(tmp_path, whole, old, new, told):
    confirm_in(tmp_path, whole["mini_markers"], by="A. Reader", on=ON, against="the paper")
    file = tmp_path / CONFIRMED
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InstrumentError) as caught:
        with_published(tmp_path, whole)
    assert told in str(caught.value)


def test_a_key_that_changed_since_is_not_confirmed(tmp_path, whole):
    confirm_in(tmp_path, whole["mini_markers"], by="A. Reader", on=ON, against="the paper")
    file = tmp_path / CONFIRMED
    now = key_hash(whole["mini_markers"])
    file.write_text(file.read_text(encoding="utf-8").replace(now, "a" * 64), encoding="utf-8")
    with pytest.raises(InstrumentError, match=r"is not the one that A\. Reader confirmed"):
        with_published(tmp_path, whole)


@pytest.mark.parametrize("name", ["mq5", "bfi25"])
def test_there_is_nothing_to_confirm_in_a_known_key(tmp_path, whole, name):
    with pytest.raises(InstrumentError, match="is not a recalled one"):
        confirm_in(tmp_path, whole[name], by="A", on=ON, against="B")
    assert not (tmp_path / CONFIRMED).exists()


def test_a_folder_that_is_not_there_is_named(tmp_path, whole):
    with pytest.raises(InstrumentError, match="There is no study folder"):
        use_scale(tmp_path / "gone", "cses", whole)

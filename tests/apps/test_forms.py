"""A form in one file: written, filled in by a browser, handed back, imported once; and the form on paper."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coachresearch.apps.cli import app
from coachresearch.apps.folder import open_folder
from coachresearch.apps.forms import import_returned, write_forms
from coachresearch.apps.setup import new_study
from coachresearch.core.errors import CoachResearchError, DesignError
from coachresearch.store.promise import promise
from coachresearch.store.store import open_store

LARGEST = 30_000  # bytes of a whole form
SEEN_WITHIN = 15_000  # milliseconds


@pytest.fixture
def study(tmp_path) -> Path:
    folder = tmp_path / "spring"
    new_study(folder, title="Spring", assignment="waitlist", instrument="mq5", form="core")
    arm = open_arm(folder)
    (folder / "people.csv").write_text(f"person,level,team,arm,treatment_start\nP001,1,A,{arm},\n", encoding="utf-8")
    (folder / "relations.csv").write_text("target,rater,role,wave\nP001,R001,report,\n", encoding="utf-8")
    return folder


def open_arm(folder: Path) -> str:
    return re.search(r"arms:\s*\n\s*- *\{? *id: *(\w+)", (folder / "study.yaml").read_text(encoding="utf-8")).group(1)


@pytest.fixture
def form(study) -> Path:
    list(write_forms(study, wave="T1"))
    return next(path for path in (study / "forms-T1").iterdir() if "R001" in path.name)


def facts_in(form: Path) -> dict:
    return json.loads(html.unescape(re.search(r'data-facts="([^"]*)"', form.read_text(encoding="utf-8")).group(1)))


@pytest.fixture
def handed_back(form, study, tmp_path):
    """A file of answers as the form hands it back; facts and fields can be changed."""
    items = open_folder(study).instruments["mq5"].form("core").items

    def build(name="back.json", fields=None, **changes) -> Path:
        answers = {f"a-{item}": "4" for item in items} if fields is None else fields
        content = {"format": "coachresearch answers 1", **facts_in(form), "fields": answers,
                   "finished_at": "2026-03-02T14:02:00.000Z"} | changes
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return build


def answers(study: Path):
    folder = open_folder(study)
    with open_store(folder.database) as store:
        return store.responses(latest=False)


def test_a_form_is_small_and_asks_nothing_of_anybody(form):
    text = form.read_text(encoding="utf-8")
    assert len(text.encode("utf-8")) < LARGEST
    assert "http://" not in text
    assert "https://" not in text
    assert text.count("<fieldset") == 10
    for tag in ("script", "style"):
        inside = re.search(f"<{tag}>(.*?)</{tag}>", text, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(inside.encode("utf-8")).digest()).decode("ascii")
        assert f"{tag}-src 'sha256-{digest}'" in text


def test_the_longest_form_of_mq5_stays_small(study):
    file = study / "study.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("core", "full"), encoding="utf-8")
    list(write_forms(study, study / "long", wave="T1"))
    sizes = [path.stat().st_size for path in (study / "long").iterdir()]
    assert len(sizes) > 0
    assert max(sizes) < LARGEST


def test_what_comes_back_is_kept_once(study, handed_back):
    file = handed_back()
    said = CliRunner().invoke(app, ["import", str(study), str(file)])
    assert said.output.strip() == "10 of 10 questions answered: R001 about P001, mq5, T1"
    later = handed_back("again.json", finished_at="2026-03-03T09:00:00+02:00")
    assert import_returned(study, later) == "Already here, nothing was added: R001 about P001, mq5, T1"
    kept = answers(study)
    assert (len(kept), set(kept["value"]), set(kept["mode"]), set(kept["person"])) == (10, {4}, {"file"}, {"R001"})


def test_a_corrected_file_counts_and_the_first_stays_in_the_history(study, handed_back):
    import_returned(study, handed_back())
    items = open_folder(study).instruments["mq5"].form("core").items
    import_returned(study, handed_back(fields={f"a-{item}": "2" for item in items[:9]}))
    folder = open_folder(study)
    with open_store(folder.database) as store:
        latest = store.responses().set_index("item")
    assert set(latest["value"].dropna()) == {2}
    assert latest.loc[items[9], "missing"] == "skipped"
    assert len(answers(study)) == 20


@pytest.mark.parametrize(("changes", "words"), [
    ({"study": "autumn"}, "belong to the study 'autumn'"), ({"person": "P666"}, "Nobody is asked this"),
    ({"wave": "T9"}, "Nobody is asked this"), ({"role": "king"}, "Nobody is asked this"),
    ({"content_hash": "0" * 64}, "made from version"), ({"version": "9"}, "made from version"),
    ({"language": "../.."}, "language"), ({"format": "other"}, "The format is 'other'"),
    ({"finished_at": "yesterday"}, "no time"), ({"finished_at": "2026-03-02T14:02:00"}, "no time"),
    ({"fields": {"a-mot_1": 4}}, "are not answers"), ({"fields": {"a-mot_1": "77", "a-zzz": "1"}}, "2 faults"),
    ({"person": 7}, "'person' is missing"),
])
def test_a_file_that_does_not_fit_is_refused_whole(study, handed_back, changes, words):
    fields = changes.pop("fields", None)
    if fields is not None and "a-mot_1" in fields:
        first = open_folder(study).instruments["mq5"].form("core").items[0]
        fields = {name.replace("mot_1", first): value for name, value in fields.items()}
    with pytest.raises(CoachResearchError, match=re.escape(words)):
        import_returned(study, handed_back(fields=fields, **changes))
    assert not (study / "answers.db").exists() or len(answers(study)) == 0


@pytest.mark.parametrize("content", ["", "[]", '{"format": "coachresearch answers 1"', "[" * 100_000])
def test_a_damaged_file_is_told(study, tmp_path, content):
    file = tmp_path / "back.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CoachResearchError, match="Ask for the file again"):
        import_returned(study, file)


def test_forms_are_not_written_over_and_not_for_an_anonymous_study(study, form):
    with pytest.raises(DesignError, match="are there already"):
        list(write_forms(study, wave="T1"))
    with open_store(study / "answers.db", study=open_folder(study).study.id) as store:
        promise(store, "anonymous")
    with pytest.raises(DesignError, match="is anonymous"):
        list(write_forms(study, study / "elsewhere", wave="T1"))
    assert not (study / "elsewhere").exists()


def test_paper_has_a_box_for_every_option(study):
    list(write_forms(study, wave="T1", paper=True))
    page = next(path for path in (study / "paper-T1").iterdir() if "R001" in path.name).read_text(encoding="utf-8")
    mq5 = open_folder(study).instruments["mq5"]
    scales = [mq5.response_scale(item) for item in mq5.form("core").items]
    assert page.count("☐") == sum(len(scale.values) + len(scale.missing) for scale in scales)
    assert "P001" in page
    assert "<script" not in page


@pytest.mark.browser
def test_the_form_in_one_file_in_a_browser(chromium, study, form, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    window = chromium.new_context(viewport={"width": 375, "height": 800}, accept_downloads=True)
    tab = window.new_page()
    tab.set_default_timeout(SEEN_WITHIN)
    complaints: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(form.as_uri())
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    groups = tab.get_by_role("group")
    for number in range(9):
        groups.nth(number).get_by_role("radio").nth(2).check()
    tab.get_by_text("9 of 10 answered").wait_for()
    tab.reload()
    assert tab.locator("input:checked").count() == 9
    finish = tab.get_by_role("button", name="Finish and save the file")
    finish.click()
    tab.get_by_role("alert").filter(has_text="Questions without an answer: 1").wait_for()
    with tab.expect_download() as download:
        finish.click()
    back = tmp_path / "back.json"
    download.value.save_as(back)
    assert import_returned(study, back) == "9 of 10 questions answered: R001 about P001, mq5, T1"
    assert complaints == []
    assert {address for address in asked if not address.startswith(("data:", "blob:"))} == {form.as_uri()}
    window.close()

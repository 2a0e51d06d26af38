"""The asking wing stands without SciPy and matplotlib, and every caution it gives has a sentence."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import coachresearch

HOUSE = Path(coachresearch.__file__).parent
FOREIGN = ("scipy", "matplotlib", "statsmodels", "pingouin", "seaborn", "sklearn")

WALK = """
import importlib, importlib.abc, pkgutil, sys, tempfile
from pathlib import Path

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in FOREIGN or name.startswith(TELLING):
            raise ImportError(f"{name} is not for the asking wing")

FOREIGN = sys.argv[1].split(",")
TELLING = tuple("coachresearch." + room for room in
                ("moments", "draws", "display", "claims", "psychometrics", "effects", "reports"))
sys.meta_path.insert(0, Blocker())
for room in ("core", "instruments", "studies", "store", "responses", "scoring"):
    package = importlib.import_module(f"coachresearch.{room}")
    for module in pkgutil.walk_packages(package.__path__, f"coachresearch.{room}."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)

import pandas as pd
from coachresearch.instruments.instrument import Form, Instrument, Item, Licence, ResponseScale, Scale, Source
from coachresearch.responses.imports import answers_from, import_answers
from coachresearch.responses.mapping import mapping_from
from coachresearch.responses.responses import read_responses
from coachresearch.scoring.keys import keyed
from coachresearch.scoring.scores import score
from coachresearch.store.store import open_store
from coachresearch.studies.study import Arm, Asked, Outcome, Study, Wave

care = Instrument(
    id="care", version="1", content_hash="0", family="character", model="reflective", status="draft", title=(),
    construct=(), languages=("en",), items=(Item("a", "five"), Item("b", "five")),
    response_scales=(ResponseScale("five", "frequency", (1, 2, 3, 4, 5), ((),) * 5),),
    scales=(Scale("trust", (), (("a", 1), ("b", -1)), "mean", 1),), forms=(Form("full", ("a", "b"), ("self",), 1.0),),
    reporting_floor=5, licence=Licence("CC0-1.0"), source=Source("own"))
study = Study("spring", "Spring", "", "one_group", (Arm("coached", "", True),),
              (Wave("T1", 1, "", (Asked("care", "full", ("self",)),)),), Outcome("trust", "self"), 5)
mapping = mapping_from({"instrument": "care", "form": "full", "person": {"column": "id"}, "role": {"constant": "self"},
                        "wave": {"constant": "T1"}, "language": {"constant": "en"}, "items": "identical"})
frame = pd.DataFrame({"id": ["P1", "P2"], "a": [1, 5], "b": [2, None]})
answers = answers_from(frame, mapping, {"care": care}, "spring")
with tempfile.TemporaryDirectory() as folder:
    with open_store(Path(folder) / "spring.db", study="spring") as store:
        import_answers(store, answers)
    responses = read_responses(Path(folder) / "spring.db", study, {"care": care})
assert keyed(responses, "trust").shape == (2, 2)
assert score(responses).matrix("trust").loc["P1", "trust@T1"] == 2.5
loaded = {name.split(".")[0] for name in sys.modules}
assert not loaded & set(FOREIGN), loaded & set(FOREIGN)
print("walked")
"""


def walk(code):
    return subprocess.run([sys.executable, "-c", code, ",".join(FOREIGN)], capture_output=True, text=True, check=False)


def test_asking_and_scoring_without_scipy_and_matplotlib():
    done = walk(WALK)
    assert (done.returncode, done.stdout) == (0, "walked\n"), done.stderr


def test_the_blocker_blocks():
    guilty = WALK.replace("import pandas as pd\n", "import pandas as pd\nimport scipy.stats\n")
    done = walk(guilty)
    assert done.returncode != 0
    assert "scipy is not for the asking wing" in done.stderr


@pytest.mark.parametrize(("room", "codes"), [
    ("responses", {"instrument_changed", "import_left_out", "import_no_answers", "scores_imported", "cell_cut",
                   "label_cut", "names_changed", "rater_groups_small", "texts_included"}),
    ("scoring", {"too_few_answers", "form_without_scale", "key_confirmed", "scores_imported", "norm_sample",
                 "norm_no_group", "norm_n_unknown", "norm_gaps", "norm_no_reliability", "norm_reliability_of_card",
                 "norm_cells_left_out", "norm_this_study"}),
])
def test_every_caution_has_a_sentence_that_uses_all_it_is_given(room, codes):
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted((HOUSE / room).glob("*.py")))
    given = {code: set(re.findall(r"(\w+)=", params))
             for code, params in re.findall(r'caution\("(\w+)",((?:[^()]|\([^()]*(?:\([^()]*\))?[^()]*\))*)\)', source)}
    assert set(given) == codes
    sentences = {}
    for path in sorted((HOUSE / "display/messages/en").glob("*.yaml")):
        sentences |= yaml.safe_load(path.read_text(encoding="utf-8"))
    for code, params in given.items():
        used = set(re.findall(r"{(\w+)", sentences[f"caution.{code}"]))
        assert used == params, code

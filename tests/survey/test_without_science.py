"""Asking needs no science: the session and the form run where pandas, NumPy, SciPy and matplotlib are missing."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ImportError(f"{{name}} is not there")

sys.meta_path.insert(0, Blocker())

from coachresearch.core.places import shipped
from coachresearch.instruments.reader import read_instrument
from coachresearch.survey.events import Answered, Submitted, now
from coachresearch.survey.form import choices_of, page_of
from coachresearch.survey.resume import begin
from coachresearch.survey.session import Occasion, respond

mq5 = read_instrument(shipped("instruments") / "manager_quality" / "mq5.yaml")
page = page_of(mq5, "core", role="report")
rows = []
occasion = Occasion("s", "T1", "P1", "P2", "report", mq5.id, mq5.version, "core", "en", "web")
session = begin(occasion, choices_of(mq5, "core"))
for question in page.questions:
    session = respond(session, Answered(question.item, 3, now()), save=rows.extend).session
session = respond(session, Submitted(now()), save=rows.extend).session
print(len(rows), session.submitted, begin(occasion, choices_of(mq5, "core"), stored=rows).submitted)
"""
BLOCKED = {"numpy", "pandas", "scipy", "matplotlib", "statsmodels", "pingouin", "sqlalchemy", "ipywidgets", "anywidget",
           "IPython"}


def test_a_whole_questionnaire_is_asked_without_them():
    done = subprocess.run([sys.executable, "-c", ASK.format(blocked=sorted(BLOCKED))], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == ["10", "True", "True"]


def test_the_app_loads_nothing_heavy():
    heavy = ("scipy", "matplotlib", "statsmodels", "pingouin", "pandas")
    code = f"import sys, coachresearch.apps.administer; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_showing_the_widget_loads_no_analysis():
    code = ("import sys, coachresearch.survey.widget; "
            "print([name for name in ('scipy', 'matplotlib', 'statsmodels', 'pandas') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"

# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Fill in a questionnaire, and see the answers arrive
#
# The questionnaire `mq5` asks people how often their manager does certain things. This notebook shows it as a form.
# Each answer is written to a file as soon as it is given, so that closing the notebook loses nothing. It takes
# about five minutes by hand, and a few seconds if you only run it.

# %%
from pathlib import Path

import coachresearch as cr
from coachresearch.studies.writer import new_study

# %% [markdown]
# A study folder keeps the design and the answers together. This one asks one questionnaire once. It is made at the
# first run, and taken up again at the next.

# %%
folder = Path("out") / "asking"
if not folder.exists():
    new_study(folder, id="asking", title="Asking, tried out", assignment="cross_section",
              instrument="mq5", form="full", scale="mq5_core", role="report")
study = cr.read_study(folder)

# %% [markdown]
# The form. You are `P001` and answer about your manager, `P900`: pseudonyms, never names. Nothing is chosen
# beforehand; the line at the end counts what is answered and says when it was saved. Run this cell again, or come
# back tomorrow: your answers are still there.

# %%
form = cr.administer(study, person="P001", target="P900", role="report")
form

# %% [markdown]
# What the form knows. Everything counted here is on disk already.

# %%
form.session.answered

# %% [markdown]
# Whatever a person does on the page can also be done from code, for instance to try out a study. `P002` answers two
# questions, has had no chance to see a third (option 9), and leaves out the rest.

# %%
other = cr.administer(study, person="P002", target="P900", role="report")
if not other.session.submitted:
    for item, code in {"mot_1": 4, "dec_1": 2, "acc_1": 9}.items():
        other.answer(item, code)
    other.finish(with_gaps=True)
other

# %% [markdown]
# The answers, read back from the file: one row for each question shown, with its place in the form, the seconds
# spent, and the time. A question that was left out is a row too, and says so.

# %%
with cr.open_store(folder / "answers.db", read_only=True) as store:
    answers = store.responses()
answers[["person", "target", "item", "value", "missing", "position", "seconds", "answered_at"]]

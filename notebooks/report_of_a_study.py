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
# # From a study folder to a report
#
# A study folder holds the design, the people, and the answers. This notebook walks from such a folder to a report
# that says what changed, how sure that is, and what it does not show. The answers are simulated: 64 leaders, rated by
# their direct reports before and after; half of them were coached. It takes about ten seconds.

# %%
from pathlib import Path

import coachresearch as cr

# %% [markdown]
# A fresh copy of the simulated study, with its answers imported into a database of its own.

# %%
folder = cr.simulated_study(Path("out"))
print(cr.import_exported(folder, folder / "responses.csv"))

# %% [markdown]
# The folder, opened: who is compared with whom, and what was asked.

# %%
study = cr.open_folder(folder)
study.study.question, [arm.title for arm in study.study.arms]

# %% [markdown]
# Answers become scores. Reversed items are turned here and nowhere else.

# %%
responses = study.responses()
scores = cr.score(responses)
scores.matrix("mq5_core", role="report", keep="arm", people=study.people.people).head()

# %% [markdown]
# How well was it measured? The items of the primary outcome, as the direct reports answered them before the coaching.

# %%
items = cr.keyed(responses, "mq5_core", wave="T1", role="report")
cr.reliability(items, title="Manager quality, short score", low=1, high=5, unit="rating")

# %% [markdown]
# What changed, by how much, and what may be said about it.

# %%
found = cr.evaluate(study)
found.changes[0].figure()

# %%
found.changes[0]

# %% [markdown]
# The same as one page that anybody can open: no script, no request, the same bytes each time.

# %%
page = cr.study_report_of(folder).save(folder / "study.html")
print(page)

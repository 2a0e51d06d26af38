"""The frames that travel through the house, column by column."""

from __future__ import annotations

from typing import Literal

from coachresearch.core.frames import Column, Contract

RaterRole = Literal["self", "manager", "peer", "report", "coach", "observer"]
MissingKind = Literal["skipped", "dont_know", "not_applicable", "refused", "not_shown"]
Mode = Literal["notebook", "web", "paper", "file", "import", "simulated"]

RATER_ROLES: tuple[RaterRole, ...] = ("self", "manager", "peer", "report", "coach", "observer")
MISSING_KINDS: tuple[MissingKind, ...] = ("skipped", "dont_know", "not_applicable", "refused", "not_shown")
MODES: tuple[Mode, ...] = ("notebook", "web", "paper", "file", "import", "simulated")

RESPONSES = Contract(
    "responses",
    (
        Column("study", "text", required=True),
        Column("wave", "text", required=True),
        Column("person", "text", required=True),
        Column("target", "text", required=True),
        Column("role", "text", required=True, allowed=RATER_ROLES),
        Column("instrument", "text", required=True),
        Column("version", "text", required=True),
        Column("form", "text", required=True),
        Column("item", "text", required=True),
        Column("value", "integer"),
        Column("text", "text"),
        Column("missing", "text", allowed=MISSING_KINDS),
        Column("language", "text", required=True),
        Column("mode", "text", required=True, allowed=MODES),
        Column("part", "integer"),
        Column("position", "integer"),
        Column("seconds", "number"),
        Column("answered_at", "time"),
    ),
    key=("study", "wave", "person", "target", "role", "instrument", "item"),
)
"""Answers, long: one row per shown item. `person` is who answered, `target` whom the answer is about."""

SCORES = Contract(
    "scores",
    (
        Column("wave", "text", required=True),
        Column("person", "text", required=True),
        Column("target", "text", required=True),
        Column("role", "text", required=True, allowed=RATER_ROLES),
        Column("scale", "text", required=True),
        Column("score", "number"),
        Column("n_answered", "integer"),
        Column("n_items", "integer"),
        Column("method", "text", required=True),
    ),
    key=("wave", "person", "target", "role", "scale"),
)
"""Scale scores, long. `n_answered` and `n_items` are empty for scores that were imported ready-made."""

PEOPLE = Contract(
    "people",
    (
        Column("person", "text", required=True),
        Column("level", "text"),
        Column("team", "text"),
        Column("arm", "text"),
        Column("treatment_start", "time"),
    ),
    key=("person",),
)
RELATIONS = Contract(
    "relations",
    (
        Column("target", "text", required=True),
        Column("rater", "text", required=True),
        Column("role", "text", required=True, allowed=RATER_ROLES),
        Column("wave", "text"),
    ),
    key=("target", "rater", "role", "wave"),
)
COACHING = Contract(
    "coaching",
    (
        Column("person", "text", required=True),
        Column("coach", "text", required=True),
        Column("kind", "text", required=True),
        Column("start", "time"),
        Column("end", "time"),
        Column("reason", "text"),
    ),
    key=("person", "coach", "kind", "start"),
)
OUTCOMES = Contract(
    "outcomes",
    (
        Column("unit", "text", required=True),
        Column("period", "text", required=True),
        Column("measure", "text", required=True),
        Column("value", "number", required=True),
        Column("exposure", "number"),
    ),
    key=("unit", "period", "measure"),
)
"""Records that are not answers: complaints, leavers, delivery. `exposure` is the person-time at risk, if counted."""

ESTIMATES = Contract(
    "estimates",
    (
        Column("term", "text", required=True),
        Column("group", "text"),
        Column("estimate", "number"),
        Column("std_error", "number"),
        Column("statistic", "number"),
        Column("df", "number"),
        Column("p_value", "number"),
        Column("conf_low", "number"),
        Column("conf_high", "number"),
        Column("conf_level", "number"),
        Column("n", "integer"),
        Column("method", "text"),
    ),
)
"""The tidy face of every result: one row per `Estimate`."""

"""Scores of a study beside published norms, written as a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from coachresearch.apps.folder import open_folder
from coachresearch.apps.score import scores_of
from coachresearch.core.errors import InstrumentError, ResponseError
from coachresearch.display.text import caution_sentence, sentence
from coachresearch.instruments.norms import NormCard, norm_cards, read_norms
from coachresearch.instruments.published import mark_words

if TYPE_CHECKING:
    import pandas as pd

_MOST = 5_000_000


def write_norm_scores(
    study: str | Path, norms: str, groups: Path | None = None, out: Path | None = None, *, author: bool = False
) -> list[str]:
    """Place the scores of a study among the sample of a norm card; return lines that say where and against whom.

    Parameters
    ----------
    study : str or Path
        Study folder.
    norms : str
        Id of a norm card, or path of one.
    groups : Path, optional
        CSV with person and what the norms are grouped by: sex (male, female), age (years), group.
    out : Path, optional
        CSV file; ``norm_scores.csv`` in the study folder if left out.
    author : bool
        Whether percentiles are by the norm author's own formula.

    Raises
    ------
    CoachResearchError
        If scores, norms and groups do not fit together.
    """
    from coachresearch.responses.exports import write_csv
    from coachresearch.scoring.norms import norm_scores

    opened = open_folder(study)
    card = _card(norms)
    answers = opened.responses().frame
    mine = answers[answers["instrument"] == card.instrument]
    found = norm_scores(scores_of(opened), card, read_groups(groups) if groups else None,
                        languages=sorted(set(map(str, mine["language"].unique()))),
                        percentile="author" if author else "normal")
    place = write_csv(found.frame, out or opened.path / "norm_scores.csv")
    mark = mark_words({"source": card.known, "ref": card.refs or ("-",), "confidence": card.confidence})
    lines = [sentence("norms.written", n=int(found.frame["z"].notna().sum()), people=found.frame["target"].nunique(),
                      title=card.title, file=place),
             sentence("norms.source", title=card.title, sample=card.sample.description, collected=card.sample.collected,
                      provenance=card.provenance, mark=mark)]
    return lines + [caution_sentence(one, opened.study.language) for one in found.cautions]


def read_groups(path: Path) -> pd.DataFrame:
    """Read the table that says to which norm group each person belongs.

    Raises
    ------
    ResponseError
        If it is not a CSV file in UTF-8, or has no column ``person``.
    """
    import pandas as pd

    try:
        if path.stat().st_size > _MOST:
            raise ResponseError(f"{path.name} is larger than {_MOST:,} bytes", where=path.name,
                                remedy="It needs one line a person; check that it is the right file.")
        text = path.read_text(encoding="utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except FileNotFoundError:
        raise ResponseError(f"There is no file {path.name!r}", where=str(path), remedy="Check the path.") from None
    except (UnicodeDecodeError, csv.Error) as problem:
        raise ResponseError(f"{path.name} is not a CSV file in UTF-8: {problem}", where=path.name,
                            remedy="Save it as CSV UTF-8 with commas.") from None
    if not lines or "person" not in lines[0] or any(None in line or None in line.values() for line in lines):
        raise ResponseError(f"{path.name} is not a table with the column person and one cell a column", where=path.name,
                            remedy="First line: person,sex,age; then one line a person.")
    return pd.DataFrame(lines)


def _card(norms: str) -> NormCard:
    if norms.endswith((".yaml", ".yml")):
        return read_norms(norms)
    known = norm_cards()
    if norms not in known:
        raise InstrumentError(f"There is no norm card {norms!r}", remedy=f"There are: {', '.join(known)}.")
    return known[norms]

"""What the rows behind a summary are, as cautions that travel with every number made from it."""

from __future__ import annotations

from coachresearch.core.caution import Caution, caution
from coachresearch.moments.moments import Moments


def row_cautions(moments: Moments) -> tuple[Caution, ...]:
    """Rows left out, ratings that are not independent, team means, and a lost metric."""
    found = []
    if moments.n_left_out:
        found.append(caution("rows_left_out", n=moments.n_left_out, of=moments.n + moments.n_left_out))
    if moments.unit == "rating":
        found.append(caution("ratings_not_independent", n=moments.n))
    if moments.unit == "team_mean":
        found.append(caution("structure_of_team_means", n=moments.n))
    if moments.standardised:
        found.append(caution("standardised_only"))
    return tuple(found)

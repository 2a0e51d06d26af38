"""Alpha and omega without each item in turn, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from coachresearch.core.errors import EstimationError
from coachresearch.core.estimate import Estimate
from coachresearch.display.result import Result
from coachresearch.moments.moments import FloatArray, Moments
from coachresearch.psychometrics.cautions import row_cautions
from coachresearch.psychometrics.coefficients import alphas, omegas
from coachresearch.psychometrics.extraction import Estimator, extract_many
from coachresearch.psychometrics.factor import extract

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OmegaDrop(Result):
    """Reliability of a scale without each item.

    Parameters
    ----------
    items : tuple of str
    n : int
    omega : float
        Of all items.
    without : array (k)
        Omega of the others; NaN where their factor solution did not settle.
    """

    kind: ClassVar[str] = "omega_drop"

    items: tuple[str, ...]
    n: int
    omega: float
    without: FloatArray

    @property
    def figure_frame(self) -> pd.DataFrame:
        """One row per item."""
        import pandas as pd

        return pd.DataFrame({"item": list(self.items), "omega_if_dropped": self.without, "omega_total": self.omega})


def omega_if_dropped(
    moments: Moments, *, estimator: Estimator = "ml", title: str = "", source: str = ""
) -> OmegaDrop:
    """Omega and alpha of a scale without each of its items.

    Parameters
    ----------
    moments : Moments
        Keyed items (k ≥ 4 columns) of one scale, complete rows, not team means.
    estimator : {"ml", "minres", "principal_axis"}
    title, source : str

    Returns
    -------
    OmegaDrop
        Estimates ``omega_total`` of all items, ``omega_if_dropped`` and ``alpha_if_dropped`` (group = item).

    Raises
    ------
    EstimationError
        With fewer than four items, team means, an item that does not vary, or a singular matrix.

    Notes
    -----
    A scale is not made better by dropping items until omega is highest: in the sample at hand chance makes some item
    look bad, and what is measured changes with its items.
    """
    k = len(moments.columns)
    if k < 4:
        raise EstimationError(f"Without one of {k} items no factor is left to speak of",
                              remedy="Four items are the least.")
    if moments.unit == "team_mean":
        raise EstimationError("The reliability of persons cannot be computed from team means",
                              remedy='Collect the persons themselves: collect(frame, unit="person").')
    whole = extract(moments.cor, 1, estimator=estimator)
    sd = np.ones(k) if moments.standardised else moments.sd
    omega = float(omegas(whole.loadings * sd[:, None], whole.uniquenesses * sd ** 2))
    keep = np.array([[place for place in range(k) if place != gone] for gone in range(k)])
    cors = moments.cor[keep[:, :, None], keep[:, None, :]]
    found = extract_many(cors, 1, estimator, first=whole.uniquenesses[keep])
    scale = sd[keep]
    without = np.where(found.converged, omegas(found.loadings * scale[:, :, None], found.uniquenesses * scale ** 2),
                       np.nan)
    alpha = alphas(cors * scale[:, :, None] * scale[:, None, :])
    estimates = [Estimate("omega_total", omega, n=moments.n, method=f"omega_{estimator}")]
    for term, values in (("omega_if_dropped", without), ("alpha_if_dropped", alpha)):
        estimates += [Estimate(term, float(value), item, n=moments.n, method=term)
                      for item, value in zip(moments.columns, values, strict=True)]
    without.setflags(write=False)
    return OmegaDrop(title=title, estimates=tuple(estimates), method="omega_drop", source=source,
                     cautions=row_cautions(moments), items=moments.columns, n=moments.n, omega=omega, without=without)

"""Did leadership coaching change anything, and would we know?

Each public thing is named once below and loaded when it is first used, so that ``import coachresearch as cr`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ROOMS: dict[str, tuple[str, ...]] = {
    "instruments.reader": ("read_instrument", "read_instruments"),
    "instruments.library": ("library",),
    "studies.reader": ("read_study",),
    "studies.people_reader": ("read_people",),
    "store.store": ("open_store",),
    "responses.responses": ("Responses", "read_responses"),
    "responses.imports": ("read_answers", "import_answers"),
    "responses.mapping": ("read_mapping", "propose_mapping"),
    "scoring.keys": ("keyed",),
    "scoring.scores": ("Scores", "score"),
    "simulate.cohort": ("simulate_cohort",),
    "simulate.truth": ("Truth",),
    "moments.collect": ("collect", "collect_by"),
    "moments.em": ("em_moments",),
    "moments.moments": ("Moments",),
    "moments.pairs": ("PairTables",),
    "moments.patterns": ("Patterns",),
    "moments.saving": ("load", "save"),
    "psychometrics.full_information": ("full_information",),
    "psychometrics.item_moments": ("item_moments",),
    "psychometrics.latent_pair": ("polychoric_pair", "polyserial"),
    "psychometrics.polychoric": ("polychoric", "tetrachoric"),
    "psychometrics.polychoric_acov": ("polychoric_acov", "polychoric_variances"),
    "psychometrics.items": ("item_analysis",),
    "psychometrics.reliability": ("alpha", "omega_total", "reliability", "reliability_gate"),
    "psychometrics.reliability_bootstrap": ("bootstrap_reliability",),
    "psychometrics.bounds": ("reliability_bounds",),
    "psychometrics.dropped": ("omega_if_dropped",),
    "psychometrics.hierarchy": ("omega_hierarchical",),
    "psychometrics.ordinal_reliability": ("ordinal_reliability",),
    "psychometrics.discriminant": ("bootstrap_htmt", "discriminant_validity"),
    "psychometrics.levels": ("stratified_alpha", "two_level_reliability"),
    "psychometrics.structure": ("structure", "structure_gate"),
    "psychometrics.dimensions": ("dimensions",),
    "psychometrics.parallel": ("parallel_analysis", "parallel_analysis_ordinal"),
    "psychometrics.rotation": ("Rotation",),
    "psychometrics.efa": ("bootstrap_factors", "exploratory_factors"),
    "psychometrics.factor_scores": ("factor_scores",),
    "psychometrics.sem.syntax": ("model_of_keys", "parse_model"),
    "psychometrics.sem.cfa": ("cfa", "cfa_groups"),
    "psychometrics.sem.missing": ("cfa_missing",),
    "psychometrics.sem.modification": ("modification_indices",),
    "psychometrics.sem.difference": ("difference_test",),
    "psychometrics.sem.invariance": ("invariance", "invariance_gate"),
    "psychometrics.careless": ("careless_flags", "side_by_side"),
    "psychometrics.agreement": ("icc_nested",),
    "psychometrics.icc": ("icc_table", "retest"),
    "psychometrics.within_group": ("within_group",),
    "psychometrics.kappa": ("category_agreement", "cohen_kappa", "kendall_w", "light_kappa"),
    "psychometrics.team_means": ("team_means",),
    "psychometrics.witness": ("witness",),
    "effects.change": ("change",),
    "effects.sizes": ("cohens_d", "d_av", "d_ppc", "d_z", "hedges_g", "mean_change", "mean_difference"),
    "claims.claim": ("make_claim",),
    "apps.administer": ("administer", "administer_instrument"),
    "apps.folder": ("open_folder",),
    "apps.evaluate": ("evaluate", "study_report_of"),
    "apps.measure": ("measurement_report_of",),
    "apps.witnesses": ("write_witness",),
    "apps.demo": ("public_study", "run_demo", "simulated_study"),
    "apps.imports": ("import_exported", "import_into"),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"coachresearch has no {name!r}; it has: {', '.join(sorted(_HOMES))}")
    return getattr(import_module(f"coachresearch.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__

"""Statistics: intervals over clustered queries, comparison of runs, agreement of judges."""

from rarft.harness.statistics.agreement import (
    BlandAltman,
    bland_altman,
    category_kappas,
    cohen_kappa,
    jaccards,
    spearman,
    weighted_kappa,
)
from rarft.harness.statistics.agreement_intervals import (
    Estimate,
    category_agreement,
    label_agreement,
    score_agreement,
)
from rarft.harness.statistics.bootstrap import Interval, cluster_bootstrap
from rarft.harness.statistics.holm import holm
from rarft.harness.statistics.mcnemar import McNemar, exact_p, mcnemar
from rarft.harness.statistics.paired import Difference, paired_bootstrap, paired_differences
from rarft.harness.statistics.pairing import Pairing, pair_outcomes
from rarft.harness.statistics.power import minimum_detectable_effect, minimum_detectable_mcnemar
from rarft.harness.statistics.ranks import Rank, ranks, ranks_of, tie_groups

__all__ = [
    "BlandAltman",
    "Difference",
    "Estimate",
    "Interval",
    "McNemar",
    "Pairing",
    "Rank",
    "bland_altman",
    "category_agreement",
    "category_kappas",
    "cluster_bootstrap",
    "cohen_kappa",
    "exact_p",
    "holm",
    "jaccards",
    "label_agreement",
    "mcnemar",
    "minimum_detectable_effect",
    "minimum_detectable_mcnemar",
    "pair_outcomes",
    "paired_bootstrap",
    "paired_differences",
    "ranks",
    "ranks_of",
    "score_agreement",
    "spearman",
    "tie_groups",
    "weighted_kappa",
]

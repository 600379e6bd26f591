"""The metrics of spectra, a row each (standard library only: parse time).

A row's `family` is the module of heavytail.metrics that computes it. No job imports this table: a
job receives what it needs of a row as a param of its rule. A new row therefore makes nothing stale.

The direction says which matrices a spectral allocation prunes more: those with a larger value
(MORE) or those with a smaller one (LESS). Heavy tails, spikes and distance from randomness are
signs of what was learned, so matrices that show them are pruned less (Martin and Mahoney, arXiv
1810.01075; AlphaPruning, arXiv 2410.10912). The norms follow arXiv 2202.02842, where a smaller norm
means a better trained matrix.
"""

from dataclasses import dataclass

MORE, LESS = 1, -1


@dataclass(frozen=True)
class Metric:
    """What the workflow must know of a metric before a job computes it."""

    family: str
    direction: int
    reads: tuple[str, ...] = ()  # measures that it needs beside the spectra of whole matrices
    # Measured only if an allocation reads it: the diagnostics, of all cells, do without it.
    costly: bool = False


METRICS = {
    "alpha_peak": Metric("tails", MORE),
    "alpha_mid": Metric("tails", MORE),
    "alpha": Metric("tails", MORE),
    "alpha_ks": Metric("tails", MORE),
    "alpha_weighted": Metric("tails", MORE),
    "log_alpha_norm": Metric("tails", MORE),
    "log_norm": Metric("shape", MORE),
    "log_spectral_norm": Metric("shape", MORE),
    "stable_rank": Metric("shape", MORE),
    "entropy": Metric("shape", MORE),
    "entropy_nats": Metric("shape", MORE),
    "effective_rank": Metric("shape", MORE),
    "energy_rank_90": Metric("shape", MORE),
    "energy_rank_95": Metric("shape", MORE),
    "energy_rank_99": Metric("shape", MORE),
    "rank_share": Metric("shape", MORE),
    "mp_edge": Metric("marchenko_pastur", MORE),
    "mp_spikes": Metric("marchenko_pastur", LESS),
    "mp_ks": Metric("marchenko_pastur", LESS),
    "mp_wasserstein1": Metric("marchenko_pastur", LESS),
    "mp_wasserstein2": Metric("marchenko_pastur", LESS),
    "mp_l2": Metric("marchenko_pastur", LESS),
    "mp_kl": Metric("marchenko_pastur", LESS),
    "sigma_mp": Metric("weightwatcher", MORE),
    "mp_softrank": Metric("weightwatcher", MORE),
    "num_spikes": Metric("weightwatcher", LESS),
    "alpha_smooth": Metric("smooth_peak", MORE),
    "E_TPL_beta": Metric("fits", MORE),
    "E_TPL_lambda": Metric("fits", MORE),
    "E_TPL_ks": Metric("fits", MORE),
    "EXP_lambda": Metric("fits", MORE),
    "EXP_ks": Metric("fits", LESS),
    "rand_distance": Metric("randomised", LESS, reads=("shuffled_spectra",)),
    "alpha_mid_tiles": Metric("tiles", MORE, reads=("submatrix_spectra",)),
    "farms_10": Metric("farms_10", MORE, reads=("window_spectra_10",), costly=True),
    "farms_15": Metric("farms_15", MORE, reads=("window_spectra_15",), costly=True),
}
# Modules of heavytail.metrics → the metrics that each computes.
FAMILIES = {
    family: [name for name, metric in METRICS.items() if metric.family == family]
    for family in dict.fromkeys(metric.family for metric in METRICS.values())
}
# The families that the diagnostics compute.
DIAGNOSED = [
    family for family, names in FAMILIES.items() if not any(METRICS[name].costly for name in names)
]


def measures_of(*families: str) -> list[str]:
    """The measures that these families read, the spectra of the whole matrices first."""
    names = [name for family in families for name in FAMILIES[family]]
    extra = (measure for name in names for measure in METRICS[name].reads)
    return list(dict.fromkeys(["spectra", *extra]))

"""Every metric: the family that computes it and its direction (standard library only: parse time).

The direction says which matrices a spectral allocation prunes more: +1 those with a larger value,
−1 those with a smaller one. Heavy tails, spikes and distance from randomness are signs of what was
learned, so they are spared (Martin and Mahoney, arXiv 1810.01075; AlphaPruning, arXiv 2410.10912).
Norms follow arXiv 2202.02842, where smaller means better trained.
"""

FAMILIES = {
    "tails": {
        "alpha_peak": 1,
        "alpha_mid": 1,
        "alpha": 1,
        "alpha_ks": 1,
        "alpha_weighted": 1,
        "log_alpha_norm": 1,
    },
    "shape": {
        "log_norm": 1,
        "log_spectral_norm": 1,
        "stable_rank": 1,
        "entropy": 1,
        "entropy_normalised": 1,
        "effective_rank": 1,
        "energy_rank_90": 1,
        "energy_rank_95": 1,
        "energy_rank_99": 1,
        "rank_share": 1,
    },
    "marchenko_pastur": {
        "mp_softrank": 1,
        "mp_spikes": -1,
        "mp_ks": -1,
        "mp_wasserstein1": -1,
        "mp_wasserstein2": -1,
        "mp_l2": -1,
        "mp_kl": -1,
    },
    "fits": {
        "E_TPL_beta": 1,
        "E_TPL_lambda": 1,
        "E_TPL_ks": 1,
        "EXP_lambda": 1,
        "EXP_ks": -1,
    },
    "randomised": {"rand_distance": -1},
    "farms": {"farms_alpha": 1},
}
FAMILY = {metric: family for family, metrics in FAMILIES.items() for metric in metrics}
DIRECTION = {metric: sign for metrics in FAMILIES.values() for metric, sign in metrics.items()}
# What a family reads beside the spectra of the whole matrices, by the name of the measure.
EXTRA_SPECTRA = {"randomised": ("shuffled_spectra",), "farms": ("submatrix_spectra",)}

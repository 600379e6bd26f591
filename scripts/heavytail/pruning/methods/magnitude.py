"""Magnitude pruning: remove the smallest weights of each matrix (Han et al., arXiv 1506.02626)."""

from heavytail.pruning.selection import smallest_magnitudes

Statistic = None
REWRITES = False
prune = smallest_magnitudes

"""Keeps the planning of thousands of cells fast, and the end of a run; nothing changes a plan.

Each patch saves at least 5 % of the time in which Snakemake plans 2,000 cells, as measured in
benchmarks/README.md. If a release of Snakemake lacks one of these names, planning is only slower.
"""

import gc

from heavytail.running import planning, timers

# The millions of objects of a plan live to its end: to search them for garbage takes long.
gc.freeze()
gc.set_threshold(200_000, 50, 1000)

# Where a script is in Snakemake's cache. Snakemake asks some 15 times per cell, and each answer
# makes a class.
planning.remember("snakemake.sourcecache:parse_uri")
# Which arguments a function of the rules takes. Two modules ask, each some 25 times per cell.
planning.remember("snakemake.common:get_function_params")
planning.remember("snakemake.rules:get_function_params")

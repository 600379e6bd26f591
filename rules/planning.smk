"""What keeps the planning of thousands of cells fast; nothing here changes a plan.

Each of these was measured to save 5 % or more of the time that the plan of 2,000 cells takes
(benchmarks/README.md). A Snakemake that has none of these names is only slower.
"""

import gc

from heavytail.running import planning

# A plan's millions of objects live to its end: little of it is garbage, which takes long to find.
gc.freeze()
gc.set_threshold(200_000, 50, 1000)

# Where a script lies in Snakemake's cache: a class is made for each answer, three per job.
planning.remember("snakemake.sourcecache:parse_uri")
# Which arguments a function of the rules takes, as two modules ask.
planning.remember("snakemake.common:get_function_params")
planning.remember("snakemake.rules:get_function_params")

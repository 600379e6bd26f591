"""The contents of the report: its sections, and a row for every chart and table."""

from heavytail.report.chart import Chart, Table
from heavytail.report.charts import layers, matrix, others
from heavytail.tables.cells import SETTINGS

CELL = {"method": "method", "sparsity": "sparsity", "allocation": "allocation"}
SECTIONS: dict[str, tuple[Chart | Table, ...]] = {
    "Matrix": (
        Chart(
            "heat-map",
            "Every cell",
            "A panel per method, a column per sparsity. The number is the mean over seeds, the "
            "colour says how many times worse it is than the best of its row (model, method and "
            "sparsity) or than the dense model; from 3 times the best or 30 times the dense "
            "model on it is the darkest. The best has a frame; ≈ stands behind what the paired "
            "comparison cannot tell from it. A click opens the cell's record.",
            matrix.heat_map,
            ("qualities",),
            {"quality": ("qualities", "quality")},
        ),
        Table(
            "summary",
            "The best allocation of every row",
            "A gain over a baseline is the share by which perplexity is lower, or how much more "
            "mean accuracy there is. Of many allocations the best was chosen on the text that it "
            "is scored on, which flatters it.",
            "summary",
            {
                "model": "model",
                **CELL,
                "quantity": "quality",
                "value": "value",
                "gt": "gt",
                "gt_gain": "gain",
                "gt_apart": "told apart",
                "uniform": "uniform",
                "uniform_gain": "gain",
                "uniform_apart": "told apart",
            },
            every_model=True,
        ),
        Table(
            "cells",
            "Cells",
            "One row per cell and seed. The first column opens the record.",
            "cells",
            {
                **CELL,
                "seed": "seed",
                "perplexity": "perplexity",
                "perplexity:": "",
                "zero_shot_mean": "mean accuracy",
                "realised_sparsity": "realised sparsity",
                **{name: name.replace("_", " ") for name in SETTINGS},
                "seconds": "seconds",
                "peak_memory_mb": "peak memory, MB",
            },
            records=True,
        ),
    ),
    "Curves": (
        Chart(
            "perplexity-curves",
            "Perplexity over sparsity",
            "The mean over seeds, on a logarithmic axis; the band is one standard deviation to "
            "either side.",
            matrix.perplexity_curves,
            ("perplexities", "qualities"),
            {
                "protocol": ("perplexities", "quality"),
                "picked_perplexity": ("qualities", "allocation"),
            },
        ),
        Chart(
            "accuracy-curves",
            "Tasks over sparsity",
            "As above, for the mean accuracy and for the number of each task that counts.",
            matrix.accuracy_curves,
            ("tasks", "qualities"),
            {"task": ("tasks", "quality"), "picked_accuracy": ("qualities", "allocation")},
        ),
        Chart(
            "pareto",
            "Perplexity against mean accuracy",
            "The dashed line joins the cells that no other cell of the sparsity beats in both.",
            matrix.pareto,
            ("pareto",),
            {
                "sparsity_of_front": ("pareto", "sparsity"),
                "picked_point": ("pareto", "allocation"),
            },
        ),
        Chart(
            "gains",
            "Gain over uniform",
            "The share by which perplexity is lower than with uniform, or by how much a task's "
            "number is better, with the 95 % interval of the paired bootstrap. Right of zero is "
            "better.",
            matrix.forest,
            ("gains",),
            {"gain_in": ("gains", "quality"), "sparsity_of_gain": ("gains", "sparsity")},
        ),
    ),
    "Ratios": (
        Chart(
            "ratio-lines",
            "Sparsity of each block",
            "The mean over a block's matrices, weighted by their size. Dotted lines show where a "
            "segment ends.",
            layers.ratio_lines,
            ("ratios", "segments"),
            {
                "sparsity_of_lines": ("ratios", "sparsity"),
                "method_of_lines": ("ratios", "method"),
                "picked_line": ("ratios", "allocation"),
            },
        ),
        Chart(
            "ratio-map",
            "Sparsity of each matrix",
            "A row per allocation, and one per projection of an allocation that gives the matrices "
            "of a block different ratios.",
            layers.ratio_map,
            ("projections",),
            {
                "sparsity_of_map": ("projections", "sparsity"),
                "method_of_map": ("projections", "method"),
            },
        ),
    ),
    "Spectra": (
        Chart(
            "density",
            "Density of the eigenvalues of a matrix",
            "On logarithmic axes. The solid line is the tail that alpha_peak fits, from the dashed "
            "rule on; the dotted curve is the Marchenko-Pastur law of a matrix with independent "
            "entries of the same mean square, and the dotted rule its upper edge; both rules are "
            "the dense model's. The target diagnostics adds the first pruned cell of each method.",
            layers.density,
            ("densities", "fits"),
            {"matrix": ("fits", "matrix")},
        ),
        Chart(
            "metrics",
            "Metrics by depth",
            "A metric of the dense model's matrices over its blocks, a line per projection. The "
            "metrics are those that allocations read; the target diagnostics adds all others.",
            layers.metric_by_depth,
            ("metrics",),
            {"metric": ("metrics", "metric")},
        ),
        Table(
            "peaks",
            "Undecided peaks",
            "alpha_peak begins its tail at the fullest of 100 bins. Where several bins are as "
            "full, it takes the first: the peak, and with it alpha, is undecided.",
            "peaks",
            {"subject": "weights", "matrices": "matrices", "undecided": "undecided"},
        ),
    ),
    "Diagnostics": (
        Chart(
            "correlations",
            "Metrics and quality",
            "A metric's average over all matrices of a model or cell, against its quality. The "
            "dashed line is fitted to all points, the solid ones within each slice: where they "
            "slope the other way, the pooled correlation misleads (Simpson's paradox).",
            others.correlation,
            ("averages", "averaged_metrics"),
            {"averaged": ("averaged_metrics", "metric")},
            every_model=True,
        ),
        Chart(
            "low-rank",
            "Low rank of attention's products",
            "A point per head and block.",
            others.low_rank,
            ("heads",),
        ),
        Chart(
            "hessians",
            "Hessian spectra",
            "The largest eigenvalues by rank on logarithmic axes: a power law is a straight line.",
            others.hessian,
            ("hessians",),
            {"hessian_of": ("hessians", "of")},
        ),
    ),
    "Cost": (
        Chart(
            "rule-cost",
            "Time by rule",
            "What it costs to make everything again: all jobs of a rule, of all models, one after "
            "another.",
            others.rule_cost,
            ("rules",),
            every_model=True,
        ),
        Chart(
            "cell-cost",
            "Jobs by cell",
            "Seconds and peak memory of each job of a cell, a panel per rule.",
            others.cell_cost,
            ("jobs",),
        ),
        Table(
            "rules",
            "Rules",
            "Seconds are those of the jobs that computed; restored jobs found their results in the "
            "store. Again is the mean of the former times the number of all.",
            "rules",
            {
                "rule": "rule",
                "jobs": "jobs",
                "restored": "restored",
                "seconds": "seconds",
                "mean": "seconds of a job",
                "again": "again, seconds",
                "memory": "most memory, MB",
            },
            every_model=True,
        ),
    ),
    "Provenance": (
        Table(
            "provenance",
            "Where everything came from",
            "The model and its files, the texts and tasks, the protocol of its dense record, and "
            "the versions that computed it. A click on a cell shows the same of the cell.",
            "provenance",
            {"about": "about", "what": "what", "value": "value"},
        ),
        Table(
            "protocols",
            "Protocols",
            "How each perplexity is measured. By the first one tables rank, trials tune and the "
            "comparisons compare.",
            "protocols",
            every_model=True,
        ),
        Table(
            "reference",
            "Reference results beside ours",
            "Results whose settings are those of a cell; a published one (source) only if protocol "
            "and sparsity are too. The ratio is ours over theirs, the difference its logarithm, "
            "with the 95 % interval from low to high over our windows.",
            "reference",
        ),
    ),
}

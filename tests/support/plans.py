"""The jobs that follow from one another, as a plan of the small matrix lists them."""

WANDA_GT, WANDA_UNIFORM = "wanda/0.6/gt/seed-0", "wanda/0.6/uniform/seed-0"
MAGNITUDE_GT = "magnitude/0.6/gt/seed-0"

REPORT = {"write_report": ["results/report/index.html"]}
PAGES = {
    "write_table": ["results/tables/tiny.csv"],
    "write_summary": ["results/tables/summary.csv"],
    **REPORT,
}
RATIO_TABLES = {
    "write_ratio_table": ["results/tables/tiny-ratios.csv"],
    "plot_ratios": ["results/plots/tiny-ratios.svg"],
    **REPORT,
}
COMPARISONS = {"compare_cells": ["results/tables/significance.csv"]} | PAGES
TABLES = {"collect_cells": ["results/tables/cells.csv"]} | COMPARISONS


def consequences(*cells: str) -> dict[str, list[str]]:
    """The jobs that follow from pruning these cells of the tiny model again."""
    jobs = {
        "prune_cell": [f"results/pruned/tiny/{cell}.safetensors" for cell in cells],
        "evaluate_perplexity": [f"results/perplexity/tiny/{cell}.json" for cell in cells],
        "evaluate_zero_shot": [f"results/zero_shot/tiny/{cell}.json" for cell in cells],
    }
    return {rule: sorted(outputs) for rule, outputs in jobs.items()} | TABLES

"""Write the report: the matrix as one page."""

from heavytail.report.sources import read_tables
from heavytail.report.writing import there, write_report
from heavytail.running.jobs import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_report(
            read_tables(snakemake.params.tables),
            there(snakemake.params.places),
            snakemake.params.models,
            snakemake.config,
            snakemake.scriptdir,
            snakemake.output.page,
        )

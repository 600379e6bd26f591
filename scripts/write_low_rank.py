"""Write how low the ranks of a model's attention products are, per head and per block."""

from safetensors.numpy import load_file

from heavytail.diagnostics import low_rank
from heavytail.io.files import replacing, write_text
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole
from heavytail.tables import markdown as tables


def write_low_rank(model: str, products: str, outputs: dict[str, str]) -> None:
    """Write the CSV of all heads and the markdown page of their means per block.

    Args:
        model: its name in the config.
        products: safetensors of the measure product_spectra.
        outputs: "values" (CSV) and "table" (markdown).
    """
    heads = low_rank.per_head(load_file(products))
    with replacing(outputs["values"]) as path:
        heads.to_csv(path, index=False, na_rep="nan", lineterminator="\n")
    lines = [
        f"# {model}: low-rank attention",
        "This page shows means over heads; the CSV beside it shows each head. Under weight decay "
        "the nuclear norm of a product A Bᵀ tends to ½(‖A‖² + ‖B‖²), and AᵀA − BᵀB to zero (arXiv "
        "2410.23819).",
    ]
    for product, blocks in low_rank.per_block(heads).groupby("product", sort=False):
        table = blocks.drop(columns="product").astype({"block": str}).set_index("block")
        lines += [f"## {product}", tables.markdown(table.map("{:.4g}".format))]
    write_text(outputs["table"], "\n\n".join(lines) + "\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        write_low_rank(snakemake.wildcards.model, snakemake.input.products, dict(snakemake.output))

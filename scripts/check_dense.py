"""Check that a dense model reaches the perplexity that it is known to have."""

from typing import TypedDict

from heavytail.io.files import read_json, sha256, write_json
from heavytail.running.jobs import logged


class Expectation(TypedDict):
    """The perplexity that a model is known for, within a share of it, and on which text.

    Attributes:
        text: "dataset", "length" and "windows".
    """

    perplexity: float
    tolerance: float
    text: dict[str, object]


def check_dense(name: str, model: str, record: str, expectation: Expectation, output: str) -> None:
    """Write what was expected, what was found, and for which model.

    Args:
        name: the model's name in the config.
        model: provenance.json in its folder.
        record: the record of the dense model's perplexity.
        expectation: "perplexity", and "tolerance" as a share of it.
        output: the verdict, a JSON file.

    Raises:
        ValueError: the perplexity is not within the tolerance, or not a number.
    """
    measured = read_json(record)
    found, expected = measured["perplexity"], expectation["perplexity"]
    bounds = [expected * (1 + sign * expectation["tolerance"]) for sign in (-1, 1)]
    if found is None or not bounds[0] <= found <= bounds[1]:
        value = f"{found:.4f}" if found else f"none ({measured['reason']})"
        weights = measured["model"]
        raise ValueError(
            f"models.{name}.perplexity: found {value}, expected {expected} within "
            f"{expectation['tolerance']:.2%}: likely another tokenizer, text or revision; measured "
            f"with {weights['source']} at revision {weights['revision']} on {measured['dataset']} "
            f"({measured['source']} at revision {measured['revision']}), {measured['windows']} "
            f"windows of {measured['length']}, BOS: {measured['bos']}"
        )
    verdict = {"expectation": expectation, "perplexity": found}
    write_json(output, verdict | {"sha256": {"model": sha256(model)}})


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        check_dense(
            snakemake.wildcards.model,
            snakemake.input.model,
            snakemake.input.record,
            snakemake.params.settings,
            snakemake.output.verdict,
        )

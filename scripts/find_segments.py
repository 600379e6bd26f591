"""Find the segments of a model, or take those that the config gives."""

import numpy as np

from heavytail.allocation.segments import find_segments
from heavytail.config.segments import read_segments
from heavytail.io.files import write_json
from heavytail.running.jobs import logged


def segments_from(files: dict[str, str], count: int) -> list[list[int]]:
    """The segments of a model.

    Args:
        files: "given", a table of segments, or "similarity", the CKA matrix of the blocks.
        count: how many segments to find.

    Raises:
        ValueError: the model has fewer blocks, or the given file is not a table of segments.
    """
    if "given" in files:
        return read_segments(files["given"])
    similarity = np.loadtxt(files["similarity"], delimiter=",", ndmin=2)
    if count > len(similarity):
        raise ValueError(
            f"segments.count: found {count}, expected at most the {len(similarity)} blocks of the "
            "model"
        )
    return find_segments(similarity, count)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_json(
            snakemake.output.segments,
            segments_from(dict(snakemake.input), snakemake.params.settings["count"]),
        )

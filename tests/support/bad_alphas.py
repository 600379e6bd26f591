"""Bad files of published alphas and the line that each gets, as in bad_inputs.py."""

import io

import numpy as np

from support.bad_inputs import PICKLE, Evil


def saved(content: object) -> bytes:
    """An array as a .npy file, which holds a pickle if there is no other way."""
    file = io.BytesIO()
    np.save(file, content, allow_pickle=True)
    return file.getvalue()


def zipped(content: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, content)
    return file.getvalue()


NO_NPY = "a.npy: not a .npy file of plain numbers …"
COUNT = "a.npy: found an array of shape {}, expected 21 numbers: 3 blocks of 7 projections"
# A file of published alphas → the line of the job that reads it, for a model of 3 blocks.
ALPHAS = [
    ("nothing", b"", NO_NPY),
    ("a pickle", PICKLE, NO_NPY),
    ("an array of objects, which are pickled", saved(np.array([Evil()] * 21)), NO_NPY),
    ("an archive of arrays", zipped(np.ones(21)), NO_NPY),
    ("text", b"1.0 2.0", NO_NPY),
    ("cut short", saved(np.ones(21))[:-8], NO_NPY),
    ("a number too few", saved(np.ones(20)), COUNT.format("(20,)")),
    ("projection by projection", saved(np.ones((7, 3))), COUNT.format("(7, 3)")),
    ("a single number", saved(np.float64(1)), COUNT.format("()")),
    (
        "whole numbers",
        saved(np.ones(21, dtype=int)),
        "a.npy: found numbers of type int64, expected floats",
    ),
    *(
        (
            str(number),
            saved(np.where(np.arange(21) == 8, number, 1.0)),
            f"a.npy: 1.k_proj: found {number}, expected a number",
        )
        for number in (np.nan, np.inf)
    ),
]

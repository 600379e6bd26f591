"""Bad given ratios, or ones that a model cannot reach, and the line that each gets.

As in bad_inputs.py. The model has 3 blocks of 7 matrices; the target is 0.7.
"""

import numpy as np

from support.bad_alphas import saved
from support.bad_inputs import Evil

NO_FILE = "file: {}: not a table of ratios ({})"
NO_NPY = "file: r.npy: not a .npy file of plain numbers …"
OF_A = "file: models.a: {}: "
BLOCKS = "found ratios of blocks 0 to {}, expected 0 to 2, which the model has"
LEVELS = b"".join(
    f"model.layers.{block}.self_attn.{name}_proj: 2\n".encode()
    for block in range(3)
    for name in "qkvo"
)
NAMES = ["q", "k", "v", "o", "gate", "up", "down"]
ALL = ", ".join(f'"{block}.{name}_proj": 0.7' for block in range(3) for name in NAMES)
# Mistake, file, content, line behind `allocations.x.`.
GIVEN = [
    (
        "a block too few",
        "r.json",
        b"[0.7, 0.7]",
        f"{OF_A.format('r.json')}{BLOCKS.format(1)}",
    ),
    (
        "a block too many",
        "r.json",
        b"[0.7, 0.7, 0.7, 0.7]",
        f"{OF_A.format('r.json')}{BLOCKS.format(3)}",
    ),
    (
        "a block missing between others",
        "r.csv",
        b"block,sparsity\n0,0.7\n2,0.7\n",
        "file: r.csv: found no block 1",
    ),
    (
        "an array of another shape",
        "r.npy",
        saved(np.full(2, 0.7)),
        f"{OF_A.format('r.npy')}found an array of shape (2,), expected 3 blocks or 21 matrices",
    ),
    (
        "a matrix missing",
        "r.json",
        f"{{{ALL}}}".replace('"1.v_proj": 0.7, ', "").encode(),
        f"{OF_A.format('r.json')}found no ratio of 1.v_proj, expected one of every matrix",
    ),
    (
        "a matrix that the model lacks",
        "r.json",
        f'{{{ALL}, "1.v_proj.3": 0.7}}'.encode(),
        f"{OF_A.format('r.json')}found a ratio of 1.v_proj.3, which the model does not have",
    ),
    (
        "another mean",
        "r.json",
        b"[0.6, 0.6, 0.6]",
        f"{OF_A.format('r.json')}found ratios whose mean is 0.6000, expected the target 0.7",
    ),
    (
        "a row twice",
        "r.csv",
        b"block,sparsity\n0,0.7\n1,0.7\n2,0.7\n0,0.6\n",
        NO_FILE.format("r.csv", "block 0 occurs twice, expected one ratio"),
    ),
    (
        "a key twice",
        "r.json",
        b'{"0.q_proj": 0.7, "model.layers.0.self_attn.q_proj": 0.6}',
        NO_FILE.format("r.json", "0.q_proj occurs twice, expected one ratio"),
    ),
    (
        "a number that is no share",
        "r.json",
        b"[0.7, 0.7, 70]",
        "file: r.json: block 2: found 70.0, expected a ratio from 0 to 1",
    ),
    (
        "an array of numbers that are no shares",
        "r.npy",
        saved(np.full(3, 70.0)),
        "file: r.npy: found 70.0, expected ratios from 0 to 1",
    ),
    (
        "levels without a step",
        "r.txt",
        LEVELS,
        "file: r.txt: found levels, expected "
        "allocations.NAME.step, the number of weights of a level",
    ),
    (
        "a field without an end",
        "r.csv",
        b"block,sparsity\n0," + b"7" * 131073,
        NO_FILE.format("r.csv", "field larger than field limit (131072)"),
    ),
    (
        "a number of 400 digits",
        "r.json",
        b"[0.7, 0.7, 1" + b"0" * 400 + b"]",
        NO_FILE.format("r.json", "int too large to convert to float"),
    ),
    ("an array of objects, which are pickled", "r.npy", saved(np.array([Evil()] * 3)), NO_NPY),
    (
        "an array of whole numbers",
        "r.npy",
        saved(np.ones(3, dtype=np.int64)),
        "file: r.npy: found numbers of type '<i8', expected floats",
    ),
    (
        "an array cut short",
        "r.npy",
        saved(np.full(3, 0.7))[:-8],
        "file: r.npy: found 16 bytes, expected 3 numbers of '<f8'",
    ),
    ("text in place of an array", "r.npy", b"0.7 0.7 0.7", NO_NPY),
]
# Settings, line: no file is to blame.
UNREACHABLE = (
    {"allocations": {"x": {"allocator": "er_plus"}}, "sparsity": [0.98]},
    "allocations.x: models.a: sparsity: found 0.98, expected below 0.9333: er_plus keeps "
    "2.down_proj whole, which has 6.7% of all weights",
)

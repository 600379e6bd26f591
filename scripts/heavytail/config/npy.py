"""Read the floats of a .npy file (standard library only: parse time)."""

import ast
import math
import struct
from pathlib import Path

MAGIC = b"\x93NUMPY"
# The version of the format → how the length of the header is written.
LENGTHS = {1: "<H", 2: "<I", 3: "<I"}
# The type of the numbers, behind their byte order → its code in struct.
FLOATS = {"f2": "e", "f4": "f", "f8": "d"}


def read_floats(path: str | Path) -> tuple[tuple[int, ...], list[float]]:
    """The shape of an array and its numbers, row by row. A pickle is never read.

    Raises ValueError, which names the file, if it holds anything else than one array of floats.
    """
    try:
        shape, by_columns, kind, data = _parts(Path(path).read_bytes())
    except (KeyError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a .npy file of plain numbers ({reason})") from error
    code = FLOATS.get(kind[1:])
    if code is None:
        raise ValueError(f"{path}: found numbers of type {kind!r}, expected floats")
    order, count = "<" if kind[0] in "<=|" else ">", math.prod(shape)
    if len(data) != count * int(kind[2:]):
        raise ValueError(f"{path}: found {len(data)} bytes, expected {count} numbers of {kind!r}")
    numbers = list(struct.unpack(f"{order}{count}{code}", data))
    if by_columns and len(shape) == 2:
        numbers = [number for row in range(shape[0]) for number in numbers[row :: shape[0]]]
    return shape, numbers


def _parts(content: bytes) -> tuple[tuple[int, ...], bool, str, bytes]:
    """What the header says (shape, whether column by column, type), and the bytes behind it."""
    if not content.startswith(MAGIC) or len(content) < len(MAGIC) + 6:
        raise ValueError("found no header")
    code, start = LENGTHS[content[len(MAGIC)]], len(MAGIC) + 2
    end = start + struct.calcsize(code)
    stop = end + struct.unpack(code, content[start:end])[0]
    header = ast.literal_eval(content[end:stop].decode("latin-1").strip())
    shape, kind = header["shape"], header["descr"]
    if not isinstance(kind, str) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"found {kind!r} of shape {shape!r}")
    if kind.endswith("O"):
        raise ValueError("found objects, which are pickled")
    return tuple(shape), bool(header["fortran_order"]), kind, content[stop:]

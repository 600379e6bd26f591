"""A Hugging Face model folder, read one tensor at a time."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from heavytail.model_files import read_settings

INDEX = "model.safetensors.index.json"


class Checkpoint:
    """The tensors of a folder's safetensors files by name; nothing is read before it is asked for.

    Raises FileNotFoundError when config.json, the weights or a shard that the index names lack,
    and ValueError when a file is truncated or is no safetensors file, or the weights are quantised.
    """

    def __init__(self, folder: str | Path):
        """Read config.json and the names and places of all tensors."""
        self.folder = Path(folder)
        self.config = read_settings(self.folder / "config.json")
        if self.config.get("quantization_config"):
            raise ValueError(
                f"{self.folder}/config.json: quantization_config: found quantised weights, "
                "expected plain 16- or 32-bit floats: dequantise them first"
            )
        self._files: dict[str, Path] = {}
        for path in self._shards():
            with self._open(path) as shard:
                self._files |= dict.fromkeys(shard.keys(), path)

    def _shards(self) -> list[Path]:
        if (self.folder / INDEX).exists():
            names = read_settings(self.folder / INDEX).get("weight_map")
            # A shard lies in the folder itself, wherever the index may point.
            if not isinstance(names, dict) or any(Path(str(n)).name != n for n in names.values()):
                raise ValueError(f"{self.folder / INDEX}: weight_map: expected tensors' file names")
            shards = sorted({self.folder / name for name in names.values()})
        else:
            shards = sorted(self.folder.glob("*.safetensors"))
        missing = [path.name for path in shards if not path.exists()]
        if missing or not shards:
            raise FileNotFoundError(
                f"{self.folder}: no {missing[0] if missing else '*.safetensors'}"
            )
        return shards

    @staticmethod
    def _open(path: Path):
        try:
            return safe_open(path, framework="pt")
        except SafetensorError as error:
            raise ValueError(f"{path}: not a whole safetensors file ({error})") from error

    def __contains__(self, name: str) -> bool:
        """Whether the checkpoint has a tensor of that name."""
        return name in self._files

    def _file(self, name: str) -> Path:
        if name not in self._files:
            raise ValueError(
                f"{self.folder}: no tensor {name}: a shard is missing or the weights are quantised"
            )
        return self._files[name]

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor in its stored dtype, on the CPU. Raises ValueError when it is not there."""
        with self._open(self._file(name)) as shard:
            return shard.get_tensor(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, without reading it. Raises ValueError when it is not there."""
        with self._open(self._file(name)) as shard:
            return tuple(shard.get_slice(name).get_shape())

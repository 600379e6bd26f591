"""Train the stand-in on the Python source code of this machine; a killed run is resumed."""

import logging
import shutil
from pathlib import Path

import torch

from heavytail.data import corpus
from heavytail.running.jobs import logged
from heavytail.training import standin


def train_standin(recipe: standin.Recipe, record: str) -> None:
    """Train with `recipe` in a separate folder, then move the result beside `record`."""
    target = Path(record).parent
    work = target.with_name(f".{target.name}")
    work.mkdir(parents=True, exist_ok=True)
    held_out = [text for _, text in corpus.held_out("calibration")]
    texts = corpus.training_texts(recipe.bytes_per_package)
    standin.train(recipe, texts, held_out, work, logging.info)
    (work / "state.pt").unlink()
    shutil.copytree(work, target, dirs_exist_ok=True)
    shutil.rmtree(work)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        train_standin(standin.Recipe(), snakemake.output.record)

"""What is known of tasks before they are fetched."""

from pathlib import Path

import pytest

from heavytail.config.own_tasks import all_tasks, longest_text
from support.own_tasks import write_own_tasks


@pytest.mark.parametrize(
    ("chosen", "tokens"),
    [
        (["piqa", "lambada_openai", "python_attribute"], 0),
        # Five examples and the question; lm-eval's own number of tokens to write.
        (["gsm8k"], 6 * 256 + 256),
        ([{"name": "gsm8k", "shots": 0}, "piqa"], 512 + 256),
        (["bbh_zeroshot"], 512 + 256),
        (["bbh_zeroshot", "bbh_cot_fewshot"], 4 * 256 + 1024),
        ([{"path": "writing.yaml"}], 3 * 256 + 6),
        ([{"path": "writing.yaml", "shots": 1}, {"path": "pages.yaml"}], 512 + 6),
    ],
)
def test_the_longest_text_is_that_of_the_tasks_that_generate(chosen, tokens, tmp_path, monkeypatch):
    write_own_tasks(tmp_path)
    monkeypatch.chdir(Path(tmp_path))
    assert longest_text(all_tasks(chosen)) == tokens

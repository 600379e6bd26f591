"""Local tasks of every kind, with their data, and what lm-eval's command line is told of them."""

import json
from pathlib import Path

NUMBERS = range(1, 41)
CHOICES = """task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: sums.json}}, field: examples}}
test_split: test
output_type: multiple_choice
doc_to_text: "{text}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: label
metric_list: [{{metric: acc}}, {{metric: acc_norm}}]
"""
GROUP = """group: {name}
task: [sums, so_sums]
aggregate_metric_list: [{{metric: acc, weight_by_size: {weighted}}}]
"""
OUTER = """group: outer
task:
  - both
  - {group: inner, task: [words]}
aggregate_metric_list: {metric: acc, weight_by_size: false}
"""
LINES = """dataset_path: json
dataset_kwargs: {data_files: {test: lines.jsonl, train: train.jsonl}}
training_split: train
test_split: test
"""
GENERATING = """task: writing
output_type: generate_until
doc_to_text: "Q: {{q}}\\nA:"
doc_to_target: a
generation_kwargs: {until: ["\\n"], max_gen_toks: 6, do_sample: false}
num_fewshot: 2
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
filter_list:
  - {name: number, filter: [{function: regex, regex_pattern: "([0-9]+)"}, {function: take_first}]}
  - {name: all, filter: [{function: take_first}]}
"""
ROLLING = """task: pages
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: page
metric_list: [{metric: word_perplexity}, {metric: byte_perplexity}, {metric: bits_per_byte}]
"""
LIKELIHOOD = """task: words
output_type: loglikelihood
doc_to_text: "{{q}}"
doc_to_target: "{{a}}"
metric_list: [{metric: perplexity}, {metric: acc}]
"""
FILES = {
    "sums.yaml": CHOICES.format(name="sums", text="{{input}}"),
    "so_sums.yaml": CHOICES.format(name="so_sums", text="So {{input}}").replace(
        "sums.json", "few.json"
    ),
    "both.yaml": GROUP.format(name="both", weighted="true"),
    "outer.yaml": OUTER,
    "writing.yaml": LINES + GENERATING,
    "pages.yaml": LINES + ROLLING,
    "words.yaml": LINES + LIKELIHOOD,
}
# An entry of the config → what `lm_eval run` is told of it.
ENTRIES = [
    ({"path": "sums.yaml"}, []),
    ({"path": "sums.yaml", "shots": 3, "limit": 12}, ["--num_fewshot", "3", "--limit", "12"]),
    ({"path": "both.yaml", "limit": 25}, ["--limit", "25"]),
    ({"path": "outer.yaml"}, []),
    ({"path": "writing.yaml", "limit": 10}, ["--limit", "10"]),
    ({"path": "writing.yaml", "metric": "exact_match,all", "shots": 0}, ["--num_fewshot", "0"]),
    ({"path": "pages.yaml"}, []),
    ({"path": "words.yaml", "metric": "acc"}, []),
]


def write_own_tasks(folder: Path) -> None:
    """Write the files of all tasks; a text of theirs that looks like a date is one of them."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    sums = [
        {"input": f"{n} + {n} =", "choices": [f" {2 * n}", f" {n}"], "label": n % 2}
        for n in NUMBERS
    ]
    (folder / "sums.json").write_text(json.dumps({"name": "sums", "examples": sums}))
    (folder / "few.json").write_text(json.dumps({"examples": sums[::3]}))
    for name, numbers in {"lines": NUMBERS, "train": range(50, 60)}.items():
        rows = [
            {"q": f"{n} and {n}?", "a": str(2 * n), "page": f"def f{n}(self):\n    return {n}\n"}
            for n in numbers
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

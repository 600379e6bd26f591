"""Bad files of local tasks and their lines, which tests run and config/errors.md shows."""

GOOD = """task: own
dataset_path: json
dataset_kwargs: {data_files: {test: own.json}, field: examples}
test_split: test
output_type: multiple_choice
doc_to_text: "{{input}}"
doc_to_choice: "{{choices}}"
doc_to_target: label
metric_list: [{metric: acc}]
"""
# What is wrong → the content of t.yaml beside own.json, line.
BAD_TASKS = [
    ("not YAML", "task: [", "t.yaml: not YAML"),
    ("no name", "dataset_path: json", "t.yaml: found no task: NAME"),
    (
        "a function",
        GOOD + "process_docs: !function utils.process",
        "t.yaml: has code of its own, which is never run",
    ),
    (
        "an include",
        GOOD + "include: other.yaml",
        "t.yaml: include: not allowed, expected all of the task in one file",
    ),
    (
        "a data set of the hub",
        GOOD.replace("json\n", "a/b\n"),
        "t.yaml: dataset_path: found 'a/b', expected one of json, parquet, csv",
    ),
    (
        "no data of its split",
        GOOD.replace("{test:", "{train:"),
        "t.yaml: dataset_kwargs.data_files: found no file of the scored split",
    ),
    (
        "data that are not there",
        GOOD.replace("own.json", "no.json"),
        "t.yaml: the file 'no.json' does not exist",
    ),
    (
        "the name of a built-in task",
        GOOD.replace("own\n", "rte\n"),
        "'rte' is the name of a built-in task, or none for a path",
    ),
    (
        "a group whose task has no file",
        "group: all\ntask: [elsewhere]\naggregate_metric_list: [{metric: acc}]",
        "t.yaml: found no file with task: elsewhere",
    ),
]

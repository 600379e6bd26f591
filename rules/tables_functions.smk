"""What the tables are told of their rows."""


def protocol_rows():
    """What the tables say of each protocol, the first one first, and its column of cells.csv."""
    keys = ("dataset", "split", "length", "stride", "windows", "bos", "unit")
    return [
        {"column": column, "words": protocols.words_of(protocol)}
        | {key: protocol[key] for key in keys}
        for column, protocol in [
            ("perplexity", FIRST),
            *((f"perplexity:{name}", protocol) for name, protocol in OTHERS.items()),
        ]
    ]


def artifact_path(row):
    """The path of the pruned weights of a row; the dense model has none."""
    pruned = f"<results>/pruned/{row['model']}/{row['cell']}.safetensors"
    return None if row["cell"] == DENSE else resolved(pruned)


def row_settings(row):
    """What the CSV says of a row apart from its numbers."""
    row = row | {"artifact": artifact_path(row)}
    if row["cell"] == DENSE:
        return row
    settings = CONFIG["allocations"][row["allocation"]]
    grouping = settings.get("grouping")
    named = {"grouping": grouping and groupings.name_of(grouping)}
    if calibrated(row["method"]):
        named["within_block"] = METHODS[row["method"]][1]
    if allocations.is_tuned(settings):
        named["tuned"] = resolved(path_of(rules.tune_allocation.output.record)).format(**row)
    return (
        row
        | named
        | allocation_settings(
            *(row[axis] for axis in ("allocation", "model", "method", "sparsity"))
        )
    )


def ratio_rows(model):
    """The wildcards of every table of ratios of a model, in the order of the tables."""
    names = ("method", "sparsity", "allocation")
    found = dict.fromkeys(tuple(cell[name] for name in names) for cell in cells(model))
    return [dict(zip(names, values)) for values in found]


def ratio_tables(wildcards):
    """The files of the `ratio_rows` of a model."""
    path = path_of(rules.allocate_sparsity.output.ratios)
    return [path.format(model=wildcards.model, **row) for row in ratio_rows(wildcards.model)]

"""Bad searches of a config and the line that each gets, as in bad_settings.py."""

from support.bad_settings import HUB, allocation, model


def search(other: dict | None = None, **settings) -> dict:
    """A config with an allocation y, and a search x that starts from it if nothing else is said."""
    named = {"x": {"allocator": "search", "start": "y", **settings}}
    return model(**HUB) | {"allocations": named | {"y": other or {"allocator": "uniform"}}}


BAD_SEARCHES = [
    (
        allocation(allocator="search"),
        "allocations.x.start: missing: expected what the allocator search reads",
    ),
    (search(start="yy"), "allocations.x.start: unknown allocation 'yy', did you mean 'y'?"),
    (search(start="x"), "allocations.x.start: found 'x', a search, expected another allocation"),
    (
        search({"allocator": "search", "start": "x"}),
        "allocations.x.start: found 'y', a search, expected another allocation",
    ),
    (
        search(bounds=[0.69, 0.71]),
        "allocations.x.bounds: found [0.69, 0.71], expected at least a level of a search, 1/32, "
        "between them",
    ),
    *(
        (
            search(bounds=bounds),
            f"allocations.x.bounds: found {bounds}, expected the target 0.7 between them: a search "
            "moves both ways",
        )
        for bounds in ([0.7, 0.9], [0.5, 0.7])
    ),
    (
        search({"allocator": "uniform", "methods": ["wanda"]}),
        "allocations.x.start: allocations.y.methods lacks magnitude",
    ),
    (search(population=0), "allocations.x.population: found 0, expected at least 1"),
    (search(generations=0), "allocations.x.generations: found 0, expected at least 1"),
    (search(levels=33), "allocations.x.levels: found 33, expected a number from 1 to below 33"),
    (search(tokens=[]), "allocations.x.tokens: empty, expected at least one"),
    (search(tokens=[0]), "allocations.x.tokens: found 0, expected at least 1"),
    (
        search(tokens=[512, 512]),
        "allocations.x.tokens: found [512, 512], expected numbers that grow",
    ),
    (
        search(tokens=[512, 131073]),
        "allocations.x.tokens: found 131073, expected at most tune.windows · tune.length, 131072",
    ),
    (
        search(segments="own"),
        "allocations.x.segments: not allowed: it would change what the search has found",
    ),
    (
        search() | {"sparsity": ["2:4"]},
        "allocations.x.allocator: a search has no levels of N:M, but sparsity has '2:4'",
    ),
    (
        allocation(allocator="uniform", start="y"),
        "allocations.x.start: not allowed: only the allocator search reads it",
    ),
]

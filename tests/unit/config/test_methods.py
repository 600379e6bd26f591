from heavytail.config.methods import labels


def test_a_method_s_own_name_stands_for_the_published_way():
    assert labels(["magnitude", "wanda"], ["exact", "sequential"]) == {
        "magnitude": ("magnitude", None),
        "wanda": ("wanda", "exact"),
        "wanda-sequential": ("wanda", "sequential"),
    }
    assert labels(["magnitude", "sparsegpt"], ["sequential"]) == {
        "magnitude": ("magnitude", None),
        "sparsegpt-sequential": ("sparsegpt", "sequential"),
    }

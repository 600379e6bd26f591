from heavytail.config.methods import Variant, labels


def test_a_method_s_own_name_stands_for_the_published_way():
    assert labels(["magnitude", "wanda"], ["exact", "sequential"]) == {
        "magnitude": Variant("magnitude", None),
        "wanda": Variant("wanda", "exact"),
        "wanda-sequential": Variant("wanda", "sequential"),
    }
    assert labels(["magnitude", "sparsegpt"], ["sequential"]) == {
        "magnitude": Variant("magnitude", None),
        "sparsegpt-sequential": Variant("sparsegpt", "sequential"),
    }


def test_steps_stand_in_the_name_and_make_a_method_read_text():
    steps = ["none", "swaps"], ["none", "refit"]
    found = labels(["magnitude", "sparsegpt"], ["exact"], *steps)
    assert found["magnitude"] == Variant("magnitude", None)
    assert found["magnitude-swaps-refit"] == Variant("magnitude", "exact", "swaps", "refit")
    # A mask for which the weights were changed is not refined without changing them again.
    assert [name for name in found if "sparsegpt" in name] == [
        "sparsegpt",
        "sparsegpt-refit",
        "sparsegpt-swaps-refit",
    ]
    assert list(labels(["wanda"], ["sequential"], ["swaps"])) == ["wanda-sequential-swaps"]

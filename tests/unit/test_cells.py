from heavytail.cells import labels, target_of


def test_a_method_s_own_name_stands_for_the_published_way():
    assert labels(["magnitude", "wanda"], ["exact", "sequential"]) == {
        "magnitude": ("magnitude", "exact"),
        "wanda": ("wanda", "exact"),
        "wanda-sequential": ("wanda", "sequential"),
    }
    assert labels(["magnitude", "sparsegpt"], ["sequential"]) == {
        "magnitude": ("magnitude", "exact"),
        "sparsegpt-sequential": ("sparsegpt", "sequential"),
    }


def test_patterns_say_what_stays_and_numbers_what_goes():
    assert target_of("2:4") == (0.5, 4) and target_of("3:8") == (0.625, 8)
    assert target_of(0.7) == target_of("0.7") == (0.7, None)

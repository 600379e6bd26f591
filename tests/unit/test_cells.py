from heavytail.cells import target_of


def test_patterns_say_what_stays_and_numbers_what_goes():
    assert target_of("2:4") == (0.5, 4) and target_of("3:8") == (0.625, 8)
    assert target_of(0.7) == target_of("0.7") == (0.7, None)

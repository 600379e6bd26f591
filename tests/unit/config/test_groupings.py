import pytest

from heavytail.config.groupings import GROUPINGS, every_grouping, name_of, projections_of


@pytest.mark.parametrize("name", GROUPINGS)
def test_a_list_of_a_grouping_s_projections_is_called_by_its_name(name):
    assert name_of(name) == name_of(list(projections_of(name))[::-1]) == name


def test_other_lists_are_written_out():
    assert name_of(["v_proj", "up_proj"]) == "v_proj+up_proj"


def test_there_are_127_groupings_and_those_with_names_are_among_them():
    found = every_grouping()
    assert len(found) == len(set(map(frozenset, found))) == 127
    assert {name_of(list(one)) for one in found} >= set(GROUPINGS)

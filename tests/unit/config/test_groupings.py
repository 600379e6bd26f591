import pytest

from heavytail.config.groupings import GROUPINGS, name_of, projections_of


@pytest.mark.parametrize("name", GROUPINGS)
def test_a_list_of_a_grouping_s_projections_is_called_by_its_name(name):
    assert name_of(name) == name_of(list(projections_of(name))[::-1]) == name


def test_other_lists_are_written_out():
    assert name_of(["v_proj", "up_proj"]) == "v_proj+up_proj"

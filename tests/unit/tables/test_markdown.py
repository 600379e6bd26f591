import math

import pandas as pd
import pytest

from heavytail.tables.markdown import markdown, readable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.678, "5.68"),
        (math.nan, "nan"),
        (9999.994, "9999.99"),
        (12345.0, "1.2e4"),
        (3e12, "3.0e12"),
    ],
)
def test_numbers_are_written_as_people_read_them(value, text):
    assert readable(value) == text


def test_names_stand_left_and_numbers_right():
    table = pd.DataFrame({"a": ["1.50"]}, index=["x"])
    assert markdown(table).splitlines()[1:] == ["|:---|-----:|", "| x  | 1.50 |"]

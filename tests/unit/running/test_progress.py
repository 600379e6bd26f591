import logging

import pytest

from heavytail.running.progress import counted


def test_every_item_is_logged_when_the_loop_is_through_with_it(caplog):
    caplog.set_level(logging.INFO)
    for block in counted("block", "ab", 2):
        logging.info("at %s", block)
    said = [
        record.getMessage().rpartition(",")[0] or record.getMessage() for record in caplog.records
    ]
    assert said == ["at a", "block 1 of 2", "at b", "block 2 of 2"]


def test_an_item_that_fails_is_not_counted(caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(KeyError):
        for _ in counted("block", "ab", 2):
            raise KeyError
    assert not caplog.records

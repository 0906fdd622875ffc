"""Seconds of the deep tests: the same code with another seed in each run; FASTDNN_TEST_SEED repeats one."""

import pytest
from deep import bounded, exact, gradients, guard, real


@pytest.mark.parametrize("row", [exact, real, bounded, guard, gradients], ids=lambda row: row.__name__)
def test_some_seconds(row):
    row.main(1.5)

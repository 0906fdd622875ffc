"""Random tests that run for as long as they are given: `python -m tests.deep`.

Each module with a function main(seconds) is one of them. It draws its seed by arrays_for_tests.fresh_seed,
prints it, and raises AssertionError where a call is wrong. The first line of its docstring says what is
tried. tests/test_deep.py runs seconds of each.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the oracle's products are small
sys.path.append(str(Path(__file__).parent.parent))  # comparator, arrays_for_tests, ...

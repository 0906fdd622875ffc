"""Random tests that run as long as they are given: `python -m tests.deep`. tests/test_deep.py runs seconds of each.

Each module with a function main(seconds) is one of them: it draws its seed by arrays_for_tests.fresh_seed, prints
it, and raises AssertionError where a call is wrong. The first line of its docstring says what it tries.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the oracle's products are small
sys.path.append(str(Path(__file__).parent.parent))  # comparator, arrays_for_tests, ...

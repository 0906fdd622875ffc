"""For tests that search: skipped where Optuna is not installed."""

import pytest

pytest.importorskip("optuna", reason="needs Optuna, of the extra `tune`")

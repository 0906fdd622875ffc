"""Every example of the documentation runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import fastdnn

MODULES = sorted(
    {
        m.name
        for m in pkgutil.walk_packages(fastdnn.__path__, "fastdnn.")
        if not m.name.endswith(("_core", "__main__"))
    }
    | {"fastdnn"}
)


# Whose examples search, or ask what mattered.
WITH_OPTUNA = {
    "fastdnn.plots.study_importance",
    "fastdnn.tune.kept",
    "fastdnn.tune.search",
    "fastdnn.tune.storages",
    "fastdnn.tune.study",
}


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_docstrings(name):
    if name in WITH_OPTUNA:
        pytest.importorskip("optuna", reason="needs Optuna, of the extra `tune`")
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert failed == 0

"""scikit-learn's RandomizedSearchCV with MLPClassifier, two jobs, whose processes are started before."""

import importlib
import os

import numpy as np

from fastdnn.benchmark import numpy_threads
from fastdnn.benchmark.tuning.trials import data, values, widths


def ways() -> list[str]:
    """One."""
    return ["n_jobs=2"]


def search(way: str, trials: int, epochs: int) -> list[float]:
    """Search among as many sets, each a space of its own; the dev rows are the one fold."""
    # For the processes that are started: of the two CPUs each has one; that it has not converged is known.
    os.environ |= {**numpy_threads.environment(1), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    selection = importlib.import_module("sklearn.model_selection")
    network = importlib.import_module("sklearn.neural_network")
    (x, y), (x_dev, y_dev) = data()
    folds = selection.PredefinedSplit(np.r_[np.full(len(x), -1), np.zeros(len(x_dev), int)])
    settings = [
        {
            "learning_rate_init": [one["lr"]],
            "beta_1": [one["beta_1"]],
            "hidden_layer_sizes": [widths(one)],
            "batch_size": [one["batch_size"]],
        }
        for one in values(trials)
    ]
    estimator = network.MLPClassifier(alpha=0.0, max_iter=epochs, tol=0.0, n_iter_no_change=1_000_000)
    found = selection.RandomizedSearchCV(
        estimator, settings, n_iter=trials, n_jobs=2, cv=folds, refit=False, random_state=0
    )
    found.fit(np.r_[x, x_dev], np.r_[y, y_dev])
    return [float(1 - score) for score in found.cv_results_["mean_test_score"]]

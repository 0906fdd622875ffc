"""Predictions from Python, of fastdnn alone: `fastdnn bench predict` compares them with its peers'."""

import numpy as np
import pytest

from fastdnn.benchmark.frameworks import with_fastdnn
from fastdnn.benchmark.frameworks.contender import Setting
from fastdnn.benchmark.networks.catalog import MNIST, PREDICTION_ROWS
from fastdnn.benchmark.networks.contest import OUTPUT_TOLERANCE
from fastdnn.reference.softmax import softmax


@pytest.mark.parametrize("rows", PREDICTION_ROWS)
def test_predict(time_calls, rows):
    x, weights = MNIST.data()[0][:rows], MNIST.initial_weights()
    predictor = with_fastdnn.predictor(Setting(MNIST, weights, 1), x, "")

    def check():
        z = x.astype(np.float64)
        for kernel, bias in weights:
            z = np.maximum(z, 0) if kernel is not weights[0][0] else z
            z = z @ kernel + bias
        assert np.abs(predictor.outputs() - softmax(z)).max() <= OUTPUT_TOLERANCE

    time_calls(check, predictor.repeat)

"""Training steps of whole networks, of fastdnn alone: `fastdnn bench steps` compares them with its peers'."""

from dataclasses import replace

import numpy as np
import pytest

import fastdnn as fd
from fastdnn.benchmark.frameworks import with_fastdnn
from fastdnn.benchmark.frameworks.contender import Setting
from fastdnn.benchmark.networks.catalog import networks
from fastdnn.benchmark.networks.network import LEARNING_RATE

MANY_WEIGHTS = (
    1_000_000  # that the reference trains slowly: such a network is checked at an eighth of its widths
)


def checked(network):
    """What is trained by both: one batch, without dropout, and not too wide."""
    products = zip(network.sizes, network.sizes[1:], strict=False)
    part = 8 if sum(k * m for k, m in products) > MANY_WEIGHTS else 1
    return replace(network, dropout=0.0, batches=1, sizes=tuple(size // part for size in network.sizes))


def check(network):
    """The losses of three steps are those of the reference."""
    small = checked(network)
    (x, y), first = small.data(), small.initial_weights()
    reference = with_fastdnn.model(small, first)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    if network.loss == "squared_error":
        loss = fd.losses.MeanSquaredError()
    reference.compile(optimizer=fd.optimizers.Adam(LEARNING_RATE), loss=loss, backend="reference")
    want = reference.fit(x, y, small.batch, 3, verbose=0, shuffle=False).history["loss"]
    got = with_fastdnn.trainer(Setting(small, first, 1), x, y, "").losses(3, 1)
    np.testing.assert_allclose(got, want, rtol=1e-4)


@pytest.mark.parametrize("network", networks(), ids=lambda network: network.name)
def test_step(time_calls, network):
    trainers = []  # made when it comes to timing

    def repeat(epochs):
        if not trainers:
            trainers.append(
                with_fastdnn.trainer(Setting(network, network.initial_weights(), 1), *network.data(), "")
            )
        trainers[0].reset(network.initial_weights())
        trainers[0].train(epochs)

    time_calls(lambda: check(network), repeat, network.batches)

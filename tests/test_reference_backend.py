"""`compile(backend="reference")` trains the same model."""

import numpy as np
import pytest
from networks import classification, classifier, regression

import fastdnn as fd

OPTIMIZERS = {
    "sgd": lambda: fd.optimizers.SGD(0.05),
    "momentum": lambda: fd.optimizers.SGD(0.02, momentum=0.9),
    "nesterov": lambda: fd.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "adam": lambda: fd.optimizers.Adam(1e-3),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-13)])
def test_the_same_losses_for_20_steps(optimizer, dtype, tolerance):
    x, y = classification(rows=64)
    histories = []
    for backend in ("native", "reference"):
        model = classifier(hidden=(48, 16), dtype=dtype, optimizer=OPTIMIZERS[optimizer](), backend=backend)
        histories.append(model.fit(x, y, batch_size=64, epochs=20).history)  # a step is an epoch
    native, reference = histories
    np.testing.assert_allclose(native["loss"], reference["loss"], rtol=0, atol=tolerance, equal_nan=False)
    assert native["accuracy"] == reference["accuracy"]


def test_all_losses_weights_and_partial_batches():
    x, t = regression(rows=50, outputs=3)
    for loss, y, head in [
        ("mse", t, None),
        ("categorical_crossentropy", np.eye(3)[np.arange(50) % 3], "softmax"),
        ("sparse_categorical_crossentropy", np.arange(50) % 3, "softmax"),
    ]:
        results = []
        for backend in ("native", "reference"):
            scale = fd.layers.Normalization()
            scale.adapt(x)
            layers = [fd.layers.Input((7,)), scale, fd.layers.Dense(9), fd.layers.Activation("relu")]
            model = fd.Sequential([*layers, fd.layers.Dense(3, activation=head)], seed=1, dtype="float64")
            model.compile("adam", loss, backend=backend)
            weights = np.linspace(0, 2, 50)
            history = model.fit(x, y, batch_size=16, epochs=3, sample_weight=weights, validation_data=(x, y))
            results.append((history.history["loss"], history.history["val_loss"], model.predict(x)))
        for native, reference in zip(*results, strict=True):
            np.testing.assert_allclose(native, reference, rtol=1e-12, atol=1e-14, equal_nan=False)


def test_both_go_on_where_the_last_fit_ended():
    x, y = classification(rows=40)
    for backend in ("native", "reference"):
        whole, parts = (classifier(dtype="float64", backend=backend) for _ in range(2))
        whole.fit(x, y, epochs=3)
        for _ in range(3):
            parts.fit(x, y, epochs=1)
        for a, b in zip(whole.get_weights(), parts.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)

"""What the decks do against high bias and high variance, as advice with lines that run.

The lines use the names that `Advice` says. What is to mend an overfitted network begins with new weights.
"""

from fastdnn.diagnose.advice import Advice

_001_BIAS = 'deck 001, "When we achieve high bias (low training data performance), try to"'
_001_VARIANCE = 'deck 001, "When we achieve high variance (low dev data performance), try to"'
_000 = 'deck 000, "Bias/Variance"'

_BETTER = "better = fd.diagnose.fresh_copy(model, {}); better.fit(x, y, epochs={})"

_BIGGER = _BETTER.format("widen=2", 50)

_DEEPER = '[fd.layers.Dense(128, "relu"), fd.layers.BatchNormalization()]'
_OTHER = _BETTER.format(f"before_output={_DEEPER}", 50)

# Of few rows many copies, so that the new weights get steps enough; each moves a row by 0.2 σ in a feature.
MORE_DATA = """\
better, rng, copies = fd.diagnose.fresh_copy(model), np.random.default_rng(0), 1 + 2000 // len(x)
noisy = [x + 0.2 * np.std(x, axis=0) * rng.standard_normal(np.shape(x)) for _ in range(copies)]
better.fit(np.concatenate([x, *noisy]), np.concatenate([y] * (copies + 1)), epochs=20)"""

_REGULARIZE = _BETTER.format("regularizer=fd.regularizers.L2(1e-3)", 20)

_DROPOUT = _BETTER.format("before_output=[fd.layers.Dropout(0.3)]", 20)

_SHIFT = "print(fd.data.check_shift(x, x_dev))"

_STOP = """\
better, stop = fd.diagnose.fresh_copy(model), fd.callbacks.EarlyStopping(patience=5)
better.fit(x, y, epochs=200, validation_data=(x_dev, y_dev), callbacks=[stop])"""

# The decks' lists, in their order.
BIAS = (
    Advice("bigger_network", "hint", "Use a bigger network: more units or layers.", "", _BIGGER, _001_BIAS),
    Advice(
        "train_longer", "hint", "Train longer.", "", "model.fit(x, y, epochs=100)", f"{_000}; {_001_BIAS}"
    ),
    Advice("other_architecture", "hint", "Try another architecture.", "", _OTHER, _001_BIAS),
    Advice(
        "learning_rate",
        "hint",
        "Change the learning rate, the optimiser or the activations; first find a rate that suits.",
        "",
        "print(fd.diagnose.learning_rate_range(model, x, y))",
        _001_BIAS,
    ),
    Advice(
        "other_loss",
        "hint",
        "See that the loss suits: a network of the right kind can learn a few rows by heart.",
        "",
        "print(fd.diagnose.overfit_subset(model, x, y))",
        _001_BIAS,
    ),
)
VARIANCE = (
    Advice(
        "more_data",
        "hint",
        "Get more training data; or make some, such as by a little noise on the features.",
        "",
        MORE_DATA,
        f"{_000}; {_001_VARIANCE}",
    ),
    Advice(
        "l2",
        "hint",
        "Regularise: L2, also called weight decay.",
        "",
        _REGULARIZE,
        'deck 000, "Regularization"',
    ),
    Advice("dropout", "hint", "Regularise: dropout.", "", _DROPOUT, _001_VARIANCE),
    Advice("other_architecture", "hint", "Try another architecture.", "", _OTHER, _001_VARIANCE),
    Advice(
        "data_distribution",
        "hint",
        "Check that the train and dev sets come from one distribution.",
        "",
        _SHIFT,
        _001_VARIANCE,
    ),
    Advice(
        "early_stopping",
        "hint",
        "Stop early, at the lowest dev error.",
        "",
        _STOP,
        'deck 000, "Early Stopping"',
    ),
)

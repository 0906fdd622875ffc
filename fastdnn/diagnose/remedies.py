"""What the decks do against high bias and high variance, as advice with lines that run.

The lines use the names that `Advice` says: `fd`, `np`, `model`, `x`, `y`.
"""

from fastdnn.diagnose.advice import Advice

_001_BIAS = 'deck 001, "When we achieve high bias (low training data performance), try to"'
_001_VARIANCE = 'deck 001, "When we achieve high variance (low dev data performance), try to"'
_000 = 'deck 000, "Bias/Variance"'

# From the last Dense on, whatever follows it: an activation, or what brings numbers back to their unit.
_TAIL = """\
import copy
place = max(i for i, layer in enumerate(model.layers) if isinstance(layer, fd.layers.Dense))
tail = copy.deepcopy(model.layers[place:])
"""

_BIGGER = f"""\
{_TAIL}hidden = fd.layers.Dense(256, activation="relu")
bigger = model.with_head([hidden, *tail], after=model.layers[place - 1].name, freeze=False)
bigger.compile("adam", model.compiled.loss)
bigger.fit(x, y, epochs=50)"""

_OTHER = f"""\
{_TAIL}hidden = [fd.layers.Dense(128), fd.layers.BatchNormalization(), fd.layers.ReLU()]
other = fd.Sequential([fd.layers.Input((model.input_shape[1],)), *hidden, *tail])
other.compile("adam", model.compiled.loss)
other.fit(x, y, epochs=50)"""

_MORE_DATA = """\
noise = 0.1 * np.std(x, axis=0) * np.random.default_rng(0).standard_normal(np.shape(x))
model.fit(np.concatenate([x, x + noise]), np.concatenate([y, y]), epochs=20)"""

_REGULARIZE = """\
model.compile("adam", model.compiled.loss, regularizer=fd.regularizers.L2(1e-3))
model.fit(x, y, epochs=20)"""

_DROPOUT = f"""\
{_TAIL}head = [fd.layers.Dropout(0.3), *tail]
dropped = model.with_head(head, after=model.layers[place - 1].name, freeze=False)
dropped.compile("adam", model.compiled.loss)
dropped.fit(x, y, epochs=20)"""

_SHIFT = """\
train, dev = x[: int(0.8 * len(x))], x[int(0.8 * len(x)) :]
print(fd.data.check_shift(train, dev))"""

_STOP = """\
stop = fd.callbacks.EarlyStopping(patience=5)
model.fit(x, y, epochs=200, validation_split=0.2, callbacks=[stop])"""

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
        _MORE_DATA,
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

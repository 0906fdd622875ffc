"""What causes what: the order in which a report tells what its parts have found.

`CAUSES` is a table, roots first. A row says what a finding explains, so that this is told as its consequence
and not as a trouble of its own: inputs of unlike scale explain a high training error, and a bigger network
would not mend it. `fastdnn.diagnose.ranking` reads it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A row of the table.

    kind: of the advice.
    explains: kinds that follow from it; "..." for all others of the table.
    remedies: kinds of advice that only mend this one: they go where it is explained by something else.
    denies: kinds of good news that say nothing beside it, where it is a trouble.
    needs_symptom: whether it is a trouble only where something that it explains was found; else a hint. What
        explains nothing is a closer look at a trouble, and none by itself.
    last_resort: whether it is said only for want of another cause: where there is one, it is not told.
    """

    kind: str
    explains: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    denies: tuple[str, ...] = ()
    needs_symptom: bool = False
    last_resort: bool = False


# What a wrong scale, rate or network shows itself by.
_BIAS = (
    "no_better_than_guessing",
    "high_bias",
    "plateau",
    "no_gap",
    "not_learnt",
    "worse_than_chance",
)
OFF_SCALE = ("no_signal", "vanishing_activations", "exploding_activations")  # no rate makes up for these
_STARVED = ("vanishing_gradients", "exploding_gradients", "dead_units", "saturated_units")
_SIGNALS = (*OFF_SCALE, *_STARVED)
_CLASSES = (
    "never_predicted",
    "worst_class",
    "no_better_than_chance",
    "poor_ranking",
    "over_confident",
    "probability_too_high",
    "probability_too_low",
    "blind_measure",
    "error_out_of_reach",
)
_SUBSET = (
    "conflicting_rows",
    "constant_features",
    "no_gradient",
    "output_activation",
    "unscaled_features",
    "small_network",
)
_VARIANCE = ("high_variance", "overfitting", "early_stopping")
_RATE = ("high_rate", "low_rate", "unknown_rate", "noisy", "diverged", "train_longer", "other_optimizer")
_EXPLODED = ("not_finite", "diverged")
_OF_DEV = (*_CLASSES, "worse_than_chance", "imbalance", "overfitted_dev")
# What good dev figures say.
_GOOD_DEV = ("low_variance", "small_gap", "calibrated", "ranking", "trust", "near_misses")
_NETWORK = (*_BIAS, *_SIGNALS, *_CLASSES, "imbalance")
# What is good at a rate is so of the network as it was trained, and not of the one that is to be trained.
_OF_RATES = ("good_rate", "suggested_rate")

_REMEDIES = (
    "more_data",
    "l2",
    "dropout",
    "data_distribution",
    "bigger_network",
    "learning_rate",
    "other_loss",
    "other_architecture",
)
# What may be worth a look where nothing is wrong.
_ODDITIES = (
    "target_leakage",
    "no_regularization",
    "elastic_net",
    "few_features",
    "batch_size",
    "sigmoid_hidden",
    "not_standardized",
    "constant",
    "outliers",
    "repeated_rows",
)

# The order is that in which things are mended: what all figures are computed from, then the scales, the rate,
# the network, the sets; symptoms come last.
CAUSES: tuple[Cause, ...] = (
    Cause("not_trained", explains=(*_NETWORK, *_RATE, *_VARIANCE, *_OF_DEV, "poor_initial_weights")),
    Cause("gradients_wrong", explains=("...",)),
    Cause("random_loss", explains=("...",)),
    # Dev figures of rows that were trained on: that they are good, or as good as train's, says nothing.
    Cause("copied_rows", explains=("no_gap", "overfitted_dev"), denies=_GOOD_DEV),
    Cause(
        "output_does_not_fit_loss",
        explains=(*_NETWORK, *_RATE, *_VARIANCE, "saturating_activations"),
        denies=_OF_RATES,
    ),
    Cause(
        "dev_test_mismatch",
        explains=(
            *_VARIANCE,
            "dev_shift",
            "test_shift",
            "unrelated_targets",
            *_OF_DEV,
        ),
    ),
    Cause(
        "unscaled_inputs",
        explains=(
            *_NETWORK,
            *_RATE,
            *_EXPLODED,
            *_VARIANCE,
            "poor_initial_weights",
            "saturating_activations",
            "slow_training",
        ),
        denies=_OF_RATES,
        needs_symptom=True,
    ),
    Cause(
        "unscaled_targets",
        explains=(*_NETWORK, *_RATE, *_EXPLODED),
        denies=_OF_RATES,
        needs_symptom=True,
    ),
    Cause(
        "high_rate",
        explains=(
            *_NETWORK,
            *_EXPLODED,
            *_VARIANCE,
            "noisy",
            "train_longer",
            "other_optimizer",
            "unsteady_training",
        ),
        denies=_OF_RATES,
        needs_symptom=True,
    ),
    Cause(
        "low_rate",
        explains=(*_BIAS, *_STARVED, *_CLASSES, "imbalance", "train_longer", "other_optimizer"),
        denies=_OF_RATES,
        needs_symptom=True,
    ),
    Cause(
        "poor_initial_weights",
        explains=(*_NETWORK, *_RATE, *_EXPLODED, "saturating_activations"),
        denies=_OF_RATES,
        needs_symptom=True,
    ),
    Cause(
        "saturating_activations",
        explains=(*_NETWORK, *_RATE, "sigmoid_hidden"),
        denies=(*_OF_RATES, "steady_gradient"),
        needs_symptom=True,
    ),
    # What a few rows that cannot be learned by heart are traced to.
    *(Cause(kind, explains=_NETWORK, needs_symptom=True) for kind in _SUBSET),
    Cause("wrong_targets", explains=_NETWORK, needs_symptom=True, last_resort=True),
    Cause("too_much_regularization", explains=(*_NETWORK, *_RATE), denies=_OF_RATES, needs_symptom=True),
    Cause(
        "other_optimizer",
        explains=(*_BIAS, "noisy", "diverged", "train_longer"),
        denies=_OF_RATES,
        needs_symptom=True,
    ),
    Cause("noisy_targets"),
    Cause(
        "dev_shift",
        explains=(*_VARIANCE, *_OF_DEV, "few_examples", "unrelated_targets"),
        needs_symptom=True,
    ),
    Cause("few_examples", explains=_VARIANCE, needs_symptom=True),
    # What is learned by heart and does not carry over, or is not learned whatever is tried.
    Cause("unrelated_targets", explains=(*_VARIANCE, *_BIAS, *_OF_DEV)),
    Cause("imbalance", explains=("no_better_than_guessing", *_CLASSES)),
    Cause("train_longer", explains=(*_BIAS, "low_rate"), needs_symptom=True),
    # The scale of the signal before what it does to units and gradients.
    Cause("exploding_activations", explains=(*_BIAS, *_EXPLODED, *_STARVED, "no_signal"), needs_symptom=True),
    Cause("vanishing_activations", explains=(*_BIAS, *_STARVED, "no_signal"), needs_symptom=True),
    Cause("dead_units", explains=(*_BIAS, "no_signal", "vanishing_gradients"), needs_symptom=True),
    Cause("no_signal", explains=(*_BIAS, "vanishing_gradients"), needs_symptom=True),
    Cause("saturated_units", explains=(*_BIAS, "vanishing_gradients"), needs_symptom=True),
    Cause("exploding_gradients", explains=_BIAS, needs_symptom=True),
    Cause("vanishing_gradients", explains=_BIAS, needs_symptom=True),
    Cause("test_shift"),
    Cause("diverged"),
    Cause("not_finite", explains=_NETWORK),
    Cause("no_better_than_guessing", explains=("high_bias", *_VARIANCE)),
    Cause("unsteady_training"),
    Cause("slow_training"),
    Cause("overfitted_dev"),
    Cause("not_learnt", explains=("high_bias",)),
    # A symptom and the ways to live with it: they are no use where something deeper explains it.
    Cause(
        "high_bias",
        explains=("plateau", "no_gap"),
        remedies=("bigger_network", "train_longer", "other_architecture", "learning_rate", "other_loss"),
    ),
    Cause(
        "high_variance",
        explains=("overfitting", "no_regularization"),
        remedies=(
            "more_data",
            "l2",
            "dropout",
            "data_distribution",
            "other_architecture",
            "no_regularization",
        ),
    ),
    Cause("early_stopping", explains=("high_variance",), needs_symptom=True),
    Cause("overfitting", explains=("high_variance",), needs_symptom=True),
    Cause("plateau", explains=("high_bias",), needs_symptom=True),
    *(Cause(kind, needs_symptom=True) for kind in _CLASSES),
    *(Cause(kind) for kind in ("worse_than_chance", "gradients_doubtful", "noisy", "unknown_rate", "no_gap")),
    *(Cause(kind) for kind in _REMEDIES),
    *(Cause(kind) for kind in _ODDITIES),
)

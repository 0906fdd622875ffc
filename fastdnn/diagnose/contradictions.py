"""What cannot both be true, so that a report tells one of them alone."""

from collections.abc import Sequence

from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.causes import OFF_SCALE

# Kinds that cannot both be told, as (some, others): none of the first ones beside one of the others. Of two
# the better founded one stays.
CONTRADICTIONS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    # To stop, or to go on.
    (("early_stopping",), ("train_longer", "more_epochs", "no_gap")),
    # The rate is too high, is too low, suits, is not known, or is to be another one.
    (("high_rate", "diverged", "dead_units"), ("low_rate",)),  # dead units are begun anew at a lower one
    (("good_rate",), ("high_rate", "low_rate", "diverged", "unknown_rate", "noisy", "plateau")),
    (("good_rate",), ("suggested_rate", "learning_rate", "unsteady_training", "slow_training")),
    (("unknown_rate",), ("high_rate", "low_rate", "diverged")),
    (("suggested_rate",), ("high_rate", "low_rate")),
    # What of the training set is learned, and what of that carries over.
    (("healthy",), ("no_gap", "plateau", "not_learnt", "overfitting", "unrelated_targets")),
    (("low_bias",), ("high_bias", "no_gap", "plateau", "not_learnt", "no_better_than_guessing")),
    (("low_variance", "small_gap", "no_gap"), ("high_variance", "overfitting")),
    (("low_variance", "small_gap"), ("unrelated_targets",)),
    (("learns_by_heart", "unrelated_targets"), ("not_learnt",)),
    (("noisy_targets",), ("train_longer", "more_epochs", "bigger_network", "small_network", "no_gap")),
    # More of a penalty, or less.
    (
        ("too_much_regularization",),
        ("l2", "dropout", "no_regularization", "elastic_net", "few_features", "overfitting"),
    ),
    # What comes through the layers.
    (("steady_gradient",), ("saturated_units", "vanishing_gradients", "exploding_gradients")),
    (("steady_signal",), OFF_SCALE),
    (("live_units",), ("dead_units", "idle_units")),
    # The sets.
    (("same_distribution",), ("dev_shift", "test_shift", "dev_test_mismatch", "data_distribution")),
    (("even_classes", "all_classes_seen"), ("never_predicted", "worst_class")),
    (("calibrated",), ("over_confident", "probability_too_high", "probability_too_low")),
    (("ranking", "trust"), ("poor_ranking", "no_better_than_chance", "blind_measure", "worse_than_chance")),
    (("gradients_right",), ("gradients_wrong", "gradients_doubtful")),
)


def consistent(advice: Sequence[Advice]) -> tuple[Advice, ...]:
    """Without what the table of contradictions forbids beside something better founded: the first piece, then
    what is more severe, then what follows from nothing else, then what stands earlier.

    >>> from fastdnn.diagnose.advice import Advice
    >>> from fastdnn.diagnose.contradictions import consistent
    >>> told = [Advice("early_stopping", "warning", "Stop."), Advice("train_longer", "hint", "Go on.")]
    >>> [each.kind for each in consistent(told)]
    ['early_stopping']
    """
    founded = [*advice[:1], *ordered(sorted(advice[1:], key=lambda each: bool(each.cause)))]
    kept: set[str] = set()
    for each in founded:
        if not any(contradict(each.kind, other) for other in kept):
            kept.add(each.kind)
    return tuple(each for each in advice if each.kind in kept)


def contradict(one: str, other: str) -> bool:
    """Whether two kinds cannot both be told."""
    return any(
        (one in some and other in others) or (other in some and one in others)
        for some, others in CONTRADICTIONS
    )

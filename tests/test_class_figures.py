"""Precision, recall, F1, reports, ROC and precision-recall curves, top k: against scikit-learn's figures."""

import numpy as np
import pytest
from class_cases import CHANCES, LABELS, PREDICTED, SCORES, WEIGHTS, YES

from fastdnn.diagnose import (
    classification_report,
    precision_recall_curve,
    precision_recall_f1,
    roc_auc,
    roc_curve,
    top_k,
)
from fastdnn.diagnose.roc import auc_advice
from fastdnn.reference.softmax import softmax


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=0, atol=1.1e-10)


# ----------------------------------------------------------------------------- precision, recall, F1, reports


def test_precision_recall_f1_as_scikit_learn():
    found = precision_recall_f1(LABELS, PREDICTED, zero_division=0)
    close(found.precision, [0.6, 0.6, 0.75, 1.0, 0.0])
    close(found.recall, [1.0, 0.5, 1.0, 0.4166666667, 0.0])
    close(found.f1, [0.75, 0.5454545455, 0.8571428571, 0.5882352941, 0.0])
    assert found.support.tolist() == [12, 12, 12, 24, 0]
    close(found.micro, [0.6666666667] * 3)
    close(found.macro, [0.59, 0.5833333333, 0.5481665393])
    close(found.weighted, [0.79, 0.6666666667, 0.6658135982])
    close(found.error, 1 - found.recall)


def test_precision_recall_f1_with_weights():
    found = precision_recall_f1(LABELS, PREDICTED, sample_weight=WEIGHTS, zero_division=0)
    close(found.precision, [0.5151515152, 0.7368421053, 0.6666666667, 1.0, 0.0])
    close(found.f1, [0.68, 0.6363636364, 0.8, 0.59375, 0.0])
    close(found.macro, [0.5837320574, 0.5964444444, 0.5420227273])
    close(found.weighted, [0.8017012228, 0.6476190476, 0.6532175325])
    assert found.accuracy == pytest.approx(0.6476190476)


def test_zero_division_as_scikit_learn():
    found = precision_recall_f1(LABELS, PREDICTED, zero_division=np.nan)
    assert np.isnan(found.recall[4])
    close(found.macro, [0.59, 0.7291666667, 0.5481665393])  # the unknown recall is left out
    assert precision_recall_f1(LABELS, PREDICTED, zero_division=1).recall[4] == 1
    with pytest.warns(UserWarning, match=r"recall of '4' is 0 / 0, and taken as 0"):
        precision_recall_f1(LABELS, PREDICTED)
    for bad in (2, "nan", None, True):
        with pytest.raises(ValueError, match='zero_division as "warn", 0, 1 or NaN'):
            precision_recall_f1([0], [0], zero_division=bad)


def test_classes_that_are_never_predicted_are_named():
    found = precision_recall_f1([0, 1, 1], [0, 0, 0], ["no", "yes", "maybe"], zero_division=0)
    assert [advice.kind for advice in found.advice] == ["never_predicted", "no_examples"]
    assert "'yes'" in found.advice[0].text
    assert "'maybe'" in found.advice[1].text
    assert "(macro)" in str(found)


def test_the_report_is_scikit_learns_to_the_letter():
    text = classification_report(LABELS, PREDICTED, digits=3, zero_division=0).text(error=False)
    assert text == (
        "              precision    recall  f1-score   support\n"
        "\n"
        "           0      0.600     1.000     0.750        12\n"
        "           1      0.600     0.500     0.545        12\n"
        "           2      0.750     1.000     0.857        12\n"
        "           3      1.000     0.417     0.588        24\n"
        "           4      0.000     0.000     0.000         0\n"
        "\n"
        "    accuracy                          0.667        60\n"
        "   macro avg      0.590     0.583     0.548        60\n"
        "weighted avg      0.790     0.667     0.666        60\n"
    )


def test_the_report_has_the_error_of_each_class():
    report = classification_report(["a", "b", "b"], ["a", "a", "b"])
    last = [line.split()[-1] for line in report.text().splitlines() if line]
    assert last == ["error", "0.00", "0.50", "0.33", "0.25", "0.33"]
    assert "weighted avg" in str(report)
    with pytest.raises(ValueError, match=r"\[classification_report\] expected digits"):
        classification_report([0], [0], digits=-1)


# -------------------------------------------------------------------------------------------------- ranking


def test_the_roc_curve_as_scikit_learn():
    found = roc_curve(YES, CHANCES)
    close(
        found.false_positive_rate,
        [
            0,
            0.1860465116,
            0.1860465116,
            0.3488372093,
            0.511627907,
            0.6976744186,
            0.6976744186,
            0.9069767442,
            1.0,
        ],
    )
    close(
        found.true_positive_rate,
        [
            0,
            0.2352941176,
            0.4117647059,
            0.4705882353,
            0.6470588235,
            0.8235294118,
            0.8823529412,
            0.8823529412,
            1.0,
        ],
    )
    assert found.thresholds.tolist() == [np.inf, 0.9, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]
    close(found.auc, 0.5937072503)
    close(roc_curve(YES, CHANCES, sample_weight=WEIGHTS).auc, 0.5609686933)
    every = roc_curve(YES, CHANCES, drop_intermediate=False)
    assert every.thresholds.size == 11
    assert every.auc == found.auc


def test_auc_is_the_share_of_pairs_in_order_ties_half():
    yes, no = CHANCES[YES == 1], CHANCES[YES == 0]
    pairs = (yes[:, None] > no).mean() + (yes[:, None] == no).mean() / 2
    assert roc_auc(YES, CHANCES) == pytest.approx(pairs)
    assert roc_auc(YES, np.zeros(60)) == 0.5
    assert roc_auc(np.where(YES, "y", "n"), CHANCES, positive="y") == pytest.approx(pairs)
    assert roc_auc(2 * YES - 1, CHANCES) == pytest.approx(pairs)
    assert roc_auc(YES, np.stack([1 - CHANCES, CHANCES], axis=1)) == pytest.approx(pairs)


def test_auc_of_several_classes_as_scikit_learn():
    close(roc_auc(LABELS, SCORES), 0.7643229167)
    close(roc_auc(LABELS, SCORES, average="weighted"), 0.7607638889)
    close(roc_auc(LABELS, SCORES, average=None), [0.8203125, 0.7890625, 0.7013888889, 0.7465277778])
    close(roc_auc(LABELS, SCORES, sample_weight=WEIGHTS), 0.7918395488)
    close(roc_auc(LABELS, SCORES, average="weighted", sample_weight=WEIGHTS), 0.7887176724)
    close(roc_auc(LABELS, SCORES, multi_class="ovo"), 0.7669270833)
    close(roc_auc(LABELS, SCORES, multi_class="ovo", average="weighted"), 0.7641782407)
    named = roc_auc(np.array(list("dcba"))[LABELS], SCORES[:, ::-1])
    assert named == pytest.approx(0.7643229167)
    assert roc_auc(np.eye(4)[LABELS], SCORES) == pytest.approx(0.7643229167)


def test_a_class_without_rows_is_left_out_of_the_mean():
    kept = LABELS != 2
    each = roc_auc(LABELS[kept], SCORES[kept], average=None)
    assert np.isnan(each[2])
    assert roc_auc(LABELS[kept], SCORES[kept]) == pytest.approx(np.nanmean(each))


def test_the_precision_recall_curve_as_scikit_learn():
    found = precision_recall_curve(YES, CHANCES)
    close(
        found.precision,
        [
            0.2833333333,
            0.2777777778,
            0.3333333333,
            0.3181818182,
            0.3333333333,
            0.347826087,
            0.4666666667,
            0.4285714286,
            0.3846153846,
            0.3333333333,
            1.0,
        ],
    )
    close(
        found.recall,
        [
            1.0,
            0.8823529412,
            0.8823529412,
            0.8235294118,
            0.6470588235,
            0.4705882353,
            0.4117647059,
            0.3529411765,
            0.2941176471,
            0.2352941176,
            0.0,
        ],
    )
    close(found.thresholds, np.arange(10) / 10)
    close(found.average_precision, 0.3420916679)
    close(precision_recall_curve(YES, CHANCES, sample_weight=WEIGHTS).average_precision, 0.3022399403)
    assert found.share == pytest.approx(17 / 60)


def test_the_best_f1_is_that_of_its_threshold():
    best, threshold = precision_recall_curve(YES, CHANCES).best_f1
    said = (threshold <= CHANCES).astype(int)
    assert precision_recall_f1(YES, said).f1[1] == pytest.approx(best)
    others = [precision_recall_f1(YES, (t <= CHANCES).astype(int), zero_division=0).f1[1] for t in CHANCES]
    assert best == pytest.approx(max(others))


def test_swapped_labels_are_an_error():
    said = roc_curve([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.3]).advice[0]
    assert (said.kind, said.severity) == ("worse_than_chance", "error")
    assert roc_curve([0, 1], [0.1, 0.2]).advice[0].severity == "good"
    assert "area under the ROC curve 1.0000" in str(roc_curve([0, 1], [0.1, 0.2]))
    worse = precision_recall_curve([1, 0, 0, 1], [0.5, 0.5, 0.5, 0.5])
    assert worse.advice[0].kind == "no_better_than_chance"
    assert "average precision 0.5000" in str(worse)


def test_top_k_as_scikit_learn():
    """Whose ties go to the later class: here the classes are in the opposite order there."""
    found = top_k(LABELS, SCORES, (1, 2, 3))
    close(found.accuracy, [0.5333333333, 0.6833333333, 0.8833333333])
    close(found.error, 1 - found.accuracy)
    assert found.accuracy[0] == pytest.approx((SCORES.argmax(axis=1) == LABELS).mean())
    assert top_k(LABELS, SCORES, 4).accuracy.tolist() == [1.0]
    assert top_k([0, 3], np.zeros((2, 4)), 1).accuracy[0] == 0.5  # not all are right where all are equal
    assert top_k(LABELS, SCORES).k == (1, 2, 3)
    assert top_k([1, 0], [[1, 2, 3], [4, 1, 2]], (2, 1)).rank.tolist() == [2, 1]
    weighted = top_k(LABELS, SCORES, 1, sample_weight=WEIGHTS).accuracy[0]
    assert weighted == pytest.approx(np.average(SCORES.argmax(axis=1) == LABELS, weights=WEIGHTS))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: roc_curve([1, 1], [0.1, 0.2]), "positive and negative rows, got positive ones alone"),
        (lambda: roc_curve([1, 2], [0.1, 0.2]), "labels 0 and 1, or -1 and 1"),
        (lambda: roc_curve([1, 2], [0.1, 0.2], positive=3), "positive as one of the labels"),
        (lambda: roc_curve([0, 1], [0.1, np.nan]), r"finite y_score, got nan in row 1"),
        (lambda: roc_curve([0, 1], np.eye(2)), r"y_score of shape \(examples,\)"),
        (lambda: roc_curve([0, 1], ["a", "b"]), "y_score as real numbers"),
        (lambda: roc_curve([0, 1, 1], [0.1, 0.2]), "y_true and y_score of one length, got 3 and 2"),
        (lambda: precision_recall_curve([0, 0], [0.1, 0.2]), "positive and negative rows"),
        (lambda: roc_auc([1, 1, 1], np.eye(3)), "rows of at least two classes"),
        (lambda: roc_auc([0, 1, 2], np.eye(3), multi_class="all"), "multi_class, one of ovo, ovr"),
        (lambda: roc_auc([0, 1, 2], np.eye(3), average="micro"), "average, one of macro, weighted"),
        (lambda: roc_auc([0, 1, 2], np.eye(3), multi_class="ovo", sample_weight=[1, 1, 1]), "no weights"),
        (lambda: roc_auc([0, 1, 2], np.eye(3), positive=1), "positive with one column"),
        (lambda: roc_auc(["a", "b", "b"], np.eye(3)), "3 classes, as many as columns, got 2"),
        (lambda: top_k([0, 1], np.eye(2), 3), "different k from 1 to 2"),
        (lambda: top_k([0, 1], np.eye(2), 0), "k as a whole number >= 1"),
        (lambda: top_k([0, 1], [0.1, 0.2]), r"y_score of shape \(examples, classes\)"),
        (lambda: top_k([0, 2], np.eye(2)), "y_true as whole numbers from 0 to 1, got 2 in row 1"),
        (lambda: precision_recall_f1([], [], 2), "at least one example"),
    ],
)
def test_what_does_not_fit(call, words):
    with pytest.raises(ValueError, match=rf"^\[\w+\] expected .*{words}"):
        call()


def test_logits_of_several_classes_are_no_scores_across_rows():
    """Figures of scikit-learn are of probabilities; it refuses such rows, too."""
    z = np.log(SCORES) + np.arange(60)[:, None] % 7  # the same probabilities
    for several in (z, 3 * SCORES, np.log(CHANCES + 1)[:, None] * [[0, 1]]):
        with pytest.raises(ValueError, match=r"\[roc_auc\] expected y_score (from 0 to 1|with the sum 1)"):
            roc_auc(LABELS if several.shape[1] == 4 else YES, several)
    for how in ("ovr", "ovo"):
        got = roc_auc(LABELS, z, multi_class=how, from_logits=True)
        assert got == pytest.approx(roc_auc(LABELS, softmax(z), multi_class=how))
    assert roc_auc(YES, 5 * CHANCES - 2) == roc_auc(YES, CHANCES)  # of one column any scores


def test_areas_near_chance_are_not_called_reversed():
    assert [auc_advice(area).kind for area in (0.2, 0.45, 0.6, 0.75)] == [
        "worse_than_chance",
        "poor_ranking",
        "poor_ranking",
        "ranking",
    ]


def test_labels_of_many_kinds_give_the_same_figures():
    hot = np.eye(2)[YES]
    both = np.stack([1 - CHANCES, CHANCES], axis=1)
    want = top_k(YES, both, 1).accuracy
    assert top_k(2 * YES - 1, both, 1, classes=[-1, 1]).accuracy == want
    assert top_k(np.where(YES, "y", "n"), both, np.array([1]), classes=["n", "y"]).accuracy == want
    assert top_k(hot, both, 1, classes=[-1, 1]).accuracy == want  # one-hot columns that are called -1 and 1
    with pytest.raises(ValueError, match=r"got -1 in row 0; of labels -1 and 1 say classes=\[-1, 1\]"):
        top_k(2 * YES - 1, both, 1)
    with pytest.raises(ValueError, match="y_true without NaN, got nan in row 1"):
        roc_curve([0, np.nan, 1], [0.1, 0.2, 0.3], positive=1)

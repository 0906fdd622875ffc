"""Which answers can be trusted: top-1, margin, raw output, and what rejecting gains."""

import numpy as np
import pytest
from class_cases import LABELS, SCORES, WEIGHTS

import fastdnn as fd
from fastdnn.diagnose import trust
from fastdnn.diagnose.normalised_outputs import normalised_outputs
from fastdnn.reference.softmax import softmax

A, B = [0.06, 0.98, 0.04, 0.92], [0.14, 0.88, 0.12, 0.06]  # deck 001, "Possible results get by SoftMax"


def test_worked_logistic_outputs_of_001():
    found = trust([A, B])
    assert found.kind == "logistic"
    assert found.raw.tolist() == [0.98, 0.88]
    np.testing.assert_allclose(found.top, [0.49, 0.88 / 1.2])
    np.testing.assert_allclose(found.margin, [0.03, 0.617], atol=5e-4)
    assert found.label.tolist() == [1, 1]


def test_worked_normalised_outputs_of_001():
    np.testing.assert_allclose(
        normalised_outputs([A], from_logits=False)[1][0], [0.03, 0.49, 0.02, 0.46], atol=1e-12
    )
    np.testing.assert_allclose(
        normalised_outputs([B], from_logits=False)[1][0], [0.117, 0.733, 0.1, 0.05], atol=5e-4
    )


def test_the_higher_raw_output_is_the_less_trusted_of_001():
    """Deck 001 asks which of (a) and (b) to trust more."""
    found = trust([A, B])
    assert found.rows_to_check(1).tolist() == [0]
    assert trust([A, B], measure="raw").rows_to_check(1).tolist() == [1]
    said = {advice.kind: advice for advice in found.advice}["hesitation"]
    assert "1 of 2 rows" in said.evidence
    assert "rows 0" in said.evidence


def test_worked_softmax_of_001():
    found = trust([[5.0, 2.0, -1.0, 3.0]], from_logits=True)
    np.testing.assert_allclose(found.top, 0.842, atol=5e-4)
    np.testing.assert_allclose(found.margin, 0.842 - 0.114, atol=1e-3)
    assert (found.raw[0], found.kind) == (5.0, "logits")
    assert trust([[1000.0, 1000.0]], from_logits=True).margin[0] == 0


def test_the_curve_is_that_of_every_threshold():
    found = trust(SCORES, y_true=LABELS, sample_weight=WEIGHTS)
    margin, wrong = found.margin, found.label != LABELS
    for t, coverage, error in zip(
        found.curve.thresholds, found.curve.coverage, found.curve.error, strict=True
    ):
        rows = margin >= t
        assert coverage == pytest.approx(WEIGHTS[rows].sum() / WEIGHTS.sum())
        assert error == pytest.approx(np.average(wrong[rows], weights=WEIGHTS[rows]))
    assert found.curve.coverage[-1] == 1
    assert found.curve.error[-1] == pytest.approx(found.error)
    assert found.coverage == 1
    assert np.all(np.diff(found.curve.thresholds) < 0)


def test_the_threshold_for_a_wanted_error_accepts_as_many_as_it_can():
    found = trust(SCORES, y_true=LABELS, wanted_error=0.2)
    assert found.error_accepted <= 0.2 < found.error
    lower = found.curve.thresholds[found.curve.thresholds < found.threshold]
    for t in lower:
        assert (found.label != LABELS)[found.margin >= t].mean() > 0.2
    assert found.error_rejected > found.error
    assert found.accepted.mean() == found.coverage
    assert found.threshold == found.threshold_for(0.2)
    assert {advice.kind for advice in found.advice} >= {"threshold"}


def test_an_error_out_of_reach():
    found = trust([[0.9, 0.1], [0.8, 0.2]], y_true=[1, 0], wanted_error=0.1)
    assert found.threshold == np.inf
    assert found.coverage == 0
    assert np.isnan(found.error_accepted)
    assert found.threshold_for(0.1) is None
    assert found.advice[0].kind == "error_out_of_reach"
    assert str(found)


def test_rows_to_look_at():
    p = np.array([[0.9, 0.1], [0.55, 0.45], [0.99, 0.01], [0.3, 0.7]])
    found = trust(p, y_true=[0, 0, 1, 0], classes=["no", "yes"])
    assert found.rows_to_check(2).tolist() == [1, 3]
    assert found.sure_mistakes().tolist() == [2, 3]
    said = {advice.kind: advice for advice in found.advice}["sure_mistakes"]
    assert said.evidence == "row 2 is 'yes' and taken for 'no' with 99.0 %"
    assert said.code == "print(x_dev[[2]], y_dev[[2]])"


def test_rejecting_is_advised_where_it_gains():
    rng = np.random.default_rng(0)
    z = 3 * rng.normal(size=(1000, 3))
    y = np.array([rng.choice(3, p=p) for p in softmax(z)])
    said = {advice.kind: advice for advice in trust(z, y_true=y, from_logits=True).advice}
    assert "reject" in said
    assert "from_logits=True" in said["reject"].code
    blind = trust(rng.permuted(softmax(z), axis=0), y_true=y)
    assert blind.advice[0].kind == "blind_measure"


def test_a_single_sigmoid():
    found = trust([[0.2], [0.9]], y_true=[0, 1], classes=["no", "yes"])
    np.testing.assert_allclose(found.margin, [0.6, 0.8])
    assert found.label.tolist() == [0, 1]
    assert found.error == 0
    logits = trust([2.0], from_logits=True)
    assert logits.top[0] == pytest.approx(1 / (1 + np.exp(-2)))


def test_raw_outputs_beside_normalised_ones():
    p = fd.diagnose.trust([A, B])
    given = trust(np.stack([np.array(A) / 2, np.array(B) / 1.2]), raw=[A, B])
    np.testing.assert_allclose(given.raw, p.raw)
    assert given.kind == "probabilities"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: trust([[0.0, 0.0]]), "an output above 0 in each row, got zeros in row 0"),
        (lambda: trust([[5.0, 2.0]]), "outputs from 0 to 1, got 5 in row 0; of logits say from_logits=True"),
        (lambda: trust([0.2], measure="sum"), "measure, one of margin, raw, top"),
        (lambda: trust([0.2], threshold="a"), "a finite threshold"),
        (
            lambda: trust([0.2], y_true=[0], threshold=0.1, wanted_error=0.1),
            "a threshold or a wanted_error, got both",
        ),
        (lambda: trust([0.2], wanted_error=0.1), "y_true, for a wanted_error"),
        (lambda: trust([0.2], y_true=[0], wanted_error=1.5), "0 <= wanted_error <= 1"),
        (lambda: trust([0.2]).threshold_for(0.1), "labels, for a threshold by the error"),
        (lambda: trust([0.2]).sure_mistakes(), "labels, to know mistakes"),
        (lambda: trust([0.2], raw=[[1, 2, 3]]), r"raw outputs of shape \(1, 2\)"),
        (lambda: trust([0.2], y_true=[0, 1]), "one length, got 2 and 1"),
        (lambda: trust([0.2], y_true=[0], classes=["a", "b", "c"]), "2 classes, as many as columns, got 3"),
    ],
)
def test_what_does_not_fit(call, words):
    with pytest.raises(ValueError, match=rf"^\[\w+\] expected .*{words}"):
        call()


def test_labels_are_given_by_name():
    """Other functions have them first: an order that is mistaken must not pass."""
    with pytest.raises(TypeError, match="positional"):
        trust(SCORES, LABELS)


def test_rows_of_weight_0_do_not_count_among_the_mistakes():
    p, y = [[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.95, 0.05]], [0, 1, 0, 1]
    weighted = trust(p, y_true=y, sample_weight=[1, 1, 1, 0])
    assert [a.kind for a in weighted.advice if a.kind == "blind_measure"] == []
    assert "blind_measure" in [a.kind for a in trust(p, y_true=y).advice]

"""Models with layers of one's own: batches, copies, files, plans, sparse rows."""

import copy
import pickle

import numpy as np
import pytest
from custom_networks import L, assert_same, chain
from custom_parts import Centre, DenseTanh, Scale
from networks import regression, weight_hash
from sparse_arrays import Csr

import fastdnn as fd


def test_batches_and_callbacks_and_early_stopping():
    x, y = regression(rows=64)
    built_in, mine = (chain(layer, L.Dense(2)) for layer in (L.Dense(9, activation="tanh"), DenseTanh(9)))

    class Batches:
        def __iter__(self):
            return ((x[i : i + 16], y[i : i + 16]) for i in range(0, 64, 16))

    told = []
    histories = []
    for model in (built_in, mine):
        stop = fd.callbacks.EarlyStopping(patience=1, min_delta=0.05)
        each = fd.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: told.append(logs["loss"]))
        histories.append(
            model.fit(Batches(), epochs=12, validation_data=(x, y), callbacks=[stop, each]).history[
                "val_loss"
            ]
        )
    np.testing.assert_allclose(*histories, rtol=1e-9)
    assert len(histories[0]) < 12
    assert len(told) == 8 * len(histories[0])


def test_copies_train_on_with_the_same_bits():
    x, y = regression(rows=48)
    model = chain(Centre(), DenseTanh(9), L.Dense(2))
    model.fit(x, y, epochs=2)
    copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    model.fit(x, y, epochs=2)
    for other in copies:
        other.fit(x, y, epochs=2)
        assert weight_hash(other) == weight_hash(model)


def test_a_saved_model_needs_its_classes(tmp_path):
    x, y = regression(rows=48)
    path = tmp_path / "m.safetensors"
    model = chain(Centre(name="c"), DenseTanh(9, trainable=False), L.Dense(2))
    model.fit(x, y)
    model.save(path)
    with pytest.raises(
        ValueError, match=r"'Centre' among custom_objects, got none; pass it: .*custom_objects=\{'Centre'"
    ):
        fd.load_model(path)
    with pytest.raises(ValueError, match="'DenseTanh' among custom_objects, got Centre"):
        fd.load_model(path, {"Centre": Centre})
    again = fd.load_model(path, custom_objects={"Centre": Centre, "DenseTanh": DenseTanh})
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert [repr(layer) for layer in again.layers] == [repr(layer) for layer in model.layers]
    with pytest.raises(ValueError, match=r"a class that takes \{'units': 9"):
        fd.load_model(path, {"Centre": Centre, "DenseTanh": Centre})


def test_a_class_named_like_a_layer_of_the_package_is_not_taken_for_it(tmp_path):
    dense = type("Dense", (Centre,), {})
    model = chain(dense(), L.Dense(2))
    model.save(tmp_path / "m")
    with pytest.raises(ValueError, match="'Dense' among custom_objects"):
        fd.load_model(tmp_path / "m")
    assert type(fd.load_model(tmp_path / "m", {"Dense": dense}).layers[1]) is dense


def test_a_configuration_that_would_not_load_is_not_saved(tmp_path):
    class NoConfig(DenseTanh):
        get_config = L.Layer.get_config

    class NoJson(DenseTanh):
        def get_config(self):
            return {"units": self}

    for kind, message in ((NoConfig, "missing a required argument: 'units'"), (NoJson, "JSON")):
        with pytest.raises(ValueError, match=message):
            chain(kind(3), L.Dense(2)).save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


class Times(L.Layer):
    def __init__(self, k=1.0, **kwargs):
        super().__init__(**kwargs)
        self.k = k

    def forward(self, x, training):
        return self.k * x, None

    def backward(self, dy, saved):
        return self.k * dy, {}


class TimesWithConfig(Times):
    def get_config(self):
        return {"k": self.k, **super().get_config()}


class TimesWithoutName(Times):
    def get_config(self):
        return {"k": self.k}


def test_arguments_that_a_file_would_lose_are_not_saved(tmp_path):
    path = tmp_path / "m"
    hint = r'write get_config\(self\) as \{"k": self.k'
    with pytest.raises(ValueError, match=rf"\[save, layer 'times'\] .* got one without k; {hint}"):
        chain(Times(5.0), L.Dense(2)).save(path)
    assert not list(tmp_path.iterdir())
    x, _ = regression(rows=8)
    model = chain(TimesWithConfig(5.0), L.Dense(2))
    model.save(path)
    again = fd.load_model(path, {"TimesWithConfig": TimesWithConfig})
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize("arguments", [{}, {"name": "mine"}, {"name": "mine", "trainable": False}])
def test_a_file_keeps_name_and_trainable_whatever_the_config_says(arguments, tmp_path):
    x, y = regression(rows=8)
    model = chain(L.Dense(7), TimesWithoutName(0.5, **arguments), L.Dense(2))
    model.fit(x, y)
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m", {"TimesWithoutName": TimesWithoutName})
    for layer in (model.layers[2], again.layers[2]):
        assert layer.name == arguments.get("name", "timeswithoutname")
        assert layer.trainable == arguments.get("trainable", True)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_what_a_layer_of_the_package_leaves_to_the_tensors_a_subclass_does(tmp_path):
    kind = type("Mine", (L.Normalization,), {})
    x, _ = regression(rows=8)
    model = chain(kind(mean=x.mean(axis=0), std=x.std(axis=0)), L.Dense(2))
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(fd.load_model(tmp_path / "m", {"Mine": kind}).predict(x), model.predict(x))


class RefusesToBuild(Times):
    def build(self, input_shape):
        raise ValueError("mine")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"TimesWithConfig": lambda k, name: 1 / 0},
            r"layer TimesWithConfig\] .* \{'k': 2.0.* ZeroDivisionError: division",
        ),
        ({"TimesWithConfig": lambda k, name: 3}, "a class that makes a layer, got 3; custom_objects has"),
        (
            [TimesWithConfig],
            r"\[load_model\] expected custom_objects as \{name: class or function\}, got list",
        ),
        ({"TimesWithConfig": lambda k, name: RefusesToBuild()}, "or custom_objects are not those"),
    ],
)
def test_what_is_wrong_with_a_class_is_not_blamed_on_the_file(given, message, tmp_path):
    chain(TimesWithConfig(2.0), L.Dense(2)).save(tmp_path / "m")
    with pytest.raises(ValueError, match=message) as found:
        fd.load_model(tmp_path / "m", given)
    assert ("damaged" in str(found.value)) == ("are not those" in message)


def test_plan_profile_and_summary_show_it():
    x, y = regression(rows=32)
    model = chain(L.Dense(7), Scale(name="mine"), L.Dense(2))
    lines = []
    model.plan(print_fn=lines.append)
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for shown in ("python", "mine.forward", "mine.backward", "none: Python", "Scale"):
        assert shown in text
    profile = model.profile(x, y, seconds=0.01, print_fn=lines.append)
    calls = [row for row in profile.rows if row.step == "python"]
    assert [row.operations for row in calls] == [("mine.forward",), ("mine.backward",)]
    assert all(row.seconds > 0 for row in calls)
    prediction = model.profile(x, seconds=0.01, print_fn=lines.append)
    assert ("mine.forward",) in [row.operations for row in prediction.rows]
    assert set(model.layer_outputs(x)) == {"dense", "mine", "dense_1"}


def test_a_model_that_ends_in_it():
    x, y = regression(rows=32, outputs=2)
    model = chain(L.Dense(2), Scale())
    model.fit(x, y)
    kernel, bias, factor = model.get_weights()
    np.testing.assert_allclose(model.predict(x), (x @ kernel + bias) * factor, rtol=1e-12)


def test_plans_without_calls_are_one_region():
    """What nobody asked for costs nothing: no step of such a plan leaves the engine."""
    from fastdnn.backend import NativeBackend

    model = chain(L.Dense(9, activation="tanh"), L.Dense(2), metrics=["mse"])
    plan = NativeBackend(model.weights.native).plan(model.training_program(), 32)
    assert all(step["call"] == -1 for step in plan.describe())
    assert not plan.describe_observers()


def test_sparse_rows_and_integers_are_not_for_it():
    x, _ = regression(rows=8)
    model = chain(Scale(name="mine"), L.Dense(2))
    with pytest.raises(ValueError, match=r"a dense x, got a sparse one, which 'mine' would read"):
        model.predict(Csr.of(x))
    with pytest.raises(ValueError, match="Embedding reads integers"):
        fd.Sequential([fd.Input((3,), dtype="int32"), Scale()], seed=0)


def test_behind_layers_that_read_sparse_rows_or_integers():
    """Their inputs' sources are beside those of the calls."""
    x, y = regression(rows=32)
    x[x < 0.5] = 0
    dense, sparse = (chain(L.Dense(7), Scale(), L.Dense(2)) for _ in range(2))
    dense.fit(x, y, epochs=3)
    sparse.fit(Csr.of(x), y, epochs=3)
    assert_same(dense, sparse, rtol=1e-10, atol=1e-12)
    source = fd.Input((2,), dtype="int32")
    model = fd.Model(source, L.Dense(2)(DenseTanh(5)(L.Embedding(9, 3)(source))), seed=0, dtype="float64")
    model.compile(fd.optimizers.SGD(0.5), "mse")
    before = model.get_weights()[0]
    model.fit(np.arange(64).reshape(32, 2) % 7, y)
    changed = (model.get_weights()[0] != before).any(axis=1)
    assert changed.tolist() == [True] * 7 + [False] * 2

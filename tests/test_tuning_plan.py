"""The order of tuning: that of the decks, by the names of the parameters."""

import pytest

from fastdnn import tune

U = tune.uniform(0.1, 1)
NAMES = [
    "layers", "units", "learning_rate", "momentum", "beta_1", "beta_2", "epsilon", "batch_size", "lr_decay",
    "dropout", "activation",
]  # fmt: skip


def groups(names, order="002"):
    return [group.names for group in tune.plan(dict.fromkeys(names, U), order=order).groups]


def test_the_order_of_deck_002():
    assert groups(NAMES) == [
        ("learning_rate",),
        ("momentum", "units", "batch_size"),
        ("layers", "lr_decay"),
        ("dropout", "activation"),
    ]
    assert tune.plan(dict.fromkeys(NAMES, U)).left_alone == ("beta_1", "beta_2", "epsilon")


def test_the_order_of_deck_004():
    assert groups(NAMES, "004") == [
        ("layers", "units"),
        ("dropout", "learning_rate", "lr_decay"),
        ("momentum", "batch_size", "activation"),
    ]


def test_groups_without_a_name_are_left_out():
    assert groups(["batch_size", "dropout"]) == [("batch_size",), ("dropout",)]
    assert groups(["epsilon"]) == []


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("learning rate", "lr alpha α learning_rate learning-rate Learning_Rate initial_lr lr_2 rate eta"),
        ("momentum", "momentum beta rho momentum_2 β"),
        ("hidden units", "units n_units units_1 units_layer_2 hidden_units width neurons hidden_size"
                         " hidden layer_1_units units_per_layer layer_size breadth"),
        ("batch size", "batch_size batch batchsize mini_batch_size n_batch"),
        ("layers", "layers n_layers num_layers hidden_layers depth blocks"),
        ("learning rate decay", "decay lr_decay learning_rate_decay decay_rate lr_schedule drop gamma"),
        ("penalties", "dropout dropout_1 dropout_rate weight_decay l1 l2 l2_3 kernel_regularizer keep_prob"),
        ("Adam's β₁, β₂ and ε", "beta_1 beta2 beta_2 β₁ betas epsilon eps adam_epsilon"),
        ("all else", "activation optimizer epochs x seed number"),
    ],
)  # fmt: skip
def test_what_names_stand_for(role, names):
    for name in names.split():
        if role.startswith("Adam"):
            assert tune.plan({name: U}).left_alone == (name,)
        else:
            assert [group.roles for group in tune.plan({name: U}).groups] == [(role,)], name


@pytest.mark.parametrize("order", ["002", "004"])
def test_what_depends_on_another_is_not_searched_before_it(order):
    space = {
        "layers": tune.integers(1, 3),
        "units_1": tune.integers(8, 64),
        **tune.when("layers", at_least=2, units_2=tune.integers(8, 64), lr_2=U),
    }
    found = tune.plan(space, order=order)
    order_of_all = [name for group in found.groups for name in group.names]
    assert sorted(order_of_all) == sorted(space)
    assert order_of_all.index("layers") < order_of_all.index("units_2")
    if order == "002":
        assert [group.names for group in found.groups] == [("units_1",), ("layers", "units_2", "lr_2")]


def test_what_depends_on_one_that_is_left_alone_has_its_own_place():
    space = {"beta_1": U, **tune.when("beta_1", at_least=0.5, units=tune.integers(1, 4))}
    assert [group.names for group in tune.plan(space).groups] == [("units",)]


def test_it_prints():
    text = str(tune.plan(dict.fromkeys(NAMES, U)))
    rows = [line.split() for line in text.splitlines()[2:13]]
    assert [row[0] for row in rows if row[0] in "1234-"] == ["1", "2", "3", "4", "-", "-", "-"]
    assert "Usually not tuned: beta_1, beta_2, epsilon." in text
    assert "deck 002" in text
    assert "not tuned" not in str(tune.plan({"lr": U}, order="004"))


def test_default_space_has_the_values_of_deck_003():
    space = tune.default_space()
    assert space["learning_rate"].grid(3) == (0.001, 0.01, 0.1)
    assert space["dropout"].options == (0.2, 0.4, 0.5)
    assert space["epochs"].options == (20, 50, 100)
    assert space["batch_size"].grid(9) == (32, 64, 128, 256)
    assert space["optimizer"].options == ("sgd", "momentum", "rmsprop", "adam")
    assert all(
        ("momentum" in p) == (p["optimizer"] == "momentum") for p in (space.draw(0, k) for k in range(40))
    )
    planned = tune.plan(space)
    assert planned.groups[0].names == ("learning_rate",)
    assert planned.groups[-1].names == (
        "dropout", "activation", "kernel_initializer", "optimizer", "momentum", "epochs",
    )  # fmt: skip


def test_refused():
    with pytest.raises(ValueError, match=r"\[plan\] expected an order, one of 002, 004, got '003'"):
        tune.plan({"lr": U}, order="003")
    with pytest.raises(ValueError, match=r"\[plan\] expected a distribution for 'lr', got 1"):
        tune.plan({"lr": 1})

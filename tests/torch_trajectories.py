"""What PyTorch's optimisers do to a small network in 60 steps, and which of fastdnn's do the same.

`python tests/torch_trajectories.py`, with PyTorch installed, writes torch_trajectories.json anew.
"""

import json
import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).with_name("torch_trajectories.json")
STEPS = 60
FEATURES, HIDDEN = 3, 3

CASES = {
    "sgd": ("SGD", {"lr": 0.1}, "SGD", {"learning_rate": 0.1}),
    "coupled decay": (
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.03},
        "SGD",
        {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.03, "weight_decay_mode": "coupled"},
    ),
    "momentum": ("SGD", {"lr": 0.05, "momentum": 0.9}, "SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "nesterov": (
        "SGD",
        {"lr": 0.05, "momentum": 0.9, "nesterov": True},
        "SGD",
        {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    ),
    "adagrad": (
        "Adagrad",
        {"lr": 0.1, "eps": 1e-8, "initial_accumulator_value": 0.1},
        "Adagrad",
        {"learning_rate": 0.1, "initial_accumulator_value": 0.1},
    ),
    "adadelta": ("Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-6}, "Adadelta", {}),
    "rmsprop": (
        "RMSprop",
        {"lr": 0.01, "alpha": 0.99, "eps": 1e-3},
        "RMSprop",
        {"learning_rate": 0.01, "rho": 0.99, "epsilon": 1e-3},
    ),
    "rmsprop centered momentum": (
        "RMSprop",
        {"lr": 0.002, "alpha": 0.95, "centered": True, "momentum": 0.8, "eps": 1e-3},
        "RMSprop",
        {"learning_rate": 0.002, "rho": 0.95, "centered": True, "momentum": 0.8, "epsilon": 1e-3},
    ),
    "adam": ("Adam", {"lr": 0.02}, "Adam", {"learning_rate": 0.02}),
    "adam large epsilon, coupled decay": (
        "Adam",
        {"lr": 0.02, "betas": (0.8, 0.9), "eps": 0.1, "weight_decay": 0.03},
        "Adam",
        {
            "learning_rate": 0.02,
            "beta_1": 0.8,
            "beta_2": 0.9,
            "epsilon": 0.1,
            "weight_decay": 0.03,
            "weight_decay_mode": "coupled",
        },
    ),
    "adamw": ("AdamW", {"lr": 0.02}, "AdamW", {"learning_rate": 0.02}),
    "amsgrad": (
        "Adam",
        {"lr": 0.05, "betas": (0.9, 0.9), "amsgrad": True},
        "Adam",
        {"learning_rate": 0.05, "beta_2": 0.9, "amsgrad": True},
    ),
    "nadam": ("NAdam", {"lr": 0.02}, "Nadam", {"learning_rate": 0.02}),
}


def data():
    """Features, targets and the first weights: kernel, bias, kernel, bias."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(12, FEATURES))
    y = np.sin(2 * x.sum(axis=1, keepdims=True))
    shapes = [(FEATURES, HIDDEN), (HIDDEN,), (HIDDEN, 1), (1,)]
    return x, y, [rng.normal(size=shape) for shape in shapes]


def run(torch, class_name, arguments):
    """All weights after the steps, in one list."""
    x, y, weights = data()
    x, y = (torch.tensor(array, dtype=torch.float64) for array in (x, y))
    w1, b1, w2, b2 = parameters = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in weights]
    optimizer = getattr(torch.optim, class_name)(parameters, **arguments)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = ((torch.tanh(x @ w1 + b1) @ w2 + b2 - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    return [number for parameter in parameters for number in parameter.detach().numpy().ravel().tolist()]


if __name__ == "__main__":
    import torch

    golden = {name: run(torch, *case[:2]) for name, case in CASES.items()}
    lines = [f"{json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in golden.items()]
    text = ",\n".join([f'"torch": {json.dumps(torch.__version__)}', *lines])
    GOLDEN.write_text(f"{{\n{text}\n}}\n")

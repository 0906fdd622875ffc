"""Layers, losses and metrics of a user's own, that several tests train."""

import numpy as np

import fastdnn as fd


class DenseTanh(fd.layers.Layer):
    """What `Dense(units, activation="tanh")` is, in NumPy."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.add_weight("kernel", (input_shape[-1], self.units), "lecun_normal")
        self.add_weight("bias", (self.units,), "zeros")

    def compute_output_shape(self, input_shape):
        return None, self.units

    def forward(self, x, training):
        y = np.tanh(x @ self.weight("kernel") + self.weight("bias"))
        return y, (x, y)

    def backward(self, dy, saved):
        x, y = saved
        dz = dy * (1 - y * y)
        return dz @ self.weight("kernel").T, {"kernel": x.T @ dz, "bias": dz.sum(axis=0)}

    def get_config(self):
        return {"units": self.units, **super().get_config()}


class Scale(fd.layers.Layer):
    """y = factor x; `hook` is called with the layer in forward, `back` in backward."""

    def __init__(self, hook=None, back=None, **kwargs):
        super().__init__(**kwargs)
        self.hook = hook
        self.back = back

    def build(self, input_shape):
        self.add_weight("factor", (input_shape[-1],), "ones")

    def forward(self, x, training):
        if self.hook is not None:
            self.hook(self, training)
        return x * self.weight("factor"), x

    def backward(self, dy, saved):
        if self.back is not None:
            self.back(self)
        return dy * self.weight("factor"), {"factor": (dy * saved).sum(axis=0)}


class Centre(fd.layers.Layer):
    """y = x - running mean: a stored weight, which training moves."""

    def build(self, input_shape):
        self.add_weight("mean", (input_shape[-1],), "zeros", trainable=False)

    def forward(self, x, training):
        mean = self.weight("mean")
        if training:
            self.assign("mean", 0.5 * mean + 0.5 * x.mean(axis=0))
        return x - mean, None

    def backward(self, dy, saved):
        return dy, {}


class Gain(fd.layers.Layer):
    """y = c w x: w is trained, c stored, and halved by each use in training."""

    def build(self, input_shape):
        self.add_weight("w", (input_shape[-1],), "ones")
        self.add_weight("c", (1,), "ones", trainable=False)

    def forward(self, x, training):
        c = self.weight("c")
        if training:
            self.assign("c", 0.5 * c)
            assert self.weight("c") is c
        return self.weight("c") * self.weight("w") * x, x

    def backward(self, dy, saved):
        c, w = self.weight("c"), self.weight("w")
        return c * w * dy, {"w": (c * saved * dy).sum(axis=0)}


class Product(fd.layers.Layer):
    """y = a b, of two inputs."""

    takes_many_inputs = True

    def forward(self, x, training):
        a, b = x
        return a * b, x

    def backward(self, dy, saved):
        a, b = saved
        return [dy * b, dy * a], {}


class SquaredLoss:
    """What "mse" is."""

    name = "squared_error"

    def value_and_gradient(self, y, y_hat):
        error = y_hat - y
        return (error**2).mean(axis=1), 2 * error / error.shape[1]


class CrossEntropy:
    """Softmax cross-entropy of labels, from logits."""

    name = "cross_entropy"
    integer_targets = True

    def value_and_gradient(self, y, y_hat):
        z = y_hat - y_hat.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(z).sum(axis=1))
        gradient = np.exp(z - log_sum[:, None])
        rows = np.arange(len(y))
        losses = log_sum - z[rows, y]
        gradient[rows, y] -= 1
        return losses, gradient


class Pinball:
    """The loss of a quantile."""

    name = "pinball"

    def __init__(self, q):
        self.q = q

    def value_and_gradient(self, y, y_hat):
        slope = np.where(y > y_hat, -self.q, 1 - self.q)
        return ((y_hat - y) * slope).sum(axis=1), slope

    def get_config(self):
        return {"q": self.q}


class MeanDeviation:
    """The mean of |y - y_hat|, and what it was called with."""

    def __init__(self, name="mean_deviation"):
        self.name = name
        self.resets = 0
        self.reset()

    def reset(self):
        self.resets += 1
        self.total = self.rows = self.weights = 0.0
        self.calls = 0

    def update(self, y, y_hat, sample_weight):
        self.calls += 1
        self.total += np.abs(y - y_hat).mean(axis=1).sum(dtype=float)
        self.rows += len(y)
        if sample_weight is not None:
            assert sample_weight.shape == (len(y),)
            self.weights += sample_weight.sum(dtype=float)

    def result(self):
        return self.total / self.rows

    def get_config(self):
        return {"name": self.name}

"""Runs programs in NumPy, one operation after the other, as they stand: `compile(backend="reference")`.

The weights stay in the model's native vectors and type; everything between is float64.
"""

from collections.abc import Callable

import numpy as np

from fastdnn import _core
from fastdnn.backend import Inference, Run, Trainer, TrainingRun
from fastdnn.optimizers import SGD, Adam, Optimizer
from fastdnn.program import Program, Value
from fastdnn.reference import (
    accuracy,
    activation,
    column_sum,
    cross_entropy,
    gather,
    gemm,
    normalize,
    philox,
    softmax,
    squared_error,
    update,
)

# Every operation of a program by its name: the function of the same name.
_OPERATIONS: dict[str, Callable[..., np.ndarray]] = {
    function.__name__: function
    for function in (
        gemm.matmul,
        gemm.matmul_dx,
        gemm.matmul_dw,
        activation.add_bias,
        activation.relu,
        activation.relu_backward,
        activation.pass_gradient,
        column_sum.column_sum,
        normalize.normalize,
        normalize.normalize_backward,
        softmax.softmax,
        softmax.softmax_backward,
        cross_entropy.sparse_cross_entropy,
        cross_entropy.sparse_cross_entropy_backward,
        cross_entropy.categorical_cross_entropy,
        cross_entropy.categorical_cross_entropy_backward,
        squared_error.squared_error,
        squared_error.squared_error_backward,
        accuracy.sparse_accuracy,
        accuracy.categorical_accuracy,
    )
}


def run_program(
    program: Program, sources: list[np.ndarray], parameters: "_core.Parameters"
) -> dict[int, np.ndarray]:
    """All values of a program, by index, for one batch of its sources."""
    values: dict[int, np.ndarray] = {}
    for value in program.values:
        if value.role == "source":
            values[value.index] = sources[value.slot]
        elif value.role in ("parameter", "state"):
            vector = "theta" if value.role == "parameter" else "sigma"
            values[value.index] = parameters.get(vector, value.name)
    for op in program.operations:
        result = _OPERATIONS[op.kind](*(values[v.index] for v in op.inputs))
        values[op.output.index] = values[op.output.index] + result if op.accumulate else result
    return values


def result_sums(program: Program, values: dict[int, np.ndarray]) -> np.ndarray:
    """The weighted sum over rows of each result."""
    sums = [
        (values[r.value.index] * (1.0 if r.weights is None else values[r.weights.index])).sum(
            dtype=np.float64
        )
        for r in program.results
    ]
    return np.array(sums)


class ReferenceTrainer:
    """Whole epochs, a batch at a time."""

    def __init__(
        self, parameters: "_core.Parameters", optimizer: Optimizer, state: "_core.Optimizer", run: TrainingRun
    ) -> None:
        self._parameters = parameters
        self._optimizer = optimizer
        self._state = state
        self._run = run
        self._rows = run.arrays[0].shape[0]
        self.batches = -(-self._rows // run.batch_size)
        self._gradients = [value for value in run.program.values if value.role == "gradient"]
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """To the first batch of an epoch, in the order of (seed, epoch)."""
        shuffle = self._run.shuffle
        self._order = (
            philox.random_permutation(self._rows, self._run.seed, epoch) if shuffle else np.arange(self._rows)
        )
        self._batch = 0
        self._rows_done = 0
        self._sums = np.zeros(len(self._run.program.results))

    def run(self, learning_rate: float, seconds: float, threads: int, steps: int = 0) -> Run:
        """Steps until the epoch or their number is over; one thread, and no limit of time."""
        end = min(self.batches, self._batch + steps) if steps else self.batches
        while self._batch < end:
            begin = self._batch * self._run.batch_size
            order = self._order[begin : begin + self._run.batch_size]
            sources = [gather.gather(array, order) for array in self._run.arrays]
            values = run_program(self._run.program, sources, self._parameters)
            sums = result_sums(self._run.program, values)
            losses = [total for total, r in zip(sums, self._run.program.results, strict=True) if r.loss]
            if not np.isfinite(losses).all():
                return Run("non_finite_loss", self._batch, 1)
            for gradient in self._gradients:
                self._update(gradient, values[gradient.index], learning_rate)
            self._state.iterations += 1
            self._sums += sums
            self._rows_done += len(order)
            self._batch += 1
        return Run("epoch_done" if end == self.batches else "paused", self._batch, 1)

    def _update(self, gradient: Value, dw: np.ndarray, learning_rate: float) -> None:
        name, o = gradient.name, self._optimizer
        theta = self._parameters.get("theta", name)
        slots = {slot: self._state.get(slot, name) for slot in self._state.slot_names}
        dw = dw.reshape(theta.shape)
        if isinstance(o, Adam):
            t = self._state.iterations + 1
            new, m, v = update.adam_update(
                theta, slots["m"], slots["v"], dw, learning_rate, o.beta_1, o.beta_2, o.epsilon, t
            )
            slots = {"m": m, "v": v}
        else:
            assert isinstance(o, SGD)
            new, velocity = update.sgd_update(
                theta, slots.get("velocity"), dw, learning_rate, o.momentum, o.nesterov
            )
            slots = {} if velocity is None else {"velocity": velocity}
        self._parameters.set("theta", name, np.ascontiguousarray(new, theta.dtype))
        for slot, value in slots.items():
            self._state.set(slot, name, np.ascontiguousarray(value, theta.dtype))

    def averages(self) -> list[float]:
        """The results' averages over the rows of this epoch so far."""
        return [float(total) for total in self._sums / max(1, self._rows_done)]


class ReferenceInference:
    """A program without gradients, all rows at once."""

    def __init__(self, program: Program, parameters: "_core.Parameters") -> None:
        self._program = program
        self._parameters = parameters

    def predict(self, arrays: list[np.ndarray], threads: int) -> np.ndarray:
        """The program's output for every row, in the model's type."""
        assert self._program.output is not None
        values = run_program(self._program, arrays, self._parameters)
        return values[self._program.output.index].astype(arrays[0].dtype)

    def evaluate(self, arrays: list[np.ndarray], threads: int) -> list[float]:
        """The results' sums over the rows."""
        values = run_program(self._program, arrays, self._parameters)
        return [float(total) for total in result_sums(self._program, values)]


class ReferenceBackend:
    """The NumPy executor over one model's parameters."""

    def __init__(self, parameters: "_core.Parameters") -> None:
        self._parameters = parameters

    def trainer(self, optimizer: Optimizer, state: "_core.Optimizer", run: TrainingRun) -> Trainer:
        """A trainer at the first batch of epoch 0."""
        return ReferenceTrainer(self._parameters, optimizer, state, run)

    def inference(self, program: Program, batch_size: int) -> Inference:
        """A runner of a program without gradients; it takes all rows at once."""
        return ReferenceInference(program, self._parameters)

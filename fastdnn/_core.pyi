# Made by `python .ci/stubs.py --write` from the compiled module; do not edit.

import collections.abc
import typing

import numpy as np
import numpy.typing as npt

_Int: typing.TypeAlias = typing.SupportsInt | typing.SupportsIndex
_Float: typing.TypeAlias = typing.SupportsFloat | typing.SupportsIndex

class Parameters:
    """The flat vectors theta and sigma of a model."""
    def __init__(
        self,
        dtype: str,
        theta: collections.abc.Sequence[tuple[str, collections.abc.Sequence[_Int]]],
        sigma: collections.abc.Sequence[tuple[str, collections.abc.Sequence[_Int]]],
    ) -> None: ...
    def get(self, vector: str, name: str) -> np.ndarray:
        """A copy of one segment."""
    def segments(self, vector: str) -> list[typing.Any]:
        """(name, shape, offset, size) of each segment of 'theta' or 'sigma'."""
    def set(self, vector: str, name: str, array: np.ndarray) -> None:
        """Writes one segment."""

class Program:
    """Unfused operations on typed values; made by fastdnn.program."""
    def __init__(self) -> None: ...
    def op(
        self, kind: str, inputs: collections.abc.Sequence[_Int], output: _Int, accumulate: bool
    ) -> int: ...
    def result(self, name: str, value: _Int, weights: _Int, loss: bool) -> int: ...
    def set_output(self, value: _Int) -> None: ...
    def value(self, name: str, role: str, integer: bool, rows: _Int, cols: _Int, slot: _Int) -> int: ...

class Plan:
    """How a program runs natively."""
    def __init__(self, program: Program, parameters: Parameters, max_batch: _Int, gather: bool) -> None: ...
    def describe(self) -> list[typing.Any]:
        """A dictionary for each step."""
    def useful_threads(self, rows: _Int) -> int: ...
    @property
    def arena_bytes(self) -> int: ...
    @property
    def max_batch(self) -> int: ...
    @property
    def scratch_bytes(self) -> int: ...

class Optimizer:
    """The state of an optimiser and its native update."""
    @staticmethod
    def adam(parameters: Parameters, beta_1: _Float, beta_2: _Float, epsilon: _Float) -> Optimizer: ...
    @staticmethod
    def sgd(parameters: Parameters, momentum: _Float, nesterov: bool) -> Optimizer: ...
    def get(self, slot: str, name: str) -> np.ndarray:
        """A copy of the state of one segment."""
    def set(self, slot: str, name: str, array: np.ndarray) -> None:
        """Writes the state of one segment."""
    @property
    def iterations(self) -> int: ...
    @iterations.setter
    def iterations(self, arg1: _Int) -> None: ...
    @property
    def slot_names(self) -> list[str]: ...

class Trainer:
    """Runs a training program over its arrays, an epoch or a part of one at a time."""
    def __init__(
        self,
        plan: Plan,
        parameters: Parameters,
        optimizer: Optimizer,
        arrays: list[typing.Any],
        batch_size: _Int,
        shuffle: bool,
        seed: _Int,
    ) -> None: ...
    def averages(self) -> list[float]:
        """The results' averages over the rows of this epoch so far."""
    def begin_epoch(self, epoch: _Int) -> None: ...
    def run(
        self, learning_rate: _Float, seconds: _Float, threads: _Int, main_thread: bool
    ) -> tuple[typing.Any, ...]:
        """Steps until the epoch or the time is over. Returns (why it ended, steps done, threads that ran)."""
    @property
    def batches(self) -> int: ...

class Inference:
    """Runs a program without gradients."""
    def __init__(self, plan: Plan, parameters: Parameters) -> None: ...
    def evaluate(self, arrays: list[typing.Any], threads: _Int, main_thread: bool) -> list[float]:
        """The results' averages over the rows."""
    def predict(self, arrays: list[typing.Any], threads: _Int, main_thread: bool) -> np.ndarray:
        """The output for every row."""

def build_info() -> dict[str, typing.Any]:
    """What this build is and which of its instruction sets runs."""

def machine_threads() -> tuple[int, str]:
    """The default number of threads and what decided it."""

def num_threads_setting() -> int:
    """What set_num_threads was given last, or 0."""

def random_permutation(n: _Int, seed: _Int, epoch: _Int) -> npt.NDArray[np.int32]:
    """The order of 0..n-1 in an epoch."""

def random_words(seed: _Int, stream: _Int, step: _Int, n: _Int) -> npt.NDArray[np.uint32]:
    """The first n 32-bit values of (seed, stream, step)."""

def set_num_threads(threads: _Int) -> None:
    """The number of threads of calls that name none; 0: default."""

class kernels:  # a submodule
    @staticmethod
    @typing.overload
    def adam_update(
        theta: npt.NDArray[np.float32],
        m: npt.NDArray[np.float32],
        v: npt.NDArray[np.float32],
        gradient: npt.NDArray[np.float32],
        learning_rate: _Float,
        beta_1: _Float,
        beta_2: _Float,
        epsilon: _Float,
        t: _Int,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def adam_update(
        theta: npt.NDArray[np.float64],
        m: npt.NDArray[np.float64],
        v: npt.NDArray[np.float64],
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        beta_1: _Float,
        beta_2: _Float,
        epsilon: _Float,
        t: _Int,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def add_bias(
        y: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def add_bias(
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        bias: npt.NDArray[np.float64],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_accuracy(
        row_correct: npt.NDArray[np.float32],
        z: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_accuracy(
        row_correct: npt.NDArray[np.float64],
        z: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_cross_entropy(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_cross_entropy(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def column_sum(
        sums: npt.NDArray[np.float32], x: npt.NDArray[np.float32], accumulate: bool = False, threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def column_sum(
        sums: npt.NDArray[np.float64], x: npt.NDArray[np.float64], accumulate: bool = False, threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gather(
        y: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        order: npt.NDArray[np.int32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gather(
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        order: npt.NDArray[np.int32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gather(
        y: npt.NDArray[np.int32], x: npt.NDArray[np.int32], order: npt.NDArray[np.int32], threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gemm(
        c: npt.NDArray[np.float32],
        a: npt.NDArray[np.float32],
        b: npt.NDArray[np.float32],
        transpose_a: bool = False,
        transpose_b: bool = False,
        epilogue: str = "none",
        bias: typing.Annotated[npt.ArrayLike, np.float32] | None = None,
        mask: typing.Annotated[npt.ArrayLike, np.float32] | None = None,
        threads: _Int = 1,
        by_rows: bool = False,
        repeat: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gemm(
        c: npt.NDArray[np.float64],
        a: npt.NDArray[np.float64],
        b: npt.NDArray[np.float64],
        transpose_a: bool = False,
        transpose_b: bool = False,
        epilogue: str = "none",
        bias: typing.Annotated[npt.ArrayLike, np.float64] | None = None,
        mask: typing.Annotated[npt.ArrayLike, np.float64] | None = None,
        threads: _Int = 1,
        by_rows: bool = False,
        repeat: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def normalize(
        y: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        mean: npt.NDArray[np.float32],
        std: npt.NDArray[np.float32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def normalize(
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        mean: npt.NDArray[np.float64],
        std: npt.NDArray[np.float64],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def normalize_backward(
        dx: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        std: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def normalize_backward(
        dx: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        std: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def pass_gradient(
        dx: npt.NDArray[np.float32], dy: npt.NDArray[np.float32], accumulate: bool = False, threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def pass_gradient(
        dx: npt.NDArray[np.float64], dy: npt.NDArray[np.float64], accumulate: bool = False, threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def relu(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def relu(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def relu_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def relu_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sgd_update(
        theta: npt.NDArray[np.float32],
        velocity: npt.NDArray[np.float32] | None,
        gradient: npt.NDArray[np.float32],
        learning_rate: _Float,
        momentum: _Float,
        nesterov: bool,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sgd_update(
        theta: npt.NDArray[np.float64],
        velocity: npt.NDArray[np.float64] | None,
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        momentum: _Float,
        nesterov: bool,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def softmax(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def softmax(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def softmax_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def softmax_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sparse_accuracy(
        row_correct: npt.NDArray[np.float32],
        z: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sparse_accuracy(
        row_correct: npt.NDArray[np.float64],
        z: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sparse_cross_entropy(
        row_loss: npt.NDArray[np.float32],
        dz: npt.NDArray[np.float32] | None,
        z: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sparse_cross_entropy(
        row_loss: npt.NDArray[np.float64],
        dz: npt.NDArray[np.float64] | None,
        z: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int32],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def squared_error(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def squared_error(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> None: ...

class testing:  # a submodule
    @staticmethod
    def fail_after(n: _Int) -> None:
        """The n-th allocation from now fails; -1: none."""
    @staticmethod
    def guarded_array(shape: collections.abc.Sequence[_Int], dtype: str, edge: str) -> np.ndarray:
        """An array whose first ('head') or last ('tail') byte touches an inaccessible page."""
    @staticmethod
    def live_blocks() -> int: ...
    @staticmethod
    def live_bytes() -> int: ...
    @staticmethod
    def set_guard_pages(on: bool) -> None:
        """New memory ends at an inaccessible page."""
    @staticmethod
    def set_poison(on: bool) -> None:
        """Memory that is not asked to be zero is NaN."""
    @staticmethod
    def team_report(threads: _Int, n: _Int, grain: _Int, rounds: _Int) -> list[typing.Any]:
        """[rank, size, first, last] of each thread of a team, after `rounds` of barriers."""
    @staticmethod
    def team_throw(threads: _Int, rank: _Int) -> None:
        """Throws in one thread while the others wait at a barrier."""
    @staticmethod
    def total_allocations() -> int: ...

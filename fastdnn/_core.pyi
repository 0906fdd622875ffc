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
    def set_all(self, arrays: collections.abc.Sequence[tuple[str, str, np.ndarray]]) -> None:
        """Writes (vector, name, array) of several segments in one moment."""
    @property
    def dtype(self) -> str: ...

class Program:
    """Unfused operations on typed values; made by fastdnn.program."""
    def __init__(self) -> None: ...
    def op(
        self,
        kind: str,
        inputs: collections.abc.Sequence[_Int],
        outputs: collections.abc.Sequence[_Int],
        accumulate: bool = False,
        options: collections.abc.Mapping[str, _Float | str] = {},
        call: _Int = -1,
    ) -> int: ...
    def output(self, value: _Int) -> int: ...
    def result(self, name: str, value: _Int, weights: _Int, loss: bool) -> int: ...
    def value(
        self, name: str, role: str, integer: bool, rows: _Int, cols: _Int, slot: _Int, sparse: bool = False
    ) -> int: ...
    def watch(self, value: _Int, norm_only: bool, low: _Float, high: _Float) -> None:
        """Sampled steps tell of this value: all figures, or the norm alone."""

class Plan:
    """How a program runs natively."""
    def __init__(self, program: Program, parameters: Parameters, max_batch: _Int) -> None: ...
    def describe(self) -> list[typing.Any]:
        """A dictionary for each step."""
    def describe_observers(self) -> list[typing.Any]:
        """A dictionary for each call that sees what a kept step computed."""
    def describe_updates(self) -> list[typing.Any]:
        """A dictionary for each update of states, which follow the optimiser's."""
    def useful_threads(self, rows: _Int, runs: _Int = 1000, warm: bool = False) -> int: ...
    @property
    def arena_bytes(self) -> int: ...
    @property
    def max_batch(self) -> int: ...
    @property
    def scratch_bytes(self) -> int: ...

class Optimizer:
    """The state of an optimiser and its native update."""
    def __init__(
        self,
        parameters: Parameters,
        kind: str,
        *,
        velocity: bool = False,
        nesterov: bool = False,
        momentum_form: str = "sum",
        centered: bool = False,
        bias_correction: bool = True,
        epsilon_mode: str = "outside",
        coupled_decay: bool = False,
        initial_accumulator: _Float = 0.0,
    ) -> None: ...
    def get(self, slot: str, name: str) -> np.ndarray:
        """A copy of the state of one segment."""
    def options(self, name: str) -> dict[str, typing.Any]:
        """What `set_options` set."""
    def set(self, slot: str, name: str, array: np.ndarray) -> None:
        """Writes the state of one segment."""
    def set_options(
        self,
        name: str,
        *,
        lr_scale: _Float,
        decay: bool,
        proximal_l1: _Float,
        max_norm: _Float,
        max_norm_axis: _Int,
    ) -> None:
        """What the update does to one segment in particular."""
    @property
    def iterations(self) -> int: ...
    @iterations.setter
    def iterations(self, arg1: _Int) -> None: ...
    @property
    def products(self) -> dict[str, typing.Any]:
        """What corrects averages for their start at 0, by name: 1 before the first step."""
    @products.setter
    def products(self, arg1: collections.abc.Mapping[str, _Float]) -> None: ...
    @property
    def scalar_names(self) -> list[str]:
        """The columns of the table of scalars that a run is given."""
    @property
    def slot_names(self) -> list[str]: ...

class Trainer:
    """Runs a training program over its arrays, an epoch or a part of one at a time."""
    def __init__(
        self,
        plan: Plan,
        parameters: Parameters,
        optimizer: Optimizer,
        arrays: collections.abc.Sequence[np.ndarray],
        batch_size: _Int,
        shuffle: bool,
        seed: _Int,
    ) -> None: ...
    def begin_epoch(self, epoch: _Int) -> None: ...
    def epochs(self, first: _Int) -> list[typing.Any]:
        """Of the last `run_epochs`: (sums, rows) of each whole epoch from number `first` on."""
    def forget_epochs(self) -> None:
        """There are none then, as before the first `run_epochs`."""
    def next_feed(self, plan: Plan, arrays: collections.abc.Sequence[np.ndarray]) -> None:
        """The epoch goes on with other rows, in their order, by a plan of the same program."""
    def run(
        self,
        scalars: npt.NDArray[np.float64],
        seconds: _Float,
        threads: _Int,
        main_thread: bool,
        steps: _Int = 0,
        calls: typing.Any = None,
        samples: collections.abc.Sequence[_Int] = [],
    ) -> tuple[typing.Any, ...]:
        """Steps until epoch, time or steps (0: no limit) are over. Returns (why, steps done, threads)."""
    def run_epochs(
        self,
        scalars: npt.NDArray[np.float64],
        seconds: _Float,
        threads: _Int,
        main_thread: bool,
        epoch: _Int,
        count: _Int,
    ) -> tuple[typing.Any, ...]:
        """Whole epochs from `epoch` on, until their time (0: no limit) is over. Returns as `run`."""
    def sample_by(self, plan: Plan) -> None:
        """The plan of sampled steps: of the same program, which watches besides."""
    def take_samples(self) -> npt.NDArray[np.float64]:
        """Of the last run: a row of figures for each sampled step that was kept; once."""
    def time_step(
        self, scalars: npt.NDArray[np.float64], threads: _Int, calls: typing.Any = None
    ) -> list[float]:
        """Takes the epoch's first step; returns the seconds of each native step, then of each update."""
    @property
    def batches(self) -> int: ...
    @property
    def next_rows(self) -> list[int]:
        """Of the next step, in the arrays."""
    @property
    def non_finite(self) -> typing.Any: ...
    @property
    def rows_done(self) -> int:
        """How many rows those are."""
    @property
    def steps_left(self) -> int: ...
    @property
    def sums(self) -> list[float]:
        """Of the results, over the rows of this epoch so far."""
    @property
    def whole_epochs(self) -> int:
        """How many `run_epochs` has run, also while it does."""

class Inference:
    """Runs a program that changes no weights."""
    def __init__(self, plan: Plan, parameters: Parameters) -> None: ...
    def run(
        self,
        arrays: collections.abc.Sequence[np.ndarray],
        threads: _Int,
        main_thread: bool,
        seed: _Int = 0,
        step: _Int = 0,
        calls: typing.Any = None,
    ) -> tuple[typing.Any, ...]:
        """Returns (outputs, sums of the results, gradients by name, place of what is not finite or None)."""
    def time_run(
        self, arrays: collections.abc.Sequence[np.ndarray], threads: _Int, calls: typing.Any = None
    ) -> list[float]:
        """Runs the program on at most one batch; returns the seconds of each step of the plan."""

def build_info() -> dict[str, typing.Any]:
    """What this build is and which of its instruction sets runs."""

def machine_threads() -> tuple[int, str]:
    """The default number of threads and what decided it."""

def num_threads_setting() -> int:
    """What set_num_threads was given last, or 0."""

def random_permutation(n: _Int, seed: _Int, epoch: _Int) -> npt.NDArray[np.int32]:
    """The order of 0..n-1 in an epoch."""

def random_uniform(seed: _Int, stream: _Int, step: _Int, n: _Int, first: _Int = 0) -> npt.NDArray[np.float64]:
    """n numbers between 0 and 1 of (seed, stream, step), from number `first` on, of two words each."""

def random_words(seed: _Int, stream: _Int, step: _Int, n: _Int, first: _Int = 0) -> npt.NDArray[np.uint32]:
    """n 32-bit values of (seed, stream, step), from number `first` on."""

def set_flush_denormal(on: bool) -> bool:
    """Whether the core's threads take denormals for zero; False where they cannot."""

def set_num_threads(threads: _Int) -> None:
    """The number of threads of calls that name none; 0: default."""

def snapshot(parameters: Parameters, optimizer: Optimizer | None) -> dict[str, typing.Any]:
    """Copies by name: theta, sigma, slots (by slot), iterations and products, all of one moment."""

class kernels:  # a submodule
    class UpdateOptions:
        """What an update does beside the optimiser's rule."""
        def __init__(
            self,
            *,
            gradient_scale: _Float = 1.0,
            clip_value: _Float = ...,
            l2: _Float = 0.0,
            l1: _Float = 0.0,
            weight_decay: _Float = 0.0,
            proximal_l1: _Float = 0.0,
        ) -> None: ...

    @staticmethod
    @typing.overload
    def absolute_error(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def absolute_error(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def adadelta_update(
        theta: npt.NDArray[np.float32],
        s: npt.NDArray[np.float32],
        d: npt.NDArray[np.float32],
        gradient: npt.NDArray[np.float32],
        learning_rate: _Float,
        rho: _Float,
        epsilon: _Float,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def adadelta_update(
        theta: npt.NDArray[np.float64],
        s: npt.NDArray[np.float64],
        d: npt.NDArray[np.float64],
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        rho: _Float,
        epsilon: _Float,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def adagrad_update(
        theta: npt.NDArray[np.float32],
        s: npt.NDArray[np.float32],
        gradient: npt.NDArray[np.float32],
        learning_rate: _Float,
        epsilon: _Float,
        epsilon_mode: str = "outside",
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def adagrad_update(
        theta: npt.NDArray[np.float64],
        s: npt.NDArray[np.float64],
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        epsilon: _Float,
        epsilon_mode: str = "outside",
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
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
        epsilon_mode: str = "outside",
        bias_correction: bool = True,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
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
        epsilon_mode: str = "outside",
        bias_correction: bool = True,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
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
    def amsgrad_update(
        theta: npt.NDArray[np.float32],
        m: npt.NDArray[np.float32],
        v: npt.NDArray[np.float32],
        v_max: npt.NDArray[np.float32],
        gradient: npt.NDArray[np.float32],
        learning_rate: _Float,
        beta_1: _Float,
        beta_2: _Float,
        epsilon: _Float,
        t: _Int,
        epsilon_mode: str = "outside",
        bias_correction: bool = True,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def amsgrad_update(
        theta: npt.NDArray[np.float64],
        m: npt.NDArray[np.float64],
        v: npt.NDArray[np.float64],
        v_max: npt.NDArray[np.float64],
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        beta_1: _Float,
        beta_2: _Float,
        epsilon: _Float,
        t: _Int,
        epsilon_mode: str = "outside",
        bias_correction: bool = True,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm(
        y: npt.NDArray[np.float32],
        mean: npt.NDArray[np.float32],
        variance: npt.NDArray[np.float32],
        rstd: npt.NDArray[np.float32],
        partial: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        gamma: npt.NDArray[np.float32] | None = None,
        beta: npt.NDArray[np.float32] | None = None,
        epsilon: _Float = 0.001,
        relu: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm(
        y: npt.NDArray[np.float64],
        mean: npt.NDArray[np.float64],
        variance: npt.NDArray[np.float64],
        rstd: npt.NDArray[np.float64],
        partial: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        gamma: npt.NDArray[np.float64] | None = None,
        beta: npt.NDArray[np.float64] | None = None,
        epsilon: _Float = 0.001,
        relu: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_backward(
        dx: npt.NDArray[np.float32],
        dgamma: npt.NDArray[np.float32],
        dbeta: npt.NDArray[np.float32],
        partial: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32] | None,
        dy: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        mean: npt.NDArray[np.float32],
        rstd: npt.NDArray[np.float32],
        gamma: npt.NDArray[np.float32] | None = None,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_backward(
        dx: npt.NDArray[np.float64],
        dgamma: npt.NDArray[np.float64],
        dbeta: npt.NDArray[np.float64],
        partial: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64] | None,
        dy: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        mean: npt.NDArray[np.float64],
        rstd: npt.NDArray[np.float64],
        gamma: npt.NDArray[np.float64] | None = None,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_fold(
        scale: npt.NDArray[np.float32],
        shift: npt.NDArray[np.float32],
        gamma: npt.NDArray[np.float32] | None,
        beta: npt.NDArray[np.float32] | None,
        running_mean: npt.NDArray[np.float32],
        running_variance: npt.NDArray[np.float32],
        epsilon: _Float = 0.001,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_fold(
        scale: npt.NDArray[np.float64],
        shift: npt.NDArray[np.float64],
        gamma: npt.NDArray[np.float64] | None,
        beta: npt.NDArray[np.float64] | None,
        running_mean: npt.NDArray[np.float64],
        running_variance: npt.NDArray[np.float64],
        epsilon: _Float = 0.001,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_inference(
        y: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        scale: npt.NDArray[np.float32],
        shift: npt.NDArray[np.float32],
        relu: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_inference(
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        scale: npt.NDArray[np.float64],
        shift: npt.NDArray[np.float64],
        relu: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_inference_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32] | None,
        dy: npt.NDArray[np.float32],
        scale: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_inference_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64] | None,
        dy: npt.NDArray[np.float64],
        scale: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    def batch_norm_partial_rows(rows: _Int) -> int: ...
    @staticmethod
    @typing.overload
    def batch_norm_running(
        running_mean: npt.NDArray[np.float32],
        running_variance: npt.NDArray[np.float32],
        mean: npt.NDArray[np.float32],
        variance: npt.NDArray[np.float32],
        momentum: _Float = 0.9,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def batch_norm_running(
        running_mean: npt.NDArray[np.float64],
        running_variance: npt.NDArray[np.float64],
        mean: npt.NDArray[np.float64],
        variance: npt.NDArray[np.float64],
        momentum: _Float = 0.9,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def binary_accuracy(
        row_correct: npt.NDArray[np.float32],
        z: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        threshold: _Float = 0.5,
        target_threshold: _Float = 0.5,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def binary_accuracy(
        row_correct: npt.NDArray[np.float64],
        z: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        threshold: _Float = 0.5,
        target_threshold: _Float = 0.5,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def binary_cross_entropy(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
        label_smoothing: _Float = 0,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def binary_cross_entropy(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
        label_smoothing: _Float = 0,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def binary_probability_cross_entropy(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
        label_smoothing: _Float = 0,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def binary_probability_cross_entropy(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
        label_smoothing: _Float = 0,
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
        dz: npt.NDArray[np.float32] | None,
        z: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        label_smoothing: _Float = 0.0,
        label_smoothing_mode: str = "k",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_cross_entropy(
        row_loss: npt.NDArray[np.float64],
        dz: npt.NDArray[np.float64] | None,
        z: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        label_smoothing: _Float = 0.0,
        label_smoothing_mode: str = "k",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_probability_cross_entropy(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        label_smoothing: _Float = 0.0,
        label_smoothing_mode: str = "k",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_probability_cross_entropy(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        label_smoothing: _Float = 0.0,
        label_smoothing_mode: str = "k",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_top_k_accuracy(
        row_correct: npt.NDArray[np.float32],
        z: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        k: _Int,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def categorical_top_k_accuracy(
        row_correct: npt.NDArray[np.float64],
        z: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        k: _Int,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    def clip_scale(norm: _Float, limit: _Float) -> float: ...
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
    def csr_matmul(
        y: npt.NDArray[np.float32],
        starts: np.ndarray,
        columns: np.ndarray,
        values: np.ndarray,
        order: npt.NDArray[np.int32],
        w: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32] | None = None,
        threads: _Int = 1,
    ) -> bool:
        """Whether all entries that were met are finite, and in columns that there are."""
    @staticmethod
    @typing.overload
    def csr_matmul(
        y: npt.NDArray[np.float64],
        starts: np.ndarray,
        columns: np.ndarray,
        values: np.ndarray,
        order: npt.NDArray[np.int32],
        w: npt.NDArray[np.float64],
        bias: npt.NDArray[np.float64] | None = None,
        threads: _Int = 1,
    ) -> bool:
        """Whether all entries that were met are finite, and in columns that there are."""
    @staticmethod
    @typing.overload
    def csr_matmul_dw(
        dw: npt.NDArray[np.float32],
        starts: np.ndarray,
        columns: np.ndarray,
        values: np.ndarray,
        order: npt.NDArray[np.int32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> bool:
        """Likewise."""
    @staticmethod
    @typing.overload
    def csr_matmul_dw(
        dw: npt.NDArray[np.float64],
        starts: np.ndarray,
        columns: np.ndarray,
        values: np.ndarray,
        order: npt.NDArray[np.int32],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> bool:
        """Likewise."""
    @staticmethod
    @typing.overload
    def dropout(
        y: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        rate: _Float,
        seed: _Int,
        stream: _Int,
        step: _Int,
        first_row: _Int = 0,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def dropout(
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        rate: _Float,
        seed: _Int,
        stream: _Int,
        step: _Int,
        first_row: _Int = 0,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def dropout_backward(
        dx: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        rate: _Float,
        seed: _Int,
        stream: _Int,
        step: _Int,
        first_row: _Int = 0,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def dropout_backward(
        dx: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        rate: _Float,
        seed: _Int,
        stream: _Int,
        step: _Int,
        first_row: _Int = 0,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def elu(
        y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], alpha: _Float = 1.0, threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def elu(
        y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], alpha: _Float = 1.0, threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def elu_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        alpha: _Float = 1.0,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def elu_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        alpha: _Float = 1.0,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def embedding(
        y: npt.NDArray[np.float32],
        table: npt.NDArray[np.float32],
        index: npt.NDArray[np.int32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def embedding(
        y: npt.NDArray[np.float64],
        table: npt.NDArray[np.float64],
        index: npt.NDArray[np.int32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def embedding_backward(
        dtable: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        index: npt.NDArray[np.int32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def embedding_backward(
        dtable: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        index: npt.NDArray[np.int32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def embedding_backward_rows(
        rows: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        index: npt.NDArray[np.int32],
        table_rows: _Int,
        threads: _Int = 1,
    ) -> npt.NDArray[np.int32]:
        """The distinct indices; their sums are in the first rows."""
    @staticmethod
    @typing.overload
    def embedding_backward_rows(
        rows: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        index: npt.NDArray[np.int32],
        table_rows: _Int,
        threads: _Int = 1,
    ) -> npt.NDArray[np.int32]:
        """The distinct indices; their sums are in the first rows."""
    @staticmethod
    @typing.overload
    def erf(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def erf(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def exp(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def exp(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def expm1(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def expm1(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
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
    def gather_features(
        y: npt.NDArray[np.float32],
        x: np.ndarray,
        order: npt.NDArray[np.int32],
        mean: npt.NDArray[np.float32] | None = None,
        std: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> bool:
        """Whether all of y is finite."""
    @staticmethod
    @typing.overload
    def gather_features(
        y: npt.NDArray[np.float64],
        x: np.ndarray,
        order: npt.NDArray[np.int32],
        mean: npt.NDArray[np.float64] | None = None,
        std: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> bool:
        """Whether all of y is finite."""
    @staticmethod
    @typing.overload
    def gaussian_noise(
        y: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        stddev: _Float,
        seed: _Int,
        stream: _Int,
        step: _Int,
        first_row: _Int = 0,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gaussian_noise(
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        stddev: _Float,
        seed: _Int,
        stream: _Int,
        step: _Int,
        first_row: _Int = 0,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gelu(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def gelu(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def gelu_backward(
        dx: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gelu_backward(
        dx: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gelu_tanh(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def gelu_tanh(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def gelu_tanh_backward(
        dx: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def gelu_tanh_backward(
        dx: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
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
    ) -> None: ...
    @staticmethod
    @typing.overload
    def hardmax(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def hardmax(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def hinge(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def hinge(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def huber(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
        delta: _Float = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def huber(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
        delta: _Float = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def kl_divergence(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "sum",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def kl_divergence(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "sum",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def l1_norm(x: npt.NDArray[np.float32], threads: _Int = 1) -> float: ...
    @staticmethod
    @typing.overload
    def l1_norm(x: npt.NDArray[np.float64], threads: _Int = 1) -> float: ...
    @staticmethod
    @typing.overload
    def l2_norm(x: npt.NDArray[np.float32], threads: _Int = 1) -> float: ...
    @staticmethod
    @typing.overload
    def l2_norm(x: npt.NDArray[np.float64], threads: _Int = 1) -> float: ...
    @staticmethod
    @typing.overload
    def layer_norm(
        y: npt.NDArray[np.float32],
        mean: npt.NDArray[np.float32] | None,
        rstd: npt.NDArray[np.float32] | None,
        x: npt.NDArray[np.float32],
        gamma: npt.NDArray[np.float32] | None = None,
        beta: npt.NDArray[np.float32] | None = None,
        epsilon: _Float = 0.001,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def layer_norm(
        y: npt.NDArray[np.float64],
        mean: npt.NDArray[np.float64] | None,
        rstd: npt.NDArray[np.float64] | None,
        x: npt.NDArray[np.float64],
        gamma: npt.NDArray[np.float64] | None = None,
        beta: npt.NDArray[np.float64] | None = None,
        epsilon: _Float = 0.001,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def layer_norm_backward(
        dx: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        mean: npt.NDArray[np.float32],
        rstd: npt.NDArray[np.float32],
        gamma: npt.NDArray[np.float32] | None = None,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def layer_norm_backward(
        dx: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        mean: npt.NDArray[np.float64],
        rstd: npt.NDArray[np.float64],
        gamma: npt.NDArray[np.float64] | None = None,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def layer_norm_backward_sums(
        dgamma: npt.NDArray[np.float32] | None,
        dbeta: npt.NDArray[np.float32] | None,
        dy: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        mean: npt.NDArray[np.float32],
        rstd: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def layer_norm_backward_sums(
        dgamma: npt.NDArray[np.float64] | None,
        dbeta: npt.NDArray[np.float64] | None,
        dy: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        mean: npt.NDArray[np.float64],
        rstd: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def leaky_relu(
        y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], alpha: _Float = 0.1, threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def leaky_relu(
        y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], alpha: _Float = 0.1, threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def leaky_relu_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        alpha: _Float = 0.1,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def leaky_relu_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        alpha: _Float = 0.1,
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def lion_update(
        theta: npt.NDArray[np.float32],
        m: npt.NDArray[np.float32],
        gradient: npt.NDArray[np.float32],
        learning_rate: _Float,
        beta_1: _Float,
        beta_2: _Float,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def lion_update(
        theta: npt.NDArray[np.float64],
        m: npt.NDArray[np.float64],
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        beta_1: _Float,
        beta_2: _Float,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def log(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def log(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def log1p(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def log1p(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def log_cosh(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def log_cosh(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def log_softmax(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def log_softmax(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def log_softmax_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def log_softmax_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def logistic_normalize(
        y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def logistic_normalize(
        y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1
    ) -> None: ...
    @staticmethod
    @typing.overload
    def logistic_normalize_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def logistic_normalize_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def max_abs(x: npt.NDArray[np.float32], threads: _Int = 1) -> float: ...
    @staticmethod
    @typing.overload
    def max_abs(x: npt.NDArray[np.float64], threads: _Int = 1) -> float: ...
    @staticmethod
    @typing.overload
    def max_norm(w: npt.NDArray[np.float32], limit: _Float, axis: _Int = 0, threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def max_norm(w: npt.NDArray[np.float64], limit: _Float, axis: _Int = 0, threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def maxout(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def maxout(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def maxout_backward(
        dx: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def maxout_backward(
        dx: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    def measure(calls: list[typing.Any], repeat: _Int = 1, warm_up: bool = True) -> float:
        """Seconds of `repeat` times all calls, natively; a call is a function that calls one kernel."""
    @staticmethod
    def nadam_momentum(beta_1: _Float, momentum_decay: _Float, t: _Int) -> float: ...
    @staticmethod
    @typing.overload
    def nadam_update(
        theta: npt.NDArray[np.float32],
        m: npt.NDArray[np.float32],
        v: npt.NDArray[np.float32],
        gradient: npt.NDArray[np.float32],
        learning_rate: _Float,
        beta_1: _Float,
        beta_2: _Float,
        epsilon: _Float,
        t: _Int,
        momentum_decay: _Float,
        product: _Float,
        epsilon_mode: str = "outside",
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def nadam_update(
        theta: npt.NDArray[np.float64],
        m: npt.NDArray[np.float64],
        v: npt.NDArray[np.float64],
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        beta_1: _Float,
        beta_2: _Float,
        epsilon: _Float,
        t: _Int,
        momentum_decay: _Float,
        product: _Float,
        epsilon_mode: str = "outside",
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
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
    def penalty(
        gradient: npt.NDArray[np.float32] | None,
        w: npt.NDArray[np.float32],
        l1: _Float = 0,
        l2: _Float = 0,
        lq: _Float = 0,
        q: _Float = 1,
        threads: _Int = 1,
    ) -> float: ...
    @staticmethod
    @typing.overload
    def penalty(
        gradient: npt.NDArray[np.float64] | None,
        w: npt.NDArray[np.float64],
        l1: _Float = 0,
        l2: _Float = 0,
        lq: _Float = 0,
        q: _Float = 1,
        threads: _Int = 1,
    ) -> float: ...
    @staticmethod
    @typing.overload
    def prelu(
        y: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        alpha: npt.NDArray[np.float32],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def prelu(
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        alpha: npt.NDArray[np.float64],
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def prelu_backward(
        dx: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        alpha: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def prelu_backward(
        dx: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        alpha: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def prelu_dalpha(
        dalpha: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def prelu_dalpha(
        dalpha: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
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
    def rmsprop_update(
        theta: npt.NDArray[np.float32],
        s: npt.NDArray[np.float32],
        average: npt.NDArray[np.float32] | None,
        velocity: npt.NDArray[np.float32] | None,
        gradient: npt.NDArray[np.float32],
        learning_rate: _Float,
        rho: _Float,
        epsilon: _Float,
        epsilon_mode: str = "outside",
        momentum: _Float = 0.0,
        form: str = "sum",
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def rmsprop_update(
        theta: npt.NDArray[np.float64],
        s: npt.NDArray[np.float64],
        average: npt.NDArray[np.float64] | None,
        velocity: npt.NDArray[np.float64] | None,
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        rho: _Float,
        epsilon: _Float,
        epsilon_mode: str = "outside",
        momentum: _Float = 0.0,
        form: str = "sum",
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def selu(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def selu(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def selu_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def selu_backward(
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
        momentum: _Float = 0.0,
        nesterov: bool = False,
        form: str = "sum",
        bias_correction: bool = False,
        t: _Int = 1,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sgd_update(
        theta: npt.NDArray[np.float64],
        velocity: npt.NDArray[np.float64] | None,
        gradient: npt.NDArray[np.float64],
        learning_rate: _Float,
        momentum: _Float = 0.0,
        nesterov: bool = False,
        form: str = "sum",
        bias_correction: bool = False,
        t: _Int = 1,
        *,
        options: UpdateOptions = ...,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sigmoid(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def sigmoid(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def sigmoid_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sigmoid_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def silu(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def silu(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def silu_backward(
        dx: npt.NDArray[np.float32],
        x: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def silu_backward(
        dx: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
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
    def softplus(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def softplus(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def softplus_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def softplus_backward(
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
        label_smoothing: _Float = 0.0,
        label_smoothing_mode: str = "k",
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
        label_smoothing: _Float = 0.0,
        label_smoothing_mode: str = "k",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sparse_probability_cross_entropy(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sparse_probability_cross_entropy(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int32],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sparse_top_k_accuracy(
        row_correct: npt.NDArray[np.float32],
        z: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int32],
        k: _Int,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def sparse_top_k_accuracy(
        row_correct: npt.NDArray[np.float64],
        z: npt.NDArray[np.float64],
        labels: npt.NDArray[np.int32],
        k: _Int,
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
        half: bool = False,
        outputs: str = "mean",
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
        half: bool = False,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def squared_hinge(
        row_loss: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32] | None,
        y: npt.NDArray[np.float32],
        target: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float32] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def squared_hinge(
        row_loss: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64] | None,
        y: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64] | None = None,
        scale: _Float = 1,
        threads: _Int = 1,
        outputs: str = "mean",
    ) -> None: ...
    @staticmethod
    @typing.overload
    def tanh(y: npt.NDArray[np.float32], x: npt.NDArray[np.float32], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def tanh(y: npt.NDArray[np.float64], x: npt.NDArray[np.float64], threads: _Int = 1) -> None: ...
    @staticmethod
    @typing.overload
    def tanh_backward(
        dx: npt.NDArray[np.float32],
        y: npt.NDArray[np.float32],
        dy: npt.NDArray[np.float32],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...
    @staticmethod
    @typing.overload
    def tanh_backward(
        dx: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        dy: npt.NDArray[np.float64],
        accumulate: bool = False,
        threads: _Int = 1,
    ) -> None: ...

class probe:  # a submodule
    @staticmethod
    def barrier(threads: _Int, count: _Int, rounds: _Int) -> tuple[typing.Any, ...]:
        """(threads, barriers of a round, [seconds])."""
    @staticmethod
    def fma(dtype: str, threads: _Int, steps: _Int, rounds: _Int) -> tuple[typing.Any, ...]:
        """(threads, floating-point operations of a round, [seconds]) of multiply-adds in registers."""
    @staticmethod
    def memory(
        pattern: str, threads: _Int, footprint: _Int, passes: _Int, rounds: _Int
    ) -> tuple[typing.Any, ...]:
        """(threads, bytes moved in a round, [seconds]) of 'read', 'copy' or 'update' over arrays."""

class testing:  # a submodule
    @staticmethod
    def fail_after(n: _Int) -> None:
        """The n-th allocation from now fails; -1: none."""
    @staticmethod
    def float_control() -> int | None:
        """This thread's floating-point control word, without the status bits."""
    @staticmethod
    def forget_crowd() -> None:
        """Ends the limit of default counts that `note_team` has set."""
    @staticmethod
    def guarded_array(shape: collections.abc.Sequence[_Int], dtype: str, edge: str) -> np.ndarray:
        """An array whose first ('head') or last ('tail') byte touches an inaccessible page."""
    @staticmethod
    def live_blocks() -> int: ...
    @staticmethod
    def live_bytes() -> int: ...
    @staticmethod
    def note_team(threads: _Int, elapsed: _Float, waited: _Float) -> None:
        """As if a region of default threads had taken, and all together waited, so many seconds."""
    @staticmethod
    def set_guard_pages(on: bool) -> None:
        """New memory ends at an inaccessible page."""
    @staticmethod
    def set_poison(on: bool) -> None:
        """Memory that is not asked to be zero is NaN."""
    @staticmethod
    def table_report(dtype: str) -> dict[str, typing.Any]:
        """The unit in use, its lanes, the rows of gemm's tiles by vectors, gemm's blocks."""
    @staticmethod
    def team_float_control(threads: _Int) -> list[int | None]:
        """The control word of each thread of a team."""
    @staticmethod
    def team_report(threads: _Int, n: _Int, grain: _Int, rounds: _Int) -> list[typing.Any]:
        """[rank, size, first, last] of each thread of a team, after `rounds` of barriers."""
    @staticmethod
    def team_throw(threads: _Int, rank: _Int) -> None:
        """Throws in one thread while the others wait at a barrier."""
    @staticmethod
    def total_allocations() -> int: ...
    @staticmethod
    def uncrowded_threads() -> int | None:
        """What default counts are limited to for now, since other programs take the cores; None: nothing."""

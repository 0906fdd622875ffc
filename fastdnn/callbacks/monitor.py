"""Seeing inside a network while it trains."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.callbacks.callback import Callback
from fastdnn.callbacks.state import count, numbers_of
from fastdnn.checks import whole
from fastdnn.errors import expected
from fastdnn.interrupts import interrupts_held
from fastdnn.sampling import SampleLayout, Samples

if TYPE_CHECKING:
    from fastdnn.diagnose.advice import Advice

_MOST_WAITING = 64
_ARRAYS = {"steps": 1, "learning_rates": 1, "inference_losses": 1, "figures": 2}  # of a state: dimensions


class Monitor(Callback):
    """Looks into a step of each `every`, the first one included: is each layer learning, and how fast?

    ::

        ratio = ‖θ_after - θ_before‖ / ‖θ_before‖    of each weight: 0.001 is ideal, 0.01 about okay

    Beside it norms of gradients, figures of what layers give for the batch, the learning rate and the loss of
    the batch. Training computes them anyway; the engine writes them down on its way, so no native call is
    cut, no bit of the training changes, and no data is asked for: it sees each batch as the step sees it,
    with dropout's zeros and the batch's own statistics.

    `.samples` are arrays by name, a number for each sample:

    | name | of | what |
    |---|---|---|
    | step | | steps of the optimiser after it |
    | rows | the batch | how many it had |
    | learning_rate, loss | the step | the loss of its batch, before the update, with penalties |
    | inference_loss | the step | the same with the layers as in use, where it was asked for |
    | ratio/, weight_norm/, gradient_norm/, update_norm/ | weight | as above; NaN of a weight that is 0 |
    | mean/, std/, min/, max/ | layer | of its outputs, all rows and units |
    | zeros/ | layer | the share of outputs that are 0 |
    | dead/ | layer | the share of units that are 0 for every row of the batch; `.advice` needs 32 rows |
    | saturated/ | layer | of sigmoid and tanh, outputs with a derivative under 5 % of its largest |
    | histogram/ | layer | (samples, 16), shares in equal parts of [min, max], of some 4096 outputs |
    | activation_gradient/ | layer | ‖dL/dy‖ of its outputs y, where a weight needs it |

    It takes the memory of one more step, and of the weights once more; of time, sampled every 50 steps, a few
    percent (bench/LOG.md).

    Norms and deviations are sums of squares in float64: of numbers beyond 1e154 they are infinite or NaN, and
    print as "too large"; below 1e-162 they are 0. `fastdnn.diagnose.layer_statistics` measures those, too.

    Layers have the names of `layer_outputs`, weights their full ones ("dense/kernel"). Frozen weights are not
    updated, and not among them. `.advice` says what is wrong, `.plot()` draws it, `print` does both in words.

    Args:
        every: steps between samples, >= 1; default 50. Steps count over all fits since `compile`.
        inference_loss: whether to compute, before each step that is sampled, the loss of its batch with the
            layers as in use: dropout and batch normalisation distort that of training. It costs a forward
            pass, ends the native call there, and calls `forward` of layers of one's own once more.
        max_samples: how many are kept, >= 2; beyond it every second one goes, and `.every` doubles.

    Raises:
        ValueError: a bad argument.

    Source: deck 004, "Tracking the weights also helps".

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(32, activation="relu", name="hidden"),
    ...                        fd.layers.Dense(10, name="out")], seed=0)
    >>> model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> monitor = fd.callbacks.Monitor(every=50)
    >>> _ = model.fit(x / 16, y, epochs=3, callbacks=[monitor])
    >>> monitor.samples["step"].tolist()
    [1, 51, 101, 151]
    >>> monitor.samples["ratio/hidden/kernel"].shape
    (4,)
    """

    def __init__(self, every: int = 50, *, inference_loss: bool = False, max_samples: int = 1000) -> None:
        self._asked = whole("Monitor", "every", every, 1)
        self.max_samples = whole("Monitor", "max_samples", max_samples, 2)
        if not isinstance(inference_loss, bool):
            raise ValueError(expected("Monitor", "inference_loss as True or False", repr(inference_loss)))
        self.samples_inference_loss = inference_loss
        self._goes_on = False
        self._reset()

    def _reset(self) -> None:
        self.every = self._asked
        self._steps: list[int] = []
        self._rates: list[float] = []
        self._losses: list[float] = []  # in inference mode
        self._figures: list[np.ndarray] = []  # a matrix for each native call
        self._waiting: list[Samples] = []  # that are not yet in the lists
        self._layout: SampleLayout | None = None
        self._names: list[str] | None = None  # of the samples of a state, until the first one comes
        self._read: dict[str, np.ndarray] | None = None

    # ---- Hooks

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget an earlier fit, unless its state was set."""
        if not self._goes_on:
            self._reset()
        self._goes_on = False

    def steps_to_sample(self, steps: int) -> Sequence[int]:
        """The first step of each `every`."""
        return range(-self.model.optimizer.iterations % self.every + 1, steps + 1, self.every)

    def on_samples(self, samples: Samples) -> None:
        """Keep them. What that takes is done for many at a time: it is dear between the steps of a small
        network, whose data have pushed Python's out of the caches.
        """
        if self._names is not None:
            _check_names(samples.layout, self._names, self._figures[0])
            self._names = None
        self._waiting.append(samples)
        if len(self._waiting) >= _MOST_WAITING or len(self._steps) + len(samples.steps) > self.max_samples:
            self._take_in()

    def _take_in(self) -> None:
        if not self._waiting:
            return
        with interrupts_held():  # else the lists would be of different lengths
            waiting, self._waiting = self._waiting, []
            for samples in waiting:
                self._layout = samples.layout
                self._steps += samples.steps
                self._rates += samples.learning_rates
                self._losses += [samples.inference_loss] * len(samples.steps)
                self._figures.append(samples.figures)
            if len(self._steps) > self.max_samples:
                self._thin()
            self._read = None

    def _thin(self) -> None:
        """Every second one is enough: those at which sampling goes on, if any are."""
        figures = np.concatenate(self._figures)
        while len(self._steps) > self.max_samples:
            self.every *= 2
            due = [(step - 1) % self.every == 0 for step in self._steps]
            kept = slice(int(sum(due[1::2]) > sum(due[::2])), None, 2)
            self._steps, self._rates = self._steps[kept], self._rates[kept]
            self._losses, figures = self._losses[kept], figures[kept]
        self._figures = [figures]

    # ---- What was seen

    @property
    def layout(self) -> SampleLayout:
        """The layers and weights of the samples.

        Raises:
            ValueError: there are no samples yet.
        """
        self._take_in()
        if self._layout is None:
            raise ValueError(
                expected("Monitor", "samples", "none", "give it to fit(callbacks=[monitor]) first")
            )
        return self._layout

    @property
    def samples(self) -> dict[str, np.ndarray]:
        """Arrays by name, see above; none before the first sample."""
        self._take_in()
        if self._layout is None or not self._figures:
            return {}
        if self._read is None:
            head = {"step": np.array(self._steps), "learning_rate": np.array(self._rates)}
            if self.samples_inference_loss:
                head["inference_loss"] = np.array(self._losses)
            self._read = head | self._layout.read(np.concatenate(self._figures))
        return dict(self._read)

    @property
    def advice(self) -> "tuple[Advice, ...]":
        """What the samples show, the most important first.

        Raises:
            ValueError: there are no samples yet.
        """
        from fastdnn.diagnose.monitor_advice import advice_of_samples

        return advice_of_samples(self)

    def plot(self, ax: Any = None) -> Any:
        """Draw ratio, gradients, dead units and what layers give, by layer; see `fastdnn.plots.monitor`."""
        from fastdnn.plots.monitor import monitor

        return monitor(self, ax)

    def __str__(self) -> str:
        from fastdnn.diagnose.monitor_advice import text_of_samples

        return text_of_samples(self) if self.samples else "Monitor: no samples yet"

    # ---- To be kept, and to go on

    def get_state(self) -> dict[str, Any]:
        """`every`, the names of the figures, and the samples, as arrays."""
        self._take_in()
        figures = np.concatenate(self._figures) if self._figures else np.zeros((0, 0))
        names = self._layout.names if self._layout is not None else self._names or []
        return {
            "every": self.every,
            "names": np.array(names, np.str_),
            "steps": np.array(self._steps, np.int64),
            "learning_rates": np.array(self._rates, np.float64),
            "inference_losses": np.array(self._losses, np.float64),
            "figures": figures,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on, in the next fit, from what `get_state` gave; `.samples` has them again once one is added.

        Raises:
            ValueError: something else was given; when the first sample comes, the state is of a model with
            other layers.
        """
        given = dict(state) if isinstance(state, Mapping) else {}
        names, arrays = np.array(given.pop("names", None)), dict(_arrays(given))
        numbers = numbers_of("Monitor", given if isinstance(state, Mapping) else state, {"every": count})
        steps, rates, losses, figures = (arrays[name] for name in _ARRAYS)
        if not len(steps) == len(rates) == len(losses) == len(figures) or numbers["every"] < 1:
            raise ValueError(
                expected("Monitor, set_state", "as many steps, rates and rows of figures", len(steps))
            )
        if names.ndim != 1 or (names.size and names.dtype.kind != "U"):
            raise ValueError(expected("Monitor, set_state", "names as an array of text", repr(names)))
        if (np.diff(steps, prepend=0) < 1).any() or (steps % 1 != 0).any():
            wanted = "steps as whole numbers >= 1, ascending"
            raise ValueError(expected("Monitor, set_state", wanted, steps.tolist()))
        self._reset()
        self.every = numbers["every"]
        self._steps, self._rates = steps.astype(int).tolist(), rates.tolist()
        self._losses = losses.tolist()
        self._figures = [figures] if len(figures) else []
        self._names = names.tolist() if len(figures) else None
        self._goes_on = True


def _check_names(layout: SampleLayout, names: list[str], figures: np.ndarray) -> None:
    """Raise where the samples of a state are of another model."""
    if layout.names != names or layout.width != figures.shape[1]:
        unknown = sorted(set(names) ^ set(layout.names))
        got = ", ".join(unknown[:4]) + (" ..." if len(unknown) > 4 else "") if unknown else "in another order"
        hint = "a state is of a model with the same layers"
        raise ValueError(expected("Monitor", "the figures of its state", f"others: {got}", hint))


def _arrays(given: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a state, taken out of it."""
    for name, dimensions in _ARRAYS.items():
        array = np.array(given.pop(name, None))
        if array.dtype.kind not in "uif" or array.ndim != dimensions:
            got = f"{array.dtype} of {array.ndim} dimensions"
            raise ValueError(
                expected("Monitor, set_state", f"{name} as numbers of {dimensions} dimensions", got)
            )
        yield name, array.astype(np.float64)

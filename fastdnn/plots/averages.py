"""Exponentially weighted averages, raw and corrected."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.averages import ewma, ewma_window
from fastdnn.checks import number, whole
from fastdnn.errors import expected
from fastdnn.plots.figure import axes_for, dress, legend_beside, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "averages"
_SEEN = 0.01  # of the range of the values: where raw and corrected are nearer, there is one line


def averages(
    values: Any = None,
    ax: "Axes | None" = None,
    *,
    betas: Sequence[float] = (0.5, 0.9, 0.98),
    raw: bool = True,
) -> "Axes":
    """Draw the averages v = β v + (1 - β) θ of a series, corrected by 1/(1 - βᵗ) and raw.

    The larger β, the smoother and the later; without the correction v begins near 0. Each raw average is
    drawn, dotted, as long as it can be told from the corrected one.

    Args:
        values: θ (n,); default the temperatures of a year, drawn from one seed.
        ax: where to draw; None makes a figure.
        betas: 0 <= β < 1.
        raw: whether the averages without correction are drawn, too.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: decks 000, 001, 002: "Exponentially weighted averages".

    >>> import fastdnn as fd
    >>> ax = fd.plots.averages([3.0, 1.0, 2.0], betas=[0.9])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['θ', 'β = 0.9, about 10', 'the same, raw']
    """
    chosen = _betas(betas)
    series = temperatures() if values is None else _series(values)
    t = np.arange(1, len(series) + 1)
    corrected = {beta: ewma(series, beta) for beta in chosen}
    axes = axes_for(_WHERE, ax, (9, 4.8))
    axes.plot(
        t, series, ".", color="0.72", markersize=4, label="θ" if values is not None else "temperature θ"
    )
    for index, (beta, average) in enumerate(corrected.items()):
        own = look(index, len(t))
        axes.plot(t, average, linewidth=1.8, label=f"β = {beta:g}, about {_about(beta, values)}", **own)
        if raw:
            plain = ewma(series, beta, bias_correction=False)
            n = _until_met(plain, average, float(np.ptp(series)))
            dotted = own | {"linestyle": ":", "markersize": 4}
            axes.plot(t[:n], plain[:n], linewidth=1.5, label="the same, raw", **dotted)
    if values is None:
        dress(axes, "day", "temperature (°C)")
    else:
        dress(axes, "t, the number of the value", "θ and its averages")
    legend_beside(axes)
    return axes


def temperatures(days: int = 365, seed: int = 0) -> np.ndarray:
    """The temperatures (days,) of made-up days in °C: a winter of 8 and a summer of 24, and noise.

    >>> from fastdnn.plots.averages import temperatures
    >>> temperatures(3).round(1)
    array([8.4, 7.6, 9.9])
    """
    day = np.arange(whole("temperatures", "days", days, 1))
    noise = np.random.default_rng(whole("temperatures", "seed", seed)).normal(0.0, 3.0, day.size)
    return np.asarray(16 - 8 * np.cos(2 * np.pi * day / 365) + noise)


def _betas(given: Any) -> list[float]:
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray) or not len(given):
        raise ValueError(expected(_WHERE, "betas as a list of numbers", repr(given)))
    return list(dict.fromkeys(number(_WHERE, "beta", beta, 0, 1) for beta in given))


def _series(values: Any) -> np.ndarray:
    series = ewma(values, 0.0)  # which refuses what is no series of finite numbers
    if series.ndim != 1 or not len(series):
        raise ValueError(expected(_WHERE, "a series (n,) of at least one value", f"shape {series.shape}"))
    return series


def _about(beta: float, values: Any) -> str:
    return f"{ewma_window(beta):.3g}{' days' if values is None else ''}"


def _until_met(plain: np.ndarray, corrected: np.ndarray, span: float) -> int:
    """How many values of the raw average can be told from the corrected one, and one more."""
    apart = np.flatnonzero(np.abs(plain - corrected) > _SEEN * span)
    return int(min(len(plain), apart[-1] + 2)) if apart.size else 0

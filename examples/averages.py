"""Exponentially weighted averages of a year of temperatures, raw and corrected. Decks 000, 001, 002."""

import numpy as np
from common import options, save

import fastdnn as fd


def main():
    args = options(__doc__)
    days = np.arange(100 if args.quick else 365)
    noise = np.random.default_rng(0).normal(0.0, 3.0, days.size)
    temperature = 16 - 8 * np.cos(2 * np.pi * days / 365) + noise
    averages = {beta: fd.ewma(temperature, beta) for beta in (0.5, 0.9, 0.98)}
    raw = fd.ewma(temperature, 0.98, bias_correction=False)
    print("about how many days: " + ", ".join(f"β = {b}: {fd.averages.ewma_window(b):.0f}" for b in averages))
    print(f"{'day':<8}{'θ':>8}{'β = 0.5':>10}{'β = 0.9':>10}{'β = 0.98':>10}{'0.98, raw':>11}")
    for day in (0, 1, 2, 9, 49, 99):
        values = [average[day] for average in averages.values()]
        print(
            f"{day + 1:<8}{temperature[day]:>8.2f}"
            + "".join(f"{v:>10.2f}" for v in values)
            + f"{raw[day]:>11.2f}"
        )
    if args.plot:
        axes = fd.plots.averages(temperature)
        axes.set(xlabel="day", ylabel="temperature (°C)")
        save(axes, __file__)


if __name__ == "__main__":
    main()

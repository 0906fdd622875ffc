"""Figures as people read them."""


def duration(seconds: float) -> str:
    """Three digits with their unit.

    >>> from fastdnn.benchmark.amounts import duration
    >>> duration(9.87e-7), duration(1.5e-3), duration(12.0)
    ('987 ns', '1.50 ms', '12.0 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{three_digits(seconds / size)} {unit}"
    return f"{three_digits(seconds / 1e-9)} ns"


def amount(value: float, unit: str) -> str:
    """Seconds, or giga of any other unit.

    >>> from fastdnn.benchmark.amounts import amount
    >>> amount(2.5e11, "FLOP/s"), amount(2e-7, "s")
    ('250 GFLOP/s', '200 ns')
    """
    return duration(value) if unit == "s" else f"{three_digits(value / 1e9)} G{unit}"


def three_digits(value: float) -> str:
    """Of a positive number.

    >>> from fastdnn.benchmark.amounts import three_digits
    >>> three_digits(1.234), three_digits(12.34), three_digits(1234.5)
    ('1.23', '12.3', '1234')
    """
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"

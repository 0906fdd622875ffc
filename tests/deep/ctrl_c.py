"""Ctrl-C during fits, predictions and evaluations whose steps take seconds: within 250 ms, nothing half done.

Aim: 200 interrupts, at random moments. The machine should have nothing else to do.
"""

import time

from arrays_for_tests import fresh_seed
from interrupts import interrupts

AIM = 200
LIMIT_S = 0.25
AT_A_TIME = 20


def main(seconds, aim=AIM):
    """Rounds of all kinds."""
    seed, done, worst = fresh_seed(), 0, 0.0
    print(f"    FASTDNN_TEST_SEED={seed}")
    until = time.monotonic() + seconds
    while done < aim and time.monotonic() < until:
        times = interrupts(4096, 4096, count=AT_A_TIME, seed=seed + done)
        late = [(what, took) for what, took in times if took > LIMIT_S]
        assert not late, f"longer than {LIMIT_S} s: {late}; seed={seed}"
        worst, done = max(worst, *(took for _, took in times)), done + len(times)
    print(f"    {done} interrupts, of {aim}; the slowest took {1000 * worst:.0f} ms")

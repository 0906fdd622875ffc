"""Child processes by every way and at every moment of a fit, again and again: no hang, the same bits.

Aim: 50 rounds of all ways and moments, and of forks beside a fit whose model the child uses.
"""

import time

import test_fork

AIM = 50


def main(seconds, aim=AIM):
    """Rounds until the time is over."""
    until, done = time.monotonic() + seconds, 0
    for _ in range(aim):
        for way in test_fork.WAYS:
            for moment in test_fork.MOMENTS:
                if time.monotonic() > until:
                    break
                test_fork.test_a_child_trains(way, moment)
                done += 1
        if time.monotonic() > until:
            break
        test_fork.test_a_child_finds_the_model_of_another_threads_fit_whole_and_open()
        test_fork.test_a_child_gets_all_threads_again()
        test_fork.test_ctrl_c_works_in_a_child_that_another_thread_forked()
    print(f"    {done} ways and moments, of {aim * len(test_fork.WAYS) * len(test_fork.MOMENTS)}")

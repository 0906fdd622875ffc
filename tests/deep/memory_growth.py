"""Resident memory over 10,000 steps: at most 0.5 KB a step, in whole epochs, step by step, all else.

Aim: 10,000 steps of each.
"""

from memory import growth

AIM = 10_000
LIMIT = 512


def main(seconds, aim=AIM):
    """Once; about a minute, whatever `seconds` says."""
    slopes = growth(aim)
    assert max(slopes) <= LIMIT, f"bytes a step: {slopes}"
    print(f"    {aim} steps; bytes a step: {', '.join(f'{slope:.1f}' for slope in slopes)}")

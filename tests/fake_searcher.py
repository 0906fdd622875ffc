"""A searcher for tests, loaded by a worker process; FAKE_SEARCHER=broken makes it fail."""

import os
import pathlib
import subprocess
import sys
import time


def ways():
    return ["slow", "fast"]


def search(way, trials, epochs):
    if os.environ.get("FAKE_SEARCHER", "well") == {4: "broken", 5: "breaks later"}.get(trials, ""):
        raise ValueError("no search today")
    if pids := os.environ.get("FAKE_SEARCHER_PIDS"):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path(pids).write_text(str(child.pid))
    time.sleep(0.05 if way == "slow" else 0.001)
    return [0.25 + 1e-9] * trials  # as a share in float32 is near the one in float64

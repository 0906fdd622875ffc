"""The same search for hyper-parameters by fastdnn and its peers: what is searched, by whom, what is told.

A module `with_*` here is loaded by a worker process of its own (`fastdnn.benchmark.networks.worker`) and has

- `ways()`: how it can arrange the work on two CPUs;
- `search(way, trials, epochs)`: the dev error of each trial.
"""

"""A search whose arguments were checked: ledger, workers and coordinator, and the study at the end."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastdnn import thread_settings
from fastdnn.checks import whole
from fastdnn.diagnose.told import Told
from fastdnn.errors import did_you_mean, expected
from fastdnn.tune.asynchronous import Asynchronous
from fastdnn.tune.coordinator import Coordinator
from fastdnn.tune.dask_cluster import cluster_threads, is_client
from fastdnn.tune.executors import Workers, workers_of
from fastdnn.tune.folds import fingerprint, said
from fastdnn.tune.ledger import Ledger
from fastdnn.tune.methods import Method
from fastdnn.tune.pruning import Pruner
from fastdnn.tune.rows import count
from fastdnn.tune.runner import Work
from fastdnn.tune.storages import without_password
from fastdnn.tune.study import Study
from fastdnn.tune.trial import Trial


@dataclass(frozen=True)
class Resources:
    """How many trials at a time, and threads of each."""

    jobs: int
    threads: int | None

    @classmethod
    def of(cls, where: str, jobs: Any, threads: Any, executor: Any = None) -> "Resources":
        """Within the cores; what is given is used as given. A lone job is left to `fit`, which takes no more
        threads than its work and the machine have use for. Of a Dask cluster each thread is one for a trial.

        Raises:
            ValueError: it is no number of jobs or threads, or the cluster is not there.
        """
        given = _number_of(where, jobs)
        if is_client(executor):
            there = cluster_threads(where, executor)
            given = there if given is None else given
            return cls(given, 1 if threads is None else whole(where, "threads_per_trial", threads, 1))
        cores = thread_settings.get_num_threads()
        if given is None:
            given = max(1, cores // (1 if threads is None else whole(where, "threads_per_trial", threads, 1)))
        if threads is not None:
            return cls(given, whole(where, "threads_per_trial", threads, 1))
        return cls(
            given, max(1, cores // given) if given > 1 else thread_settings.resolve(where, None) or None
        )


def _number_of(where: str, jobs: Any) -> int | None:
    """Jobs as they are given; None for "all"."""
    if isinstance(jobs, str) and jobs == "all":
        return None
    try:
        return whole(where, "jobs", jobs, 1)
    except ValueError:
        hint = did_you_mean(jobs, ["all"]) if isinstance(jobs, str) else 'jobs="all" takes all cores'
        wanted = 'jobs as a whole number >= 1, or "all"'
        raise ValueError(expected(where, wanted, repr(jobs), hint)) from None


@dataclass(frozen=True)
class Conduct:
    """What a search does, wherever its trials are kept and run.

    method, name: what proposes trials, and what users call it.
    pruner, work, jobs, seconds: as of a `Coordinator`.
    epochs: of a trial whose values have none.
    mode: "min" or "max" of the monitored figure is best.
    reproducible: whether generations and rungs are waited for.
    model: what `build` makes of the first values, in words.
    unread: parameters that `build` never reads.
    """

    method: Method
    name: str
    pruner: Pruner | None
    work: Work
    jobs: int
    epochs: int
    seconds: float | None
    mode: Literal["min", "max"]
    reproducible: bool
    model: str
    unread: tuple[str, ...] = ()

    def run(self, storage: Any, study_name: str, executor: Any, told: Told, *, resume: bool) -> Study:
        """All trials that are not done yet."""
        workers = workers_of("search", executor, self.work, self.jobs)
        try:
            space, seed = self.method.space, self.method.seed
            maximize = self.mode == "max"
            settings, planned = self.settings(), self.method.planned
            ledger = Ledger(
                storage, study_name, maximize, settings, space, seed, planned=planned, resume=resume
            )
            with told:
                try:
                    self._coordinator(ledger, workers, told).run()
                except KeyboardInterrupt as interrupt:
                    self._keep(ledger, interrupt, storage)
                    raise
                finally:
                    ledger.close()
        finally:
            workers.close()
        return self._study(ledger)

    def settings(self) -> dict[str, Any]:
        """What all who work on the study must agree on, in words."""
        method, work = self.method, self.work
        found = {
            "space": method.space.signature(),
            "method": self.name,
            "seed": method.seed,
            "epochs": self.epochs,
            "batch_size": work.batch_size,
            "monitor": work.monitor,
            "mode": self.mode,
            "pruner": repr(self.pruner),
            "reproducible": self.reproducible,
            "rows": count(work.data[0]),
            "data": fingerprint(work.data, work.dev, work.folds),
            "class_weight": repr(work.class_weight or {}),
            "shuffle": work.shuffle,
            "callbacks": said(work.callbacks),
            "seconds_per_trial": work.seconds,
        }
        if not method.extends or self.pruner is not None:
            found["n_trials"] = repr(method.n_trials)
        if self.name in ("evolutionary", "bayesian"):
            found["generation_size"] = method.generation_size
        if self.name == "coarse_to_fine":
            found |= {"stages": method.stages, "sampling": method.sampling}
        found["model"] = self.model  # last: it is another one, too, where the values are
        return found

    def _coordinator(self, ledger: Ledger, workers: Workers, told: Told) -> Coordinator:
        kind = Coordinator if self.reproducible else Asynchronous
        made = kind(
            ledger,
            self.method,
            workers,
            epochs=lambda values: int(values.get("epochs", self.epochs)),
            pruner=self.pruner,
            jobs=self.jobs,
            seconds=self.seconds,
            told=told,
            tell=self._line,
        )
        if isinstance(made, Asynchronous):
            space = self.method.space
            made.prepare(self.name, max(space["epochs"].grid(2)) if "epochs" in space else self.epochs)
        return made

    def _study(self, ledger: Ledger) -> Study:
        trials = tuple(trial for _, trial in sorted(ledger.trials.items()))
        begun = 1 + max((trial.generation for trial in trials), default=0)
        return Study(
            trials,
            max(self.method.planned, len(trials)),
            self.work.monitor,
            self.mode,
            self.name,
            self.method.space,
            self.method.regions(trials)[:begun],
            self.work,
            self.unread,
        )

    def _keep(self, ledger: Ledger, interrupt: KeyboardInterrupt, storage: Any) -> None:
        """Hand what is done to whoever catches the interrupt: of a search without a storage it is all there
        is of it. Below Python's traceback it is said how to go on.
        """
        study = self._study(ledger)
        interrupt.study = study  # type: ignore[attr-defined]
        done = f"[search] {len(study.trials)} of {study.planned} trials are done"
        if ledger.in_memory:
            interrupt.add_note(
                f"{done}: study = sys.last_value.study in a notebook; next time, "
                'storage="study.journal" keeps them, and resume=True goes on'
            )
        else:
            place = str(storage) if isinstance(storage, str | os.PathLike) else "the storage"
            interrupt.add_note(
                f"{done}, and kept in {without_password(place)}; the same call with resume=True goes on"
            )

    def _line(self, trials: Mapping[int, Trial]) -> str:
        """How far it is."""
        values = [
            (trial.value or 0.0, trial.number) for trial in trials.values() if trial.state == "complete"
        ]
        failed = sum(trial.state == "failed" for trial in trials.values())
        text = f"{len(trials)}/{self.method.planned} trials" + (f", {failed} failed" if failed else "")
        if values:
            sign = 1 if self.mode == "min" else -1
            value, best = min(values, key=lambda each: (sign * each[0], each[1]))
            text += f"; best {self.work.monitor} {value:.4g} (trial {best})"
        return text

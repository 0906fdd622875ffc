"""Signs of life: each process of a study writes one now and then; who is silent is taken for dead."""

import time
import uuid
from typing import Any

from fastdnn.tune.worker_identity import Process

BEAT = 5.0  # seconds between two of them, which other machines go by
SILENCE = 60.0  # seconds without a new one, after which a process of another machine is dead


class Signs:
    """Those of a study, which are attributes of it in the storage.

    name: this process's, in the study.
    """

    def __init__(self, storage: Any, study_id: int) -> None:
        self._storage = storage
        self._study_id = study_id
        self.name = uuid.uuid4().hex[:12]
        self._process = Process.this()
        self._beats = 0
        self._beaten_at = -BEAT
        self._others: dict[str, tuple[int, float]] = {}  # the last sign of another, and when it was new

    def beat(self) -> None:
        """Say that this process lives, if that is due."""
        now = time.monotonic()
        if now - self._beaten_at < BEAT:
            return
        self._beats += 1
        sign = {**self._process.as_json(), "beats": self._beats}
        self._storage.set_study_system_attr(self._study_id, _key(self.name), sign)
        self._beaten_at = now

    def dead_among(self, names: set[str]) -> set[str]:
        """Which of these processes are dead."""
        if not names:
            return set()
        signs = self._storage.get_study_system_attrs(self._study_id)
        return {name for name in names if self._is_dead(name, signs.get(_key(name)))}

    def _is_dead(self, name: str, sign: dict[str, Any] | None) -> bool:
        """As the system says; of another machine's, whether its sign has not changed for long, by this
        process's own clock: clocks of machines differ.
        """
        if sign is not None:
            dead = Process(sign["host"], sign["pid"], sign["start"]).is_dead
            if dead is not None:
                return dead
        beats, now = (0 if sign is None else sign["beats"]), time.monotonic()
        last, since = self._others.get(name, (-1, now))
        if beats != last:
            since = now
        self._others[name] = beats, since
        return now - since > SILENCE


def _key(name: str) -> str:
    return f"worker {name}"

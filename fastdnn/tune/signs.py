"""Signs of life: each search of a study writes one now and then; who is silent is taken for dead."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

from fastdnn.tune.worker_identity import Process

BEAT = 5.0  # seconds between two of them, which others go by
SILENCE = 60.0  # seconds without a new one, after which a search is dead

_here: set[str] = set()  # the names of this process's searches that have not ended


@dataclass
class _Heard:
    """The last sign of another, when it was last looked at, and the seconds since that it has not changed."""

    beats: int
    looked_at: float
    silent: float = 0.0


class Signs:
    """Those of a study, which are attributes of it in the storage.

    name: this search's, in the study. A process may have several, one after the other or in threads.
    """

    def __init__(self, storage: Any, study_id: int) -> None:
        self._storage = storage
        self._study_id = study_id
        self.name = uuid.uuid4().hex[:12]
        self._process = Process.this()
        self._beats = 0
        self._beaten_at = -BEAT
        self._others: dict[str, _Heard] = {}
        _here.add(self.name)

    def end(self) -> None:
        """The search is over: what it could not give back, as on a full disk, is nobody's."""
        _here.discard(self.name)

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
        """Whether its process is, or, as a process may outlive its searches, whether this one was silent for
        long: by our own clock, as those of machines differ, and while we listened, as all may have been
        stopped.
        """
        if sign is not None:
            process = Process(sign["host"], sign["pid"], sign["start"])
            if process == self._process:
                return name not in _here
            if process.is_dead:
                return True
        beats, now = (0 if sign is None else sign["beats"]), time.monotonic()
        heard = self._others.get(name)
        if heard is None or heard.beats != beats:
            heard = self._others[name] = _Heard(beats, now)
        heard.silent += min(now - heard.looked_at, BEAT)
        heard.looked_at = now
        return heard.silent > SILENCE


def _key(name: str) -> str:
    return f"worker {name}"

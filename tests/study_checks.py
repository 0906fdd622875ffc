"""What a storage has of a study, read by Optuna alone."""

import collections

from fastdnn.tune.ledger import SLOT
from fastdnn.tune.storages import storage_of


def states_by_slot(storage, name="search"):
    """{number of a trial of ours: states of those of Optuna's that run, or ended with a result}."""
    there = storage_of("test", storage)
    found = collections.defaultdict(list)
    for trial in there.get_all_trials(there.get_study_id_from_name(name), deepcopy=False):
        if "result" in trial.user_attrs or trial.state.name == "RUNNING":
            found[trial.user_attrs[SLOT]["number"]].append(trial.state.name)
    return dict(found)

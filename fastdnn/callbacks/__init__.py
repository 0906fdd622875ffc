"""What runs around the epochs of a fit.

| callback | does |
|---|---|
| `History` | keeps the figures of every epoch; `fit` returns it |
| `EarlyStopping` | stops when a figure no longer improves, and restores the best weights |
| `LearningRateScheduler` | sets the learning rate before each epoch |
| `ReduceLROnPlateau` | lowers the learning rate when a figure no longer improves |
| `ModelCheckpoint` | saves the model, or the best one |
| `Monitor` | looks into the network: sizes of updates, gradients, dead units |
| `CSVLogger` | writes the figures of every epoch to a file |
| `LambdaCallback` | makes hooks of functions |
| `ProgressLine` | the line on the terminal (`fit(verbose=)`) |
| `fd.tune.Babysitter` | changes hyper-parameters while a model trains, with a record |
"""

from fastdnn.callbacks.callback import Callback
from fastdnn.callbacks.csv_logger import CSVLogger
from fastdnn.callbacks.early_stopping import EarlyStopping
from fastdnn.callbacks.history import History
from fastdnn.callbacks.lambda_callback import LambdaCallback
from fastdnn.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from fastdnn.callbacks.model_checkpoint import ModelCheckpoint
from fastdnn.callbacks.monitor import Monitor
from fastdnn.callbacks.progress import ProgressLine

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Monitor",
    "ProgressLine",
    "ReduceLROnPlateau",
]

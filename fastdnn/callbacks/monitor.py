"""Seeing inside a network while it trains."""
from fastdnn.callbacks.callback import Callback
from fastdnn.checks import whole
import numpy as np
class Monitor(Callback):
    def __init__(self, every=50):
        self.every = whole("Monitor", "every", every, 1)
        self.rows=[]
    def steps_to_sample(self, steps):
        return range(-self.model.optimizer.iterations % self.every + 1, steps + 1, self.every)
    def on_samples(self, samples):
        self.layout=samples.layout
        self.rows.append(samples)

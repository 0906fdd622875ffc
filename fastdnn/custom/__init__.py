"""Parts of a model in Python and NumPy: layers, losses and metrics of the user's own.

A program calls them between the parallel regions of the engine, or, by the reference backend, where they
stand. `calls` says how; `layers`, `losses` and `metrics` what is called with what.
"""

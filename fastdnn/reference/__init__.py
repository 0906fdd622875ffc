"""The same mathematics in NumPy: slow, naive, and the most accurate.

One module for each kernel of csrc/kernels, with the same names; functions take the inputs and options in the
kernel's order and return the outputs. Everything is computed in float64, sums term by term or with two
passes. It is the oracle of every kernel test, the executor of `compile(backend="reference")`, and the
readable statement of what the kernels compute.
"""

"""How fast whole networks are, against the frameworks that are installed.

`fastdnn bench steps` and `fastdnn bench predict` print the tables; `catalog` lists the networks, `cases` what
is done with them.

What a figure means:

- **A process each.** Every framework runs in a worker of its own, pinned to as many CPUs as it may use
  threads, and is told their number in its environment. Rounds of all of them alternate; the median counts.
- **They agree.** Before anything is timed, the mean losses of twice the first eight batches, from the same
  weights, in the same order, without dropout, must be fastdnn's to 0.1 %; probabilities to 1e-5.
  scikit-learn's losses to 1 %, since its Adam has epsilon elsewhere; its half of a squared error is doubled.
- **A step** is gather, forward, loss, backward and Adam, from epochs in new orders of the rows, from the
  first weights on in each round. fastdnn's time is that of `fit`, with its check of the data; PyTorch's the
  faster one of eager and compiled, with fused Adam, on tensors made before, no loss read; JAX's a compiled
  `lax.scan` over the epoch, its state donated; scikit-learn's `fit` with a warm start.
- **A prediction** is a call from Python, softmax included: of fastdnn, scikit-learn and onnxruntime from an
  array of NumPy to another, of PyTorch and JAX from their own arrays to their own.
- **Floor**: the FLOPs of the products at the peak of fused multiply-adds, measured in fastdnn's worker.
- **Peak memory** is the most that a new process holds while the network is made with given weights, and
  while it is trained for an epoch, over what it held with framework and data. PyTorch runs eagerly.
- **Time to error** is that from the first weights to a test error of 3 % on the digits, without computing
  that error; once warm, and for a process's first model, with what is compiled for it. PyTorch runs eagerly.
"""

"""How fast the kernels are on this machine, as shares of what it can do at best.

`fastdnn bench kernels` prints the table; `kernels.workloads()` lists what is timed, `runner` times it,
`report` prints it.

What a figure means:

- **Native.** The calls are repeated in the compiled core; the time holds no Python, but one barrier of the
  team for each call. NumPy's time holds Python's call of it, as its users pay it.
- **Operands rotate** where they are small: several sets of arrays, more than a first-level cache holds, take
  turns. So operands come from the second-level cache, as weights and activations do in a training step.
- **Peak** is that of fused multiply-adds in registers (portable: multiply and add) in the unit's own vectors,
  of the same type on the same number of threads; **bandwidth** that of plain passes over as much memory as
  the operands have. Both are measured before and after each row, and the share is of the better one.
- **Elements a second** is the speed of what arithmetic limits; its share is still that of the bytes.
- A row is the median of rounds that alternate with NumPy's; the spread is the range in which the middle half
  of the rounds lies. Before it is timed, each workload is checked against the reference.
"""

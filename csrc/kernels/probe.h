// What the machine can do at best: the yardsticks that the speed of kernels is told in.
//
// Computes   probe_fma      12 independent chains x = x a + b in registers, `steps` times,
//                           on every thread: the peak
//            probe_memory   passes over arrays of `bytes` in all, each thread its own part of them:
//                           read    the sum of one array                   moves its bytes once
//                           copy    y = a x                                twice (one read, one write)
//                           update  theta += g, m += g, v += g: as Adam's, 4 reads and 3 writes: seven times
//                           The line that a copy fetches before it overwrites it is not counted.
//            probe_barrier  `count` barriers
// Shapes     none: they own their memory, which the threads that use it touch first
// Requires   sizes >= 1
// Shares     fma and barrier: every thread all of it; memory: whole pages
// Numerics   none that matter; values stay normal numbers
#pragma once

#include <string>

#include "core/timing.h"

namespace fastdnn {

struct Probe {
  int threads = 0;
  double work = 0;              // of one round on all threads: floating-point operations, bytes, or barriers
  std::vector<double> seconds;  // of each round
};

template <class T>
Probe probe_fma(int threads, Index steps, Index rounds);

enum class MemoryPattern { read, copy, update };

Probe probe_memory(MemoryPattern pattern, int threads, Index bytes, Index passes, Index rounds);

Probe probe_barrier(int threads, Index count, Index rounds);

}  // namespace fastdnn

// What a core of this machine can do at best, in the unit's own vectors. See kernels/probe.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// Independent sums in registers: enough to hide 4 to 6 cycles at two a cycle, and few enough for 16
// registers. With 16 of them AVX2 spills to memory, and the peak reads three times too low.
constexpr int kProbeChains = 12;

template <class T>
struct ProbeKernels {
  int fma_lanes;
  T (*probe_fma)(Index steps, T a, T b);
  // n is a multiple of kProbeGrain bytes' worth.
  T (*probe_read)(const T* x, Index n);
  void (*probe_copy)(T* y, const T* x, Index n, T a);
  void (*probe_update)(T* theta, T* m, T* v, const T* gradient, Index n);
};

constexpr Index kProbeGrain = 4096;  // bytes: a page, so that threads which touch memory first own whole ones

}  // namespace fastdnn

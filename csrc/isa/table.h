// The function table: one pointer for each serial kernel of the SIMD text, filled by a unit (isa/units).
// Argument order is outputs, inputs, sizes, options. What each one computes stands in kernels/X.h.
#pragma once

#include "isa/table/activation.h"
#include "isa/table/data.h"
#include "isa/table/gemm.h"
#include "isa/table/loss.h"
#include "isa/table/normalization.h"
#include "isa/table/probe.h"
#include "isa/table/random.h"
#include "isa/table/update.h"

namespace fastdnn {

template <class T>
struct Kernels : LinearKernels<T>,
                 ActivationKernels<T>,
                 NormalizationKernels<T>,
                 LossKernels<T>,
                 DataKernels<T>,
                 ProbeKernels<T>,
                 RandomKernels<T>,
                 UpdateKernels<T> {};

struct KernelTable {
  const char* unit;  // whose functions these are; set by the unit's own fill
  Kernels<float> f32;
  Kernels<double> f64;
};

// The table in use; chosen once, at the first call, see isa/dispatch.cpp.
const KernelTable& kernel_table();

template <class T>
const Kernels<T>& kernels();
template <>
inline const Kernels<float>& kernels<float>() {
  return kernel_table().f32;
}
template <>
inline const Kernels<double>& kernels<double>() {
  return kernel_table().f64;
}

}  // namespace fastdnn

// The serial kernels that shift and scale columns. See kernels/normalize.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

template <class T>
struct NormalizationKernels {
  void (*normalize_forward)(Matrix<T> y, Matrix<const T> x, const T* mean, const T* std);
  void (*normalize_backward)(Matrix<T> dx, Matrix<const T> dy, const T* std, bool accumulate);
};

}  // namespace fastdnn

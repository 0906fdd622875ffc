// The serial kernels of norms. See kernels/norm.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

template <class T>
struct DataKernels {
  double (*sum_of_squares)(const T* x, Index n, double scale);  // sum (scale x)^2
  double (*sum_of_magnitudes)(const T* x, Index n);
  double (*max_abs)(const T* x, Index n);
};

}  // namespace fastdnn

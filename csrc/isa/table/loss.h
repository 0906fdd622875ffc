// The serial kernels of losses with their gradients. See kernels/cross_entropy.h, squared_error.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

template <class T>
struct LossKernels {
  void (*sparse_cross_entropy)(T* row_loss, Matrix<T> dz, Matrix<const T> z, const std::int32_t* labels,
                               const T* weights, T scale);
  void (*categorical_cross_entropy)(T* row_loss, Matrix<T> dz, Matrix<const T> z, Matrix<const T> target,
                                    const T* weights, T scale);
  void (*squared_error)(T* row_loss, Matrix<T> dy, Matrix<const T> y, Matrix<const T> target,
                        const T* weights, T scale);
};

}  // namespace fastdnn

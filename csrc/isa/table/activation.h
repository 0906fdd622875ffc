// The serial kernels of a layer's bias and activation. See kernels/activation.h, softmax.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

template <class T>
struct ActivationKernels {
  void (*add_bias)(Matrix<T> y, Matrix<const T> x, const T* bias);
  void (*pass_gradient)(Matrix<T> dx, Matrix<const T> dy, bool accumulate);
  void (*relu_forward)(Matrix<T> y, Matrix<const T> x);
  void (*relu_backward)(Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);
  void (*softmax_forward)(Matrix<T> y, Matrix<const T> x);
  void (*softmax_backward)(Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);
};

}  // namespace fastdnn

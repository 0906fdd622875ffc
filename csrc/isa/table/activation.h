// The serial kernels of a layer's bias and activation.
// See kernels/activation.h, prelu.h, maxout.h, softmax.h, log_softmax.h, logistic_normalize.h.
#pragma once

#include "core/view.h"
#include "kernels/activation_kind.h"

namespace fastdnn {

template <class T>
struct ActivationKernels {
  void (*add_bias)(Matrix<T> y, Matrix<const T> x, const T* bias);
  void (*pass_gradient)(Matrix<T> dx, Matrix<const T> dy, bool accumulate);
  void (*activation_forward[kActivations])(Matrix<T> y, Matrix<const T> x, T alpha);
  void (*activation_backward[kActivations])(Matrix<T> dx, Matrix<const T> saved, Matrix<const T> dy, T alpha,
                                            bool accumulate);
  void (*function[kFunctions])(Matrix<T> y, Matrix<const T> x, T unused);
  void (*prelu_forward)(Matrix<T> y, Matrix<const T> x, const T* alpha);
  void (*prelu_backward)(Matrix<T> dx, Matrix<const T> x, Matrix<const T> dy, const T* alpha,
                         bool accumulate);
  void (*prelu_dalpha)(T* dalpha, Matrix<const T> x, Matrix<const T> dy, bool accumulate);
  void (*maxout_forward)(Matrix<T> y, Matrix<const T> x);
  void (*maxout_backward)(Matrix<T> dx, Matrix<const T> x, Matrix<const T> dy, bool accumulate);
  void (*hardmax)(Matrix<T> y, Matrix<const T> x);
  void (*softmax_forward)(Matrix<T> y, Matrix<const T> x);
  void (*softmax_backward)(Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);
  void (*log_softmax_forward)(Matrix<T> y, Matrix<const T> x);
  void (*log_softmax_backward)(Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);
  void (*logistic_normalize_forward)(Matrix<T> y, Matrix<const T> x);
  void (*logistic_normalize_backward)(Matrix<T> dx, Matrix<const T> y, Matrix<const T> x, Matrix<const T> dy,
                                      bool accumulate);
};

}  // namespace fastdnn

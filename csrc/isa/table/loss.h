// The serial kernels of losses with their gradients, and of accuracies.
// See kernels/cross_entropy.h, probability_cross_entropy.h, elementwise_loss.h, accuracy.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// t' = slope t + offset: a target after label smoothing.
template <class T>
struct SmoothedTarget {
  T slope, offset;
};

// Probabilities are kept this far from 0, and from 1 where 1 - p matters: Keras's epsilon.
constexpr double kLowestProbability = 1e-7;

// Losses that are a sum over the outputs of a row, each output by itself.
enum class ElementwiseLoss : std::uint8_t {
  squared_error,
  absolute_error,
  huber,
  log_cosh,
  binary_cross_entropy,
  binary_probability_cross_entropy,
  kl_divergence,
  hinge,
  squared_hinge,
};
constexpr int kElementwiseLosses = 9;

template <class T>
struct LossKernels {
  void (*sparse_cross_entropy)(T* row_loss, Matrix<T> dz, Matrix<const T> z, const std::int32_t* labels,
                               const T* weights, T scale, SmoothedTarget<T> smoothed);
  void (*categorical_cross_entropy)(T* row_loss, Matrix<T> dz, Matrix<const T> z, Matrix<const T> target,
                                    const T* weights, T scale, SmoothedTarget<T> smoothed);
  void (*sparse_probability_cross_entropy)(T* row_loss, Matrix<T> dy, Matrix<const T> y,
                                           const std::int32_t* labels, const T* weights, T scale);
  void (*categorical_probability_cross_entropy)(T* row_loss, Matrix<T> dy, Matrix<const T> y,
                                                Matrix<const T> target, const T* weights, T scale,
                                                SmoothedTarget<T> smoothed);
  void (*elementwise_loss[kElementwiseLosses])(T* row_loss, Matrix<T> dy, Matrix<const T> y,
                                               Matrix<const T> target, const T* weights, T scale, T divisor,
                                               T parameter);
  void (*sparse_accuracy)(T* row_correct, Matrix<const T> z, const std::int32_t* labels);
  void (*categorical_accuracy)(T* row_correct, Matrix<const T> z, Matrix<const T> target);
  void (*sparse_top_k_accuracy)(T* row_correct, Matrix<const T> z, const std::int32_t* labels, Index k);
  void (*categorical_top_k_accuracy)(T* row_correct, Matrix<const T> z, Matrix<const T> target, Index k);
  void (*binary_accuracy)(T* row_correct, Matrix<const T> z, Matrix<const T> target, T threshold,
                          T target_threshold);
};

}  // namespace fastdnn

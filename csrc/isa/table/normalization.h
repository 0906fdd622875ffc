// The serial kernels that shift and scale columns or rows.
// See kernels/normalize.h, batch_norm.h, layer_norm.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// Rows of a chunk of batch_norm, whose partial moments or sums take two rows. Eight sets of 16 rows: enough
// for the joining of chunks to cost little, few enough for a batch of some hundred rows to be shared.
constexpr Index kBatchNormChunk = 128;

// What batch_norm_backward reads and writes; see kernels/batch_norm.h.
template <class T>
struct BatchNormGradient {
  Matrix<T> dx;
  Matrix<const T> y;  // of the fused relu; empty (data null) where there was none
  Matrix<const T> dy;
  Matrix<const T> x;
  const T* mean;
  const T* rstd;
  const T* gamma;  // null: 1
  const T* dgamma;
  const T* dbeta;
  bool accumulate;
};

// What layer_norm_backward reads and writes; see kernels/layer_norm.h.
template <class T>
struct LayerNormGradient {
  Matrix<T> dx;
  Matrix<const T> dy;
  Matrix<const T> x;
  const T* mean;
  const T* rstd;
  const T* gamma;  // null: 1
  bool accumulate;
};

template <class T>
struct NormalizationKernels {
  void (*normalize_forward)(Matrix<T> y, Matrix<const T> x, const T* mean, const T* std);
  void (*normalize_backward)(Matrix<T> dx, Matrix<const T> dy, const T* std, bool accumulate);

  // One chunk of rows: `partial` has two rows. What relu cuts off is below `floor`: 0, or -infinity for none.
  void (*batch_norm_partials)(Matrix<T> partial, Matrix<const T> x, const T* pivot);
  void (*batch_norm_moments)(T* mean, T* variance, T* rstd, Matrix<T> partial, const T* pivot, Index rows,
                             T epsilon);
  void (*batch_norm_running)(T* running_mean, T* running_variance, const T* mean, const T* variance,
                             Index cols, double momentum);
  void (*batch_norm_forward)(Matrix<T> y, Matrix<const T> x, const T* mean, const T* rstd, const T* gamma,
                             const T* beta, T floor);
  void (*batch_norm_fold)(T* scale, T* shift, const T* gamma, const T* beta, const T* running_mean,
                          const T* running_variance, Index cols, T epsilon);
  void (*batch_norm_inference)(Matrix<T> y, Matrix<const T> x, const T* scale, const T* shift, T floor);
  void (*batch_norm_inference_backward)(Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, const T* scale,
                                        bool accumulate);
  void (*batch_norm_backward_partials)(Matrix<T> partial, Matrix<const T> y, Matrix<const T> dy,
                                       Matrix<const T> x, const T* mean);
  void (*batch_norm_backward_sums)(T* dgamma, T* dbeta, Matrix<T> partial, const T* rstd);
  void (*batch_norm_backward)(const BatchNormGradient<T>& gradient, Index batch);

  void (*layer_norm_forward)(Matrix<T> y, T* mean, T* rstd, Matrix<const T> x, const T* gamma, const T* beta,
                             T epsilon);
  void (*layer_norm_backward)(const LayerNormGradient<T>& gradient);
  void (*layer_norm_backward_sums)(T* dgamma, T* dbeta, Matrix<const T> dy, Matrix<const T> x, const T* mean,
                                   const T* rstd, bool accumulate);
};

}  // namespace fastdnn

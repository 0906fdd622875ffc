// The serial part of the pointwise operations: bias, activations, and the gradient that passes unchanged.
#pragma once

#include "isa/math.h"
#include "kernels/activation_functions-inl.h"
#include "kernels/gradient-inl.h"

namespace fastdnn {
namespace {

template <class V>
void add_bias(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x,
              const typename V::Scalar* bias) {
  for (Index r = 0; r < y.rows; ++r) {
    for_vectors<V>(y.cols, [&](Index j, auto cover) {
      cover.store(y.row(r) + j, cover.load(x.row(r) + j) + cover.load(bias + j));
    });
  }
}

// Rows without a gap between them are one long row: narrow layers would be all tails.
template <class T>
FASTDNN_INLINE Matrix<T> joined(Matrix<T> x) {
  return {x.data, 1, x.rows * x.cols, x.rows * x.cols};
}
template <class T>
FASTDNN_INLINE bool has_gaps(Matrix<T> x) {
  return x.stride != x.cols;
}

template <class V, class F>
void activation_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x,
                        typename V::Scalar alpha) {
  if (!has_gaps(y) && !has_gaps(x)) y = joined(y), x = joined(x);
  for (Index r = 0; r < y.rows; ++r) {
    for_vectors<V>(y.cols, [&](Index j, auto cover) {
      cover.store(y.row(r) + j, F::forward(cover.load(x.row(r) + j), alpha));
    });
  }
}

template <class V, class F>
void activation_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> saved,
                         Matrix<const typename V::Scalar> dy, typename V::Scalar alpha, bool accumulate) {
  if (!has_gaps(dx) && !has_gaps(saved) && !has_gaps(dy)) {
    dx = joined(dx), saved = joined(saved), dy = joined(dy);
  }
  write_gradient<V>(dx, accumulate, [&](Index r, Index j, auto cover) -> typename V::Vec {
    return F::backward(cover.load(saved.row(r) + j), cover.load(dy.row(r) + j), alpha);
  });
}

template <class V>
void pass_gradient(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> dy, bool accumulate) {
  write_gradient<V>(dx, accumulate, [&](Index r, Index j, auto cover) -> typename V::Vec {
    return cover.load(dy.row(r) + j);
  });
}

}  // namespace
}  // namespace fastdnn

// The serial part of prelu.
#pragma once

#include "kernels/column_sum-inl.h"
#include "kernels/gradient-inl.h"

namespace fastdnn {
namespace {

template <class V>
void prelu_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x,
                   const typename V::Scalar* alpha) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < y.rows; ++r) {
    for_vectors<V>(y.cols, [&](Index j, auto cover) {
      const Vec value = cover.load(x.row(r) + j);
      cover.store(y.row(r) + j, value < Vec{} ? cover.load(alpha + j) * value : value);
    });
  }
}

template <class V>
void prelu_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> x,
                    Matrix<const typename V::Scalar> dy, const typename V::Scalar* alpha, bool accumulate) {
  using Vec = typename V::Vec;
  write_gradient<V>(dx, accumulate, [&](Index r, Index j, auto cover) -> Vec {
    const Vec d = cover.load(dy.row(r) + j);
    return cover.load(x.row(r) + j) <= Vec{} ? cover.load(alpha + j) * d : d;
  });
}

template <class V>
void prelu_dalpha(typename V::Scalar* dalpha, Matrix<const typename V::Scalar> x,
                  Matrix<const typename V::Scalar> dy, bool accumulate) {
  using Vec = typename V::Vec;
  sum_columns<V>(dalpha, x.rows, x.cols, accumulate, [&](Index r, Index j, auto cover) -> Vec {
    const Vec value = cover.load(x.row(r) + j);
    return value > Vec{} ? Vec{} : value * cover.load(dy.row(r) + j);
  });
}

}  // namespace
}  // namespace fastdnn

// The serial part of the pointwise operations: bias, relu, and the gradient that passes unchanged.
#pragma once

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

template <class V>
void relu_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < y.rows; ++r) {
    for_vectors<V>(y.cols, [&](Index j, auto cover) {
      const Vec value = cover.load(x.row(r) + j);
      cover.store(y.row(r) + j, value < Vec{} ? Vec{} : value);
    });
  }
}

template <class V>
void relu_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> y,
                   Matrix<const typename V::Scalar> dy, bool accumulate) {
  using Vec = typename V::Vec;
  write_gradient<V>(dx, accumulate, [&](Index r, Index j, auto cover) -> Vec {
    return cover.load(y.row(r) + j) <= Vec{} ? Vec{} : cover.load(dy.row(r) + j);
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

// The serial part of normalize.
#pragma once

#include "kernels/gradient-inl.h"

namespace fastdnn {
namespace {

template <class V>
void normalize_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x,
                       const typename V::Scalar* mean, const typename V::Scalar* std) {
  for (Index r = 0; r < y.rows; ++r) {
    for_vectors<V>(y.cols, [&](Index j, auto cover) {
      const typename V::Vec centred = cover.load(x.row(r) + j) - cover.load(mean + j);
      cover.store(y.row(r) + j, centred / cover.select(cover.load(std + j), broadcast<V>(1)));
    });
  }
}

template <class V>
void normalize_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> dy,
                        const typename V::Scalar* std, bool accumulate) {
  write_gradient<V>(dx, accumulate, [&](Index r, Index j, auto cover) -> typename V::Vec {
    return cover.load(dy.row(r) + j) / cover.select(cover.load(std + j), broadcast<V>(1));
  });
}

}  // namespace
}  // namespace fastdnn

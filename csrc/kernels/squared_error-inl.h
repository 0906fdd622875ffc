// The serial part of squared_error.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

template <class V>
void squared_error(typename V::Scalar* row_loss, Matrix<typename V::Scalar> dy,
                   Matrix<const typename V::Scalar> y, Matrix<const typename V::Scalar> target,
                   const typename V::Scalar* weights, typename V::Scalar scale) {
  using T = typename V::Scalar;
  const T cols = static_cast<T>(y.cols);
  for (Index r = 0; r < y.rows; ++r) {
    VirtualLanes<V> sum;
    const T weight = weights == nullptr ? scale : scale * weights[r];
    const T factor = 2 * weight / cols;
    for_vectors<V>(y.cols, [&](Index j, auto cover) {
      const typename V::Vec d = cover.load(y.row(r) + j) - cover.load(target.row(r) + j);
      sum.add(j, d * d);
      if (dy.data != nullptr) cover.store(dy.row(r) + j, d * factor);
    });
    row_loss[r] = sum.total() / cols;
  }
}

}  // namespace
}  // namespace fastdnn
